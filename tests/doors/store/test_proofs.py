"""When checks that fail now were last looked at and found well: what says how long a bad record was there at most."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from observer.checks.audit import Audit
from observer.checks.change_rules import InvalidWrites
from observer.checks.measure import CheckResult, Outcome
from observer.store.store import Store
from tests.fakes.small_runs import LEADS, NOON, small_run

MINUTE = timedelta(minutes=1)
ENUM = f"{LEADS}.leads.lead_status.enum"
PASSED, FAILED, ERRORED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.ERRORED, Outcome.SKIPPED


def run(minute: int, outcome: Outcome, *, bad: int | None = None, digest: str = "d1", **said: str) -> Audit:
    """A run of a check of values, and of one of freshness, which passes. Bad rows: none when it passes."""
    audit = replace(small_run(f"run-{minute:04}", at=NOON + minute * MINUTE, outcome=outcome), **said)  # type: ignore[arg-type]  # fields of an audit, by name
    (part,) = audit.contracts
    enum, fresh = part.results
    counts = (0 if outcome is PASSED else 3) if bad is None else bad
    results = (_with(enum, counts), _with(fresh, None))
    under = replace(part.contract, digest=digest)
    return replace(audit, contracts=(replace(part, contract=under, results=results),))


def _with(result: CheckResult, bad: int | None) -> CheckResult:
    return replace(result, measurement=replace(result.measurement, rows_failed=bad))


def well(state: Store, *before: Audit, now: Audit | None = None) -> dict[str, datetime]:
    for audit in before:
        state.record_audit(audit)
    return dict(state.proofs.well_before(now or run(60, FAILED)))


def test_a_check_that_fails_was_well_when_the_run_before_began(state: Store) -> None:
    assert well(state, run(15, PASSED), run(30, PASSED)) == {ENUM: NOON + 30 * MINUTE}


def test_of_what_passes_now_nothing_is_asked(state: Store) -> None:
    assert well(state, run(30, PASSED), now=run(60, PASSED)) == {}


def test_runs_that_could_not_look_are_passed_over_and_one_that_failed_ends_the_search(state: Store) -> None:
    assert well(state, run(15, PASSED), run(30, ERRORED), run(45, SKIPPED)) == {ENUM: NOON + 15 * MINUTE}
    assert well(state, run(50, FAILED)) == {}


def test_changes_that_were_allowed_before_are_other_ones_than_those_of_now(state: Store) -> None:
    def changes(audit: Audit) -> Audit:
        (part,) = audit.contracts
        enum, fresh = part.results
        enum = replace(enum, spec=replace(enum.spec, rule=InvalidWrites(checks=())))
        return replace(audit, contracts=(replace(part, results=(enum, fresh)),))

    before, now = changes(run(30, PASSED, bad=2)), changes(run(60, FAILED))
    assert well(state, before, now=now) == {ENUM: NOON + 30 * MINUTE}


@pytest.mark.parametrize(
    "before",
    [
        pytest.param((), id="the first run ever"),
        pytest.param((run(30, PASSED, bad=2),), id="some bad rows are allowed"),
        pytest.param((run(30, PASSED, digest="d0"),), id="another wording of the contract"),
        pytest.param((run(30, PASSED, version="0.0.9"),), id="another version of the program"),
        pytest.param((run(30, PASSED, source="elsewhere"),), id="another source"),
        pytest.param((run(60, PASSED), run(75, PASSED)), id="no earlier than this one"),
    ],
)
def test_nothing_else_says_when_it_was_well(state: Store, before: tuple[Audit, ...]) -> None:
    assert well(state, *before) == {}


def test_a_run_on_another_source_does_not_come_between(state: Store) -> None:
    assert well(state, run(30, PASSED), run(45, FAILED, source="elsewhere")) == {ENUM: NOON + 30 * MINUTE}
