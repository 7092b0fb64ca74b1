"""deploy/compose: every name in it leads somewhere, and nothing in it is looser than it must be.

The file was also held against the JSON Schema of the Compose Specification, which no package that we depend on carries.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.doors.deploy.files import (
    ALERTMANAGER,
    COMPOSE,
    DEPLOY,
    PROMETHEUS,
    ROOT,
    compose,
    document,
    make_secrets,
    services,
)

HERE = COMPOSE.parent


def mounts(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """(service, mount) of one kind."""
    return [(name, v) for name, s in services().items() for v in s.get("volumes", []) if v["type"] == kind]


def test_the_services_are_those_that_the_guide_promises() -> None:
    data = {"postgres", "crm"}
    watching = {"observer-1", "observer-2", "prometheus", "alertmanager", "grafana", "marquez", "marquez-web"}
    assert set(services()) == data | watching


def test_the_two_daemons_differ_in_their_ports_alone() -> None:
    first, second = dict(services()["observer-1"]), dict(services()["observer-2"])
    assert first.pop("ports") != second.pop("ports")
    assert first == second


def test_every_mounted_file_and_every_build_folder_exists() -> None:
    for name, mount in mounts("bind"):
        assert (HERE / mount["source"]).exists(), f"{name} mounts {mount['source']}"
        assert mount["read_only"] is True, f"{name} may write {mount['source']}"
    for service in services().values():
        if build := service.get("build"):
            assert (HERE / build["context"] / build["dockerfile"]).resolve() == ROOT / "Dockerfile"


def test_every_named_volume_network_and_secret_is_declared_and_used() -> None:
    whole = compose()
    assert {m["source"] for _, m in mounts("volume")} == set(whole["volumes"])
    assert {n for s in services().values() for n in s["networks"]} == set(whole["networks"])
    assert {n for s in services().values() for n in s.get("secrets", [])} == set(whole["secrets"])


def test_a_service_reads_only_secrets_that_it_was_given() -> None:
    for name, service in services().items():
        text = str([service.get("environment"), service.get("command")])
        assert set(re.findall(r"/run/secrets/(\w+)", text)) <= set(service.get("secrets", [])), name
    sql = (HERE / "postgres" / "10-databases.sql").read_text(encoding="utf-8")
    assert set(re.findall(r"/run/secrets/(\w+)", sql)) < set(services()["postgres"]["secrets"])


def test_every_service_is_hardened() -> None:
    for name, service in services().items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"] is (name != "marquez-web"), name
        assert "privileged" not in service


def test_every_service_says_whether_it_is_healthy() -> None:
    for name, service in services().items():
        # Those of our image carry their check in the Dockerfile; the one that ends has none.
        if not service["image"].startswith("crm-observer:"):
            assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}, name
    assert services()["crm"]["healthcheck"] == {"disable": True}
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_nobody_waits_for_what_never_comes() -> None:
    for name, service in services().items():
        for other, how in service.get("depends_on", {}).items():
            assert other in services(), f"{name} waits for {other}"
            ends = services()[other]["restart"] == "no"
            assert how["condition"] == ("service_completed_successfully" if ends else "service_healthy")


def test_every_image_has_a_version_and_ours_has_the_one_of_the_package() -> None:
    from observer import __version__

    for name, service in services().items():
        tag = service["image"].rpartition(":")[2]
        assert re.match(r"v?\d+\.\d+", tag), f"{name} runs {service['image']}"
    assert services()["observer-1"]["image"] == f"crm-observer:{__version__.rpartition('.')[0]}"


def test_no_two_services_publish_the_same_port() -> None:
    published = [port.rpartition(":")[0] for s in services().values() for port in s.get("ports", [])]
    assert len(set(published)) == len(published)


def test_who_speaks_to_whom_has_a_network_in_common_and_names_the_right_port() -> None:
    def reachable(host: str, asker: str) -> bool:
        return bool(set(services()[host]["networks"]) & set(services()[asker]["networks"]))

    scraped = document(PROMETHEUS / "prometheus.yml")["scrape_configs"]
    targets = {t for job in scraped for s in job["static_configs"] for t in s["targets"]}
    assert {"observer-1:8484", "observer-2:8484", "alertmanager:9093"} <= targets
    assert services()["alertmanager"]["ports"] == ["127.0.0.1:9093:9093"]
    assert all(reachable(t.partition(":")[0], "prometheus") for t in targets if not t.startswith("127."))
    assert services()["observer-1"]["environment"]["OPENLINEAGE_URL"] == "http://marquez:5000"
    assert reachable("marquez", "observer-1")
    assert reachable("postgres", "observer-1")
    datasource = document(DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yaml")["datasources"][0]
    assert datasource["url"] == "http://prometheus:9090"
    assert reachable("prometheus", "grafana")
    assert compose()["networks"]["databases"] == {"internal": True}


def test_grafana_shows_what_lies_in_the_folder_of_dashboards() -> None:
    (provider,) = document(DEPLOY / "grafana" / "provisioning" / "dashboards" / "crm-observer.yaml")["providers"]
    targets = {m["target"]: m["source"] for n, m in mounts("bind") if n == "grafana"}
    assert targets[provider["options"]["path"]] == "../grafana/dashboards"
    assert targets["/etc/grafana/provisioning"] == "../grafana/provisioning"


def test_prometheus_and_alertmanager_read_the_files_that_are_mounted() -> None:
    for name, file in (("prometheus", PROMETHEUS / "prometheus.yml"), ("alertmanager", ALERTMANAGER)):
        (config,) = (c for c in services()[name]["command"] if c.startswith("--config.file="))
        path = Path(config.partition("=")[2])
        (mount,) = (m for n, m in mounts("bind") if n == name)
        assert path.parent == Path(mount["target"])
        assert (HERE / mount["source"]).resolve() / path.name == file


def test_the_script_makes_every_secret_once_and_only_its_owner_may_enter(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_secrets(folder)
    made = {f.name: f.read_text() for f in folder.iterdir()}
    assert set(made) == {Path(s["file"]).name for s in compose()["secrets"].values()}
    assert all(Path(s["file"]).parent == Path("secrets") for s in compose()["secrets"].values())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    random = [text for name, text in made.items() if re.search("password|key|token", name)]
    assert all(re.fullmatch("[0-9a-f]{48}", text) for text in random)
    assert len(set(random)) == len(random)
    (folder / "state").unlink()
    make_secrets(folder)
    assert {f.name: f.read_text() for f in folder.iterdir()} == made


def test_git_never_sees_a_secret() -> None:
    assert (HERE / "secrets" / ".gitignore").read_text().split() == ["*", "!.gitignore"]


def test_the_databases_are_made_and_everybody_may_do_exactly_what_they_should(
    postgres_server_url: str, tmp_path: Path
) -> None:
    server = postgres_server_url
    make_secrets(tmp_path)
    run_as_psql_would((HERE / "postgres" / "10-databases.sql"), tmp_path, server)
    place = server.rpartition("@")[2]

    def connected(secret: str) -> psycopg.Connection[Any]:
        return psycopg.connect((tmp_path / secret).read_text().replace("postgres:5432", place), autocommit=True)

    with connected("crm_owner") as owner:
        owner.execute("CREATE TABLE leads (id int)")
        owner.execute("INSERT INTO leads VALUES (1)")
    with connected("source") as reader:
        assert reader.execute("SELECT id FROM leads").fetchall() == [(1,)]
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.execute("DELETE FROM leads")
        reader.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("DELETE FROM leads")
    with connected("state") as state:
        state.execute("CREATE TABLE mine (id int)")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect((tmp_path / "source").read_text().replace("postgres:5432/crm", f"{place}/observer"))


def run_as_psql_would(file: Path, secrets: Path, server: str) -> None:
    """psql is in no wheel: its three commands that the file uses are done here."""
    database = f"{server}/postgres"
    values: dict[str, str] = {}
    statement = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if command := re.fullmatch(r"\\set (\w+) `cat /run/secrets/(\w+)`", line):
            values[f":'{command[1]}'"] = f"'{(secrets / command[2]).read_text()}'"
        elif command := re.fullmatch(r"\\connect (\w+)", line):
            database = f"{server}/{command[1]}"
        elif line and not line.startswith("--"):
            statement += line
        if statement.endswith(";"):
            for name, value in values.items():
                statement = statement.replace(name, value)
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute(statement.encode())
            statement = ""
    assert statement == ""
