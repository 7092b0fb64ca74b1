"""Two states of a small CRM: every change that was made to it is found, in exactly its rows, and no address is kept."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow.parquet as pq
import pytest

from tests.fakes.terminal import Ran, observer

CONTRACT = """
apiVersion: v3.2.0
kind: DataContract
id: crm
name: CRM
version: 1.0.0
status: active
team: {name: RevOps, members: [{username: ana@example.com, role: owner}]}
schema:
  - name: leads
    customProperties:
      - {property: eventTime, value: created_at}
      - {property: updateTime, value: updated_at}
      - {property: deletedFlag, value: {property: deleted, value: 1}}
      - {property: recordUrl, value: 'https://crm.example.com/leads/{id}'}
      - property: changeLimits
        value:
          deletedRows: {mustBeLessThan: 1, unit: percent, severity: error}
          newValues: {severity: error}
    properties:
      - {name: id, logicalType: integer, primaryKey: true, required: true}
      - {name: email, logicalType: string, classification: restricted, logicalTypeOptions: {format: email}}
      - name: stage
        logicalType: string
        customProperties:
          - {property: fieldOwner, value: sam@example.com}
          - property: stateMachine
            value:
              initial: [new]
              terminal: [won, lost]
              transitions: [{from: new, to: [working]}, {from: working, to: [won, lost]}]
      - {name: amount, logicalType: number, logicalTypeOptions: {minimum: 0}}
      - {name: deleted, logicalType: integer}
      - {name: created_at, logicalType: timestamp, logicalTypeOptions: {defaultTimezone: Etc/UTC}}
      - {name: updated_at, logicalType: timestamp, logicalTypeOptions: {defaultTimezone: Etc/UTC}}
  - name: notes
    properties:
      - {name: email, logicalType: string, classification: restricted, primaryKey: true}
      - {name: body, logicalType: string}
slaProperties:
  - {property: freshness, value: 100, unit: y, element: leads.updated_at}
