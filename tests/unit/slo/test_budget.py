"""Budgets and burn rates: laws, and the figures of the workbook."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.slo.budget import Budget, Counts, burn_rate, exhausted_in
from observer.slo.burn import LEAST_BAD, RULES, BurnRule, Urgency, burning

MONTH = timedelta(days=28)
TARGET = Fraction(995, 1000)
numbers = st.integers(0, 10_000)
counts = st.builds(Counts, good=numbers, bad=numbers, unknown=numbers, withdrawn=numbers)
targets = st.fractions(min_value=Fraction(1, 2), max_value=1, max_denominator=10_000)


@given(counts, counts)
def test_counts_of_two_spans_add_up(one: Counts, other: Counts) -> None:
    both = one + other
    assert both.eligible == one.eligible + other.eligible
    assert both == other + one


@given(counts, targets, st.integers(1, 100))
def test_more_bad_never_raises_what_is_left(seen: Counts, target: Fraction, more: int) -> None:
    worse = Counts(good=seen.good, bad=seen.bad + more)
    assert Budget(counts=worse, target=target).left <= Budget(counts=seen, target=target).left


@given(counts, targets)
def test_unknown_and_withdrawn_change_no_budget(seen: Counts, target: Fraction) -> None:
    bare = Counts(good=seen.good, bad=seen.bad)
    assert Budget(counts=bare, target=target).left == Budget(counts=seen, target=target).left
    assert bare.sli == seen.sli


@given(counts, targets)
def test_the_objective_is_met_exactly_when_nothing_is_overspent(seen: Counts, target: Fraction) -> None:
    budget = Budget(counts=seen, target=target)
    if budget.met is None:
        assert seen.eligible == 0
    else:
        assert budget.met == (budget.left >= 0)


def test_no_records_are_no_data_and_not_100_percent() -> None:
    nothing = Budget(counts=Counts(unknown=5), target=TARGET)
    assert nothing.counts.sli is None
    assert nothing.met is None
    assert nothing.spent_share is None
    assert burn_rate(nothing.counts, TARGET) is None
    assert nothing.counts.unknown_share == 1


def test_a_budget_is_told_in_records() -> None:
    budget = Budget(counts=Counts(good=4_986, bad=14), target=TARGET)
    assert (budget.allowed, budget.left) == (25, 11)
    assert budget.spent_share == Fraction(14, 25)


@given(counts, targets)
def test_a_burn_of_one_over_the_whole_window_spends_the_budget(seen: Counts, target: Fraction) -> None:
    budget = Budget(counts=seen, target=target)
    if target < 1:
        assert burn_rate(seen, target) == budget.spent_share


def test_what_is_left_lasts_as_long_as_the_burn_says() -> None:
    half = Budget(counts=Counts(good=3_990, bad=10), target=TARGET)
    assert exhausted_in(half, Fraction(2), MONTH) == timedelta(days=7)
    assert exhausted_in(half, Fraction(0), MONTH) is None
    assert exhausted_in(half, Fraction(1, 10**9), MONTH) is None, "not within a hundred years"
    assert exhausted_in(Budget(counts=Counts(bad=1), target=TARGET), Fraction(2), MONTH) == timedelta()


@pytest.mark.parametrize(("rule", "factor"), list(zip(RULES, ("13.44", "5.6", "2.8", "0.9333"), strict=True)))
def test_factors_are_the_workbooks_scaled_to_28_days(rule: BurnRule, factor: str) -> None:
    assert abs(rule.factor(MONTH) - Fraction(factor)) < Fraction(1, 1000)


def test_factors_of_30_days_are_the_workbooks_own() -> None:
    assert [rule.factor(timedelta(days=30)) for rule in RULES] == [Fraction(72, 5), 6, 3, 1]


def test_a_rule_that_can_never_fire_is_known() -> None:
    assert not RULES[0].can_fire(MONTH, Fraction(90, 100))
    assert RULES[0].can_fire(MONTH, TARGET)
    assert not RULES[3].can_fire(timedelta(days=2), TARGET)


PAGE = RULES[0]


def fires(long: Counts, short: Counts, **more: bool) -> bool:
    seen = {PAGE.long: long, PAGE.short: short}
    return burning(PAGE, seen.__getitem__, target=TARGET, period=MONTH, **more) is not None


def test_it_fires_when_both_windows_burn() -> None:
    assert fires(Counts(good=90, bad=10), Counts(good=9, bad=1))
    assert not fires(Counts(good=90, bad=10), Counts(good=10))
    assert not fires(Counts(good=9_990, bad=10), Counts(good=9, bad=1))
    assert PAGE.urgency is Urgency.PAGE


def test_one_bad_record_of_a_quiet_field_pages_nobody() -> None:
    assert not fires(Counts(bad=LEAST_BAD - 1), Counts(bad=1))
    assert fires(Counts(bad=LEAST_BAD), Counts(bad=1))


def test_it_ends_with_hysteresis_and_not_for_want_of_records() -> None:
    long = Counts(good=90, bad=10)
    slower = Counts(good=9_350, bad=650)
    assert not fires(long, slower)
    assert fires(long, slower, was_burning=True)
    assert fires(long, Counts(), was_burning=True)
    assert not fires(long, Counts(good=95, bad=5), was_burning=True)


def test_no_data_fires_nothing() -> None:
    assert not fires(Counts(), Counts())
