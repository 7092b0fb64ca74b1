"""A canary in every restricted field: it must appear nowhere but in the source."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.fakes.terminal import observer

CONTRACT = """
apiVersion: v3.2.0
kind: DataContract
id: canary
name: Canary
version: 1.0.0
status: active
team: {name: RevOps, members: [{username: ana@example.com, role: owner}]}
schema:
  - name: leads
    customProperties:
      - {property: eventTime, value: created_at}
      - {property: recordUrl, value: 'https://crm.example.com/leads/{id}'}
    properties:
      - {name: id, logicalType: integer, primaryKey: true, required: true}
      - name: email
        logicalType: string
        required: true
        unique: true
        classification: restricted
        logicalTypeOptions: {format: email, maxLength: 10}
        enum: [{value: nobody@example.org}]
        quality:
          - {id: known, metric: invalidValues, arguments: {pattern: '^nobody'}, mustBe: 0}
          - id: gx
            type: custom
            engine: greatExpectations
            implementation: {type: expect_column_values_to_be_in_set, kwargs: {value_set: [x]}}
          - id: gx_top
            type: custom
            engine: greatExpectations
            implementation: {type: expect_column_distinct_values_to_be_in_set, kwargs: {value_set: [x]}}
          - id: gx_max
            type: custom
            engine: greatExpectations
            implementation: {type: expect_column_most_common_value_to_be_in_set, kwargs: {value_set: [x]}}
      - {name: phone, logicalType: integer, classification: Confidential, logicalTypeOptions: {maximum: 5}}
      - name: full_name
        logicalType: string
        classification: restricted
        relationships: [{id: exists, to: people.name}]
      - {name: city, logicalType: string, required: true, enum: [{value: Bonn}]}
      - {name: created_at, logicalType: timestamp, logicalTypeOptions: {defaultTimezone: Etc/UTC}}
    quality:
      - id: pair
        type: custom
        engine: greatExpectations
        implementation:
          type: expect_column_pair_values_to_be_equal
          kwargs: {column_A: email, column_B: full_name}
      - {id: twins, metric: duplicateValues, arguments: {properties: [email, full_name]}, mustBe: 0}
  - name: people
    properties:
      - {name: name, logicalType: string, primaryKey: true, required: true, classification: restricted}
slaProperties:
  - {property: freshness, value: 1, unit: d, element: leads.created_at}
"""
CANARIES = ("canary.mail", "Xanthippe", "49155501234567")


@pytest.fixture
def crm(tmp_path: Path) -> Path:
    (tmp_path / "canary.odcs.yaml").write_text(CONTRACT, encoding="utf-8")
    db = sqlite3.connect(tmp_path / "crm.db")
    db.execute(
        "create table leads"
        " (id integer primary key, email text, phone integer, full_name text, city text, created_at text)"
    )
    db.execute("create table people (name text)")
    rows = [
        (
            i,
            f"canary.mail{i % 7}@example.org",
            49155501234567 + i,
            f"Xanthippe {i}",
            "Bonn" if i % 3 else "Köln",
            f"2024-01-{i % 27 + 1:02} 10:00:00",
        )
        for i in range(1, 60)
    ]
    db.executemany("insert into leads values (?,?,?,?,?,?)", rows)
    db.executemany("insert into people values (?)", [("Xanthippe 1",), ("Xanthippe 1",), (None,)])
    db.commit()
    db.close()
    return tmp_path


def leaks(folder: Path, *texts: str) -> list[str]:
    found = [text for text in texts for canary in CANARIES if canary in text]
    for file in folder.rglob("*"):
        if file.is_file() and file.name != "crm.db":
            held = file.read_bytes()
            found += [f"{file.name}: {canary}" for canary in CANARIES if canary.encode() in held]
    return found


@pytest.mark.parametrize("execution", ["snapshot", "pushdown"])
def test_no_restricted_value_leaves_the_source(crm, execution, monkeypatch):
    monkeypatch.setenv("OBSERVER_TOKEN_KEY", "k" * 40)
    keep = ["--keep", "kept"] if execution == "snapshot" else []
    ran = observer(
        "audit",
        "-c",
        "canary.odcs.yaml",
        "-s",
        f"sqlite:///{crm}/crm.db",
        "-o",
        "out",
        "--execution",
        execution,
        "--all-checks",
        *keep,
        cwd=crm,
    )
    assert ran.code == 1, ran.err
    assert "failed" in ran.out
    shown = observer("runs", cwd=crm)
    assert leaks(crm, ran.out, ran.err, shown.out) == []
    if keep:
        (parquet,) = (crm / "kept").rglob("*leads*.parquet")
        import pyarrow.parquet as pq

        kept = pq.read_table(parquet)
        assert kept.num_rows == 59
        text = str(kept.to_pydict())
        assert [canary for canary in CANARIES if canary in text] == []
        assert len(set(kept.column("email").to_pylist())) == 7


def test_a_snapshot_with_restricted_columns_is_not_kept_without_a_key(crm, monkeypatch):
    monkeypatch.delenv("OBSERVER_TOKEN_KEY", raising=False)
    ran = observer("audit", "-c", "canary.odcs.yaml", "-s", f"sqlite:///{crm}/crm.db", "--keep", "kept", cwd=crm)
    assert ran.code == 3
    assert "Fix: set OBSERVER_TOKEN_KEY" in ran.err
    assert not (crm / "kept").exists()


def test_errors_hold_no_restricted_value_even_with_debug(crm):
    db = sqlite3.connect(crm / "crm.db")
    db.execute("update leads set phone = 'Xanthippe' where id = 3")
    db.execute("update leads set created_at = 'garbage' where id = 4")
    db.commit()
    db.close()
    ran = observer("audit", "--debug", "-c", "canary.odcs.yaml", "-s", f"sqlite:///{crm}/crm.db", "-o", "out", cwd=crm)
    assert leaks(crm, ran.out, ran.err) == []
