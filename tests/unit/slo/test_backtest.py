"""What a level would have said of a range, and the alerts that it would have told: against a brute-force count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observer.slo.alerts import AlertKind, alerts_of
from observer.slo.backtest import DAY, HOUR, backtest, objective_leaving, with_objective
from observer.slo.budget import Budget, Counts
from observer.slo.burn import BurnRule, Urgency
from observer.slo.counting import Bucket, counted
from observer.slo.course import Course, stretches
from observer.slo.model import CalendarWindow, Method, RollingWindow, RunSuccess, Slo
from observer.slo.verdicts import State
from observer.slo.walk import Fired, fired
from observer.slo.windows import MINUTE, span_begins, window_begins

NINE = datetime(2026, 11, 22, 9, 7, tzinfo=UTC)
#: Pairs so short that a few minutes make them burn.
RULES = (
    BurnRule(urgency=Urgency.PAGE, share=Fraction(1, 2), long=8 * MINUTE, short=2 * MINUTE),
    BurnRule(urgency=Urgency.TICKET, share=Fraction(7, 10), long=20 * MINUTE, short=5 * MINUTE),
)
LEVEL = Slo(
    name="emails",
    display_name="Emails",
    service="crm",
    description="",
    indicator=RunSuccess(contract="crm"),
    window=RollingWindow(span=30 * MINUTE),
    method=Method.OCCURRENCES,
    target=Fraction(9, 10),
    alerts=True,
    burn_rules=RULES,
)


def course_of(minutes: Mapping[int, tuple[int, int, int]], *, length: int) -> Course:
    """Minute → its good, bad and unknown records."""
    course = Course(NINE, NINE + length * MINUTE)
    for minute, (good, bad, unknown) in minutes.items():
        course.add(NINE + minute * MINUTE, Counts(good=good, bad=bad, unknown=unknown))
    return course


def told_minute_by_minute(slo: Slo, course: Course) -> Iterator[tuple[datetime, frozenset[str]]]:
    """What a daemon would have told that looks every minute."""
    buckets, names = tuple(course.buckets()), frozenset[str]()
    for passed in range(1, course.minutes + 1):
        at = course.begins + passed * MINUTE
        until_now = [bucket for bucket in buckets if bucket.begins < at]

        def counts_of(span: timedelta, at: datetime = at, known: list[Bucket] = until_now) -> Counts:
            return counted(slo, known, begins=span_begins(span, at))

        window = replace(counted(slo, until_now, begins=window_begins(slo.window, at)), unknown=0)
        names = frozenset(alert.name for alert in alerts_of(slo, window, counts_of, open_now=names))
        yield at, names


def name_of(alert: Fired) -> str:
    return f"{alert.kind}-{alert.rule.name}" if alert.rule else str(alert.kind)


def open_at(alerts: tuple[Fired, ...], at: datetime) -> frozenset[str]:
    return frozenset(name_of(a) for a in alerts if a.since <= at and (a.until is None or at < a.until))


MINUTES = st.dictionaries(
    st.integers(0, 79), st.tuples(st.integers(0, 6), st.integers(0, 4), st.integers(0, 2)), max_size=40
)
CALENDAR = CalendarWindow(count=1, unit="d", begins=datetime(2026, 1, 1, 9, 30), zone="UTC")


@settings(max_examples=60)
@given(minutes=MINUTES, window=st.sampled_from([RollingWindow(span=30 * MINUTE), CALENDAR]))
def test_alerts_are_those_that_a_look_every_minute_would_have_told(
    minutes: dict[int, tuple[int, int, int]], window: RollingWindow | CalendarWindow
) -> None:
    # The burn rates follow from the window: 30 minutes of it here, a day there.
    slo = replace(LEVEL, window=window, target=Fraction(9, 10) if window is not CALENDAR else Fraction(999, 1000))
    course = course_of(minutes, length=80)
    alerts = fired(slo, course)
    for at, names in told_minute_by_minute(slo, course):
        assert open_at(alerts, at) == names


@settings(max_examples=60)
@given(minutes=MINUTES, width=st.integers(2, 7), method=st.sampled_from([Method.TIMESLICES, Method.RATIO_TIMESLICES]))
def test_alerts_on_slices_are_those_that_a_look_every_minute_would_have_told(
    minutes: dict[int, tuple[int, int, int]], width: int, method: Method
) -> None:
    slo = replace(LEVEL, method=method, slice_span=width * MINUTE, slice_target=Fraction(4, 5))
    course = course_of(minutes, length=80)
    alerts = fired(slo, course)
    for at, names in told_minute_by_minute(slo, course):
        assert open_at(alerts, at) == names


def test_a_window_of_days_begins_at_a_quarter_of_an_hour() -> None:
    # Nine good ones leave the window of 79 hours together, and what is bad is too much from then on.
    minutes = {3: (9, 0, 0), 70 * 60: (0, 3, 0), 80 * 60: (60, 0, 0)}
    slo = replace(LEVEL, window=RollingWindow(span=79 * HOUR), target=Fraction(3, 4))
    course = course_of(minutes, length=81 * 60)
    (spent,) = (alert for alert in fired(slo, course) if alert.kind is AlertKind.SPENT)
    told = [at for at, names in told_minute_by_minute(slo, course) if "spent" in names]
    assert (spent.since, spent.until) == (told[0], told[-1] + MINUTE)


def test_an_alert_says_when_it_began_and_ended_and_how_fast_it_burned() -> None:
    course = course_of({minute: (0, 1, 0) if 10 <= minute < 13 else (1, 0, 0) for minute in range(60)}, length=60)
    page = next(alert for alert in fired(LEVEL, course) if alert.rule is RULES[0])
    assert (page.kind, page.urgency) == (AlertKind.BURN, Urgency.PAGE)
    # Three of the last eight are bad; one in ten may be.
    assert page.level == Fraction(3, 8) / Fraction(1, 10)
    assert page.since == NINE + 13 * MINUTE
    assert page.until == NINE + 15 * MINUTE


def test_without_a_policy_or_a_budget_nothing_is_told() -> None:
    course = course_of(dict.fromkeys(range(60), (0, 5, 0)), length=60)
    assert fired(LEVEL, course) != ()
    assert fired(replace(LEVEL, burn_rules=()), course) == ()
    assert fired(with_objective(LEVEL, Fraction(1)), course) == ()


def test_rules_that_never_fire_under_another_objective_are_left_out() -> None:
    assert with_objective(LEVEL, Fraction(1, 2)).burn_rules == RULES
    # 7/10 × 30/20 of a budget of 96 % would be more than everything.
    assert with_objective(LEVEL, Fraction(1, 25)).burn_rules == ()


@given(good=st.integers(0, 10_000), bad=st.integers(0, 2_000))
def test_the_objective_leaves_a_fifth_of_the_budget_and_of_its_records(good: int, bad: int) -> None:
    counts = Counts(good=good, bad=bad)
    objective = objective_leaving(counts)
    if objective is None:
        # Even one that allows 99 % would not leave it.
        assert max(1, -(-bad * 5 // 4)) * 100 > (good + bad) * 98
        return
    budget = Budget(counts=counts, target=objective)
    assert 0 < objective < 1
    assert budget.spent_share is not None and budget.spent_share <= Fraction(4, 5)
    assert budget.allowed >= 1 and budget.left * 5 >= budget.allowed
    # Two significant digits of what it allows, no more.
    assert len(f"{float(1 - objective):.12f}".strip("0").strip(".").lstrip("0")) <= 3


@pytest.mark.parametrize(
    ("good", "bad", "objective"),
    [
        (9_987, 13, Fraction("0.9983")),
        (0, 0, None),
        (0, 5, None),
        (500, 0, Fraction("0.998")),
        (4, 0, Fraction("0.75")),
        (1, 0, None),
    ],
)
def test_objectives_as_people_write_them(good: int, bad: int, objective: Fraction | None) -> None:
    assert objective_leaving(Counts(good=good, bad=bad)) == objective


def test_unknown_records_widen_the_level_and_count_nowhere() -> None:
    found = backtest(LEVEL, course_of({0: (6, 1, 1), 20: (1, 0, 1)}, length=25), at=NINE + 25 * MINUTE)
    assert found.records == Counts(good=7, bad=1, unknown=2)
    assert found.budget.counts.sli == Fraction(7, 8)
    assert (found.sli.least, found.sli.most) == (Fraction(7, 10), Fraction(9, 10))


def test_the_budget_is_that_of_the_last_window_when_the_range_is_longer() -> None:
    found = backtest(LEVEL, course_of({0: (5, 5, 0), 50: (9, 1, 0)}, length=60), at=NINE + 60 * MINUTE)
    assert found.window_is_whole and found.window_begins == NINE + 30 * MINUTE
    assert found.budget.counts == Counts(good=9, bad=1)
    assert found.records == Counts(good=14, bad=6)
    short = backtest(LEVEL, course_of({0: (5, 5, 0)}, length=10), at=NINE + 10 * MINUTE)
    assert not short.window_is_whole and short.window_begins == NINE
    rounded = backtest(LEVEL, course_of({}, length=25), at=NINE + 25 * MINUTE)
    assert rounded.window_is_whole


def test_nothing_in_the_range_is_no_data() -> None:
    found = backtest(LEVEL, course_of({}, length=60), at=NINE + 60 * MINUTE)
    assert found.budget.met is None and found.objective is None
    assert (found.sli.least, found.sli.most) == (None, None)
    assert found.alerts == ()


def test_a_long_range_is_told_by_days_and_a_short_one_by_hours() -> None:
    days = backtest(LEVEL, course_of({0: (1, 0, 0), 2 * 1440: (2, 1, 0)}, length=3 * 1440), at=NINE + 3 * DAY)
    assert days.grain == DAY
    assert [bucket.counts.eligible for bucket in days.stretches] == [1, 0, 3, 0]
    assert days.stretches[0].begins == datetime(2026, 11, 22, tzinfo=UTC)
    hours = backtest(LEVEL, course_of({0: (1, 0, 0)}, length=120), at=NINE + 2 * HOUR)
    assert hours.grain == HOUR
    assert [bucket.begins.hour for bucket in hours.stretches] == [9, 10, 11]


def test_a_course_refuses_what_lies_outside_of_it() -> None:
    course = Course(NINE + timedelta(seconds=20), NINE + timedelta(seconds=80))
    assert (course.begins, course.ends) == (NINE, NINE + 2 * MINUTE)
    course.add_row(NINE + timedelta(seconds=119), State.UNKNOWN)
    assert [bucket.counts for bucket in course.buckets()] == [Counts(unknown=1)]
    for outside in (NINE - timedelta(seconds=1), NINE + 2 * MINUTE):
        with pytest.raises(ValueError, match="outside"):
            course.add_row(outside, State.GOOD)


def test_stretches_begin_with_what_the_range_begins_in() -> None:
    buckets = [Bucket(begins=NINE + n * HOUR, counts=Counts(good=1)) for n in (-1, 0, 2)]
    found = stretches(buckets, begins=NINE, ends=NINE + 3 * HOUR, grain=HOUR)
    assert [bucket.counts.good for bucket in found] == [1, 0, 1, 0]
