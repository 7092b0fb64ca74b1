"""When slots come to be, on a real state with a pool that does nothing: time is told, nothing waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from observer.daemon.watching import Watch
from observer.jobs.run_orders import Broke
from observer.runs.slots import SlotState
from observer.store import Store
from tests.fakes.house import MINUTE, NOON, House, small


def test_a_contract_that_never_ran_is_looked_at_at_once(house: House) -> None:
    house.at(NOON)
    (order,) = house.pool.under_way
    assert order.slot.scheduled_for == NOON
    assert order.slot.state is SlotState.RUNNING
    assert house.slots() == {"12:00:30": "running"}


def test_then_every_slot_of_its_schedule_is_run_once(house: House) -> None:
    for minute in range(13):
        house.at(NOON + minute * MINUTE)
        for order in house.pool.done():
            house.ends.answered(order, Broke(reason="a test"))
    assert house.slots() == {"12:00:30": "done", "12:05:00": "done", "12:10:00": "done"}
    assert len(house.metrics.ended) == 3


def test_a_second_dispatcher_on_the_same_state_runs_no_slot_again(house: House, store: Store) -> None:
    for minute in (0, 5):
        house.at(NOON + minute * MINUTE)
        for order in house.pool.done():
            house.ends.answered(order, Broke(reason="a test"))
    other = House(store, house.watch)
    for minute in range(8):
        other.at(NOON + minute * MINUTE)
    assert other.pool.under_way == []


def test_slots_that_nobody_was_there_for_are_missed_and_the_newest_is_run(house: House) -> None:
    house.at(NOON)
    house.ends.answered(house.pool.done()[0], Broke(reason="a test"))
    house.at(NOON + 21 * MINUTE)
    assert house.slots() == {
        "12:00:30": "done",
        "12:05:00": "missed",
        "12:10:00": "missed",
        "12:15:00": "missed",
        "12:20:00": "running",
    }
    assert house.metrics.missed == 3
    assert house.store.standing().contracts[0].missed_slots == 3


def test_a_clock_that_steps_back_runs_nothing_again_and_nothing_stands_still(house: House) -> None:
    for minute in range(0, 16, 5):
        house.at(NOON + minute * MINUTE)
        for order in house.pool.done():
            house.ends.answered(order, Broke(reason="a test"))
    before = house.slots()
    for minute in range(-60, 15):
        house.at(NOON + minute * MINUTE)
        for order in house.pool.done():
            house.ends.answered(order, Broke(reason="a test"))
    after = house.slots()
    assert before.items() <= after.items()
    assert set(after.values()) == {"done"}
    # The hour that came twice is looked at as it passes: its slots were never there.
    assert "11:30:00" in after


def test_a_clock_that_steps_forward_and_back_again_does_not_stop_the_schedule(house: House) -> None:
    house.at(NOON)
    house.ends.answered(house.pool.done()[0], Broke(reason="a test"))
    house.at(NOON + timedelta(days=365))
    house.ends.answered(house.pool.done()[0], Broke(reason="a test"))
    house.at(NOON + MINUTE)
    house.at(NOON + 5 * MINUTE)
    (order,) = house.pool.under_way
    assert order.slot.scheduled_for == datetime(2026, 11, 22, 12, 5, tzinfo=UTC)


def test_more_jitter_than_there_is_time_between_slots_delays_them_and_loses_none(store: Store) -> None:
    house = House(store, small("leads", every=timedelta(seconds=10), jitter=timedelta(seconds=100)))
    house.at(NOON)
    delay = store.slots.of_contract("leads")[0].due_at - NOON
    assert delay > timedelta(seconds=20)
    for second in range(120):
        house.at(NOON + timedelta(seconds=second))
        for order in house.pool.done():
            house.ends.answered(order, Broke(reason="a test"))
    assert set(house.slots().values()) == {"done", "due"}
    assert len(store.runs()) == (120 - delay.total_seconds()) // 10 + 1


def test_jitter_of_hours_is_kept(store: Store) -> None:
    house = House(store, small("leads", every=timedelta(days=1), jitter=timedelta(hours=20)))
    house.at(NOON)
    due_at = store.slots.of_contract("leads")[0].due_at
    assert due_at > NOON + timedelta(hours=1)
    house.at(due_at - timedelta(seconds=1))
    assert house.pool.under_way == []
    house.at(due_at)
    assert len(house.pool.under_way) == 1


def test_a_new_schedule_holds_from_now_on_and_invents_no_missed_slots(store: Store) -> None:
    house = House(store, small("leads", every=timedelta(days=7)))
    house.at(NOON)
    house.ends.answered(house.pool.done()[0], Broke(reason="a test"))
    house.at(NOON + timedelta(days=3))

    house.reload(small("leads", every=MINUTE))
    house.at(NOON + timedelta(days=3, minutes=1))
    assert house.metrics.missed == 0
    house.at(NOON + timedelta(days=3, minutes=2))
    assert house.metrics.missed == 0
    assert [order.slot.scheduled_for for order in house.pool.under_way] == [
        datetime(2026, 11, 25, 12, 2, tzinfo=UTC),
    ]


def test_a_reload_in_the_middle_of_adding_slots_is_not_forgotten(store: Store) -> None:
    weekly, minutely = small("leads", every=timedelta(days=7)), small("leads", every=MINUTE)
    house = House(store, weekly)

    def meanwhile(at: datetime) -> datetime | None:
        house.reload(minutely)
        return weekly.contracts["leads"].next_after(at)

    house.at(NOON)
    house.ends.answered(house.pool.done()[0], Broke(reason="a test"))
    house.reload(replace(weekly, contracts={"leads": replace(weekly.contracts["leads"], next_after=meanwhile)}))
    house.at(NOON + timedelta(seconds=1))
    house.at(NOON + MINUTE)
    house.at(NOON + 2 * MINUTE)
    assert house.slots() == {"12:00:30": "done", "12:02:00": "running"} | {
        at: state for at, state in house.slots().items() if at == "12:01:00"
    }


def test_a_contract_that_breaks_stops_no_other_and_is_in_trouble(store: Store) -> None:
    def breaks(at: datetime) -> datetime | None:
        raise OverflowError("the calendar ends")

    both = {**small("deals").contracts, **small("leads").contracts}
    both["deals"] = replace(both["deals"], next_after=breaks)
    house = House(store, Watch(settings=small("leads").settings, contracts=both, digest="two"))
    house.at(NOON)
    for order in house.pool.done():
        house.ends.answered(order, Broke(reason="a test"))
    house.at(NOON + 5 * MINUTE)
    assert [order.slot.contract for order in house.pool.under_way] == ["leads"]
    assert "OverflowError" in house.troubles["schedule of deals"]
    house.reload(Watch(settings=small("leads").settings, contracts={**both, **small("deals").contracts}, digest="ok"))
    house.at(NOON + 10 * MINUTE)
    assert "schedule of deals" not in house.troubles
