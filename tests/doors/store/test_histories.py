"""How things went: of each stretch of a span the last run, and the last glance, and nothing of other contracts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from observer.checks.measure import Outcome
from observer.runs.leading import Term
from observer.runs.ticks import Tick
from observer.store.histories import Span
from observer.store.store import Store
from tests.fakes.small_runs import HOUR, LEADS, NOON, slot, small_run

ENUM, FRESH = f"{LEADS}.leads.lead_status.enum", f"{LEADS}.leads.lead_status.freshness"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def term(state: Store) -> Term:
    taken = state.leadership.campaign("a", HOUR)
    assert taken is not None
    return taken


def ran(state: Store, run_id: str, minute: int, *, contract: str = LEADS, outcome: Outcome = Outcome.PASSED) -> None:
    at = NOON + minute * MINUTE
    state.slots.add([slot(contract, at)])
    due = state.slots.get(contract, at)
    assert due is not None
    run = small_run(run_id, contract=contract, at=at, outcome=outcome, rows=100 + minute)
    state.record_audit(run, finishes=state.slots.claim(due, run_id))


def glance(minute: int, check: str = FRESH, outcome: Outcome = Outcome.PASSED) -> Tick:
    at = NOON + minute * MINUTE
    fields = {"check_id": check, "contract": LEADS, "object": "leads", "at": at, "outcome": outcome}
    return Tick(**fields, value=float(minute), observed="old", expected="not old")


def span(minutes: int, stretches: int) -> Span:
    return Span(begins=NOON, ends=NOON + minutes * MINUTE, stretches=stretches)


def test_nothing_is_known_of_a_contract_that_never_ran(state: Store) -> None:
    assert state.histories.begins(LEADS) is None
    assert state.histories.runs(LEADS, span(60, 6)) == ()
    history = state.histories.table(LEADS, "leads", span(60, 6), checks=[ENUM], glanced=[FRESH])
    assert (history.runs, history.tables) == ((), ())
    assert (history.results, history.glances) == ({ENUM: ()}, {FRESH: ()})


def test_of_each_stretch_the_last_run_is_told_and_the_ends_of_the_span_belong_to_it(state: Store) -> None:
    for place, minute in enumerate((0, 4, 9, 10, 35, 60, 61)):
        ran(state, f"r{place}", minute)

    assert [run.id for run in state.histories.runs(LEADS, span(60, 6))] == ["r2", "r3", "r4", "r5"]
    assert state.histories.begins(LEADS) == NOON


def test_other_contracts_and_runs_by_hand_are_left_out(state: Store) -> None:
    ran(state, "r1", 0)
    ran(state, "r2", 5, contract="crm-users")
    state.record_audit(small_run("by-hand", at=NOON + 6 * MINUTE))

    assert [run.id for run in state.histories.runs(LEADS, span(60, 1))] == ["r1"]


def test_the_course_of_a_table_tells_its_rows_its_checks_and_its_glances_oldest_first(state: Store, term: Term) -> None:
    ran(state, "r1", 0)
    ran(state, "r2", 20, outcome=Outcome.FAILED)
    state.ticks.record([glance(1), glance(2), glance(3, "other"), glance(30, outcome=Outcome.ERRORED)], term=term)

    history = state.histories.table(LEADS, "leads", span(60, 6), checks=[ENUM, "gone"], glanced=[FRESH])

    assert [(table.run.id, table.rows, table.freshness_seconds) for table in history.tables] == [
        ("r1", 100, 90.0),
        ("r2", 120, 90.0),
    ]
    assert [(each.run.id, each.outcome, each.rows_failed) for each in history.results[ENUM]] == [
        ("r1", Outcome.PASSED, 3),
        ("r2", Outcome.FAILED, 3),
    ]
    assert history.results["gone"] == ()
    assert [tick.value for tick in history.glances[FRESH]] == [2.0, 30.0]


def test_what_could_not_be_looked_at_counts_no_rows(state: Store) -> None:
    ran(state, "r1", 0, outcome=Outcome.ERRORED)

    (result,) = state.histories.table(LEADS, "leads", span(60, 6), checks=[ENUM]).results[ENUM]

    assert not result.counts
