"""Alerts, against the workbook's definition evaluated by hand, minute by minute, over random courses of records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from observer.slo.alerts import NEARLY_SPENT, AlertKind, alerts_of
from observer.slo.budget import Counts
from observer.slo.burn import LEAST_BAD, RELEASE, RULES, Urgency
from observer.slo.counting import Bucket, counted
from observer.slo.model import Method, RollingWindow, RunSuccess, Slo

HOUR = 60
DAY = 24 * HOUR
#: Minute → good, bad.
Course = Sequence[tuple[int, int]]
LEVEL = Slo(
    name="emails",
    display_name="Emails",
    service="crm",
    description="",
    indicator=RunSuccess(contract="crm"),
    window=RollingWindow(span=timedelta(days=28)),
    method=Method.OCCURRENCES,
    target=Fraction(995, 1000),
    burn_rules=RULES,
)
#: Of https://sre.google/workbook/alerting-on-slos/: budget spent, long and short window in minutes, who is told.
WORKBOOK = (
    (Fraction(2, 100), HOUR, 5, Urgency.PAGE),
    (Fraction(5, 100), 6 * HOUR, 30, Urgency.PAGE),
    (Fraction(10, 100), DAY, 2 * HOUR, Urgency.TICKET),
    (Fraction(10, 100), 3 * DAY, 6 * HOUR, Urgency.TICKET),
)


def course_of(seed: int) -> list[tuple[int, int]]:
    """Some days of traffic, thin or thick, with outages, trickles and silence."""
    dice = Random(seed)
    minutes: list[tuple[int, int]] = []
    thick = dice.choice([1, 3, 30])
    while len(minutes) < 3 * DAY // 2:
        share = dice.choice([0, 0, 0, 0.001, 0.005, 0.01, 0.05, 0.075, 0.3, 1])
        quiet = dice.random() < 0.2
        for _ in range(dice.choice([4, 20, 90, 400])):
            rows = 0 if quiet else dice.randint(0, 2 * thick)
            bad = sum(dice.random() < share for _ in range(rows))
            minutes.append((rows - bad, bad))
    return minutes


class Sums:
    """What a course counted in any span; the whole course lies within the window of the SLO."""

    def __init__(self, course: Course) -> None:
        self._good, self._bad = [0], [0]
        for good, bad in course:
            self._good.append(self._good[-1] + good)
            self._bad.append(self._bad[-1] + bad)

    def last(self, minutes: int, at: int) -> Counts:
        begins = max(0, at - minutes)
        return Counts(good=self._good[at] - self._good[begins], bad=self._bad[at] - self._bad[begins])


def walked(slo: Slo, course: Course, every: int = 11) -> Iterator[tuple[int, frozenset[str], frozenset[str]]]:
    """Minute, the alerts that were open, those that are."""
    sums, was = Sums(course), frozenset[str]()
    for at in range(1, len(course) + 1, every):
        found = alerts_of(
            slo,
            sums.last(28 * DAY, at),
            lambda span, at=at: sums.last(span // timedelta(minutes=1), at),  # type: ignore[misc]  # bound at once
            open_now=was,
        )
        now = frozenset(alert.name for alert in found)
        yield at, was, now
        was = now


def rate(counts: Counts) -> Fraction | None:
    return Fraction(counts.bad, counts.good + counts.bad) if counts.good + counts.bad else None


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32))
def test_burn_alerts_are_the_workbooks(seed: int) -> None:
    """They begin when the error rates of both windows reach the threshold, and end when one is clearly below it."""
    course = course_of(seed)
    sums = Sums(course)
    for at, was, now in walked(LEVEL, course):
        for rule, (share, long, short, urgency) in zip(RULES, WORKBOOK, strict=True):
            name = f"burn-{rule.name}"
            limit = share * Fraction(28 * DAY, long) * Fraction(5, 1000)
            slow, fast = rate(sums.last(long, at)), rate(sums.last(short, at))
            begins = slow is not None and fast is not None and slow >= limit and fast >= limit
            begins = begins and sums.last(long, at).bad >= LEAST_BAD
            if name not in was:
                assert (name in now) is begins
            else:
                stays = slow is not None and slow >= limit * RELEASE and (fast is None or fast >= limit * RELEASE)
                assert (name in now) is stays
            assert rule.urgency is urgency


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32))
def test_an_alert_that_ended_begins_again_only_after_a_clear_rise(seed: int) -> None:
    course = course_of(seed)
    sums = Sums(course)
    spans = {f"burn-{rule.name}": spans[1:3] for rule, spans in zip(RULES, WORKBOOK, strict=True)}
    ended: dict[str, tuple[Fraction, Fraction]] = {}
    for at, was, now in walked(LEVEL, course):
        for name, (long, short) in spans.items():
            rates = (rate(sums.last(long, at)) or Fraction(), rate(sums.last(short, at)) or Fraction())
            if name in was - now:
                ended[name] = rates
            if name in now - was and name in ended:
                assert any(now > before / RELEASE for before, now in zip(ended[name], rates, strict=True))


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32))
def test_a_budget_that_is_nearly_spent_is_told_however_slowly_it_went(seed: int) -> None:
    course = course_of(seed)
    sums = Sums(course)
    for at, was, now in walked(LEVEL, course):
        counts = sums.last(28 * DAY, at)
        spent = Fraction(counts.bad) / (counts.eligible * Fraction(5, 1000)) if counts.eligible else Fraction()
        if "spent" in was:
            assert ("spent" in now) is (spent >= NEARLY_SPENT * RELEASE)
        else:
            assert ("spent" in now) is (spent >= NEARLY_SPENT and counts.bad >= LEAST_BAD)


def told(window: Counts, *open_now: str, slo: Slo = LEVEL) -> list[str]:
    return [alert.name for alert in alerts_of(slo, window, lambda _: Counts(), open_now=open_now)]


def test_a_trickle_that_no_pair_of_windows_sees_is_told_before_the_budget_is_gone() -> None:
    assert told(Counts(good=9_963, bad=37)) == []
    (alert,) = alerts_of(LEVEL, Counts(good=9_962, bad=38), lambda _: Counts(), open_now=())
    assert (alert.kind, alert.urgency) == (AlertKind.SPENT, Urgency.TICKET)
    assert (alert.bad, alert.eligible, alert.left) == (38, 10_000, 12)


def test_two_bad_records_of_a_quiet_field_are_told_to_nobody() -> None:
    assert told(Counts(good=10, bad=LEAST_BAD - 1)) == []
    assert told(Counts(good=10, bad=LEAST_BAD)) == ["spent"]


def test_without_a_policy_burn_is_told_to_nobody_and_unknown_is() -> None:
    plain = replace(LEVEL, burn_rules=())
    assert told(Counts(good=10, bad=90), slo=plain) == []
    assert told(Counts(good=10, bad=90, unknown=90), slo=plain) == ["unknown"]


def test_unknown_is_told_above_its_limit_and_until_it_is_clearly_below() -> None:
    assert told(Counts(good=90, unknown=10)) == []
    assert told(Counts(good=89, unknown=11)) == ["unknown"]
    assert told(Counts(good=905, unknown=95), "unknown") == ["unknown"]
    assert told(Counts(good=91, unknown=9), "unknown") == []
    assert told(Counts(unknown=LEAST_BAD - 1)) == []
    assert told(Counts(unknown=LEAST_BAD)) == ["unknown"]
    assert told(Counts(good=10_000, unknown=3), slo=replace(LEVEL, unknown_limit=Fraction(0))) == ["unknown"]


def test_no_data_and_no_budget_tell_nothing() -> None:
    assert told(Counts()) == []
    assert told(Counts(), "spent", "unknown") == []
    assert told(Counts(good=1, bad=9), slo=replace(LEVEL, target=Fraction(1), burn_rules=())) == []


def test_unknown_records_are_a_share_of_records_also_where_slices_are_counted() -> None:
    sliced = replace(LEVEL, method=Method.TIMESLICES, slice_span=timedelta(hours=1), slice_target=Fraction(1, 2))
    begins = datetime(2026, 11, 22, tzinfo=UTC)
    window = counted(sliced, [Bucket(begins=begins, counts=Counts(good=995, unknown=5))], begins=begins)
    assert (window.eligible, window.unknown, window.unknown_share) == (1, 5, Fraction(5, 1000))
    assert told(window, slo=sliced) == []
