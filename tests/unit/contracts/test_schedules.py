"""Laws of calendars: open time adds up, can be counted back, and follows the clocks of its zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.contracts.schedules import LONGEST_LOOK_BACK, Calendar, weekday_names

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]
OFFICE = Calendar(zone="Europe/Berlin", weekdays=frozenset(range(5)), opens=time(8), closes=time(18))
ALWAYS = Calendar(zone="Europe/Berlin", weekdays=frozenset(range(7)))

moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
#: Half hours meet the hours that clock changes skip and repeat.
clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))
calendars = st.builds(
    Calendar,
    zone=st.sampled_from(ZONES),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    opens=clocks,
    closes=clocks,
    holidays=st.frozensets(st.dates(date(2020, 1, 1), date(2030, 1, 1)), max_size=5),
)
spans = st.timedeltas(timedelta(), timedelta(days=60))


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@given(calendars, moments, spans)
def test_counting_back_and_then_forward_gives_the_span(calendar: Calendar, until: datetime, span: timedelta):
    assert calendar.age(calendar.back(until, span), until) == span


@given(calendars, moments, spans)
def test_nothing_later_than_what_counting_back_gives_has_that_much_open_time(
    calendar: Calendar, until: datetime, span: timedelta
):
    begin = calendar.back(until, span)
    assert begin <= until
    assert begin == until or calendar.age(begin + timedelta(microseconds=1), until) < span


@given(calendars, moments, spans, spans)
def test_ages_add_up(calendar: Calendar, first: datetime, one: timedelta, two: timedelta):
    middle, last = first + one, first + one + two
    assert calendar.age(first, middle) + calendar.age(middle, last) == calendar.age(first, last)


@given(calendars, moments, spans)
def test_no_more_time_is_open_than_passes(calendar: Calendar, since: datetime, span: timedelta):
    assert timedelta() <= calendar.age(since, since + span) <= span


@given(calendars, moments, spans)
def test_the_zone_in_which_an_instant_is_told_does_not_matter(calendar: Calendar, until: datetime, span: timedelta):
    there = until.astimezone(ZoneInfo("Asia/Kolkata"))
    assert calendar.back(there, span) == calendar.back(until, span)
    assert calendar.age(there - span, until) == calendar.age(until - span, there)


@given(calendars, moments, spans)
def test_what_comes_later_is_younger_than_nothing_by_the_whole_distance(
    calendar: Calendar, until: datetime, span: timedelta
):
    assert calendar.age(until + span, until) == -span


@given(moments, spans)
def test_a_calendar_that_is_always_open_is_a_clock(since: datetime, span: timedelta):
    assert ALWAYS.age(since, since + span) == span
    assert ALWAYS.back(since + span, span) == since


@given(st.dates(date(2020, 1, 2), date(2029, 1, 1)))
def test_closed_days_add_nothing(day: date):
    midnight = datetime.combine(day, time(0), BERLIN)
    closed = Calendar(zone="Europe/Berlin", weekdays=frozenset(range(7)), holidays=frozenset({day}))
    open_before = timedelta(days=3)
    begin = midnight.astimezone(UTC) - open_before
    assert closed.age(begin, datetime.combine(day + timedelta(days=1), time(0), BERLIN)) == open_before


@pytest.mark.parametrize(
    ("since", "until", "open_time"),
    [
        ("2026-11-20 17:30", "2026-11-23 08:30", timedelta(hours=1)),  # over a weekend
        ("2026-11-21 10:00", "2026-11-22 20:00", timedelta()),  # within one
        ("2026-11-20 07:00", "2026-11-20 19:00", timedelta(hours=10)),
        ("2026-11-16 00:00", "2026-11-23 00:00", timedelta(hours=50)),
    ],
)
def test_the_age_of_a_row_in_office_hours(since: str, until: str, open_time: timedelta):
    assert OFFICE.age(berlin(since), berlin(until)) == open_time


def test_the_day_on_which_clocks_change_has_23_or_25_hours():
    assert ALWAYS.age(berlin("2026-03-29 00:00"), berlin("2026-03-30 00:00")) == timedelta(hours=23)
    assert ALWAYS.age(berlin("2026-10-25 00:00"), berlin("2026-10-26 00:00")) == timedelta(hours=25)
    assert ALWAYS.back(berlin("2026-10-26 00:00"), timedelta(hours=25)) == berlin("2026-10-25 00:00")


def test_hours_within_the_hour_that_is_skipped_never_run_backwards():
    early = Calendar(zone="Europe/Berlin", weekdays=frozenset({6}), opens=time(2, 30), closes=time(3))
    assert early.age(berlin("2026-03-29 00:00"), berlin("2026-03-30 00:00")) == timedelta()
    assert early.age(berlin("2026-04-05 00:00"), berlin("2026-04-06 00:00")) == timedelta(minutes=30)


def test_a_night_belongs_to_the_day_on_which_it_begins():
    nights = Calendar(zone="UTC", weekdays=frozenset({4}), opens=time(22), closes=time(6))
    friday = datetime(2026, 11, 20, tzinfo=UTC)
    assert nights.age(friday, friday + timedelta(days=2)) == timedelta(hours=8)
    assert nights.age(friday, friday + timedelta(hours=6)) == timedelta()


def test_a_calendar_that_never_opens_counts_every_hour_of_more_than_ten_years_ago():
    never = Calendar(zone="UTC", weekdays=frozenset())
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert never.age(now - timedelta(days=400), now) == timedelta()
    assert never.back(now, timedelta(hours=1)) == now - LONGEST_LOOK_BACK - timedelta(hours=1)


def test_a_row_of_the_year_one_is_old_and_no_error():
    now, dawn = datetime(2026, 11, 22, tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
    assert OFFICE.age(dawn, now) > timedelta(days=365 * 2000)


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("*", "*"),
        ("0", "sun"),
        ("7", "sun"),
        ("1-5", "mon,tue,wed,thu,fri"),
        ("5-7", "sun,fri,sat"),
        ("fri-mon", "sun,mon,fri,sat"),
        ("*/2", "sun,tue,thu,sat"),
        ("MON,3", "mon,wed"),
        ("1-5/2", "mon,wed,fri"),
    ],
)
def test_weekdays_of_a_crontab_are_told_by_name(field: str, names: str):
    assert weekday_names(field) == names


@pytest.mark.parametrize("field", ["8", "mo", "", "1,", "1/0", "1/x", "-1", "mon-"])
def test_what_is_no_weekday_is_refused(field: str):
    with pytest.raises(ValueError, match="is no"):
        weekday_names(field)
