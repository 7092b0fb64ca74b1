"""What rules about values say: texts, floats, decimals, and columns with no value at all."""

from __future__ import annotations

import math
from decimal import Decimal

from observer.checks import rules
from tests.doors.gx.rule_cases import BOUNDLESS, FLOAT, HOUR, MONEY, TEXT, TIME, Case, holds

VALUE_CASES = (
    Case(
        name="texts",
        columns={"t": (TEXT, [None, "", "n/a", "ü", "日本語", "😀", "Won", "won", "won ", "e\u0301", "a\nb", "ß"])},
        says=[
            ("present", rules.Present(column="t"), (12, 1)),
            ("filled", rules.Present(column="t", placeholders=("n/a", "")), (12, 3)),
            ("one_long", rules.LengthInRange(column="t", minimum=1, maximum=1), (11, 8)),
            ("in_set", rules.InSet(column="t", values=("won", "ü", "é", "ss")), (11, 9)),
            ("no_set", rules.InSet(column="t", values=()), (11, 11)),
            ("unique", rules.Unique(columns=("t",)), (11, 0)),
            ("words", rules.MatchesPattern(column="t", pattern=r"^\w+$"), (11, 9)),
            ("ends", rules.MatchesPattern(column="t", pattern="n$"), (11, 9)),
            ("rows", rules.RowCount(), 12),
        ],
    ),
    Case(
        name="floats",
        columns={"f": (FLOAT, [None, 0.0, 0.3, 0.35, -0.7, 1e18, 1e-12])},
        says=[
            ("tenths", rules.MultipleOf(column="f", factor=0.1), (6, 3)),
            ("positive", rules.InRange(column="f", minimum=0, exclusive_minimum=True), (6, 2)),
            ("at_most", rules.InRange(column="f", maximum=0.3), (6, 2)),
            ("in_set", rules.InSet(column="f", values=(0.3, "0", 1e18)), (6, 3)),
            ("number", holds("f", "number"), (6, 0)),
            ("whole", holds("f", "integer"), (6, 4)),
        ],
    ),
    Case(
        name="boundless",
        columns={"f": (FLOAT, [None, 1.0, math.nan, math.inf, -math.inf])},
        says=[
            ("present", rules.Present(column="f"), (5, 1)),
            ("low", rules.InRange(column="f", minimum=0), (4, 2)),
            ("high", rules.InRange(column="f", maximum=0), (4, 3)),
            ("both", rules.InRange(column="f", minimum=0, maximum=10), (4, 3)),
            ("multiple", rules.MultipleOf(column="f", factor=0.5), (4, 3)),
            ("in_set", rules.InSet(column="f", values=(1,)), (4, 3)),
            ("unique", rules.Unique(columns=("f",)), (4, 0)),
        ],
        where=BOUNDLESS,
    ),
    Case(
        name="decimals",
        columns={"d": (MONEY, [Decimal(d) if d else None for d in ("10.00", "10.01", "-1.50", "0.30", "", "10.00")])},
        says=[
            ("tenths", rules.MultipleOf(column="d", factor=0.1), (5, 1)),
            ("cents", rules.MultipleOf(column="d", factor=0.01), (5, 0)),
            ("range", rules.InRange(column="d", minimum=-1.5, maximum=10, exclusive_maximum=True), (5, 3)),
            ("in_set", rules.InSet(column="d", values=(10, "-1.5")), (5, 2)),
            ("unique", rules.Unique(columns=("d",)), (5, 2)),
            ("whole", holds("d", "integer"), (5, 3)),
        ],
    ),
    Case(
        name="nulls",
        columns={"t": (TEXT, [None] * 3), "f": (FLOAT, [None] * 3), "at": (TIME, [None] * 3)},
        says=[
            ("present", rules.Present(column="t", placeholders=("?",)), (3, 3)),
            ("in_set", rules.InSet(column="t", values=("a",)), (0, 0)),
            ("pattern", rules.MatchesPattern(column="t", pattern="a"), (0, 0)),
            ("length", rules.LengthInRange(column="t", minimum=1), (0, 0)),
            ("range", rules.InRange(column="f", minimum=1), (0, 0)),
            ("multiple", rules.MultipleOf(column="f", factor=2), (0, 0)),
            ("unique", rules.Unique(columns=("t",)), (0, 0)),
            ("compound", rules.Unique(columns=("t", "f")), (0, 0)),
            ("reference", rules.References(columns=("f",), to_table="users", to_columns=("id",)), (0, 0)),
            ("fresh", rules.Fresh(columns=("at",), limit=HOUR), (0, 0)),
            ("kept", rules.Kept(columns=("at",), limit=HOUR), (0, 0)),
            ("lag", rules.Lag(since="at", until="at", limit=HOUR), (0, 0)),
            ("typed", holds("t", "integer"), (0, 0)),
        ],
        more={"logical_types": (("t", "integer"),)},
    ),
)
