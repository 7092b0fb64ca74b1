"""What an objective counts, against a recount of every record; and that merging old buckets changes nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observer.slo.budget import Budget, Counts
from observer.slo.counting import Bucket, counted
from observer.slo.model import CalendarWindow, Method, RollingWindow, RunSuccess, Slo
from observer.slo.standing import BURN_SPANS
from observer.slo.windows import FINE, MINUTE, coarse_grain, floor, span_begins, window_begins

NOW = datetime(2026, 11, 22, 9, 7, 30, tzinfo=UTC)
STATES = ("good", "bad", "unknown", "withdrawn")
LEVEL = Slo(
    name="emails",
    display_name="Emails",
    service="crm",
    description="",
    indicator=RunSuccess(contract="crm"),
    window=RollingWindow(span=timedelta(days=7)),
    method=Method.OCCURRENCES,
    target=Fraction(9, 10),
)
SLICES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=7))
#: When each record counts, and what it is.
Records = list[tuple[datetime, str]]
ages = st.one_of(st.integers(0, 10 * 86400), st.integers(0, 4000), st.integers(7 * 86400 - 2000, 7 * 86400 + 2000))
records = st.lists(st.tuples(ages.map(lambda age: NOW - timedelta(seconds=age)), st.sampled_from(STATES)), max_size=40)
windows = st.one_of(
    st.sampled_from([1, 90, 60 * 24, 60 * 78, 60 * 78 + 1, 60 * 24 * 7]).map(lambda n: RollingWindow(span=n * MINUTE)),
    st.builds(
        CalendarWindow,
        count=st.integers(1, 3),
        unit=st.sampled_from("dwM"),
        begins=st.sampled_from([datetime(2026, 1, 1), datetime(2026, 1, 5, 0, 7), datetime(2026, 2, 1, 2, 30)]),
        zone=st.sampled_from(["Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Pacific/Apia"]),
    ),
)


def buckets(known: Records, slo: Slo, *, merged: bool) -> list[Bucket]:
    """What a ledger keeps of the records: minutes, the old ones merged or not."""
    found: dict[datetime, Counts] = defaultdict(Counts)
    old = floor(NOW - FINE, coarse_grain(slo))
    for at, state in known:
        begins = floor(at, MINUTE)
        found[floor(begins, coarse_grain(slo)) if merged and begins < old else begins] += Counts(**{state: 1})
    return [Bucket(begins=begins, counts=counts) for begins, counts in found.items()]


def recount(known: Records, begins: datetime) -> Counts:
    return Counts(**{state: sum(1 for at, was in known if was == state and at >= begins) for state in STATES})


@settings(max_examples=60, deadline=None)
@given(records, windows)
def test_budgets_equal_a_recount_of_the_records(known: Records, window: RollingWindow | CalendarWindow) -> None:
    slo = replace(LEVEL, window=window)
    begins = window_begins(window, NOW)
    truth = recount(known, begins)
    for merged in (False, True):
        found = counted(slo, buckets(known, slo, merged=merged), begins=begins)
        assert found == truth
        assert Budget(counts=found, target=slo.target).left == truth.eligible // 10 - truth.bad
    for span in BURN_SPANS:
        merged_buckets = buckets(known, slo, merged=True)
        begins = span_begins(span, NOW)
        assert counted(slo, merged_buckets, begins=begins) == recount(known, begins)


@settings(max_examples=60, deadline=None)
@given(records, windows, st.sampled_from(SLICES), st.sampled_from([Fraction(1, 2), Fraction(9, 10), Fraction(1)]))
def test_slices_equal_a_recount_of_the_records(
    known: Records, window: RollingWindow | CalendarWindow, span: timedelta, target: Fraction
) -> None:
    begins = window_begins(window, NOW)
    slices: dict[int, list[str]] = defaultdict(list)
    for at, state in known:
        if at >= begins and state in ("good", "bad"):
            slices[int(at.timestamp()) // int(span.total_seconds())].append(state)
    shares = [Fraction(states.count("good"), len(states)) for states in slices.values()]
    outside = recount(known, begins)
    for merged in (False, True):
        slo = replace(LEVEL, window=window, method=Method.TIMESLICES, slice_span=span, slice_target=target)
        found = counted(slo, buckets(known, slo, merged=merged), begins=begins)
        good = sum(share >= target for share in shares)
        assert (found.good, found.bad) == (good, len(shares) - good)
        assert (found.unknown, found.withdrawn) == (outside.unknown, outside.withdrawn)
        mean = replace(slo, method=Method.RATIO_TIMESLICES, slice_target=None)
        found = counted(mean, buckets(known, mean, merged=merged), begins=begins)
        assert found.sli == (sum(shares) / len(shares) if shares else None)
        assert found.eligible == len(shares)


def test_a_slice_of_unknown_records_counts_nowhere() -> None:
    slo = replace(LEVEL, method=Method.TIMESLICES, slice_span=timedelta(minutes=5), slice_target=Fraction(1, 2))
    found = counted(slo, [Bucket(begins=NOW, counts=Counts(unknown=3))], begins=NOW)
    assert found == Counts(unknown=3)
    assert found.sli is None


def test_the_mean_of_many_slices_stays_a_number_that_can_be_written_down() -> None:
    """Shares of a table that grows have a denominator each: their exact sum has thousands of digits."""
    slo = replace(LEVEL, method=Method.RATIO_TIMESLICES, slice_span=timedelta(minutes=15))
    course = [
        Bucket(begins=NOW - place * timedelta(minutes=15), counts=Counts(good=10**6 + 7 * place, bad=1 + place))
        for place in range(2_000)
    ]
    found = counted(slo, course, begins=course[-1].begins)
    assert len(str(found.good)) < 100
    exact = sum(each.counts.good / (each.counts.good + each.counts.bad) for each in course)
    assert float(found.good) == pytest.approx(exact, rel=1e-12)
    assert found.eligible == 2_000
