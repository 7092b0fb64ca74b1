"""Small random tables: what the engine counts is what the rules say, in plain Python."""

from __future__ import annotations

import math
import re
import tempfile
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from observer.checks import rules
from observer.contracts.model import Condition
from tests.doors.gx.crm import check, counts, on_snapshot, on_source, plan_of, sqlite, table_plan

_TEXT = st.one_of(st.none(), st.sampled_from(["", "n/a", "new", "won", "Won", "ü", "日本語", "a@b.c", "x" * 12, " "]))
_NUMBER = st.one_of(
    st.none(), st.sampled_from([0.0, 1.5, -1.5, 99.9, 100.0, 100.1, 1e18, math.nan, math.inf, -math.inf, 0.3])
)
_WHOLE = st.one_of(st.none(), st.integers(-3, 3))
ROWS = st.lists(st.fixed_dictionaries({"t": _TEXT, "f": _NUMBER, "i": _WHOLE, "j": _WHOLE}), max_size=8)
SCHEMA = pa.schema({"t": pa.string(), "f": pa.float64(), "i": pa.int64(), "j": pa.int64()})
USERS = pa.table({"id": pa.array([1, 2, None], pa.int64()), "n": pa.array([1, None, 3], pa.int64())})
ENTERED = (Condition(column="t", values=("n/a", ""), negated=True),)
STAGE = (Condition(column="t", values=("won", None)), Condition(column="i", values=(1, 2), negated=True))

CHECKS = (
    check("present", rules.Present(column="t")),
    check("filled", rules.Present(column="t", placeholders=("n/a", ""))),
    check("present_when", rules.Present(column="f"), when=STAGE),
    check("set", rules.InSet(column="t", values=("new", "won", "ü")), when=ENTERED),
    check("numbers", rules.InSet(column="i", values=(1, "2", 3.0))),
    check("pattern", rules.MatchesPattern(column="t", pattern="[a-z]"), when=ENTERED),
    check("range", rules.InRange(column="f", minimum=0, maximum=100)),
    check("low", rules.InRange(column="f", minimum=0, exclusive_minimum=True)),
    check("high", rules.InRange(column="f", maximum=100, exclusive_maximum=True)),
    check("length", rules.LengthInRange(column="t", minimum=1, maximum=3)),
    check("multiple", rules.MultipleOf(column="f", factor=0.1)),
    check("even", rules.MultipleOf(column="i", factor=2)),
    check("unique", rules.Unique(columns=("t",)), when=ENTERED),
    check("compound", rules.Unique(columns=("i", "j"))),
    check("reference", rules.References(columns=("i",), to_table="users", to_columns=("id",))),
    check("references", rules.References(columns=("i", "j"), to_table="users", to_columns=("id", "n"))),
)
PLAN = plan_of([table_plan(["t", "f", "i", "j"]), table_plan(["id", "n"], name="users", target_only=True)], CHECKS)


def _in_scope(row: dict[str, Any], when: tuple[Condition, ...]) -> bool:
    return all((row[c.column] in c.values) is not c.negated for c in when)


def _multiple(value: float, factor: float) -> bool:
    if not math.isfinite(value):
        return False
    times = round(Fraction(value) / Fraction(str(factor)))
    return times < 2**51 and abs(value - float(times * Fraction(str(factor)))) <= 4 * 2**-52 * abs(value)


def _bad(rule: Any, v: Any) -> bool:
    match rule:
        case rules.InSet(values=values):
            return not any(str(v) == str(a) or (isinstance(a, float) and v == a) for a in values)
        case rules.MatchesPattern(pattern=pattern):
            return re.search(pattern, v) is None
        case rules.InRange(minimum=low, maximum=high, exclusive_minimum=above, exclusive_maximum=below):
            if math.isnan(v):
                return True
            too_low = low is not None and (v < low or (above and v == low))
            return too_low or (high is not None and (v > high or (below and v == high)))
        case rules.LengthInRange(minimum=low, maximum=high):
            return not low <= len(v) <= high
        case rules.MultipleOf(factor=factor):
            return not _multiple(v, factor)
    raise AssertionError(rule)


def oracle(rows: list[dict[str, Any]], spec: Any) -> tuple[int, int]:
    """(tested, failed) by the docstrings of the rules."""
    rule = spec.rule
    rows = [row for row in rows if _in_scope(row, spec.when)]
    match rule:
        case rules.Present(column=column, placeholders=placeholders):
            return len(rows), sum(r[column] is None or r[column] in placeholders for r in rows)
        case rules.Unique(columns=columns):
            keys = [tuple(r[c] for c in columns) for r in rows if any(r[c] is not None for c in columns)]
            groups = Counter(key for key in keys if None not in key)
            return len(keys), sum(n for n in groups.values() if n > 1)
        case rules.References(columns=columns):
            known = {(1,), (2,)} if len(columns) == 1 else {(1, 1)}
            keys = [tuple(r[c] for c in columns) for r in rows]
            keys = [key for key in keys if None not in key]
            return len(keys), sum(key not in known for key in keys)
    values = [r[rule.column] for r in rows if r[rule.column] is not None]
    return len(values), sum(_bad(rule, v) for v in values)


def _run(rows: list[dict[str, Any]], folder: Path, where: str) -> dict[str, Any]:
    tables = {"leads": pa.Table.from_pylist(rows, schema=SCHEMA), "users": USERS}
    if where == "snapshot":
        with on_snapshot(folder, PLAN, tables) as runner:
            return counts(runner.run())
    with sqlite(folder) as engine, on_source(engine, PLAN, tables) as runner:
        return counts(runner.run())


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(rows=ROWS)
@pytest.mark.parametrize("where", ["snapshot", "sqlite"])
def test_every_count_is_what_the_rules_say(where: str, rows: list[dict[str, Any]]) -> None:
    if where == "sqlite":
        # SQLite stores NaN as NULL.
        rows = [row | {"f": None if row["f"] is not None and math.isnan(row["f"]) else row["f"]} for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        seen = _run(rows, Path(folder), where)
    assert seen == {spec.rule_name: oracle(rows, spec) for spec in CHECKS}


def test_every_count_is_what_the_rules_say_in_postgresql(postgres_url: str) -> None:
    import sqlalchemy as sa

    rows = [
        {"t": t, "f": f, "i": i, "j": j}
        for t, f, i, j in [
            ("n/a", math.nan, 1, 1),
            ("new", math.inf, 2, None),
            (None, -math.inf, None, None),
            ("Won", 0.3, 3, 3),
            ("日本語", 100.1, 3, 3),
            ("won", None, -2, 1),
            ("won", 0.35, 2, 1),
            ("", 0.0, None, 2),
        ]
    ]
    engine = sa.create_engine(postgres_url.replace("postgresql:", "postgresql+psycopg:"))
    for given_rows in (rows, []):
        tables = {"leads": pa.Table.from_pylist(given_rows, schema=SCHEMA), "users": USERS}
        with on_source(engine, PLAN, tables) as runner:
            assert counts(runner.run()) == {spec.rule_name: oracle(given_rows, spec) for spec in CHECKS}
    engine.dispose()
