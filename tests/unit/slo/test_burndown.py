"""How a budget went: every stretch is held against counting anew the window that ends with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observer.slo.budget import Counts
from observer.slo.burndown import MOST_STRETCHES, burndown, first_needed, grain_of
from observer.slo.counting import Bucket, counted
from observer.slo.model import CalendarWindow, Method, RollingWindow, Slo
from observer.slo.windows import floor
from tests.fakes.slo_levels import EMAILS, FRESH

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SHORT = replace(EMAILS, window=RollingWindow(span=6 * HOUR), target=Fraction(9, 10))
SLICED = replace(
    SHORT, method=Method.TIMESLICES, slice_span=15 * MINUTE, slice_target=Fraction(1, 2), target=Fraction(1, 2)
)
MONTH = CalendarWindow(count=1, unit="M", begins=datetime(2026, 1, 1), zone="Europe/Berlin")

counts = st.builds(Counts, good=st.integers(0, 9), bad=st.integers(0, 3), unknown=st.integers(0, 2))
minutes = st.dictionaries(st.integers(0, 12 * 60 - 1), counts, max_size=25)


def buckets_of(by_minute: dict[int, Counts]) -> list[Bucket]:
    return [Bucket(begins=NOON - 12 * HOUR + minute * MINUTE, counts=found) for minute, found in by_minute.items()]


@settings(max_examples=60)
@given(minutes, st.sampled_from([SHORT, SLICED, replace(SLICED, method=Method.RATIO_TIMESLICES)]))
def test_each_stretch_has_its_own_counts_and_the_budget_of_the_window_that_ends_with_it(
    by_minute: dict[int, Counts], slo: Slo
) -> None:
    buckets = buckets_of(by_minute)
    found = burndown(slo, buckets, begins=NOON - 6 * HOUR, ends=NOON, grain=HOUR)

    assert [stretch.begins for stretch in found] == [NOON - 6 * HOUR + hour * HOUR for hour in range(6)]
    for stretch in found:
        own = [bucket for bucket in buckets if stretch.begins <= bucket.begins < stretch.ends]
        window = [bucket for bucket in buckets if stretch.ends - 6 * HOUR <= bucket.begins < stretch.ends]
        assert stretch.counts == counted(slo, own, begins=stretch.begins)
        assert stretch.budget.counts == counted(slo, window, begins=stretch.ends - 6 * HOUR)


def test_the_window_of_a_calendar_grows_from_where_it_began() -> None:
    slo = replace(SHORT, window=MONTH)
    buckets = [Bucket(begins=NOON - hour * HOUR, counts=Counts(good=9, bad=1)) for hour in (1, 2, 3)]

    found = burndown(slo, buckets, begins=NOON - 3 * HOUR, ends=NOON, grain=HOUR)

    assert first_needed(slo, NOON) == NOON
    assert [stretch.budget.counts.bad for stretch in found] == [1, 2, 3]


def test_the_last_stretch_ends_now_and_nothing_counted_is_no_level() -> None:
    found = burndown(SHORT, [], begins=NOON - HOUR, ends=NOON - 30 * MINUTE, grain=HOUR)

    assert [(stretch.begins, stretch.ends) for stretch in found] == [(NOON - HOUR, NOON - 30 * MINUTE)]
    assert found[0].budget.counts.sli is None
    assert first_needed(SHORT, NOON) == NOON - 6 * HOUR


@pytest.mark.parametrize(
    ("slo", "span", "grain"),
    [
        (EMAILS, 4 * MINUTE, MINUTE),
        (EMAILS, 2 * HOUR, 5 * MINUTE),
        (EMAILS, 28 * DAY, 12 * HOUR),
        (replace(EMAILS, window=RollingWindow(span=400 * DAY)), 400 * DAY, DAY),
        (replace(FRESH, window=RollingWindow(span=28 * DAY)), 2 * HOUR, 15 * MINUTE),
        (replace(FRESH, slice_span=7 * MINUTE), HOUR, 7 * MINUTE),
    ],
)
def test_a_stretch_is_as_short_as_a_picture_can_hold_and_cuts_no_slice(
    slo: Slo, span: timedelta, grain: timedelta
) -> None:
    assert grain_of(slo, span) == grain
    assert span / grain <= MOST_STRETCHES or grain == DAY
    assert floor(NOON, grain) <= NOON
