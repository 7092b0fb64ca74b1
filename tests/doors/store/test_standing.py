"""How things stand: the latest of every contract; and what is forgotten, and what never is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from observer.checks.measure import Outcome
from observer.contracts.model import Dimension, Severity
from observer.errors import StoreError
from observer.runs.deliveries import Failure, Reason, Verdict
from observer.runs.leading import Term
from observer.runs.slots import SlotState
from observer.store import tables as t
from observer.store.store import Store
from tests.fakes.small_runs import HOUR, LEADS, NOON, delivery, slot, small_run, small_snapshot

USERS = "crm-users"


@pytest.fixture
def term(state: Store) -> Term:
    taken = state.leadership.campaign("a", HOUR)
    assert taken is not None
    return taken


def run_slot(
    state: Store,
    run_id: str,
    *,
    contract: str = LEADS,
    hour: int = 0,
    outcome: Outcome = Outcome.PASSED,
    error: str | None = None,
    folder: str | None = None,
    rows: int = 100,
) -> None:
    """A slot was due, taken, and its run recorded, as the daemon does it."""
    at = NOON + hour * HOUR
    state.slots.add([slot(contract, at)])
    due = state.slots.get(contract, at)
    assert due is not None
    state.record_audit(
        small_run(run_id, contract=contract, at=at, outcome=outcome, rows=rows),
        snapshots=[small_snapshot(contract, at=at, folder=folder)],
        error=error,
        finishes=state.slots.claim(due, run_id),
    )


def count(state: Store, table: str) -> int:
    with state._database.transaction() as connection:
        counted: int = connection.execute(select(func.count()).select_from(t.METADATA.tables[table])).scalar_one()
        return counted


def test_an_empty_state_has_nothing_to_show(state: Store) -> None:
    now = state.standing()

    assert (now.contracts, now.tables, now.checks, now.outbox, now.leader) == ((), (), (), (), None)


def test_a_contract_stands_by_its_latest_run(state: Store, term: Term) -> None:
    run_slot(state, "r1", hour=0)
    run_slot(state, "r2", hour=1, outcome=Outcome.FAILED, rows=250)
    state.slots.add([slot(at=NOON + 2 * HOUR), slot(at=NOON + 3 * HOUR)])

    (contract,) = state.standing().contracts

    assert (contract.contract, contract.last_run_id, contract.last_outcome) == (LEADS, "r2", Outcome.FAILED)
    assert contract.last_finished_at == NOON + HOUR + timedelta(seconds=1)
    assert contract.last_success_at == contract.last_finished_at, "a failed check is a look at everything"
    assert (contract.rows, contract.snapshot_bytes, contract.snapshot_seconds) == (250, 4_096, 0.5)
    assert (contract.missed_slots, contract.due_slots) == (0, 2)
    assert contract.trust_score is not None


def test_checks_and_tables_stand_by_the_latest_run_of_their_own_contract(state: Store) -> None:
    run_slot(state, "r1", hour=0, outcome=Outcome.FAILED)
    run_slot(state, "r2", hour=1)
    run_slot(state, "u1", contract=USERS, hour=0, outcome=Outcome.WARNED, rows=7)

    now = state.standing()

    assert [(c.check_id, c.outcome, c.at) for c in now.checks] == [
        (f"{LEADS}.leads.lead_status.enum", Outcome.PASSED, NOON + HOUR),
        (f"{LEADS}.leads.lead_status.freshness", Outcome.PASSED, NOON + HOUR),
        (f"{USERS}.leads.lead_status.enum", Outcome.WARNED, NOON),
        (f"{USERS}.leads.lead_status.freshness", Outcome.PASSED, NOON),
    ]
    first = now.checks[0]
    assert (first.object, first.property, first.dimension, first.severity, first.owner) == (
        "leads",
        "status",
        Dimension.VALIDITY,
        Severity.ERROR,
        "ana@example.com",
    )
    assert (first.rows_tested, first.rows_failed, first.value) == (100, 3, None)
    assert [(table.contract, table.rows, table.freshness_seconds, table.at) for table in now.tables] == [
        (LEADS, 100, 90.0, NOON + HOUR),
        (USERS, 7, 90.0, NOON),
    ]


@pytest.mark.parametrize("error", [None, "the source is down"])
def test_a_run_that_could_not_look_is_the_latest_but_no_success(state: Store, error: str | None) -> None:
    run_slot(state, "r1", hour=0)
    run_slot(state, "r2", hour=1, outcome=Outcome.ERRORED, error=error)

    (contract,) = state.standing().contracts

    assert (contract.last_run_id, contract.last_outcome) == ("r2", Outcome.ERRORED)
    assert contract.last_success_at == NOON + timedelta(seconds=1)


def test_an_audit_by_hand_changes_nothing_of_how_things_stand(state: Store) -> None:
    run_slot(state, "r1")
    before = state.standing()

    state.record_audit(small_run("by-hand", at=NOON + HOUR, outcome=Outcome.FAILED))

    assert state.standing() == before


def test_a_contract_that_never_ran_shows_what_is_due_and_what_was_missed(state: Store, term: Term) -> None:
    state.slots.add([slot("b"), slot("a", missed="no daemon was there")], term)

    a, b = state.standing().contracts

    assert (a.contract, a.missed_slots, a.due_slots, a.last_outcome) == ("a", 1, 0, None)
    assert (b.contract, b.missed_slots, b.due_slots, b.last_run_id) == ("b", 0, 1, None)


def test_old_runs_are_forgotten_with_all_that_hangs_on_them_but_never_the_latest(state: Store, term: Term) -> None:
    for hour in range(4):
        run_slot(state, f"r{hour}", hour=hour)
    run_slot(state, "u0", contract=USERS, hour=0)
    state.record_audit(small_run("by-hand"))
    before = state.standing()

    assert state.forget_runs(NOON + 100 * HOUR, term=term) == 4

    assert [run.id for run in state.runs()] == ["r3", "u0"]
    assert state.standing() == before
    left = {name: count(state, name) for name in ("check_results", "run_tables", "run_contracts", "snapshots")}
    assert left == {"check_results": 4, "run_tables": 2, "run_contracts": 2, "snapshots": 2}


def test_runs_that_ended_later_are_kept(state: Store, term: Term) -> None:
    for hour in range(4):
        run_slot(state, f"r{hour}", hour=hour)

    assert state.forget_runs(NOON + 2 * HOUR, term=term) == 2
    assert [run.id for run in state.runs()] == ["r3", "r2"]


def test_a_run_whose_snapshot_is_kept_stays_with_it(state: Store, term: Term) -> None:
    run_slot(state, "r0", hour=0, folder="/snapshots/0")
    run_slot(state, "r1", hour=1)
    run_slot(state, "r2", hour=2)

    assert state.forget_runs(NOON + 100 * HOUR, term=term) == 1
    assert [run.id for run in state.runs()] == ["r2", "r0"]

    (kept,) = state.kept_snapshots()
    state.snapshot_removed(kept)
    assert state.forget_runs(NOON + 100 * HOUR, term=term) == 1


def test_many_old_runs_are_forgotten_in_parts_and_all_counted(state: Store, term: Term) -> None:
    for n in range(205):
        state.record_audit(small_run(f"r{n:03}"))

    assert state.forget_runs(NOON + HOUR, term=term) == 205
    assert state.runs() == ()


def test_slots_that_are_over_and_deliveries_that_landed_or_were_given_up_are_forgotten_and_others_are_not(
    state: Store, term: Term
) -> None:
    run_slot(state, "r1")
    state.slots.add([slot(at=NOON + HOUR), slot(at=NOON + 2 * HOUR, missed="why")], term)
    state.slots.add([slot("running")])
    running = state.slots.claim(state.slots.in_state(SlotState.DUE)[0], "r9", deliveries=[delivery("a", line="a")])
    state.slots.hand_back(running, "why", deliveries=[delivery("b", line="b"), delivery("c", line="c")])
    landed, refused = state.outbox.take("lineage", 2, HOUR)
    state.outbox.delivered(landed)
    state.outbox.failed(refused, Failure(reason=Reason.REFUSED, detail="400"), Verdict(retry_at=None))

    state.forget_runs(state.outbox.now() + timedelta(seconds=1), term=term)

    assert {(s.contract, s.state) for c in (LEADS, "running") for s in state.slots.of_contract(c)} == {
        (LEADS, SlotState.MISSED),  # the newest says until when the schedule was followed
        (LEADS, SlotState.DUE),
        ("running", SlotState.DUE),
    }
    assert state.outbox.depths()[0].waiting == 1
    assert count(state, "outbox") == 1
    assert state.standing().contracts[0].missed_slots == 1, "what was missed stays counted"


def test_kept_snapshots_are_listed_newest_first_until_they_are_removed(state: Store) -> None:
    run_slot(state, "r0", hour=0, folder="/snapshots/0")
    run_slot(state, "r1", hour=1)
    run_slot(state, "r2", hour=2, folder="/snapshots/2")
    run_slot(state, "u1", contract=USERS, hour=1, folder="/snapshots/u")

    assert [kept.folder for kept in state.kept_snapshots()] == ["/snapshots/2", "/snapshots/u", "/snapshots/0"]
    newest, oldest = state.kept_snapshots(LEADS)
    assert (newest.contract, newest.taken_at, newest.bytes) == (LEADS, NOON + 2 * HOUR, 4_096)

    state.snapshot_removed(oldest)
    state.snapshot_removed(oldest)

    assert state.kept_snapshots(LEADS) == (newest,)
    assert state.run("r0").snapshots[0].folder == "/snapshots/0", "what was taken stays known"


def test_a_standing_is_of_one_instant(state: Store) -> None:
    """A reader that began before a run was recorded sees nothing of it, whichever table it looks at."""
    run_slot(state, "r1")
    with state._database.transaction(one_instant=True) as connection:
        connection.execute(select(t.runs)).all()
        run_slot(state, "r2", hour=1)
        seen = connection.execute(select(t.contract_standings.c.run_id)).scalars().all()

    assert seen == ["r1"]


def test_a_run_id_that_is_given_twice_is_told_as_a_fault_of_the_state(state: Store) -> None:
    run_slot(state, "r1")

    with pytest.raises(StoreError, match="recorded already"):
        run_slot(state, "r1", hour=1)
