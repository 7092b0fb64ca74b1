"""The one-scan engine and stock GX say the same, suite by suite, wherever stock GX can run it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from observer.checks import rules
from observer.checks.spec import CheckSpec
from observer.contracts.model import Comparison, Condition, Operator, Unit
from observer.gx.bench import Bench, source_bench
from observer.gx.context import add_datasource, context, remove_datasource
from observer.gx.suite_run import run_suite
from observer.gx.suites import suite_text
from tests.doors.gx.crm import AT_LEAST_ONE, check, counts, load, on_source, plan_of, shape_of, sqlite, table_plan

_PERCENT = Comparison(operator=Operator.MUST_BE_LESS_OR_EQUAL_TO, operands=(50,), unit=Unit.PERCENT)
SCHEMA = pa.schema(
    {
        "id": pa.int64(),
        "name": pa.string(),
        "blank": pa.string(),
        "amount": pa.decimal128(12, 2),
        "day": pa.date32(),
        "created": pa.timestamp("us"),
    }
)
ROWS = [
    (1, "new", "10.00", date(1969, 7, 20), datetime(1950, 1, 1, 12)),
    (2, "日本語", "10.01", None, datetime(2025, 1, 1)),
    (3, None, None, date(2025, 1, 1), None),
    (4, "new", "-1.50", date(2025, 1, 1), datetime(2025, 1, 1)),
    (None, "Ünïcode 😀", "99999.99", date(2030, 1, 1), datetime(2030, 1, 1)),
]
DIRTY = pa.Table.from_pylist(
    [{"id": i, "name": t, "blank": None, "amount": a and Decimal(a), "day": d, "created": c} for i, t, a, d, c in ROWS],
    schema=SCHEMA,
)
WHEN = (Condition(column="name", values=("new", None)),)
UNLESS = (Condition(column="name", values=("new",), negated=True), Condition(column="id", values=(1, 2, 4)))
CHECKS = (
    check("present", rules.Present(column="name")),
    check("half", rules.Present(column="name"), threshold=_PERCENT),
    check("all_null", rules.InSet(column="blank", values=("a",))),
    check("when", rules.Present(column="amount"), when=WHEN),
    check("unless", rules.Present(column="amount"), when=UNLESS),
    check("set", rules.InSet(column="name", values=("new", "日本語")), threshold=_PERCENT),
    check("range", rules.InRange(column="amount", minimum=0, maximum=100, exclusive_maximum=True)),
    check("range_when", rules.InRange(column="amount", minimum=0), when=UNLESS),
    check("length", rules.LengthInRange(column="name", minimum=3, maximum=4)),
    check("unique", rules.Unique(columns=("name",))),
    check("unique_when", rules.Unique(columns=("name",)), when=WHEN),
    check("compound", rules.Unique(columns=("name", "day"))),
    check("compound_2", rules.Unique(columns=("name", "created"))),
    check("rows", rules.RowCount(), threshold=AT_LEAST_ONE),
    check("mean", rules.Expectation(type="expect_column_mean_to_be_between", kwargs={"column": "id", "min_value": 1})),
    check("pattern", rules.MatchesPattern(column="name", pattern="^[a-z]+$")),
)


@contextmanager
def database(where: str, folder: Path, postgres_url: str | None) -> Iterator[sa.Engine]:
    if where == "sqlite":
        with sqlite(folder) as engine:
            yield engine
        return
    url = (
        f"duckdb:///{folder / 'crm.duckdb'}"
        if where == "duckdb"
        else str(postgres_url).replace("postgresql:", "postgresql+psycopg:")
    )
    engine = sa.create_engine(url, poolclass=sa.pool.StaticPool if where == "duckdb" else None)
    try:
        yield engine
    finally:
        engine.dispose()


def _stock(bench: Bench, document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The suite by stock GX: its own engine and metrics, over the same rows."""
    context()
    from great_expectations import ExpectationSuite
    from great_expectations.core.batch import BatchMarkers
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData

    class Stock(SqlAlchemyExecutionEngine):
        def get_batch_data_and_markers(self, batch_spec: Any) -> Any:
            relation = bench.relations[batch_spec["data_asset_name"]]
            # Stock GX reads column types from a table's name, which a subquery has none of.
            table = sa.select(sa.text("*")).select_from(sa.table(relation.name))
            data = SqlAlchemyBatchData(
                execution_engine=self, selectable=table, create_temp_table=False, source_table_name=relation.name
            )
            return data, BatchMarkers({"ge_load_time": "now"})

        def execute_query(self, query: Any) -> Any:
            with self.get_connection() as connection:
                return connection.execute(query).freeze()()

        def close(self) -> None:
            if self._connection is not None:
                self._connection.close()

    engine = Stock(engine=bench.engine, create_temp_table=False)
    datasource = add_datasource(engine)
    try:
        validated = datasource.batch("leads").validate(
            ExpectationSuite(name="s", expectations=document["expectations"]), result_format="BASIC"
        )
    finally:
        remove_datasource(datasource.name)
        engine.close()
    broken = {r.expectation_config.meta["check"]: r.exception_info for r in validated.results if not _ran(r)}
    assert not broken, broken
    return {r.expectation_config.meta["check"]: {"success": r.success, "result": r.result} for r in validated.results}


