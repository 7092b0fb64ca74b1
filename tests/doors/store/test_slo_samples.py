"""What recorded runs, glances and slots say of a level, and what they do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from observer.checks.measure import Outcome
from observer.runs.leading import Term
from observer.runs.slots import Trigger
from observer.runs.ticks import Tick
from observer.slo.budget import Counts
from observer.slo.counting import Sample
from observer.slo.model import CheckHolds, CheckRows, Kind, RunSuccess, ValidWrites
from observer.store.store import Store
from tests.fakes.levels import level
from tests.fakes.small_runs import HOUR, LEADS, NOON, slot, small_run

SECOND = timedelta(seconds=1)
ROWS = CheckRows(kind=Kind.VALIDITY, contract=LEADS, check=f"{LEADS}.leads.lead_status.enum")
FRESH = CheckHolds(contract=LEADS, check="fresh")


@pytest.fixture
def term(state: Store) -> Term:
    taken = state.leadership.campaign("a", HOUR)
    assert taken is not None
    return taken


def run(
    state: Store,
    run_id: str,
    hour: int,
    *,
    outcome: Outcome = Outcome.PASSED,
    error: str | None = None,
    trigger: Trigger = Trigger.SCHEDULE,
    writes: bool = False,
    contract: str = LEADS,
) -> None:
    """A slot was due, taken, and its run recorded."""
    at = NOON + hour * HOUR
    state.slots.add([replace(slot(contract, at), trigger=trigger)])
    due = state.slots.get(contract, at)
    assert due is not None
    audit = small_run(run_id, contract=contract, at=at, outcome=outcome)
    if writes:
        (part,) = audit.contracts
        results = [replace(r, spec=replace(r.spec, rule_name="invalid_writes")) for r in part.results[:1]]
        audit = replace(audit, contracts=(replace(part, results=tuple(results)),))
    state.record_audit(audit, error=error, finishes=state.slots.claim(due, run_id))


def test_nothing_recorded_says_nothing(state: Store) -> None:
    for indicator in (ROWS, FRESH, ValidWrites(contract=LEADS, object="leads"), RunSuccess(contract=LEADS)):
        found = state.ledgers.samples(indicator, NOON)
        assert (found.samples, found.trouble) == ((), None)


def test_rows_are_counted_once_they_are_known_whatever_the_check_says_of_them(state: Store) -> None:
    for hour, outcome in enumerate([Outcome.PASSED, Outcome.WARNED, Outcome.FAILED, Outcome.ERRORED, Outcome.SKIPPED]):
        run(state, f"r{hour}", hour, outcome=outcome)
    state.record_audit(small_run("by hand", at=NOON + HOUR))
    run(state, "other", 2, contract="crm-users")

    found = state.ledgers.samples(ROWS, NOON + SECOND)

    rows = Counts(good=97, bad=3)
    assert found.samples == tuple(Sample(key=f"r{n}", at=NOON + n * HOUR + SECOND, counts=rows) for n in range(3))
    assert [sample.key for sample in state.ledgers.samples(ROWS, NOON + 2 * SECOND).samples] == ["r1", "r2"]


def test_a_run_that_could_not_look_is_trouble_until_the_next_one_can(state: Store) -> None:
    run(state, "r0", 0, outcome=Outcome.ERRORED)
    assert state.ledgers.samples(ROWS, NOON).trouble == "the check could not be looked at"
    gone = replace(ROWS, check="gone")
    assert state.ledgers.samples(gone, NOON).trouble == "the newest run did not hold the check"

    run(state, "r1", 1)
    assert state.ledgers.samples(ROWS, NOON).trouble is None

    run(state, "r2", 2, error="the source is down")
    assert state.ledgers.samples(gone, NOON).trouble == "the source is down"


def test_writes_are_those_of_the_object(state: Store) -> None:
    run(state, "r0", 0, writes=True, outcome=Outcome.FAILED)
    run(state, "r1", 1)

    found = state.ledgers.samples(ValidWrites(contract=LEADS, object="leads"), NOON)
    assert [(sample.key, sample.counts) for sample in found.samples] == [("r0", Counts(good=97, bad=3))]
    assert found.trouble == "the newest run did not hold the check"
    assert state.ledgers.samples(ValidWrites(contract=LEADS, object="users"), NOON).samples == ()
    run(state, "r2", 2, writes=True, outcome=Outcome.SKIPPED)
    quiet = state.ledgers.samples(ValidWrites(contract=LEADS, object="leads"), NOON)
    assert (len(quiet.samples), quiet.trouble) == (1, None)


def test_a_glance_is_good_bad_or_unknown(state: Store, term: Term) -> None:
    outcomes = [Outcome.PASSED, Outcome.WARNED, Outcome.FAILED, Outcome.SKIPPED, Outcome.ERRORED]
    glances = [
        Tick(
            check_id="fresh",
            contract=LEADS,
            object="leads",
            at=NOON + n * SECOND,
            outcome=outcome,
            value=None,
            observed="3 min old",
            expected="at most 15 min old",
            error="the table is gone" if outcome is Outcome.ERRORED else None,
        )
        for n, outcome in enumerate(outcomes)
    ]
    state.ticks.record([*glances, replace(glances[0], check_id="other")], term=term)

    found = state.ledgers.samples(FRESH, NOON + SECOND)

    assert [(sample.at - NOON, sample.counts) for sample in found.samples] == [
        (SECOND, Counts(bad=1)),
        (2 * SECOND, Counts(bad=1)),
        (4 * SECOND, Counts(unknown=1)),
    ]
    assert [sample.key for sample in found.samples] == [sample.at.isoformat() for sample in found.samples]
    assert found.trouble == "the table is gone"


def test_a_slot_is_good_when_its_run_could_look_at_everything(state: Store, term: Term) -> None:
    began = NOON - 40 * 24 * HOUR
    run(state, "good", 0, outcome=Outcome.FAILED)
    run(state, "errored", 1, outcome=Outcome.ERRORED)
    run(state, "broken", 2, error="the source is down")
    run(state, "by hand", 3, trigger=Trigger.HAND)
    state.slots.add([slot(at=NOON + 4 * HOUR, missed="no daemon was there"), slot(at=NOON + 5 * HOUR)], term)
    run(state, "other", 6, contract="crm-users")

    samples = state.ledgers.samples(RunSuccess(contract=LEADS), began).samples

    assert [((sample.at - NOON) / HOUR, sample.counts) for sample in samples] == [
        (0, Counts(good=1)),
        (1, Counts(bad=1)),
        (2, Counts(bad=1)),
        (4, Counts(bad=1)),
    ]
    with state._database.transaction() as connection:
        finished = state._database.now(connection) + SECOND
    assert state.ledgers.samples(RunSuccess(contract=LEADS), finished).samples == ()


def test_rows_of_a_source_are_not_among_what_was_recorded(state: Store) -> None:
    with pytest.raises(ValueError, match="time-to-fill is not counted from what was recorded"):
        state.ledgers.samples(level().indicator, NOON)
