"""Queries of contracts as they run: in the snapshot and in the source alike, over tables and live rows only."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from observer.checks.rules import Present, RowCount, SqlValue
from observer.checks.spec import LiveRows
from observer.contracts.model import LogicalType
from observer.errors import EngineError
from observer.gx.runner import SuiteRunner
from observer.jobs.queries import QueryDesk
from tests.doors.gx import crm

WHEN = dt.datetime(2026, 1, 1)
#: Flag of a row that is deleted, of two that are not; the values that the contract calls deleted.
FLAGS: dict[str, tuple[pa.DataType, Any, list[Any], tuple[Any, ...], LogicalType]] = {
    "boolean": (pa.bool_(), True, [False, None], (True,), LogicalType.BOOLEAN),
    "boolean by a number": (pa.bool_(), True, [False, None], (1,), LogicalType.BOOLEAN),
    "boolean by a word": (pa.bool_(), True, [False, None], ("true",), LogicalType.BOOLEAN),
    "number": (pa.int64(), 1, [0, None], (1,), LogicalType.INTEGER),
    "number by a truth value": (pa.int64(), 1, [0, None], (True,), LogicalType.BOOLEAN),
    "float": (pa.float64(), 1.0, [0.0, None], (1,), LogicalType.NUMBER),
    "text true": (pa.string(), "true", ["false", None], (True,), LogicalType.BOOLEAN),
    "text TRUE as text": (pa.string(), "TRUE", ["no", None], (True,), LogicalType.STRING),
    "text 1": (pa.string(), "1", ["0", None], (True,), LogicalType.BOOLEAN),
    "text Y": (pa.string(), "Y", ["N", None], ("y",), LogicalType.STRING),
    "text t is a word": (pa.string(), "T", ["1", None], ("t",), LogicalType.STRING),
    "timestamp": (pa.timestamp("us"), WHEN, [None, None], (), LogicalType.TIMESTAMP),
}


def live_rows(runner: SuiteRunner) -> dict[str, int | float | None]:
    found = runner.run()
    assert [m.error for m in found] == [None] * len(found)
    return {m.check_id.rpartition(".")[2]: m.rows_tested if m.check_id.endswith("row") else m.value for m in found}


@pytest.mark.parametrize("where", ["snapshot", "sqlite", "duckdb"])
@pytest.mark.parametrize("name", FLAGS)
def test_a_query_and_a_row_check_see_the_same_live_rows(name: str, where: str, tmp_path: Path) -> None:
    kind, deleted, alive, values, logical = FLAGS[name]
    rows = pa.table({"id": pa.array([1, 2, 3]), "gone": pa.array([deleted, *alive], kind)})
    table = crm.table_plan(
        ("id", "gone"),
        live_rows=LiveRows(column="gone", deleted_values=values),
        logical_types=(("id", "integer"), ("gone", logical.value)),
    )
    checks = [
        crm.check("row", Present(column="id")),
        crm.check("rows", RowCount(), threshold=crm.AT_LEAST_ONE),
        crm.check("sql", SqlValue(query="select count(*) from leads", table="leads"), threshold=crm.AT_LEAST_ONE),
    ]
    plan = crm.plan_of([table], checks)
    if where == "snapshot":
        desk = QueryDesk(plan, source_dialect="sqlite", bench_dialect="duckdb", live=True)
        with crm.on_snapshot(tmp_path, plan, {"leads": rows}, sql_for=desk.query) as runner:
            assert live_rows(runner) == {"row": 2, "rows": 2, "sql": 2}
        return
    desk = QueryDesk(plan, source_dialect=where, bench_dialect=where)
    with (
        crm.database(where, tmp_path, str) as engine,
        crm.on_source(engine, plan, {"leads": rows}, sql_for=desk.query) as runner,
    ):
        assert live_rows(runner) == {"row": 2, "rows": 2, "sql": 2}


def test_a_path_is_no_table_even_where_an_object_has_that_name() -> None:
    plan = crm.plan_of([crm.table_plan(("a",), physical="/etc/x.csv")], [])
    desk = QueryDesk(plan, source_dialect="duckdb", bench_dialect="duckdb")
    for table in ("'/etc/x.csv'", '"/etc/x.csv"', "leads"):
        with pytest.raises(EngineError, match="is not part of this contract"):
            desk.query(crm.check("sql", SqlValue(query=f"select sum(a) from {table}", table="/etc/x.csv")))


def test_a_query_that_shows_a_restricted_value_does_not_run() -> None:
    plan = crm.plan_of([crm.table_plan(("phone",), restricted=frozenset({"phone"}))], [])
    desk = QueryDesk(plan, source_dialect="sqlite", bench_dialect="sqlite")
    with pytest.raises(EngineError, match="restricted column `phone`"):
        desk.query(crm.check("sql", SqlValue(query="select max(phone) from leads", table="leads")))
