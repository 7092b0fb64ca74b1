"""What a check asks for is said in a few words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from observer.checks import rules
from observer.checks.expected import LONGEST, allowed_text, expected_text
from observer.contracts.formats import STRING_FORMATS
from observer.contracts.model import Comparison, LogicalType, Operator, Unit
from tests.fakes.specs import SPEC

MONTH = timedelta(days=30)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (rules.HasType(column="a", logical_type=LogicalType.UNSET), "the column exists"),
        (rules.HasType(column="a", logical_type=LogicalType.DATE), "type date"),
        (rules.HasPhysicalType(column="a", physical_type="varchar(9)"), "varchar(9)"),
        (rules.Present(column="a", placeholders=("n/a",)), "present"),
        (rules.InSet(column="a", values=("new", "lost", "won")), "new, lost or won"),
        (rules.InSet(column="a", values=(1, 2)), "1 or 2"),
        (rules.InSet(column="a", values=("x" * LONGEST, "y")), "one of 2 values"),
        (rules.InSet(column="a", values=("x" * LONGEST + "y",)), "its one allowed value"),
        (rules.InSet(column="a", values=tuple(f"state {i}" for i in range(1200))), "one of 1,200 values"),
        (rules.MatchesPattern(column="a", pattern="@", format="email"), "an e-mail address"),
        (rules.MatchesPattern(column="a", pattern="^[A-Z]{2}$"), "matches ^[A-Z]{2}$"),
        (rules.MatchesPattern(column="a", pattern="x" * 100), "matches its pattern"),
        (rules.InRange(column="a", minimum=0, maximum=100), "0 to 100"),
        (rules.InRange(column="a", minimum=0), "at least 0"),
        (rules.InRange(column="a", maximum="2026-11-22"), "at most 2026-11-22"),
        (rules.InRange(column="a", minimum=0, exclusive_minimum=True, exclusive_maximum=True), "more than 0"),
        (
            rules.InRange(column="a", minimum=0, maximum=1, exclusive_minimum=True, exclusive_maximum=True),
            "more than 0 and less than 1",
        ),
        (rules.InRange(column="a", minimum=0, maximum=1, exclusive_maximum=True), "at least 0 and less than 1"),
        (rules.LengthInRange(column="a", maximum=320), "at most 320 characters"),
        (rules.LengthInRange(column="a", minimum=0, maximum=320), "at most 320 characters"),
        (rules.LengthInRange(column="a", minimum=1), "at least 1 character"),
        (rules.LengthInRange(column="a", minimum=3, maximum=8), "3 to 8 characters"),
        (rules.LengthInRange(column="a", minimum=18, maximum=18), "exactly 18 characters"),
        (rules.MultipleOf(column="a", factor=0.01), "a multiple of 0.01"),
        (rules.Unique(columns=("a",)), "unique"),
        (rules.Unique(columns=("a", "b")), "unique together"),
        (rules.References(columns=("a",), to_table="users", to_columns=("id",)), "exists in users.id"),
        (rules.References(columns=("a", "b"), to_table="users", to_columns=("x", "y")), "exists in users (x, y)"),
        (rules.Kept(columns=("at",), limit=MONTH), "at most 30 d old"),
        (rules.Lag(since="at", until="mailed_at", limit=timedelta(minutes=15)), "at most 15 min after at"),
        (rules.Expectation(type="expect_x", kwargs={}), "expect_x"),
    ],
)
def test_a_rule_says_what_it_asks_for(rule, expected):
    assert expected_text(replace(SPEC, rule=rule)) == expected


@pytest.mark.parametrize("form", STRING_FORMATS)
def test_every_format_has_words(form):
    rule = rules.MatchesPattern(column="a", pattern=STRING_FORMATS[form], format=form)
    assert "match" not in expected_text(replace(SPEC, rule=rule))


@pytest.mark.parametrize(
    ("rule", "operator", "operands", "unit", "expected"),
    [
        (rules.RowCount(), Operator.MUST_BE_GREATER_THAN, (0,), Unit.ROWS, "more than 0 rows"),
        (rules.RowCount(), Operator.MUST_BE, (0,), Unit.ROWS, "exactly 0 rows"),
        (rules.SqlValue(query="select 1"), Operator.MUST_BE_BETWEEN, (1, 2), Unit.ROWS, "between 1 and 2"),
        (rules.Present(column="a"), Operator.MUST_BE_LESS_THAN, (10,), Unit.ROWS, "less than 10 rows"),
        (rules.Present(column="a"), Operator.MUST_BE_LESS_OR_EQUAL_TO, (1,), Unit.ROWS, "at most 1 row"),
        (rules.Present(column="a"), Operator.MUST_BE_LESS_THAN, (0.5,), Unit.PERCENT, "less than 0.5 %"),
        (
            rules.Fresh(columns=("at",), limit=timedelta(minutes=15)),
            Operator.MUST_BE_LESS_OR_EQUAL_TO,
            (900,),
            Unit.ROWS,
            "at most 15 min old",
        ),
    ],
)
def test_a_threshold_says_what_it_allows(rule, operator, operands, unit, expected):
    threshold = Comparison(operator=operator, operands=operands, unit=unit)
    spec = replace(SPEC, rule=rule, threshold=threshold)
    assert expected_text(spec) == allowed_text(spec) == expected
