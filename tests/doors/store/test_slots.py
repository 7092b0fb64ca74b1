"""Slots: each exists once, is taken by one run at a time, and is finished only by the run that holds it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from multiprocessing.pool import Pool

import pytest

from observer.checks.measure import Outcome
from observer.errors import NotLeading, SlotTaken
from observer.runs.leading import Term
from observer.runs.slots import NewSlot, Slot, SlotState, Trigger
from observer.store.store import Store
from tests.fakes.small_runs import HOUR, LEADS, NOON, delivery, slot, small_run

LEASE = timedelta(seconds=30)


def due(state: Store, contract: str = LEADS) -> Slot:
    state.slots.add([slot(contract)])
    found = state.slots.get(contract, NOON)
    assert found is not None
    return found


def term(state: Store, holder: str = "a") -> Term:
    taken = state.leadership.campaign(holder, LEASE)
    assert taken is not None
    return taken


def missed(state: Store, contract: str = LEADS) -> int:
    return sum(s.missed_slots for s in state.standing().contracts if s.contract == contract)


def test_a_slot_that_is_added_twice_is_there_once(state: Store) -> None:
    assert state.slots.add([slot(), slot()]) == 1
    assert state.slots.add([slot(), slot(at=NOON + HOUR)]) == 1
    assert [s.scheduled_for for s in state.slots.of_contract(LEADS)] == [NOON + HOUR, NOON]


def test_a_slot_comes_back_as_it_was_added(state: Store) -> None:
    state.slots.add([NewSlot(contract=LEADS, scheduled_for=NOON, due_at=NOON + HOUR, trigger=Trigger.HAND)])

    found = state.slots.get(LEADS, NOON)

    assert found == Slot(
        contract=LEADS, scheduled_for=NOON, trigger=Trigger.HAND, state=SlotState.DUE, due_at=NOON + HOUR
    )
    assert state.slots.get(LEADS, NOON + HOUR) is None
    assert state.slots.of_contract("nobody") == ()


def test_adding_a_slot_again_does_not_wake_one_that_is_over(state: Store) -> None:
    held = state.slots.claim(due(state), "r1")
    state.record_audit(small_run("r1"), finishes=held)

    assert state.slots.add([slot()]) == 0
    over = state.slots.get(LEADS, NOON)
    assert over is not None
    assert (over.state, over.run_id) == (SlotState.DONE, "r1")
    assert over.finished_at is not None


def test_processes_that_add_the_same_slots_add_each_once(state_url: str, state: Store, processes: Pool) -> None:
    added = processes.map(_add_a_hundred, [state_url] * 2, chunksize=1)

    assert sum(added) == 100
    assert len(state.slots.in_state(SlotState.DUE)) == 100


def _add_a_hundred(url: str) -> int:
    with Store.open(url) as opened:
        return sum(opened.slots.add([slot(at=NOON + n * HOUR)]) for n in range(100))


def test_one_of_many_threads_gets_a_slot(state: Store) -> None:
    wanted = [due(state, f"c{n}") for n in range(10)]
    start = threading.Barrier(6)

    def take_all(worker: int) -> list[str]:
        start.wait()
        got = []
        for one in wanted:
            try:
                got.append(state.slots.claim(one, f"{worker}-{one.contract}").contract)
            except SlotTaken:
                continue
        return got

    with ThreadPoolExecutor(6) as pool:
        taken = [contract for got in pool.map(take_all, range(6)) for contract in got]

    assert sorted(taken) == sorted(one.contract for one in wanted)
    assert {s.attempt for s in state.slots.in_state(SlotState.RUNNING)} == {1}


def test_processes_that_race_for_slots_never_share_one(state_url: str, state: Store, processes: Pool) -> None:
    wanted = [due(state, f"c{n:02}") for n in range(30)]

    got = processes.map(_claim_all, [(state_url, wanted)] * 2, chunksize=1)

    taken = [contract for each in got for contract in each]
    assert sorted(taken) == [one.contract for one in wanted]


def _claim_all(order: tuple[str, list[Slot]]) -> list[str]:
    url, wanted = order
    got = []
    with Store.open(url) as opened:
        for one in wanted:
            try:
                got.append(opened.slots.claim(one, f"r-{one.contract}").contract)
            except SlotTaken:
                continue
    return got


def test_a_claimed_slot_knows_its_run_and_attempt_and_its_start_is_told_once(state: Store) -> None:
    wanted = due(state)

    held = state.slots.claim(wanted, "r1", deliveries=[delivery("start-r1")])
    with pytest.raises(SlotTaken, match="held by another run or over"):
        state.slots.claim(wanted, "r2", deliveries=[delivery("start-r2")])

    assert (held.state, held.run_id, held.attempt, held.reason) == (SlotState.RUNNING, "r1", 1, None)
    assert held.started_at is not None
    assert state.slots.in_state(SlotState.RUNNING) == (held,)
    assert [d.key for d in state.outbox.take("lineage", 9, LEASE)] == ["start-r1"], "a lost race tells nobody"


def test_only_the_run_that_holds_a_slot_finishes_it_and_a_stranger_leaves_no_trace(state: Store) -> None:
    first = state.slots.claim(due(state), "r1")
    state.slots.hand_back(first, "the worker was killed")
    again = state.slots.get(LEADS, NOON)
    assert again is not None
    second = state.slots.claim(again, "r2")

    with pytest.raises(SlotTaken):
        state.record_audit(small_run("r1"), finishes=first, deliveries=[delivery("complete-r1")])
    assert state.runs() == ()
    assert state.outbox.depths() == ()

    state.record_audit(small_run("r2"), finishes=second)
    with pytest.raises(SlotTaken):
        state.record_audit(small_run("r3"), finishes=second)
    done = state.slots.get(LEADS, NOON)
    assert done is not None
    assert (done.state, done.run_id, done.attempt) == (SlotState.DONE, "r2", 2)
    assert [run.id for run in state.runs()] == ["r2"]


def test_a_run_that_cannot_be_recorded_leaves_its_slot_running(state: Store) -> None:
    state.record_audit(small_run("r1"))
    held = state.slots.claim(due(state), "r1")

    with pytest.raises(Exception, match="recorded already"):
        state.record_audit(small_run("r1"), finishes=held)

    assert state.slots.in_state(SlotState.RUNNING) == (held,)


def test_a_slot_is_handed_back_with_its_reason_by_its_holder_only(state: Store) -> None:
    held = state.slots.claim(due(state), "r1")

    state.slots.hand_back(held, "the daemon stops", deliveries=[delivery("fail-r1")])
    with pytest.raises(SlotTaken):
        state.slots.hand_back(held, "once more", deliveries=[delivery("fail-r1-again")])

    back = state.slots.get(LEADS, NOON)
    assert back is not None
    assert (back.state, back.run_id, back.started_at, back.attempt, back.reason) == (
        SlotState.DUE,
        None,
        None,
        1,
        "the daemon stops",
    )
    assert [d.key for d in state.outbox.take("lineage", 9, LEASE)] == ["fail-r1"]


def test_missed_slots_are_visible_and_counted_once(state: Store) -> None:
    mine = term(state)
    late = [slot(at=NOON + n * HOUR, missed="no daemon was there") for n in range(3)]

    state.slots.add(late, mine)
    state.slots.add(late, mine)
    state.slots.add_missed(LEADS, 40, mine)
    state.slots.miss(due_at(state, NOON + 5 * HOUR), "a later one is due", term=mine)

    assert missed(state) == 44
    assert {s.state for s in state.slots.of_contract(LEADS)} == {SlotState.MISSED}
    assert {s.reason for s in state.slots.of_contract(LEADS)} == {"no daemon was there", "a later one is due"}


def due_at(state: Store, at: object) -> Slot:
    state.slots.add([slot(at=at)])  # type: ignore[arg-type]  # narrowed by the caller
    return next(s for s in state.slots.in_state(SlotState.DUE) if s.scheduled_for == at)


def test_a_slot_that_runs_or_is_over_cannot_be_missed(state: Store) -> None:
    mine = term(state)
    wanted = due(state)
    state.slots.claim(wanted, "r1")

    with pytest.raises(SlotTaken):
        state.slots.miss(wanted, "too late", term=mine)

    assert missed(state) == 0


def test_misses_and_runs_of_one_contract_at_once_are_all_counted(state: Store) -> None:
    mine = term(state)
    held = state.slots.claim(due(state), "r1")

    def act(n: int) -> None:
        if n == 3:
            state.record_audit(small_run("r1"), finishes=held)
        else:
            state.slots.add_missed(LEADS, 1, mine)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(12)))

    assert missed(state) == 11
    assert state.standing().contracts[0].last_run_id == "r1"


def test_the_newest_slot_of_the_schedule_is_known_and_what_a_hand_asked_for_is_not_among_them(state: Store) -> None:
    state.slots.add([slot(), slot(at=NOON + HOUR), slot("other", NOON)])
    state.slots.add(
        [NewSlot(contract=LEADS, scheduled_for=NOON + 9 * HOUR, due_at=NOON + 9 * HOUR, trigger=Trigger.HAND)]
    )

    assert state.slots.newest(NOON + 99 * HOUR) == {LEADS: NOON + HOUR, "other": NOON}
    assert state.slots.newest(NOON) == {LEADS: NOON, "other": NOON}, "what a clock of the future added is passed over"


def test_due_slots_come_in_the_order_in_which_they_are_due(state: Store) -> None:
    state.slots.add([slot("b", NOON + HOUR), slot("c", NOON), slot("a", NOON + HOUR)])

    assert [s.contract for s in state.slots.in_state(SlotState.DUE)] == ["c", "a", "b"]


def test_a_former_leader_can_neither_add_nor_take_nor_give_back_nor_miss(state: Store) -> None:
    old = term(state, "a")
    wanted, running = due(state), state.slots.claim(due(state, "other"), "r1")
    state.leadership.resign(old)
    term(state, "b")

    attempts = (
        lambda: state.slots.add([slot(at=NOON + HOUR)], old),
        lambda: state.slots.add_missed(LEADS, 7, old),
        lambda: state.slots.claim(wanted, "r2", term=old, deliveries=[delivery("x")]),
        lambda: state.slots.hand_back(running, "why", term=old, deliveries=[delivery("y")]),
        lambda: state.slots.miss(wanted, "why", term=old),
    )
    for attempt in attempts:
        with pytest.raises(NotLeading):
            attempt()

    assert state.slots.of_contract(LEADS) == (wanted,)
    assert state.slots.of_contract("other") == (running,)
    assert (missed(state), state.outbox.depths()) == (0, ())


def test_an_errored_run_finishes_its_slot_too(state: Store) -> None:
    held = state.slots.claim(due(state), "r1")

    state.record_audit(small_run("r1", outcome=Outcome.ERRORED), finishes=held, error="the source is down")

    standing = state.standing().contracts[0]
    assert (standing.last_outcome, standing.last_success_at) == (Outcome.ERRORED, None)
    assert state.slots.in_state(SlotState.RUNNING) == ()
