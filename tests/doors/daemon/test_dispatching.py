"""Due slots → runs, on a real state with a pool that does nothing: who comes first, and who not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from observer.daemon.watching import Watch
from observer.errors import NotLeading
from observer.jobs.run_orders import Broke
from observer.runs.slots import NewSlot, Trigger
from observer.store import Store
from tests.fakes.house import MINUTE, NOON, House, small


def test_a_slot_that_waits_too_long_for_a_worker_gives_way_to_the_next(house: House) -> None:
    house.at(NOON)
    house.at(NOON + 5 * MINUTE)
    house.at(NOON + 10 * MINUTE)
    assert house.slots() == {"12:00:30": "running", "12:05:00": "missed", "12:10:00": "due"}
    assert house.store.slots.get("leads", NOON.replace(minute=5, second=0)).reason == (  # type: ignore[union-attr]  # there
        "a later slot came before a worker was free"
    )


def test_one_contract_never_runs_twice_at_once(house: House) -> None:
    house.at(NOON)
    house.store.slots.add([NewSlot(contract="leads", scheduled_for=NOON, due_at=NOON, trigger=Trigger.HAND)])
    at = NOON + timedelta(seconds=5)
    house.store.slots.add([NewSlot(contract="leads", scheduled_for=at, due_at=at, trigger=Trigger.HAND)])
    house.at(NOON + MINUTE)
    assert len(house.pool.under_way) == 1


def test_who_waited_longest_runs_first(store: Store) -> None:
    both = {**small("leads").contracts, **small("deals").contracts, **small("users").contracts}
    house = House(store, Watch(settings=small("leads").settings, contracts=both, digest="three"))
    house.pool.idle = 1
    ran = []
    for minute in range(0, 30, 5):
        house.at(NOON + minute * MINUTE)
        (order,) = house.pool.done()
        ran.append(order.slot.contract)
        house.ends.answered(order, Broke(reason="a test"))
    assert sorted(ran[:3]) == ["deals", "leads", "users"]
    assert ran[3:] == ran[:3]


def test_a_contract_that_is_no_longer_watched_has_its_slot_missed(house: House) -> None:
    house.pool.idle = 0
    house.at(NOON)
    house.reload(small("deals"))
    house.at(NOON + MINUTE)
    assert house.slots() == {"12:00:30": "missed"}


def test_a_former_leader_starts_nothing(house: House) -> None:
    house.campaign("somebody else")
    with pytest.raises(NotLeading):
        house.at(NOON)
    assert house.slots() == {}
    assert house.pool.under_way == []


def test_an_order_that_comes_too_late_for_the_workers_goes_back(house: House) -> None:
    house.pool.stopping = True
    house.at(NOON)
    assert house.slots() == {"12:00:30": "due"}


def test_what_a_hand_asks_for_by_a_clock_that_is_ahead_runs_at_once(house: House) -> None:
    house.at(NOON)
    house.ends.answered(house.pool.done()[0], Broke(reason="a test"))
    ahead = NOON + timedelta(minutes=40)
    house.store.slots.add([NewSlot(contract="leads", scheduled_for=ahead, due_at=ahead, trigger=Trigger.HAND)])
    house.at(NOON + timedelta(seconds=1))
    assert len(house.pool.under_way) == 1
