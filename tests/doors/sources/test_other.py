"""Databases that only SQLAlchemy knows: described and looked at where they are; nothing is copied."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.dialects import registry

from observer.checks.spec import TablePlan
from observer.errors import SourceError
from observer.sources.opening import open_source
from tests.fakes.terminal import observer

# A dialect that `open_source` has never heard of; underneath, SQLite does the work.
registry.register("crmwarehouse", "sqlalchemy.dialects.sqlite.pysqlite", "dialect")

CONTRACT = """
apiVersion: v3.2.0
kind: DataContract
id: warehouse
name: Warehouse
version: 1.0.0
status: active
team: {name: RevOps, members: [{username: ana@example.com, role: owner}]}
schema:
  - name: deals
    properties:
      - {name: id, logicalType: integer, primaryKey: true, required: true}
      - {name: stage, logicalType: string, required: true, enum: [{value: won}, {value: lost}]}
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    db = sqlite3.connect(tmp_path / "crm.db")
    db.execute("create table deals (id integer primary key, stage varchar(9), note text)")
    db.executemany("insert into deals values (?, ?, 'x')", [(1, "won"), (2, "wno"), (3, None)])
    db.commit()
    db.close()
    return f"crmwarehouse:///{tmp_path}/crm.db"


def plan(name: str) -> TablePlan:
    return TablePlan(contract="c", object=name, physical_name=name, columns=("id", "stage", "gone"), key=("id",))


def test_tables_are_described_and_declared_keys_prove_nothing(url: str):
    source = open_source(url)
    with source.session() as session:
        shape = session.shape(plan("deals"))
        assert [(c.name, c.type) for c in shape.columns] == [("id", "INTEGER"), ("stage", "VARCHAR(9)")]
        assert (shape.missing, shape.others, shape.unique_keys) == (("gone",), ("note",), ())
        assert session.source_time.tzinfo is not None
        assert not session.one_instant
        lost = session.shape(plan("dealz"))
        assert lost.error is not None
        assert "did you mean `deals`" in lost.error
        with pytest.raises(SourceError, match="run with --execution pushdown"):
            session.stream(plan("deals"), shape)
    source.close()


def test_an_audit_runs_in_the_database_itself(url: str, tmp_path: Path):
    (tmp_path / "w.odcs.yaml").write_text(CONTRACT)
    ran = observer("audit", "-c", "w.odcs.yaml", "-s", url, "--execution", "pushdown", "-o", "out", cwd=tmp_path)
    assert ran.code == 1, ran.err
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    seen = {c["id"]: (c["rows_tested"], c["rows_failed"]) for c in report["checks"]}
    assert seen["warehouse.deals.stage.enum"] == (2, 1)
    assert seen["warehouse.deals.stage.required"] == (3, 1)
    assert seen["warehouse.deals.id.unique"] == (3, 0)


def test_a_snapshot_is_refused_with_the_remedy(url: str, tmp_path: Path):
    (tmp_path / "w.odcs.yaml").write_text(CONTRACT)
    ran = observer("audit", "-c", "w.odcs.yaml", "-s", url, cwd=tmp_path)
    assert ran.code == 3
    assert "--execution pushdown" in ran.out + ran.err
