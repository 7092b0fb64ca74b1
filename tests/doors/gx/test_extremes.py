"""Values and tables at the edges: times that never end, JSON and arrays, hundreds of columns, many runs, sly values."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from observer.checks import rules
from observer.checks.measure import Measurement, SourceColumn, TableShape
from observer.checks.spec import CheckSpec
from observer.contracts.model import Condition, LogicalType
from observer.gx.asking import reason
from observer.gx.context import context
from observer.gx.runner import SuiteRunner
from tests.doors.gx.crm import (
    AT_LEAST_ONE,
    NOW,
    as_written,
    check,
    counts,
    database,
    on_snapshot,
    on_source,
    plan_of,
    sqlite,
    table_plan,
)

HOUR = timedelta(hours=1)
#: What DuckDB and PostgreSQL write for `infinity`.
DAY_INFINITY, TIME_INFINITY = 2**31 - 1, 2**63 - 1
ENDLESS = (
    check("fresh_day", rules.Fresh(columns=("d",), limit=HOUR)),
    check("fresh", rules.Fresh(columns=("t",), limit=HOUR)),
    check("fresh_first", rules.Fresh(columns=("t", "d"), limit=HOUR)),
    check("kept", rules.Kept(columns=("d",), limit=timedelta(days=365))),
    check("range", rules.InRange(column="d", minimum="2000-01-01", maximum="2999-12-31")),
    check("lag", rules.Lag(since="d", until="t", limit=HOUR)),
    check("day", rules.HasType(column="d", logical_type=LogicalType.DATE)),
)


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(postgres_url.replace("postgresql:", "postgresql+psycopg:"))
    yield engine
    engine.dispose()


def _in_postgres(
    engine: sa.Engine, columns: dict[str, str], rows: str, checks: Sequence[CheckSpec]
) -> dict[str, Measurement]:
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS leads")
        connection.exec_driver_sql(f"CREATE TABLE leads ({', '.join(f'{n} {t}' for n, t in columns.items())})")
        connection.exec_driver_sql(f"INSERT INTO leads VALUES {rows}")
    described = tuple(SourceColumn(name=name, type=kind) for name, kind in columns.items())
    shape = TableShape(object="leads", physical_name="leads", columns=described, source_time=NOW)
    with SuiteRunner.on_source(
        plan_of([table_plan(list(columns))], checks), engine, [shape], sql_for=as_written
    ) as runner:
        return {m.check_id.rpartition(".")[2]: m for m in runner.run()}


def _endless_is_as_it_should(seen: dict[str, Measurement]) -> None:
    assert {m.error for m in seen.values()} == {None}
    # An infinite time is no proof of freshness, and no failure of it either.
    assert (seen["fresh_day"].value, seen["fresh_day"].seen) == (36 * 3600, "2025-12-31T00:00:00Z")
    assert (seen["fresh"].value, seen["fresh"].seen) == (3600, "2026-01-01T11:00:00Z")
    assert seen["fresh_first"].value == 3600
    assert (seen["kept"].rows_tested, seen["kept"].rows_failed) == (3, 1)
    assert (seen["range"].rows_tested, seen["range"].rows_failed) == (3, 2)
    assert (seen["lag"].rows_tested, seen["lag"].rows_failed) == (3, 2)


def test_infinity_is_not_the_newest_time_of_a_snapshot(tmp_path: Path) -> None:
    days = pa.array([DAY_INFINITY, -DAY_INFINITY, 20453, None], pa.int32()).cast(pa.date32())
    hour = 1767265200_000000
    times = pa.array([TIME_INFINITY, hour, hour, -TIME_INFINITY], pa.int64()).cast(pa.timestamp("us"))
    with on_snapshot(
        tmp_path, plan_of([table_plan(["d", "t"])], ENDLESS), {"leads": pa.table({"d": days, "t": times})}
    ) as runner:
        seen = {m.check_id.rpartition(".")[2]: m for m in runner.run()}
    _endless_is_as_it_should(seen)


def test_infinity_is_not_the_newest_time_in_postgresql(postgres: sa.Engine) -> None:
    rows = """('infinity', 'infinity'), ('-infinity', '2026-01-01 11:00'), ('2025-12-31', '2026-01-01 11:00'),
              (NULL, '-infinity')"""
    _endless_is_as_it_should(_in_postgres(postgres, {"d": "date", "t": "timestamp without time zone"}, rows, ENDLESS))


NESTED = (
    check("json", rules.Present(column="j")),
    check("object", rules.HasType(column="j", logical_type=LogicalType.OBJECT)),
    check("no_text", rules.HasType(column="j", logical_type=LogicalType.STRING)),
    check("list", rules.Present(column="a")),
    check("array", rules.HasType(column="a", logical_type=LogicalType.ARRAY)),
    check("no_list", rules.HasType(column="j", logical_type=LogicalType.INTEGER)),
)


def test_json_and_arrays_are_counted_in_postgresql(postgres: sa.Engine) -> None:
    rows = """('{"a": 1}', '{1,2}'), (NULL, '{}'), ('{"a": 1}', NULL)"""
    unique = check("unique", rules.Unique(columns=("j",)))
    odd = (unique, check("pattern", rules.MatchesPattern(column="j", pattern="a")))
    seen = _in_postgres(postgres, {"j": "jsonb", "a": "integer[]"}, rows, (*NESTED, *odd))
    assert (seen["json"].rows_tested, seen["json"].rows_failed) == (3, 1)
    assert (seen["list"].rows_tested, seen["list"].rows_failed) == (3, 1)
    assert seen["object"].holds and seen["array"].holds
    assert (seen["no_text"].rows_tested, seen["no_text"].rows_failed) == (2, 2)
    assert (seen["no_list"].rows_tested, seen["no_list"].rows_failed) == (2, 2)
    assert (seen["unique"].rows_tested, seen["unique"].rows_failed) == (2, 2)
    assert "json in the source" in (seen["pattern"].error or "")


def test_json_and_arrays_are_counted_in_a_snapshot(tmp_path: Path) -> None:
    rows = pa.table(
        {"j": ['{"a": 1}', None, "[1]", '{"a"'], "a": pa.array([[1, 2], [], None, [3]], pa.list_(pa.int64()))}
    )
    plan = plan_of([table_plan(["j", "a"])], [spec for spec in NESTED if spec.rule_name != "no_text"])
    with on_snapshot(tmp_path, plan, {"leads": rows}) as runner:
        seen = {m.check_id.rpartition(".")[2]: (m.error, m.holds, m.rows_tested, m.rows_failed) for m in runner.run()}
    assert seen == {
        "json": (None, None, 4, 1),
        "object": (None, None, 3, 2),
        "list": (None, None, 4, 1),
        "array": (None, None, 3, 0),
        "no_list": (None, None, 3, 3),
    }


def test_three_hundred_columns_are_counted_in_postgresql(postgres: sa.Engine) -> None:
    names = [f"c{i}" for i in range(300)]
    rows = pa.table({name: pa.array([None, i, 7], pa.int64()) for i, name in enumerate(names)})
    checks = [check(name, rules.InRange(column=name, minimum=10)) for name in names]
    with on_source(postgres, plan_of([table_plan(names)], checks), {"leads": rows}) as runner:
        assert counts(runner.run()) == {f"c{i}": (2, 1 + (i < 10)) for i in range(300)}


def _alive() -> Counter[str]:
    gc.collect()
    ours = ("Bench", "OneScanEngine", "BenchDatasource", "RelationAsset", "Relation", "SuiteRunner")
    other = (
        "Engine",
        "Connection",
        "DuckDBPyConnection",
        "Validator",
        "ExpectationSuite",
        "Batch",
        "MetricsCalculator",
    )
    return Counter(type(o).__name__ for o in gc.get_objects() if type(o).__name__ in (*ours, *other))


def test_runs_leave_nothing_behind_in_a_long_lived_process(tmp_path: Path) -> None:
    rows = pa.table({"t": ["a", None, "b"], "n": pa.array([1, 2, 2], pa.int64())})
    checks = (
        check("present", rules.Present(column="t")),
        check("unique", rules.Unique(columns=("n",))),
        check("sql", rules.SqlValue(query="SELECT 1"), threshold=AT_LEAST_ONE),
        check("broken", rules.SqlValue(query="SELECT nothing"), threshold=AT_LEAST_ONE),
    )

    def run() -> None:
        plan = plan_of([table_plan(["t", "n"])], checks)
        with on_snapshot(tmp_path, plan, {"leads": rows}) as runner:
            runner.run()
            runner.evidence(checks[0])
        with sqlite(tmp_path) as engine, on_source(engine, plan, {"leads": rows}) as runner:
            runner.run()

    run()
    before, datasources = _alive(), len(context().data_sources.all())
    for _ in range(5):
        run()
    assert _alive() - before == Counter()
    assert len(context().data_sources.all()) == datasources == 0


def test_whatever_sqlite_holds_in_a_column_costs_only_its_own_checks(tmp_path: Path) -> None:
    columns = {"at": "timestamp", "t": "text", "n": "integer"}
    checks = (
        check("at", rules.HasType(column="at", logical_type=LogicalType.TIMESTAMP, timezone=True)),
        check("fresh", rules.Fresh(columns=("at",), limit=HOUR)),
        check("pattern", rules.MatchesPattern(column="t", pattern="^a$")),
        check("text", rules.HasType(column="t", logical_type=LogicalType.STRING)),
        check("whole", rules.HasType(column="n", logical_type=LogicalType.INTEGER)),
    )
    table = table_plan(list(columns), logical_types=(("at", "timestamp"), ("t", "string"), ("n", "integer")))
    described = tuple(SourceColumn(name=name, type=kind) for name, kind in columns.items())
    shape = TableShape(object="leads", physical_name="leads", columns=described, source_time=NOW, types_bind=False)
    with sqlite(tmp_path) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE leads (at timestamp, t text, n integer)")
            rows = "(1767265200, 'a', 1), ('2025-01-01T00:00:00Z', x'61', 'x'), (NULL, NULL, 2.5), (1.5, 7, 2.0)"
            connection.exec_driver_sql(f"INSERT INTO leads VALUES {rows}")
        with SuiteRunner.on_source(plan_of([table], checks), engine, [shape], sql_for=as_written) as runner:
            seen = {m.check_id.rpartition(".")[2]: m for m in runner.run()}
    assert "holds 2 values that are no timestamps" in (seen.pop("fresh").error or "")
    assert {name: (m.error, m.rows_tested, m.rows_failed) for name, m in seen.items()} == {
        "at": (None, 3, 2),
        "pattern": (None, 3, 1),
        "text": (None, 3, 0),
        "whole": (None, 4, 2),
    }


VACUOUS = tuple(
    check(name, rules.Expectation(type=f"expect_column_{kind}", kwargs={"column": "t", **kwargs}))
    for name, kind, kwargs in (
        ("distinct", "distinct_values_to_be_in_set", {"value_set": ["a"]}),
        ("contains", "distinct_values_to_contain_set", {"value_set": ["a"]}),
        ("equals", "distinct_values_to_equal_set", {"value_set": ["a"]}),
        ("most_common", "most_common_value_to_be_in_set", {"value_set": ["a"]}),
        ("not_null", "values_to_not_be_null", {}),
        ("lengths", "value_lengths_to_equal", {"value": 1}),
        ("max", "max_to_be_between", {"min_value": 1}),
    )
)


@pytest.mark.parametrize("rows", [[], [None, None]])
def test_an_expectation_that_had_no_value_to_look_at_does_not_hold(rows: list[None], tmp_path: Path) -> None:
    plan = plan_of([table_plan(["t"])], VACUOUS)
    with on_snapshot(tmp_path, plan, {"leads": pa.table({"t": pa.array(rows, pa.string())})}) as runner:
        seen = {m.check_id.rpartition(".")[2]: m for m in runner.run()}
    not_null = seen.pop("not_null")
    assert not_null.holds is (False if rows else None)
    assert {name: (m.holds, m.rows_tested) for name, m in seen.items() if m.error is None} == {
        name: (None, 0) for name, m in seen.items() if m.error is None
    }
    assert {"distinct", "contains", "equals", "lengths", "max"} <= {name for name, m in seen.items() if m.error is None}


@pytest.mark.parametrize(
    ("rows", "wanted"), [("aa", (True, True, True)), ("ab", (False, True, False)), ("b", (False, False, False))]
)
def test_of_different_values_it_is_seen_whether_they_are_right(
    rows: str, wanted: tuple[bool, ...], tmp_path: Path
) -> None:
    with on_snapshot(
        tmp_path, plan_of([table_plan(["t"])], VACUOUS[:3]), {"leads": pa.table({"t": list(rows)})}
    ) as runner:
        assert tuple(seen.holds for seen in runner.run()) == wanted


NAMES = ['a "b": %s', "`c` 'd'", "select", "rows", "Order", "größe", "a.b", "x\\y"]


@pytest.mark.parametrize("where", ["duckdb", "sqlite", "postgresql", "mariadb"])
def test_names_of_any_kind_are_names_and_nothing_else(
    where: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    rows = pa.table({name: ["a", "b", "b", None] for name in NAMES})
    table = 'T `1` "2": %s'
    checks = [
        made
        for i, name in enumerate(NAMES)
        for made in (
            check(f"{i}_present", rules.Present(column=name)),
            check(f"{i}_when", rules.Present(column=name), when=(Condition(column=name, values=("a",), negated=True),)),
            check(f"{i}_set", rules.InSet(column=name, values=("a", "%s", ":x"))),
            check(f"{i}_unique", rules.Unique(columns=(name,))),
            check(f"{i}_pattern", rules.MatchesPattern(column=name, pattern="^[a%:]$")),
            check(f"{i}_target", rules.References(columns=(name,), to_table=table, to_columns=(NAMES[0],))),
        )
    ]
    plan = plan_of([table_plan(NAMES, physical=table)], checks)
    with (
        database(where, tmp_path, request.getfixturevalue) as engine,
        on_source(engine, plan, {"leads": rows}) as runner,
    ):
        seen = counts(runner.run())
    wanted = {"present": (4, 1), "when": (3, 1), "set": (3, 2), "unique": (3, 2), "pattern": (3, 2), "target": (3, 0)}
    assert seen == {f"{i}_{kind}": pair for i in range(len(NAMES)) for kind, pair in wanted.items()}


class BinderException(Exception):
    """As DuckDB calls what is wrong with a query."""


class QueryCanceled(Exception):
    """As psycopg calls it that a statement was ended."""


LATE = "a statement ran longer than the statement timeout: look for a lock, or for load"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError('invalid input syntax for type integer: "O\'Brien"'), "invalid input syntax for type integer …"),
        (ValueError("Could not convert string 'O'Brien' to INT32"), "Could not convert string …"),
        (ValueError("Could not convert string 'first\nsecond' to INT32"), "Could not convert string …"),
        (ValueError("Overflow in multiplication of INT64 (481516 * 2342)!"), "Overflow in multiplication of INT64 …"),
        (ValueError(1292, "Truncated incorrect DECIMAL value: 'secret'"), "Truncated incorrect DECIMAL value …"),
        (ValueError(1054, "Unknown column 'x' in 'SELECT'"), "Unknown column … in …"),
        (
            BinderException('Referenced column "x" not found in FROM clause!\nLINE 1: …'),
            "Referenced column … not found in FROM clause!",
        ),
        (ValueError(""), "ValueError"),
        (QueryCanceled("canceling statement due to statement timeout"), LATE),
        (QueryCanceled("canceling statement due to user request"), "canceling statement due to user request"),
        (ValueError(3024, "Query execution was interrupted, maximum statement execution time exceeded"), LATE),
    ],
)
def test_what_a_database_says_is_told_without_any_value(error: Exception, said: str) -> None:
    assert reason(error) == said


@pytest.mark.parametrize("where", ["snapshot", "sqlite", "postgresql"])
def test_no_message_of_a_check_that_cannot_run_holds_a_value(where: str, tmp_path: Path, request: Any) -> None:
    rows = pa.table({"t": ["secret'value", "481516", None], "n": pa.array([481516, 2**62, None], pa.int64())})
    checks = (
        check("cast", rules.SqlValue(query="SELECT sum(CAST(t AS INTEGER)) / 0 FROM leads"), threshold=AT_LEAST_ONE),
        check("overflow", rules.SqlValue(query="SELECT max(n * n) FROM leads"), threshold=AT_LEAST_ONE),
        check("text", rules.SqlValue(query="SELECT max(t) FROM leads"), threshold=AT_LEAST_ONE),
        check(
            "mean", rules.Expectation(type="expect_column_mean_to_be_between", kwargs={"column": "t", "min_value": 1})
        ),
        check("kl", rules.Expectation(type="expect_column_kl_divergence_to_be_less_than", kwargs={"column": "t"})),
    )
    plan = plan_of([table_plan(["t", "n"])], checks)
    if where == "snapshot":
        with on_snapshot(tmp_path, plan, {"leads": rows}) as runner:
            seen = runner.run()
    elif where == "sqlite":
        with sqlite(tmp_path) as engine, on_source(engine, plan, {"leads": rows}) as runner:
            seen = runner.run()
    else:
        with on_source(request.getfixturevalue("postgres"), plan, {"leads": rows}) as runner:
            seen = runner.run()
    said = [f"{m.error} {m.seen}" for m in seen]
    assert [text for text in said if "secret" in text or "481516" in text] == []
    assert {m.check_id.rpartition(".")[2] for m in seen if m.error} >= {"text", "kl"}
