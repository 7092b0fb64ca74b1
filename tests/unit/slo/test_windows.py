"""Where windows begin: calendars of zones whose clocks are set, against a count of every window from the first on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from observer.slo.model import CalendarWindow, Method, RollingWindow, RunSuccess, Slo
from observer.slo.windows import COARSE, FINE, MINUTE, coarse_grain, floor, span_begins, window_begins

#: Summer time; none, and half an hour off; half an hour off and summer time; a day that was left out; at midnight.
ZONES = ("Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Pacific/Apia", "America/Havana", "UTC")
FIRST = datetime(2009, 1, 1)
LAST = datetime(2031, 1, 1, tzinfo=UTC)
LEVEL = Slo(
    name="runs",
    display_name="Runs",
    service="crm",
    description="",
    indicator=RunSuccess(contract="crm"),
    window=RollingWindow(span=timedelta(days=28)),
    method=Method.OCCURRENCES,
    target=Fraction(9, 10),
)


def minutes_of(span: timedelta) -> st.SearchStrategy[timedelta]:
    return st.integers(0, span // MINUTE).map(lambda number: number * MINUTE)


moments = st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
rolling = minutes_of(timedelta(days=400)).map(lambda span: RollingWindow(span=span + MINUTE))


@st.composite
def calendars(draw: st.DrawFn) -> CalendarWindow:
    unit = draw(st.sampled_from("dwMQY"))
    begins = FIRST + draw(minutes_of(timedelta(days=20 * 365)))
    begins = begins if unit in "dw" else begins.replace(day=min(begins.day, 28))
    return CalendarWindow(count=draw(st.integers(1, 5)), unit=unit, begins=begins, zone=draw(st.sampled_from(ZONES)))


def all_begins(window: CalendarWindow) -> list[datetime]:
    """Every begin from before any moment to after it, one unit after another, by the calendar on the wall."""
    days = {"d": 1, "w": 7}.get(window.unit)
    months = {"M": 1, "Q": 3, "Y": 12}.get(window.unit)
    found = []
    number = (-25 * 366 // (days * window.count)) if days else -25 * 12 // window.count
    while True:
        if days:
            wall = window.begins + timedelta(days=days * window.count * number)
        else:
            assert months is not None
            month = window.begins.year * 12 + window.begins.month - 1 + months * window.count * number
            wall = window.begins.replace(year=month // 12, month=month % 12 + 1) if month >= 12 else datetime.min
        number += 1
        if wall.year < 2000:
            continue
        found.append(wall.replace(tzinfo=ZoneInfo(window.zone)).astimezone(UTC))
        if found[-1] > LAST:
            return found


@settings(max_examples=40, deadline=None)
@given(calendars(), moments)
@example(CalendarWindow(count=1, unit="d", begins=datetime(2026, 1, 1, 2, 30), zone="Europe/Berlin"),
         datetime(2026, 3, 29, 1, 10, tzinfo=UTC))  # fmt: skip
@example(CalendarWindow(count=1, unit="d", begins=datetime(2026, 1, 1, 2, 30), zone="Europe/Berlin"),
         datetime(2026, 10, 25, 1, 15, tzinfo=UTC))  # fmt: skip
@example(CalendarWindow(count=1, unit="d", begins=datetime(2011, 1, 1), zone="Pacific/Apia"),
         datetime(2011, 12, 30, 10, tzinfo=UTC))  # fmt: skip
@example(CalendarWindow(count=1, unit="M", begins=datetime(2026, 6, 1), zone="America/St_Johns"),
         datetime(2010, 2, 28, 23, 59, tzinfo=UTC))  # fmt: skip
def test_a_calendar_window_is_the_last_that_began(window: CalendarWindow, at: datetime) -> None:
    assert window_begins(window, at) == max(begins for begins in all_begins(window) if begins <= at)


@settings(max_examples=40, deadline=None)
@given(calendars(), moments)
def test_windows_tile_time(window: CalendarWindow, at: datetime) -> None:
    begins = window_begins(window, at)
    assert begins <= at
    assert window_begins(window, begins) == begins
    earlier = window_begins(window, begins - timedelta(microseconds=1))
    assert earlier < begins
    assert begins - earlier < window.span * 1.2 + timedelta(days=2)


@given(rolling, moments)
def test_a_rolling_window_begins_a_whole_bucket_at_most_before_its_span(window: RollingWindow, at: datetime) -> None:
    grain = MINUTE if window.span <= FINE else COARSE
    begins = window_begins(window, at)
    assert begins == floor(begins, grain)
    assert timedelta() <= (at - window.span) - begins < grain
    assert begins == span_begins(window.span, at)


@given(calendars(), moments, st.sampled_from([None, 5, 15, 60, 7]))
def test_old_buckets_are_no_wider_than_windows_and_slices_need(
    window: CalendarWindow, at: datetime, slices: int | None
) -> None:
    slo = replace(LEVEL, window=window, slice_span=None if slices is None else slices * MINUTE)
    grain, begins = coarse_grain(slo), window_begins(window, at)
    assert floor(begins, grain) == begins
    if slo.slice_span is not None:
        assert floor(at, slo.slice_span) == floor(floor(at, slo.slice_span), grain)


@pytest.mark.parametrize("zone", ZONES)
def test_every_day_of_every_zone_begins_at_a_quarter_of_an_hour(zone: str) -> None:
    day = CalendarWindow(count=1, unit="d", begins=datetime(2020, 1, 1), zone=zone)
    for number in range(366):
        begins = window_begins(day, datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=number))
        assert floor(begins, COARSE) == begins
