"""Bounds beyond what a double can tell apart, and columns that DuckDB cannot."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from observer.checks import rules
from observer.contracts.model import LogicalType
from tests.doors.gx.crm import check, counts, on_snapshot, on_source, plan_of, sqlite, table_plan


def test_whole_bounds_beyond_two_to_the_53_are_exact(tmp_path: Path) -> None:
    big = 2**53 + 1
    rows = pa.table({"n": pa.array([big - 1, big, big + 1], pa.int64())})
    checks = [
        check("low", rules.InRange(column="n", minimum=big)),
        check("high", rules.InRange(column="n", maximum=big, exclusive_maximum=True)),
    ]
    plan = plan_of([table_plan(["n"])], checks)
    with on_snapshot(tmp_path, plan, {"leads": rows}) as runner:
        assert counts(runner.run()) == {"low": (3, 1), "high": (3, 2)}
    with sqlite(tmp_path) as engine, on_source(engine, plan, {"leads": rows}) as runner:
        assert counts(runner.run()) == {"low": (3, 1), "high": (3, 2)}


def test_columns_that_differ_in_case_only_are_errored_on_a_snapshot(tmp_path: Path) -> None:
    rows = pa.table({"Email": [None, "a"], "email": ["a", "b"]})
    checks = [check(name, rules.Present(column=name)) for name in ("Email", "email")]
    with on_snapshot(tmp_path, plan_of([table_plan(["Email", "email"])], checks), {"leads": rows}) as runner:
        seen = runner.run()
    why = "DuckDB cannot tell `Email` from `email`; use --execution pushdown"
    assert [m.error for m in seen] == [why, why]


def test_the_texts_of_nan_and_infinity_are_no_numbers_in_sqlite(tmp_path: Path) -> None:
    rows = pa.table({"n": ["1.5", "NaN", "-inf", "1e3", None]})
    checks = [
        check("type", rules.HasType(column="n", logical_type=LogicalType.NUMBER)),
        check("range", rules.InRange(column="n", minimum=-10, maximum=10)),
    ]
    plan = plan_of([table_plan(["n"], logical_types=(("n", "number"),))], checks)
    with sqlite(tmp_path) as engine, on_source(engine, plan, {"leads": rows}) as runner:
        kind, inside = runner.run()
    assert (kind.rows_tested, kind.rows_failed) == (4, 2)
    assert inside.error == "`n` is text in the source and holds 2 values that are no numbers; see its type check"
