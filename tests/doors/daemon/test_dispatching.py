"""Slots → runs, on a real state with a pool that does nothing: time is told, nothing waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from observer.checks.measure import Outcome
from observer.daemon.dispatching import MOST_ATTEMPTS, Dispatcher
from observer.daemon.watching import Watch
from observer.daemon.workers import Lost
from observer.errors import NotLeading
from observer.jobs.run_orders import Broke, RunOrder
from observer.runs.leading import Term
from observer.runs.slots import NewSlot, SlotState, Trigger
from observer.runs.workers import Ending
from observer.store import Store
from tests.fakes.contracts import contract, prop, table
from tests.fakes.watching import watch_of

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)


@dataclass
class FakePool:
    """Takes orders and keeps them."""

    idle: int = 2
    under_way: list[RunOrder] = field(default_factory=list)

    def take(self, order: RunOrder) -> bool:
        self.under_way.append(order)
        self.idle -= 1
        return True

    def done(self) -> list[RunOrder]:
        orders, self.under_way = self.under_way, []
        self.idle += len(orders)
        return orders


@dataclass
class FakeMetrics:
    """Counts."""

    ended: list[tuple[str, Outcome]] = field(default_factory=list)
    missed: int = 0

    def run_ended(self, contract: str, outcome: Outcome, seconds: float) -> None:
        self.ended.append((contract, outcome))

    def run_late(self, contract: str, seconds: float) -> None:
        assert seconds >= 0

    def slot_missed(self, contract: str, count: int = 1) -> None:
        self.missed += count


class House:
    """A dispatcher with everything around it."""

    def __init__(self, store: Store, watch: Watch) -> None:
        self.store = store
        self.watch = watch
        self.pool = FakePool()
        self.metrics = FakeMetrics()
        self.dispatcher = Dispatcher(
            store, lambda: self.watch, self.metrics, source=lambda: ("sqlite:///crm.db", "sqlite"), lineage=True
        )
        self.dispatcher.pool = self.pool  # type: ignore[assignment]  # a fake with the same shape
        self.term = self.campaign("here")

    def campaign(self, holder: str) -> Term:
        term = self.store.leadership.campaign(holder, timedelta(seconds=15), alone=True)
        assert term is not None
        return term

    def at(self, now: datetime) -> None:
        self.dispatcher.add_slots(self.term, now)
        self.dispatcher.dispatch(self.term, now)

    def slots(self, name: str = "leads") -> dict[str, str]:
        found = self.store.slots.of_contract(name)
        return {f"{slot.scheduled_for:%H:%M:%S}": slot.state.value for slot in reversed(found)}


def small(name: str) -> Watch:
    return watch_of(contract(table(name, prop("email")), id=name))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}") as opened:
        yield opened


@pytest.fixture
def house(store: Store) -> House:
    return House(store, small("leads"))


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
            house.dispatcher.answered(order, Broke(reason="a test"))
    assert house.slots() == {"12:00:30": "done", "12:05:00": "done", "12:10:00": "done"}
    assert len(house.metrics.ended) == 3


def test_a_second_dispatcher_on_the_same_state_runs_no_slot_again(house: House, store: Store) -> None:
    for minute in (0, 5):
        house.at(NOON + minute * MINUTE)
        for order in house.pool.done():
            house.dispatcher.answered(order, Broke(reason="a test"))
    other = House(store, house.watch)
    for minute in range(8):
        other.at(NOON + minute * MINUTE)
    assert other.pool.under_way == []


def test_slots_that_nobody_was_there_for_are_missed_and_the_newest_is_run(house: House) -> None:
    house.at(NOON)
    house.dispatcher.answered(house.pool.done()[0], Broke(reason="a test"))
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
        house.dispatcher.answered(order, Broke(reason="a test"))
    assert sorted(ran[:3]) == ["deals", "leads", "users"]
    assert ran[3:] == ran[:3]


def test_a_clock_that_steps_back_runs_nothing_again_and_nothing_stands_still(house: House) -> None:
    for minute in range(0, 16, 5):
        house.at(NOON + minute * MINUTE)
        for order in house.pool.done():
            house.dispatcher.answered(order, Broke(reason="a test"))
    before = house.slots()
    for minute in range(-60, 15):
        house.at(NOON + minute * MINUTE)
        for order in house.pool.done():
            house.dispatcher.answered(order, Broke(reason="a test"))
    after = house.slots()
    assert before.items() <= after.items()
    assert set(after.values()) == {"done"}
    # The hour that came twice is looked at as it passes: its slots were never there.
    assert "11:30:00" in after


def test_a_clock_that_steps_forward_and_back_again_does_not_stop_the_schedule(house: House) -> None:
    house.at(NOON)
    house.dispatcher.answered(house.pool.done()[0], Broke(reason="a test"))
    house.at(NOON + timedelta(days=365))
    house.dispatcher.answered(house.pool.done()[0], Broke(reason="a test"))
    house.at(NOON + MINUTE)
    house.at(NOON + 5 * MINUTE)
    (order,) = house.pool.under_way
    assert order.slot.scheduled_for == datetime(2026, 11, 22, 12, 5, tzinfo=UTC)


def test_a_run_whose_worker_was_lost_is_errored_with_the_reason(house: House) -> None:
    house.at(NOON)
    (order,) = house.pool.done()
    house.dispatcher.answered(order, Lost(ending=Ending.OUT_OF_MEMORY, reason="the run needed more than its limit"))
    run = house.store.run(order.run_id)
    assert run.run.outcome is Outcome.ERRORED
    assert run.run.error == "the run needed more than its limit"
    assert {check.outcome for check in run.results} == {Outcome.ERRORED}
    assert house.slots() == {"12:00:30": "done"}


def test_a_run_that_the_daemon_stopped_goes_back_and_is_run_anew(house: House) -> None:
    house.at(NOON)
    (order,) = house.pool.done()
    house.dispatcher.answered(order, Lost(ending=Ending.STOPPED, reason="the daemon stopped during this run"))
    assert house.slots() == {"12:00:30": "due"}
    house.at(NOON + MINUTE)
    (again,) = house.pool.under_way
    assert again.slot.scheduled_for == order.slot.scheduled_for
    assert again.run_id != order.run_id
    assert again.slot.attempt == 2


def test_a_run_of_a_daemon_that_died_is_run_anew_by_the_next_leader(house: House, store: Store) -> None:
    house.at(NOON)
    next_leader = House(store, house.watch)
    next_leader.dispatcher.recover(next_leader.term)
    next_leader.at(NOON + MINUTE)
    (again,) = next_leader.pool.under_way
    assert again.slot.scheduled_for == NOON
    # What the dead daemon's worker might still want to record is refused.
    house.dispatcher.answered(house.pool.done()[0], Lost(ending=Ending.KILLED, reason="a test"))
    assert store.runs() == ()


def test_a_slot_that_ends_every_daemon_is_given_up(house: House, store: Store) -> None:
    for attempt in range(MOST_ATTEMPTS):
        house.at(NOON + attempt * MINUTE)
        house = House(store, house.watch)
        house.dispatcher.recover(house.term)
    house.at(NOON + 4 * MINUTE)
    assert house.pool.under_way == []
    assert house.slots() == {"12:00:30": "done"}
    assert store.runs()[0].error == f"begun {MOST_ATTEMPTS} times, never ended"


def test_runs_of_our_own_workers_are_no_orphans(house: House) -> None:
    house.at(NOON)
    house.dispatcher.recover(house.term)
    assert house.slots() == {"12:00:30": "running"}


def test_every_run_that_began_has_its_end_told(house: House, store: Store) -> None:
    house.at(NOON)
    house.dispatcher.answered(house.pool.done()[0], Lost(ending=Ending.STOPPED, reason="a test"))
    house.at(NOON + MINUTE)
    house.dispatcher.answered(house.pool.done()[0], Lost(ending=Ending.KILLED, reason="a test"))
    told: dict[str, list[str]] = {}
    while batch := store.outbox.take("lineage", 50, MINUTE):
        for delivery in batch:
            told.setdefault(delivery.payload["run"]["runId"], []).append(delivery.payload["eventType"])
            store.outbox.delivered(delivery)
    assert len(told) == 6
    assert set(map(tuple, told.values())) == {("START", "FAIL")}


def test_a_contract_that_is_no_longer_watched_has_its_slot_missed(house: House) -> None:
    house.pool.idle = 0
    house.at(NOON)
    house.watch = small("deals")
    house.dispatcher.watch_changed()
    house.at(NOON + MINUTE)
    assert house.slots() == {"12:00:30": "missed"}


def test_a_former_leader_starts_nothing(house: House) -> None:
    house.campaign("somebody else")
    with pytest.raises(NotLeading):
        house.at(NOON)
    assert house.slots() == {}
    assert house.pool.under_way == []
