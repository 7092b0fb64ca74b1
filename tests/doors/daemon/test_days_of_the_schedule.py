"""Whole days of the schedule on a clock that is told: an ordinary one, and the two on which the clocks change."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from observer.contracts.schedules import Schedule
from observer.daemon.triggers import next_slot
from observer.daemon.watching import Watch
from observer.jobs.run_orders import Broke
from observer.runs.slots import SlotState
from observer.settings import ScheduleSettings
from observer.store import Store
from tests.fakes.house import House, small

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
#: Midnight before the clocks go forward, midnight before they go back, and an ordinary one.
SPRING, AUTUMN, SUMMER = (datetime(2026, *day, tzinfo=BERLIN) for day in ((3, 29), (10, 25), (7, 1)))


def slots(schedule: Schedule, since: datetime, until: datetime) -> list[datetime]:
    """All slots after the one and up to the other."""
    following = next_slot(schedule, ScheduleSettings())
    found: list[datetime] = []
    at = following(since.astimezone(UTC))
    while at is not None and at <= until.astimezone(UTC):
        found.append(at)
        at = following(at)
    return found


def local(times: list[datetime]) -> list[str]:
    return [f"{time.astimezone(BERLIN):%H:%M}" for time in times]


def of_the_day(midnight: datetime, *crons: str, every: timedelta | None = None) -> list[datetime]:
    """The slots of one calendar day in Berlin; its first instant belongs to it."""
    end = (midnight + DAY).replace(tzinfo=BERLIN)
    schedule = Schedule(crons=crons, every=every, zone="Europe/Berlin")
    return slots(schedule, midnight.astimezone(UTC) - timedelta(microseconds=1), end.astimezone(UTC) - MINUTE / 60)


@pytest.mark.parametrize(("midnight", "hours"), [(SPRING, 23), (AUTUMN, 25), (SUMMER, 24)])
def test_an_hourly_schedule_has_as_many_slots_as_the_day_has_hours(midnight: datetime, hours: int) -> None:
    for found in (of_the_day(midnight, "0 * * * *"), of_the_day(midnight, every=HOUR)):
        assert len(found) == hours
        assert {later - earlier for earlier, later in itertools.pairwise(found)} == {HOUR}


@pytest.mark.parametrize("midnight", [SPRING, AUTUMN, SUMMER])
def test_six_in_the_morning_is_six_in_the_morning(midnight: datetime) -> None:
    assert local(of_the_day(midnight, "0 6 * * *")) == ["06:00"]


def test_a_time_that_the_clocks_leave_out_is_run_once_later() -> None:
    assert local(of_the_day(SPRING, "30 2 * * *")) == ["03:30"]


def test_a_time_that_comes_twice_is_two_slots_an_hour_apart() -> None:
    first, second = of_the_day(AUTUMN, "30 2 * * *")

    assert (local([first, second]), second - first) == (["02:30", "02:30"], HOUR)


def test_lines_that_meet_in_the_hour_left_out_are_one_slot() -> None:
    assert local(of_the_day(SPRING, "0 2 * * *", "0 3 * * *")) == ["03:00"]


@given(
    start=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    line=st.sampled_from(["*/5 * * * *", "30 2 * * *", "0 0 1 * *", "15 1,2,3 * * 0", "0 6 * * 1-5"]),
)
@example(start=datetime(2026, 10, 25, 0, 59, tzinfo=UTC), zone="Europe/Berlin", line="*/5 * * * *")
@example(start=datetime(2026, 4, 4, 14, 59, tzinfo=UTC), zone="Australia/Lord_Howe", line="30 2 * * *")
def test_the_next_slot_is_always_later_and_nothing_lies_between(start: datetime, zone: str, line: str) -> None:
    following = next_slot(Schedule(crons=(line,), zone=zone), ScheduleSettings())

    first = following(start)
    assert first is not None
    assert first > start
    assert following(start + (first - start) / 2) == first
    second = following(first)
    assert second is not None
    assert second > first


@pytest.mark.parametrize(
    ("midnight", "hours"), [(SUMMER, 24), (SPRING, 23), (AUTUMN, 25)], ids=["ordinary", "spring", "autumn"]
)
def test_in_a_whole_day_every_slot_is_run_once_and_none_is_missed(store: Store, midnight: datetime, hours: int) -> None:
    schedules = {
        "often": Schedule(every=HOUR / 2, zone="Europe/Berlin"),
        "hourly": Schedule(crons=("7 * * * *",), zone="Europe/Berlin"),
        "daily": Schedule(crons=("0 6 * * *",), zone="Europe/Berlin"),
    }
    house = House(store, _watching(schedules))
    begin = midnight.astimezone(UTC)
    end = begin + hours * HOUR
    now = begin
    while now < end:
        house.at(now)
        for order in house.pool.done():
            house.ends.answered(order, Broke(reason="a test"))
        now += 10 * MINUTE

    ran = {name: house.store.slots.of_contract(name, 1_000) for name in schedules}
    assert {slot.state for of in ran.values() for slot in of} == {SlotState.DONE}
    assert house.metrics.missed == 0
    # At midnight all three were seen for the first time, and looked at at once.
    for name, schedule in schedules.items():
        expected = {begin, *slots(schedule, begin, end - 10 * MINUTE)}
        assert {slot.scheduled_for for slot in ran[name]} == expected, name
    runs = Counter(run.contracts[0] for run in store.runs(1_000))
    assert runs == {"often": 2 * hours, "hourly": hours + 1, "daily": 2}
    assert {slot.run_id for of in ran.values() for slot in of} == {run.id for run in store.runs(1_000)}


def _watching(schedules: dict[str, Schedule]) -> Watch:
    contracts = {
        name: replace(small(name).contracts[name], next_after=next_slot(schedule, ScheduleSettings()))
        for name, schedule in schedules.items()
    }
    return Watch(settings=small("often").settings, contracts=contracts, digest="a day")
