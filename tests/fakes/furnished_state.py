"""The demo's contracts and levels over a state in which days of runs, incidents and counts were written: all that pages
can show is there, and nothing was ever run.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from observer.checks.audit import Audit, ContractAudit
from observer.checks.measure import CheckResult, Evidence, Measurement, Outcome, Segment, TableShape
from observer.checks.spec import CheckSpec
from observer.daemon.desk import DaemonDesk
from observer.daemon.watching import Watch, Watched, watch
from observer.incidents.acting import Act, Action
from observer.incidents.looks import look_of_run
from observer.jobs.act_on_incident import act_on
from observer.jobs.briefs import Briefs
from observer.jobs.incident_policy import policy_of
from observer.jobs.slo_standing import standings
from observer.metrics.registry import Metrics
from observer.runs.readiness import Readiness, Role
from observer.runs.slots import NewSlot
from observer.settings import IncidentSettings, Settings, SnapshotSettings
from observer.slo.ledger import Decided, Position, Step
from observer.slo.model import TimeToFill
from observer.slo.verdicts import EvidenceKind, State
from observer.store import Store

ROOT = Path(__file__).resolve().parents[2]
_RUNS, _HOURS_BETWEEN, _ROWS = 4, 24, 8_800
_MOMENT = timedelta(microseconds=1)


@contextmanager
def furnished_desk(folder: Path) -> Iterator[DaemonDesk]:
    """The desk of a daemon that leads, over a state in that folder."""
    watched = watch(
        Settings(
            source="sqlite:///nowhere.db",
            contracts=(ROOT / "expectations" / "contracts",),
            slos=(ROOT / "slo.yaml",),
            snapshots=SnapshotSettings(keep=0),
            incidents=IncidentSettings(channel="#crm-quality", group_wait=timedelta(), may_act=("*@example.com",)),
        )
    )
    with Store.open(f"sqlite:///{folder}/state.db") as store:
        now = datetime.now(UTC)
        _furnish(store, watched, now)
        policy = policy_of(watched.settings, [each.contract for each in watched.contracts.values()])
        store.incidents.advance(policy, lambda notice: ())
        (first, *_) = store.incidents.rows(limit=9, open_only=True)
        acting = Action(act=Act.ACKNOWLEDGE, by="ana@example.com", reason="looking into it")
        act_on(store, watched.settings, first.id, acting)
        briefs = Briefs(store, lambda: policy, levels=lambda: standings(store, watched.slos, at=datetime.now(UTC)))
        metrics = Metrics(store.standing, store.ticks.latest)
        yield DaemonDesk(store, metrics, lambda: watched, lambda: Readiness(role=Role.LEADER), briefs)


def _furnish(store: Store, watched: Watch, now: datetime) -> None:
    term = store.leadership.campaign("furnisher", timedelta(hours=1))
    assert term is not None
    for contract in watched.contracts.values():
        for number in range(_RUNS):
            at = now - timedelta(hours=_HOURS_BETWEEN * (_RUNS - 1 - number), minutes=10)
            part = _part(contract, number)
            audit = Audit(
                run_id=f"{int(at.timestamp() * 1000):012x}-{secrets.token_hex(6)}",
                started_at=at,
                finished_at=at + timedelta(seconds=4),
                source="postgresql://crm-db/crm",
                contracts=(part,),
                version="0.1.0",
            )
            store.slots.add([NewSlot(contract=contract.contract.id, scheduled_for=at, due_at=at)], term)
            (slot,) = store.slots.of_contract(contract.contract.id, 1)
            looks = [look_of_run(part, at=at)] if number == _RUNS - 1 else []
            store.record_audit(audit, finishes=store.slots.claim(slot, audit.run_id, term=term), looks=looks)
    for slo in watched.slos:
        if not isinstance(slo.indicator, TimeToFill):
            continue
        begins = now - timedelta(days=4)
        was = Position(since=begins, seen_to=begins, swept_to=begins)
        ledger = store.ledgers.open(slo, now=begins, term=term)
        store.ledgers.begin(ledger, was, term=term)
        done = [_decided(number, begins + timedelta(minutes=20 * number)) for number in range(280)]
        step = Step(was=was, now=replace(was, seen_to=now, swept_to=now, looked_at=now), decided=tuple(done))
        store.ledgers.apply(ledger, step, deadline=slo.indicator.deadline, term=term)


def _decided(number: int, at: datetime) -> Decided:
    state = State.UNKNOWN if number % 90 == 7 else State.BAD if number == 33 else State.GOOD
    tells = None if state is State.UNKNOWN else EvidenceKind.BRACKETED
    return Decided(key=str(number), event_at=at, state=state, evidence=tells, decided_at=at + _MOMENT)


def _part(watched: Watched, number: int) -> ContractAudit:
    """A run as good as it gets, but for one check of each table that fails since the third run, one that warns, and
    one that could not be looked at in the last.
    """
    results = [_result(spec, number, place) for place, spec in enumerate(watched.checks)]
    return ContractAudit(
        contract=watched.contract,
        tables=tuple(
            TableShape(object=each.name, physical_name=each.physical_name, columns=(), rows=_ROWS + 12 * number)
            for each in watched.contract.objects
        ),
        results=tuple(results),
        evidence=tuple(_evidence(results)),
    )


def _result(spec: CheckSpec, number: int, place: int) -> CheckResult:
    failed = {2: 312 + number, 5: 9}.get(place, 0) if number >= 2 else 0
    if place == 8 and number == _RUNS - 1:
        error = "the column is not in the table any more"
        seen = Measurement(check_id=spec.id, error=error)
        return CheckResult(spec=spec, measurement=seen, outcome=Outcome.ERRORED, observed="", expected="no row")
    outcome = Outcome.PASSED if not failed else Outcome.FAILED if place == 2 else Outcome.WARNED
    seen = Measurement(check_id=spec.id, rows_tested=_ROWS, rows_failed=failed)
    said = f"{failed:,} of {_ROWS:,} rows"
    return CheckResult(spec=spec, measurement=seen, outcome=outcome, observed=said, expected="no row")


def _evidence(results: Iterable[CheckResult]) -> Iterator[Evidence]:
    for result in results:
        if result.outcome is Outcome.FAILED:
            keys = tuple((str(number),) for number in range(4_711, 4_716))
            yield Evidence(
                check_id=result.spec.id,
                key_columns=("id",),
                keys=keys,
                urls=tuple(f"https://crm.example.com/leads/{key}" for (key,) in keys),
                segments=(
                    Segment(column="source", value="webform", rows_tested=900, rows_failed=289, share=0.92, lift=3.1),
                ),
            )
