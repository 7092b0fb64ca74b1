"""Slots → runs, on a real state with a pool that does nothing: time is told, nothing waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
    stopping: bool = False

    def take(self, order: RunOrder) -> bool:
        if self.stopping:
            return False
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
        self.troubles: dict[str, str] = {}
        self.dispatcher = Dispatcher(
            store,
            lambda: self.watch,
            self.metrics,
            source=lambda: ("sqlite:///crm.db", "sqlite"),
            lineage=True,
            on_trouble=self._hear,
        )
        self.dispatcher.pool = self.pool  # type: ignore[assignment]  # a fake with the same shape
        self.term = self.campaign("here")

    def _hear(self, door: str, reason: str | None) -> None:
        self.troubles.pop(door, None)
        if reason is not None:
            self.troubles[door] = reason

    def reload(self, watch: Watch) -> None:
        self.watch = watch
        self.dispatcher.watch_changed()

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


def small(name: str, **schedule: timedelta) -> Watch:
    return watch_of(contract(table(name, prop("email")), id=name), **schedule)  # type: ignore[arg-type]  # spans only


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
    assert house.troubles == {"run of leads": "the run needed more than its limit"}
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
    house.reload(small("deals"))
    house.at(NOON + MINUTE)
    assert house.slots() == {"12:00:30": "missed"}


def test_a_former_leader_starts_nothing(house: House) -> None:
    house.campaign("somebody else")
    with pytest.raises(NotLeading):
        house.at(NOON)
    assert house.slots() == {}
    assert house.pool.under_way == []


def test_a_former_leader_takes_no_run_from_its_successor(house: House, store: Store) -> None:
    """It slept between its look at the clock and its look at the state."""
    successor = House(store, house.watch)
    successor.term = house.campaign("the successor")
    successor.at(NOON)
    with pytest.raises(NotLeading):
        house.dispatcher.recover(house.term)
    assert successor.slots() == {"12:00:30": "running"}


def test_an_order_that_comes_too_late_for_the_workers_goes_back(house: House) -> None:
    house.pool.stopping = True
    house.at(NOON)
    assert house.slots() == {"12:00:30": "due"}


def test_more_jitter_than_there_is_time_between_slots_delays_them_and_loses_none(store: Store) -> None:
    house = House(store, small("leads", every=timedelta(seconds=10), jitter=timedelta(seconds=100)))
    house.at(NOON)
    delay = store.slots.of_contract("leads")[0].due_at - NOON
    assert delay > timedelta(seconds=20)
    for second in range(120):
        house.at(NOON + timedelta(seconds=second))
        for order in house.pool.done():
            house.dispatcher.answered(order, Broke(reason="a test"))
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


def test_what_a_hand_asks_for_by_a_clock_that_is_ahead_runs_at_once(house: House) -> None:
    house.at(NOON)
    house.dispatcher.answered(house.pool.done()[0], Broke(reason="a test"))
    ahead = NOON + timedelta(minutes=40)
    house.store.slots.add([NewSlot(contract="leads", scheduled_for=ahead, due_at=ahead, trigger=Trigger.HAND)])
    house.at(NOON + timedelta(seconds=1))
    assert len(house.pool.under_way) == 1


def test_a_new_schedule_holds_from_now_on_and_invents_no_missed_slots(store: Store) -> None:
    house = House(store, small("leads", every=timedelta(days=7)))
    house.at(NOON)
    house.dispatcher.answered(house.pool.done()[0], Broke(reason="a test"))
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
    house.dispatcher.answered(house.pool.done()[0], Broke(reason="a test"))
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
        house.dispatcher.answered(order, Broke(reason="a test"))
    house.at(NOON + 5 * MINUTE)
    assert [order.slot.contract for order in house.pool.under_way] == ["leads"]
    assert "OverflowError" in house.troubles["schedule of deals"]
    house.reload(Watch(settings=small("leads").settings, contracts={**both, **small("deals").contracts}, digest="ok"))
    house.at(NOON + 10 * MINUTE)
    assert "schedule of deals" not in house.troubles


def test_the_end_of_a_contract_that_is_no_longer_watched_leaves_no_trouble_behind(house: House) -> None:
    house.at(NOON)
    (order,) = house.pool.done()
    house.reload(small("deals"))
    house.dispatcher.answered(order, Lost(ending=Ending.TIMEOUT, reason="a test"))
    assert house.store.run(order.run_id).run.error == "a test"
    assert house.troubles == {}


class Interrupted(Store):
    """Something else happens while a run is recorded."""

    meanwhile: Callable[[], None] | None = None

    def record_audit(self, *args: Any, **named: Any) -> None:
        if self.meanwhile is not None:
            self.meanwhile()
        super().record_audit(*args, **named)


def test_a_lost_run_that_is_being_recorded_is_no_orphan(tmp_path: Path) -> None:
    with Interrupted.open(f"sqlite:///{tmp_path / 'state.db'}") as store:
        house = House(store, small("leads"))
        house.at(NOON)
        (order,) = house.pool.done()
        store.meanwhile = lambda: house.dispatcher.recover(house.term)
        house.dispatcher.answered(order, Lost(ending=Ending.KILLED, reason="a test"))
        assert house.slots() == {"12:00:30": "done"}
        assert store.run(order.run_id).run.error == "a test"


def test_a_lost_run_that_cannot_be_recorded_holds_up_nobody(tmp_path: Path) -> None:
    def breaks() -> None:
        raise ValueError("a fault of ours")

    with Interrupted.open(f"sqlite:///{tmp_path / 'state.db'}") as store:
        both = {**small("leads").contracts, **small("deals").contracts}
        house = House(store, Watch(settings=small("leads").settings, contracts=both, digest="two"))
        house.at(NOON)
        lost, other = house.pool.done()
        store.meanwhile = breaks
        house.dispatcher.answered(lost, Lost(ending=Ending.KILLED, reason="a test"))
        assert "ValueError" in house.troubles[f"record of {lost.slot.contract}"]
        store.meanwhile = None
        house.dispatcher.answered(other, Lost(ending=Ending.KILLED, reason="a test"))
        house.dispatcher.recover(house.term)
        house.at(NOON + MINUTE)
        assert [order.slot.contract for order in house.pool.under_way] == [lost.slot.contract]