"""
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
DAY = "2026-01-0{} 00:00:00"
SECRETS = re.compile(r"@(one|two)\.example")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with a kept snapshot of the first state, and a database in its second state."""
    folder = tmp_path_factory.mktemp("changes")
    (folder / "crm.odcs.yaml").write_text(CONTRACT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBSERVER_TOKEN_KEY", "0123456789abcdef0123456789abcdef")
        with closing(sqlite3.connect(folder / "crm.db")) as crm, crm:
            crm.executescript(
                "CREATE TABLE leads (id INTEGER PRIMARY KEY, email TEXT, stage TEXT, amount REAL, deleted INTEGER,"
                "created_at TEXT, updated_at TEXT, fax TEXT, city TEXT NOT NULL);"
                "CREATE TABLE notes (email TEXT, body TEXT);"
            )
            crm.executemany(
                "INSERT INTO leads VALUES (?, ?, 'new', ?, 0, ?, ?, null, 'Bonn')",
                [(n, f"lead{n}@one.example", n * 10.0, DAY.format(1), DAY.format(1)) for n in range(1, 101)],
            )
            crm.execute("UPDATE leads SET stage = 'won' WHERE id = 60")
            crm.execute("UPDATE leads SET stage = 'odd' WHERE id IN (61, 62)")
            crm.execute("UPDATE leads SET deleted = 1 WHERE id = 100")
            crm.executemany("INSERT INTO notes VALUES (?, 'a')", [(f"lead{n}@one.example",) for n in range(3)])
        audit(folder, "--keep", "kept")
        with closing(sqlite3.connect(folder / "crm.db")) as crm, crm:
            crm.execute("DELETE FROM leads WHERE id IN (1, 2)")
            crm.execute("UPDATE leads SET deleted = 1 WHERE id = 3")
            written = f", updated_at = '{DAY.format(2)}'"
            crm.execute(f"UPDATE leads SET stage = 'working'{written} WHERE id IN (10, 11)")
            crm.execute(f"UPDATE leads SET stage = 'won'{written} WHERE id = 12")  # by way of working
            crm.execute(f"UPDATE leads SET stage = 'new'{written} WHERE id = 60")  # won is the end
            crm.execute(f"UPDATE leads SET stage = 'working'{written} WHERE id = 61")  # mended
            crm.execute(f"UPDATE leads SET stage = 'Working'{written} WHERE id = 13")
            crm.execute(f"UPDATE leads SET amount = -1{written} WHERE id IN (20, 21)")
            crm.execute("UPDATE leads SET email = 'new@two.example' WHERE id = 30")
            crm.execute("UPDATE leads SET email = 'broken' WHERE id = 31")
            crm.executemany(
                "INSERT INTO leads VALUES (?, ?, ?, 5, 0, ?, ?, null, 'Bonn')",
                [
                    (201, "a@two.example", "new", DAY.format(2), DAY.format(2)),
                    (202, "b@two.example", "won", DAY.format(2), DAY.format(2)),
                    (203, "c@two.example", "won", DAY.format(2), DAY.format(3)),  # written again since
                ],
            )
            crm.execute("ALTER TABLE leads DROP COLUMN fax")
            crm.execute("ALTER TABLE leads ADD COLUMN score INTEGER")
            crm.execute("DELETE FROM notes WHERE email LIKE 'lead0%'")
        yield folder


def audit(folder: Path, *words: object) -> Ran:
    return observer(
        "audit", "-c", "crm.odcs.yaml", "-s", f"sqlite:///{folder / 'crm.db'}", "--no-state", *words, cwd=folder
    )


def kept(folder: Path) -> Path:
    (snapshot,) = (folder / "kept" / "crm").iterdir()
    return snapshot


@pytest.fixture(scope="module")
def ran(folder: Path) -> Ran:
    return audit(folder, "--compare", kept(folder), "--out", "out", "--all-checks")


@pytest.fixture(scope="module")
def checks(folder: Path, ran: Ran) -> dict[str, dict[str, Any]]:
    assert ran.code == 1, ran.err
    report = json.loads((folder / "out" / "report.json").read_text())
    jsonschema.validate(report, SCHEMA)
    return {check["id"]: check for check in report["checks"]}


def keys(check: dict[str, Any]) -> list[int]:
    return [key["id"] for key in check["sample_keys"]]


def counted(check: dict[str, Any]) -> tuple[str, int, int]:
    return check["outcome"], check["rows_failed"], check["rows_tested"]


def test_deleted_rows_are_those_that_are_gone_or_flagged(checks: dict[str, dict[str, Any]]) -> None:
    check = checks["crm.leads.deleted_rows"]
    assert counted(check) == ("failed", 3, 99)
    assert keys(check) == [1, 2, 3]
    assert check["expected"] == "less than 1 %"
    assert check["owner"] == "ana@example.com"


def test_changed_rows_are_those_of_which_a_value_differs(checks: dict[str, dict[str, Any]]) -> None:
    check = checks["crm.leads.changed_rows"]
    # The address of a row is known by its token.
    assert counted(check) == ("passed", 10, 96)


def test_invalid_writes_are_counted_among_what_was_written(checks: dict[str, dict[str, Any]]) -> None:
    check = checks["crm.leads.invalid_writes"]
    assert counted(check) == ("warned", 4, 13)
    assert keys(check) == [13, 20, 21, 31]
    assert check["evidence"]["sample_urls"][0] == "https://crm.example.com/leads/13"
    broken = {offender["value"]: offender["rows"] for offender in check["evidence"]["offenders"]}
    assert broken == {"stage states": 1, "amount range": 2, "email format": 1}


def test_the_number_of_rows_is_compared(checks: dict[str, dict[str, Any]]) -> None:
    check = checks["crm.leads.row_count_change"]
    assert (check["outcome"], check["value"], check["observed"]) == ("passed", 0, "0 % (99 rows before, 99 now)")


def test_illegal_moves_are_told_with_from_and_to(checks: dict[str, dict[str, Any]]) -> None:
    check = checks["crm.leads.stage.transitions"]
    assert counted(check) == ("failed", 3, 99)
    assert keys(check) == [13, 60, 202]
    assert check["owner"] == "sam@example.com"
    assert {o["value"]: o["rows"] for o in check["evidence"]["offenders"]} == {
        "(new row) → won": 1,
        "new → Working": 1,
        "won → new": 1,
    }


def test_a_removed_column_is_drift_and_an_added_one_is_named(checks: dict[str, dict[str, Any]]) -> None:
    check = checks["crm.leads.schema_drift"]
    assert (check["outcome"], check["value"], check["observed"]) == ("failed", 1, "`fax` removed; `score` added")
    assert checks["crm.notes.schema_drift"]["outcome"] == "passed"


def test_a_new_illegal_value_is_told_apart_from_an_old_one(checks: dict[str, dict[str, Any]]) -> None:
    check = checks["crm.leads.stage.new_values"]
    assert counted(check) == ("failed", 1, 99)
    assert check["evidence"]["offenders"] == [{"value": "Working", "rows": 1, "suggestion": None}]
    assert keys(check) == [13]
    assert checks["crm.leads.stage.states"]["rows_failed"] == 2


def test_rows_with_a_restricted_key_are_counted_and_not_named(checks: dict[str, dict[str, Any]]) -> None:
    check = checks["crm.notes.deleted_rows"]
    assert counted(check) == ("warned", 1, 3)
    assert check["sample_keys"] == []
    assert check["evidence"]["notes"] == ["keys not shown: a key column is restricted"]
    assert checks["crm.notes.invalid_writes"]["outcome"] == "skipped"


def test_no_restricted_value_is_shown_or_kept(folder: Path, ran: Ran, checks: dict[str, dict[str, Any]]) -> None:
    for file in [*(folder / "out").rglob("*"), *(folder / "kept").rglob("*")]:
        if file.is_file():
            content = file.read_bytes().decode("utf-8", "replace")
            content += repr(pq.read_table(file).to_pylist()) if file.suffix == ".parquet" else ""
            assert not SECRETS.search(content), file.name
    assert not SECRETS.search(ran.out + ran.err)
    tokens = pq.read_table(kept(folder) / "000-leads.parquet")["email"].to_pylist()
    reports = "".join(f.read_text() for f in (folder / "out").rglob("*") if f.is_file())
    assert not [token for token in tokens if token in reports]


def test_a_state_compared_with_itself_shows_nothing(folder: Path) -> None:
    audit(folder, "--keep", "again")
    (snapshot,) = (folder / "again" / "crm").iterdir()
    audit(folder, "--compare", snapshot, "--out", "same")
    report = json.loads((folder / "same" / "report.json").read_text())
    changes = ("deleted_rows", "changed_rows", "invalid_writes", "row_count_change", "transitions", "schema_drift")
    seen = {c["id"]: c for c in report["checks"] if c["rule"] in (*changes, "new_values")}
    assert {c["outcome"] for c in seen.values()} == {"passed", "skipped"}
    assert {c["rule"] for c in seen.values() if c["outcome"] == "skipped"} == {"invalid_writes"}


def test_a_folder_that_is_no_snapshot_of_the_contract_is_refused(folder: Path) -> None:
    ran = audit(folder, "--compare", "out")
    assert ran.code == 3
    assert "holds no finished snapshot" in ran.err
    twice = audit(folder, "--compare", kept(folder), "--compare", kept(folder))
    assert "are both of `crm`" in twice.err
