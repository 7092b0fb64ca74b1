"""Types are told alike on a snapshot and in the source. A native type proves itself, also without a value; text and
SQLite's declarations prove nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from observer.checks import rules
from observer.checks.judge import judge
from observer.checks.measure import Outcome, SourceColumn, TableShape
from observer.contracts.model import LogicalType
from observer.gx.runner import SuiteRunner
from tests.doors.gx.crm import (
    NOW,
    as_written,
    check,
    database,
    load,
    on_snapshot,
    on_source,
    plan_of,
    shape_of,
    table_plan,
)

COLUMNS = {"n": LogicalType.INTEGER, "t": LogicalType.STRING, "at": LogicalType.TIMESTAMP, "any": LogicalType.UNSET}
CHECKS = tuple(check(name, rules.HasType(column=name, logical_type=kind)) for name, kind in COLUMNS.items())
TABLE = table_plan(list(COLUMNS), logical_types=tuple((name, kind.value) for name, kind in COLUMNS.items()))
PLAN = plan_of([TABLE], CHECKS)
NATIVE = pa.table(
    {
        "n": pa.array([None] * 2, pa.int64()),
        "t": pa.array([None] * 2, pa.string()),
        "at": pa.array([None] * 2, pa.timestamp("us")),
        "any": pa.array([None] * 2, pa.string()),
    }
)
TEXT = NATIVE.cast(pa.schema([(name, pa.string()) for name in COLUMNS]))
#: Where it is → what can be told of each column.
PROVEN = dict.fromkeys(COLUMNS, Outcome.PASSED)
UNPROVEN = dict.fromkeys(COLUMNS, Outcome.SKIPPED) | {"any": Outcome.PASSED}
TEXT_PROVEN = UNPROVEN | {"t": Outcome.PASSED}


@pytest.mark.parametrize("rows", [0, 2])
@pytest.mark.parametrize(
    ("where", "table", "said"),
    [
        ("duckdb", NATIVE, PROVEN),
        ("postgresql", NATIVE, PROVEN),
        ("mariadb", NATIVE, PROVEN),
        ("sqlite", NATIVE, UNPROVEN),
        ("duckdb", TEXT, TEXT_PROVEN),
        ("postgresql", TEXT, TEXT_PROVEN),
        ("mariadb", TEXT, TEXT_PROVEN),
        ("sqlite", TEXT, UNPROVEN),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_type_without_values_is_told_alike_on_a_snapshot_and_in_the_source(
    where: str,
    table: pa.Table,
    said: dict[str, Outcome],
    rows: int,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    table = table.slice(0, rows)
    address: Callable[[str], str] = request.getfixturevalue
    with database(where, tmp_path, address) as engine, on_source(engine, PLAN, {"leads": table}) as runner:
        pushed_down = runner.run()
        dialect = engine.dialect.name
    shape = shape_of(TABLE, table, dialect)
    with on_snapshot(tmp_path, PLAN, {"leads": table}, {"leads": shape}) as runner:
        on_files = runner.run()
    for measured in (pushed_down, on_files):
        assert {c.rule_name: judge(c, m).outcome for c, m in zip(CHECKS, measured, strict=True)} == said


def test_a_boolean_of_mysql_that_holds_seven_is_none_in_the_source_either(tmp_path: Path, mariadb_url: str) -> None:
    table = table_plan(["yes", "no"], logical_types=(("yes", "boolean"), ("no", "boolean")))
    checks = tuple(check(c, rules.HasType(column=c, logical_type=LogicalType.BOOLEAN)) for c in table.columns)
    rows = pa.table({"yes": pa.array([1, 0, None], pa.int64()), "no": pa.array([7, 1, 0], pa.int64())})
    described = tuple(SourceColumn(name=name, type="tinyint(1)") for name in table.columns)
    shape = TableShape(object="leads", physical_name="leads", columns=described, source_time=NOW)
    plan = plan_of([table], checks)
    with database("mariadb", tmp_path, lambda _: mariadb_url) as engine:
        load(engine, "leads", rows)
        with SuiteRunner.on_source(plan, engine, [shape], sql_for=as_written) as runner:
            in_the_source = [judge(c, m) for c, m in zip(checks, runner.run(), strict=True)]
    with on_snapshot(tmp_path, plan, {"leads": rows}, {"leads": shape}) as runner:
        on_files = [judge(c, m) for c, m in zip(checks, runner.run(), strict=True)]
    assert in_the_source == on_files
    assert [(r.outcome, r.observed) for r in on_files] == [
        (Outcome.PASSED, "tinyint(1)"),
        (Outcome.FAILED, "tinyint(1): 1 of 3 rows (33.3 %)"),
    ]
