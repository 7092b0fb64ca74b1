"""How runs end: answered, lost, handed back, left behind by a daemon that died."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from observer.checks.measure import Outcome
from observer.daemon.run_ends import MOST_ATTEMPTS
from observer.daemon.watching import Watch
from observer.daemon.workers import Lost
from observer.errors import NotLeading
from observer.runs.workers import Ending
from observer.store import Store
from tests.fakes.house import MINUTE, NOON, House, small


def test_a_run_whose_worker_was_lost_is_errored_with_the_reason(house: House) -> None:
    house.at(NOON)
    (order,) = house.pool.done()
    house.ends.answered(order, Lost(ending=Ending.OUT_OF_MEMORY, reason="the run needed more than its limit"))
    run = house.store.run(order.run_id)
    assert run.run.outcome is Outcome.ERRORED
    assert run.run.error == "the run needed more than its limit"
    assert house.troubles == {"run of leads": "the run needed more than its limit"}
    assert {check.outcome for check in run.results} == {Outcome.ERRORED}
    assert house.slots() == {"12:00:30": "done"}


def test_a_run_that_the_daemon_stopped_goes_back_and_is_run_anew(house: House) -> None:
    house.at(NOON)
    (order,) = house.pool.done()
    house.ends.answered(order, Lost(ending=Ending.STOPPED, reason="the daemon stopped during this run"))
    assert house.slots() == {"12:00:30": "due"}
    house.at(NOON + MINUTE)
    (again,) = house.pool.under_way
    assert again.slot.scheduled_for == order.slot.scheduled_for
    assert again.run_id != order.run_id
    assert again.slot.attempt == 2


def test_a_run_of_a_daemon_that_died_is_run_anew_by_the_next_leader(house: House, store: Store) -> None:
    house.at(NOON)
    next_leader = House(store, house.watch)
    next_leader.recover()
    next_leader.at(NOON + MINUTE)
    (again,) = next_leader.pool.under_way
    assert again.slot.scheduled_for == NOON
    # What the dead daemon's worker might still want to record is refused.
    house.ends.answered(house.pool.done()[0], Lost(ending=Ending.KILLED, reason="a test"))
    assert store.runs() == ()


def test_a_slot_that_ends_every_daemon_is_given_up(house: House, store: Store) -> None:
    for attempt in range(MOST_ATTEMPTS):
        house.at(NOON + attempt * MINUTE)
        house = House(store, house.watch)
        house.recover()
    house.at(NOON + 4 * MINUTE)
    assert house.pool.under_way == []
    assert house.slots() == {"12:00:30": "done"}
    assert store.runs()[0].error == f"begun {MOST_ATTEMPTS} times, never ended"


def test_runs_of_our_own_workers_are_no_orphans(house: House) -> None:
    house.at(NOON)
    house.recover()
    assert house.slots() == {"12:00:30": "running"}


def test_every_run_that_began_has_its_end_told(house: House, store: Store) -> None:
    house.at(NOON)
    house.ends.answered(house.pool.done()[0], Lost(ending=Ending.STOPPED, reason="a test"))
    house.at(NOON + MINUTE)
    house.ends.answered(house.pool.done()[0], Lost(ending=Ending.KILLED, reason="a test"))
    told: dict[str, list[str]] = {}
    while batch := store.outbox.take("lineage", 50, MINUTE):
        for delivery in batch:
            told.setdefault(delivery.payload["run"]["runId"], []).append(delivery.payload["eventType"])
            store.outbox.delivered(delivery)
    assert len(told) == 6
    assert set(map(tuple, told.values())) == {("START", "FAIL")}


def test_a_former_leader_takes_no_run_from_its_successor(house: House, store: Store) -> None:
    """It slept between its look at the clock and its look at the state."""
    successor = House(store, house.watch)
    successor.term = house.campaign("the successor")
    successor.at(NOON)
    with pytest.raises(NotLeading):
        house.recover()
    assert successor.slots() == {"12:00:30": "running"}


def test_the_end_of_a_contract_that_is_no_longer_watched_leaves_no_trouble_behind(house: House) -> None:
    house.at(NOON)
    (order,) = house.pool.done()
    house.reload(small("deals"))
    house.ends.answered(order, Lost(ending=Ending.TIMEOUT, reason="a test"))
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
        store.meanwhile = house.recover
        house.ends.answered(order, Lost(ending=Ending.KILLED, reason="a test"))
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
        house.ends.answered(lost, Lost(ending=Ending.KILLED, reason="a test"))
        assert "ValueError" in house.troubles[f"record of {lost.slot.contract}"]
        store.meanwhile = None
        house.ends.answered(other, Lost(ending=Ending.KILLED, reason="a test"))
        house.recover()
        house.at(NOON + MINUTE)
        assert [order.slot.contract for order in house.pool.under_way] == [lost.slot.contract]
        assert f"record of {lost.slot.contract}" in house.troubles
        house.recover()
        assert f"record of {lost.slot.contract}" not in house.troubles, "it is run anew: nothing is in the way any more"
