"""Real CRM data that nobody here wrote: the audit finds exactly what is wrong with it, whatever holds the data."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests import real_parts
from tests.acceptance import expected_real_inputs as truth
from tests.fakes.exports import load_exports
from tests.fakes.terminal import Ran, observer

CONTRACTS = Path(__file__).parents[1] / "data" / "contracts"
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))


class Found:
    """The JSON report of an audit, by check id."""

    def __init__(self, ran: Ran, report: dict[str, Any], folder: Path) -> None:
        self.ran = ran
        self.folder = folder
        self.report = report
        self.checks = {check["id"]: check for check in report["checks"]}

    def counts(self, ids: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
        return {i: (self.checks[i]["rows_tested"], self.checks[i]["rows_failed"]) for i in ids}

    def with_outcome(self, *outcomes: str) -> set[str]:
        return {i for i, check in self.checks.items() if check["outcome"] in outcomes}

    def rows(self) -> dict[str, int]:
        return {t["object"]: t["rows"] for t in self.report["tables"]}


def audit(contract: str, source: str, folder: Path, *more: str) -> Found:
    ran = observer("audit", "--debug", "-c", CONTRACTS / contract, "-s", source, "-o", "out", *more, cwd=folder)
    assert ran.code in (0, 1, 2), ran.err
    report = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))
    jsonschema.validate(report, SCHEMA)
    return Found(ran, report, folder)


# --- Maven: three ways to hold the same rows --------------------------------------------------------------------

MAVEN_TABLES = ("accounts", "products", "sales_teams", "sales_pipeline")


@pytest.fixture(scope="module")
def maven_files(shared_data: Path) -> dict[str, Path]:
    return {name: shared_data / "maven-crm" / f"{name}.csv" for name in MAVEN_TABLES}


@pytest.fixture(
    scope="module",
    params=["postgresql", "sqlite", "files", "duckdb", "mariadb", "postgresql-pushdown", "sqlite-pushdown"],
)
def maven(
    request: pytest.FixtureRequest, maven_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Found:
    folder = tmp_path_factory.mktemp("maven")
    kind, _, pushdown = request.param.partition("-")
    if kind == "files":
        for file in maven_files.values():
            shutil.copy(file, folder)
        url = f"file:{folder}"
    else:
        url = {
            "postgresql": lambda: real_parts.new_postgres_database(request.getfixturevalue("postgres_server_url")),
            "mariadb": lambda: real_parts.new_mariadb_database(request.getfixturevalue("mariadb_server_url")),
            "sqlite": lambda: f"sqlite:///{folder}/crm.db",
            "duckdb": lambda: f"duckdb:///{folder}/crm.duckdb",
        }[kind]()
        driver = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}.get(url.partition(":")[0])
        load_exports(maven_files, url.replace(url.partition(":")[0], driver, 1) if driver else url)
    return audit("maven-crm.odcs.yaml", url, folder, *(["--execution", "pushdown"] if pushdown else []))


def test_maven_has_the_rows_and_counts_that_its_files_hold(maven: Found):
    assert maven.rows() == truth.MAVEN_ROWS
    assert maven.counts(truth.MAVEN) == truth.MAVEN


def test_maven_fails_exactly_the_checks_that_it_breaks(maven: Found):
    assert maven.with_outcome("failed", "warned", "errored", "skipped") == truth.MAVEN_FAILED
    assert maven.ran.code == 1


def test_maven_names_the_offending_values_and_their_nearest_allowed_ones(maven: Found):
    for check, (value, rows, near) in truth.MAVEN_OFFENDERS.items():
        first = maven.checks[check]["evidence"]["offenders"][0]
        assert (first["value"], first["rows"], first["suggestion"]) == (value, rows, near)


def test_maven_values_are_compared(maven: Found):
    for check, value in truth.MAVEN_VALUES.items():
        assert maven.checks[check]["observed"].replace(",", "") == str(value)


def test_maven_keys_link_to_the_records(maven: Found):
    check = maven.checks["maven-crm.sales_pipeline.product.product_exists"]
    assert len(check["sample_keys"]) > 0
    assert check["failures_file"]["keys"] == check["failures_file"]["rows_failed"] == 1_480
    lines = (maven.folder / "out" / check["failures_file"]["path"]).read_text(encoding="utf-8").splitlines()
    assert lines[0] == '"opportunity_id","record_url"'
    assert len(lines) == 1_481
    key, url = lines[1].replace('"', "").split(",")
    assert url == f"https://crm.example.com/deals/{key}"


# --- Salesforce and HubSpot as a connector lands them -----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rows", "counts"),
    [
        ("salesforce", truth.SALESFORCE_LIVE, truth.SALESFORCE),
        ("hubspot", truth.HUBSPOT_LIVE, truth.HUBSPOT),
    ],
)
@pytest.mark.parametrize("way", ["files", "sqlite", "postgresql"])
def test_connector_tables_are_audited_without_their_soft_deleted_rows(
    name, rows, counts, way, shared_data, tmp_path, request
):
    folder = shared_data / f"fivetran-{name}"
    url = f"file:{folder}"
    if way != "files":
        import yaml

        text = (CONTRACTS / f"fivetran-{name}.odcs.yaml").read_text(encoding="utf-8")
        tables = [o.get("physicalName", o["name"]) for o in yaml.safe_load(text)["schema"]]
        files = {t: folder / f"{t}.csv" for t in tables}
        if way == "sqlite":
            url = f"sqlite:///{tmp_path}/crm.db"
            load_exports(files, url)
        else:
            url = real_parts.new_postgres_database(request.getfixturevalue("postgres_server_url"))
            load_exports(files, url.replace("postgresql:", "postgresql+psycopg:", 1))
    found = audit(f"fivetran-{name}.odcs.yaml", url, tmp_path)
    assert found.rows() == rows
    assert found.counts(counts) == counts
    assert not found.with_outcome("errored")
    if name == "salesforce":
        assert found.checks[truth.SALESFORCE_NOT_GREEN]["outcome"] != "passed"


# --- Tryton: a CRM at work --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tryton_url(shared_data: Path) -> Iterator[str]:
    start = shared_data.parent / "real-crm" / "start.sh"
    if os.geteuid() != 0 or not Path("/usr/lib/postgresql/15/bin/initdb").exists() or not start.exists():
        real_parts.missing("Tryton needs root, Debian's postgresql-15 and ../shared/real-crm")
    home = Path(tempfile.mkdtemp(prefix="observer-tryton-"))
    home.chmod(0o755)
    work, port = home / "crm", real_parts.free_port()
    try:
        done = subprocess.run(
            ["bash", str(start), str(work), str(port), "300"], capture_output=True, text=True, check=False, timeout=400
        )
        assert done.returncode == 0, done.stderr[-2000:]
        yield f"postgresql://postgres@127.0.0.1:{port}/tryton_crm"
    finally:
        pg_ctl = "/usr/lib/postgresql/15/bin/pg_ctl"
        subprocess.run(
            ["runuser", "-u", "postgres", "--", pg_ctl, "-D", str(work / "pg" / "data"), "-m", "immediate", "stop"],
            capture_output=True,
            check=False,
        )
        shutil.rmtree(home, ignore_errors=True)


def test_tryton_is_audited_on_its_own_database(tryton_url: str, tmp_path: Path):
    found = audit("tryton.odcs.yaml", tryton_url, tmp_path)
    assert {t["physical_name"]: t["rows"] for t in found.report["tables"]} == truth.TRYTON_ROWS
    assert found.counts(truth.TRYTON) == truth.TRYTON
    assert found.with_outcome("failed", "errored", "warned") == {truth.TRYTON_WARNED}
    for check in truth.TRYTON_PROVEN:
        assert "key" in found.checks[check]["observed"]
