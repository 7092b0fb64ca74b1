"""What a stretch of time amounted to: the last run of each contract with its checks, and what was written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from observer.checks.change_rules import InvalidWrites
from observer.checks.measure import CheckResult, Measurement, Outcome
from observer.contracts.model import Severity
from observer.incidents.acting import Act, Action
from observer.incidents.events import EventKind
from observer.incidents.findings import Finding, Look
from observer.incidents.policy import Policy, Waits
from observer.incidents.telling import Notice
from observer.incidents.times import times_of
from observer.runs.deliveries import NewDelivery
from observer.store.reviews import WrittenRows
from observer.store.store import Store
from tests.fakes.small_runs import LEADS, NOON, slot, small_result, small_run
from tests.unit.incidents.timeline import broken

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def ran(
    state: Store,
    run_id: str,
    minute: int,
    *more: CheckResult,
    contract: str = LEADS,
    outcome: Outcome = Outcome.PASSED,
    by_slot: bool = True,
) -> None:
    at = NOON + minute * MINUTE
    run = small_run(run_id, contract=contract, at=at, outcome=outcome)
    (part,) = run.contracts
    run = replace(run, contracts=(replace(part, results=(*part.results, *more)),))
    if not by_slot:
        state.record_audit(run)
        return
    state.slots.add([slot(contract, at)])
    due = state.slots.get(contract, at)
    assert due is not None
    state.record_audit(run, finishes=state.slots.claim(due, run_id))


def writes(tested: int | None, failed: int | None, outcome: Outcome, *, name: str = "invalid_writes") -> CheckResult:
    result = small_result(LEADS, outcome, rule=InvalidWrites(checks=()), name=name)
    spec = replace(result.spec, rule_name="invalid_writes", property=None)
    seen = Measurement(check_id=spec.id, rows_tested=tested, rows_failed=failed)
    return replace(result, spec=spec, measurement=seen)


def test_nothing_is_known_of_an_empty_state(state: Store) -> None:
    assert state.reviews.known_since() is None
    assert state.reviews.last_runs(NOON, NOON + HOUR) == {}
    assert state.reviews.writes(NOON, NOON + HOUR) == ()


def test_the_last_run_of_each_contract_counts_unless_it_was_by_hand_or_ended_later(state: Store) -> None:
    ran(state, "r1", 0)
    ran(state, "r2", 30, outcome=Outcome.FAILED)
    ran(state, "r3", 60)
    ran(state, "people", 10, contract="crm-people")
    ran(state, "by hand", 40, by_slot=False)

    found = state.reviews.last_runs(NOON, NOON + HOUR)

    assert {name: run.id for name, run in found.items()} == {LEADS: "r2", "crm-people": "people"}
    run = found[LEADS]
    assert (run.at, run.trust_score) == (NOON + 30 * MINUTE + timedelta(seconds=1), 74)
    assert [(check.outcome, check.rows_tested, check.rows_failed) for check in run.checks] == [
        (Outcome.FAILED, 100, 3),
        (Outcome.PASSED, 100, 3),
    ]
    assert {(check.table, check.property, check.severity) for check in run.checks} == {
        ("leads", "status", Severity.ERROR)
    }
    assert state.reviews.known_since() == NOON


def test_what_was_written_is_added_up_once_per_run_and_what_nobody_could_tell_is_no_zero(state: Store) -> None:
    ran(state, "r1", 0, writes(None, None, Outcome.SKIPPED))
    ran(state, "r2", 5, writes(None, None, Outcome.ERRORED))
    assert state.reviews.writes(NOON, NOON + HOUR) == (
        WrittenRows(contract=LEADS, table="leads", written=None, invalid=None, looks=0, blind=1),
    )
    twice = writes(200, 4, Outcome.WARNED), writes(200, 4, Outcome.PASSED, name="invalid_writes-2")
    ran(state, "r3", 10, *twice)
    ran(state, "r4", 15, writes(50, 0, Outcome.PASSED))
    ran(state, "r5", 70, writes(1_000, 0, Outcome.PASSED))
    ran(state, "by hand", 16, writes(9_000, 0, Outcome.PASSED), by_slot=False)
    assert state.reviews.writes(NOON, NOON + HOUR) == (
        WrittenRows(contract=LEADS, table="leads", written=250, invalid=4, looks=2, blind=1),
    )


def test_incidents_are_remembered_where_runs_were_forgotten(state: Store) -> None:
    years = 20 * 365 * 24 * 60
    ran(state, "r1", years)
    assert state.reviews.known_since() == NOON + years * MINUTE
    state.incidents.add_look(Look(at=datetime.now(UTC), findings=(broken(),)), origin="run")
    state.incidents.advance(Policy(), lambda notice: ())
    (incident,) = state.incidents.live()
    assert state.reviews.known_since() == incident.opened_at


def to_slack(notice: Notice) -> list[NewDelivery]:
    return [NewDelivery(receiver="slack", key=notice.key, line=notice.line, payload={})]


def saw(state: Store, *findings: Finding, of: Iterable[str] = ()) -> None:
    state.incidents.add_look(Look(at=datetime.now(UTC), findings=findings, covered=frozenset(of)), origin="run")
    state.incidents.advance(Policy(waits=Waits(group=timedelta())), to_slack)


def test_the_turning_points_of_a_log_give_the_times_of_the_whole_log_and_leave_looks_out(state: Store) -> None:
    wide = replace(broken(fingerprint="check:wide"), table=None)
    saw(state, broken(since=NOON))
    saw(state, wide)
    one, other = (incident.id for incident in sorted(state.incidents.live(), key=lambda each: not each.group.table))
    for delivery in state.outbox.take("slack", 9, HOUR):
        state.outbox.delivered(delivery)
    for rows in (20, 30, 40):
        saw(state, broken(rows=rows), replace(wide, rows_failed=rows))
    state.incidents.act(one, Action(act=Act.ACKNOWLEDGE, by="ana@example.com"), to_slack)
    saw(state, of=[broken().fingerprint])

    heads = state.reviews.incidents(datetime.now(UTC) - HOUR)
    assert list(heads) == [one, other]
    assert list(state.reviews.incidents()) == [other]
    points, log = state.reviews.turning_points(list(heads)), state.incidents.log(one)
    assert heads[one] == len(log)
    times = times_of(points[one])
    assert times is not None
    assert times == times_of(log)
    assert None not in (times.detect, times.notify, times.acknowledge, times.resolve)
    kinds = [event.kind for event in points[one]]
    assert EventKind.LOOKED in [event.kind for event in log]
    assert kinds == [
        EventKind.OPENED,
        EventKind.TOLD,
        EventKind.DELIVERED,
        EventKind.ACKNOWLEDGED,
        EventKind.RESOLVED,
    ]
    assert EventKind.LOOKED in [event.kind for event in points[other]], "a promise may be a part of it"
    assert state.reviews.turning_points([]) == {}
