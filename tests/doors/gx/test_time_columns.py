"""Times on the wall, texts and what is cut off: the bounds of a range leave out no row of it. No database needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from observer.gx.kinds import Kind
from observer.gx.time_columns import TimeColumn

#: Half an hour, a whole one, none, and a zone of odd minutes.
ZONES = ("Australia/Lord_Howe", "America/New_York", "UTC", "Asia/Kathmandu")
#: Around the days on which clocks change, in 2025.
wall_times = st.one_of(
    *(
        st.datetimes(day - timedelta(days=2), day + timedelta(days=2))
        for day in map(datetime.fromisoformat, ("2025-03-09", "2025-04-06", "2025-10-05", "2025-11-02"))
    )
)


def naive(zone: str) -> TimeColumn:
    return TimeColumn(
        name="at", slot="at", column=sa.column("at"), kind=Kind.TIMESTAMP, dialect="postgresql", zone=zone
    )


@given(st.sampled_from(ZONES), wall_times, st.timedeltas(timedelta(0), timedelta(hours=5)), st.timedeltas(timedelta(0)))
def test_bounds_on_the_wall_leave_out_no_row_of_their_range(
    zone: str, stored: datetime, before: timedelta, later: timedelta
) -> None:
    column = naive(zone)
    instant = column.instant(stored)
    assert instant is not None
    after, upto = instant - before - timedelta(microseconds=1), instant + min(later, timedelta(days=9))
    bounds = column.bounds(after, upto)
    assert bounds["at_after"] < stored < bounds["at_upto"]


@given(st.sampled_from(ZONES), wall_times, wall_times)
def test_no_later_value_has_an_earlier_instant_than_is_told(zone: str, one: datetime, other: datetime) -> None:
    column = naive(zone)
    first, last = sorted((one, other))
    told, instant = column.first_after(first), column.instant(last)
    assert told is not None
    assert instant is not None
    assert told <= instant


@given(st.sampled_from(ZONES), wall_times)
def test_the_latest_instant_is_none_too_early(zone: str, stored: datetime) -> None:
    column = naive(zone)
    instant, latest = column.instant(stored), column.instant_at_most(stored)
    assert instant is not None
    assert latest is not None
    assert instant <= latest < instant + timedelta(hours=1, seconds=1)


@pytest.mark.parametrize(
    ("stored", "latest"),
    [
        ("2026-01-15", "2026-01-15T23:59:59.999999+00:00"),
        ("2026-01-15 12:05", "2026-01-15T12:05:59.999999+00:00"),
        ("2026-01-15T12:05+02:00", "2026-01-15T10:05:59.999999+00:00"),
        ("2026-01-15T12:05:07Z", "2026-01-15T12:05:07.999999+00:00"),
        ("2026-01-15T12:05:07.120+0000", "2026-01-15T12:05:07.120999+00:00"),
        ("2026-01-15T12:05:07.123456789 +01", "2026-01-15T11:05:07.123456+00:00"),
        ("2026-02-30", None),
        ("2026-01-15T12:05:07+99:00", None),
        ("0000-00-00 00:00:00", None),
        ("n/a", None),
    ],
)
def test_a_text_stands_for_all_that_was_cut_off(stored: str, latest: str | None) -> None:
    column = TimeColumn(name="at", slot="at", column=sa.column("at"), kind=Kind.TEXT, dialect="sqlite")
    assert column.instant_at_most(stored) == (None if latest is None else datetime.fromisoformat(latest))


def test_a_text_without_the_zone_that_is_asked_for_is_no_time() -> None:
    column = TimeColumn(
        name="at", slot="at", column=sa.column("at"), kind=Kind.TEXT, dialect="sqlite", carries_zone=True
    )
    assert column.instant("2026-01-15 12:05:00") is None
    assert column.instant("2026-01-15 12:05:00Z") == datetime(2026, 1, 15, 12, 5, tzinfo=UTC)