def _ran(result: Any) -> bool:
    info = result.exception_info or {}
    records = [info] if "raised_exception" in info else list(info.values())
    return not any(record["raised_exception"] for record in records)


def _said(result: dict[str, Any]) -> dict[str, Any]:
    seen = result["result"]
    keys = ("element_count", "missing_count", "unexpected_percent", "observed_value")
    # On no rows stock GX counts None failing for some expectations and 0 for others.
    return {"success": result["success"], "failed": seen.get("unexpected_count") or 0} | {k: seen.get(k) for k in keys}


def _runnable(checks: tuple[CheckSpec, ...], where: str) -> list[CheckSpec]:
    # Stock GX: "Regex is not supported for dialect duckdb".
    return [spec for spec in checks if not (where == "duckdb" and spec.rule_name == "pattern")]


@pytest.mark.parametrize("where", ["duckdb", "sqlite", "postgresql"])
@pytest.mark.parametrize("rows", ["dirty", "empty"])
def test_both_engines_say_the_same(where: str, rows: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgres_url") if where == "postgresql" else None
    plan = plan_of([table_plan(SCHEMA.names)], _runnable(CHECKS, where))
    data = DIRTY if rows == "dirty" else DIRTY.slice(0, 0)
    with database(where, tmp_path, url) as engine:
        load(engine, "leads", data)
        bench = source_bench(plan, engine, [shape_of(plan.tables[0], data)])
        try:
            document = json.loads(suite_text(plan, "leads"))
            stock = _stock(bench, json.loads(suite_text(plan, "leads")))
            ours = run_suite(bench, "leads", document, {})
        finally:
            bench.close()
    assert {k: _said(v) for k, v in ours.results.items()} == {k: _said(v) for k, v in stock.items()}
    assert len(stock) == len(plan.checks)


def test_three_hundred_columns_are_one_scan(tmp_path: Path) -> None:
    names = [f"c{i}" for i in range(300)]
    data = pa.table({name: pa.array([None, i], pa.int64()) for i, name in enumerate(names)})
    checks = [replace(check(name, rules.Present(column=name)), property=name) for name in names]
    plan = plan_of([table_plan(names)], checks)
    scans: list[str] = []
    with database("sqlite", tmp_path, None) as engine:
        load(engine, "leads", data)
        bench = source_bench(plan, engine, [shape_of(plan.tables[0], data)])
        fetch = bench.fetch
        bench.fetch = lambda query: scans.append(str(query)) or fetch(query)  # type: ignore[method-assign, func-returns-value]  # counts the queries
        try:
            ours = run_suite(bench, "leads", json.loads(suite_text(plan, "leads")), {})
        finally:
            bench.close()
    assert len(scans) == 1
    assert {r["result"]["unexpected_count"] for r in ours.results.values()} == {1}


def test_times_with_a_zone_are_read_as_instants(postgres_url: str) -> None:
    times = [datetime(1969, 12, 31, 23, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)]
    data = pa.table({"at": pa.array(times, pa.timestamp("us", "UTC"))})
    after_1970 = rules.InRange(column="at", minimum="1970-01-01T01:00:00+01:00")
    plan = plan_of([table_plan(["at"])], [check("range", after_1970)])
    with database("postgresql", Path(), postgres_url) as engine, on_source(engine, plan, {"leads": data}) as runner:
        assert counts(runner.run()) == {"range": (2, 1)}
