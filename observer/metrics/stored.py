"""What the state knows, as series. In: what is watched now, and how things stand. Out: metric families.

Labels come from what is watched and from nothing else: whatever else the state holds (removed contracts, old checks)
gives no series.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from observer.checks.measure import Outcome
from observer.checks.spec import CheckSpec
from observer.contracts.model import Contract
from observer.metrics.families import Family, Kind, labels_text
from observer.runs.deliveries import OutboxDepth
from observer.runs.standing import CheckStanding, ContractStanding, Standing, TableStanding

#: `max` over any group gives its worst outcome, in the order in which a run's outcome is made.
OUTCOME_VALUES = {
    Outcome.SKIPPED: -1,
    Outcome.PASSED: 0,
    Outcome.WARNED: 1,
    Outcome.ERRORED: 2,
    Outcome.FAILED: 3,
}
_OUTCOMES = "-1 skipped, 0 passed, 1 warned, 2 errored, 3 failed; absent when it never ran"


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What exists now: every series of the state is made of these."""

    contracts: tuple[Contract, ...] = ()
    #: Check id → check.
    checks: dict[str, CheckSpec] = field(default_factory=dict)
    #: Check id, (contract, table) or contract → its labels as they are written.
    check_labels: dict[str, str] = field(default_factory=dict)
    table_labels: dict[tuple[str, str], str] = field(default_factory=dict)
    contract_labels: dict[str, str] = field(default_factory=dict)
    #: What is told of them whether or not they ever ran.
    told: tuple[Family, ...] = ()

    @classmethod
    def of(cls, watched: Sequence[tuple[Contract, Sequence[CheckSpec]]]) -> Watched:
        """These contracts with their checks."""
        contracts = tuple(contract for contract, _ in watched)
        checks = {spec.id: spec for _, specs in watched for spec in specs}
        return cls(
            contracts=contracts,
            checks=checks,
            check_labels={
                spec.id: labels_text(contract=spec.contract, object=spec.object, check=spec.id)
                for spec in checks.values()
            },
            table_labels={
                (contract.id, obj.name): labels_text(contract=contract.id, object=obj.name)
                for contract in contracts
                for obj in contract.objects
            },
            contract_labels={contract.id: labels_text(contract=contract.id) for contract in contracts},
            told=_told(contracts, checks.values()),
        )


def _told(contracts: Iterable[Contract], checks: Iterable[CheckSpec]) -> tuple[Family, ...]:
    contract_info = Family("observer_contract_info", "A contract that is watched now.", Kind.INFO)
    for contract in contracts:
        contract_info.add(labels_text(contract=contract.id, version=contract.version, owner=contract.owner or ""), 1)
    check_info = Family("observer_check_info", "A check that exists now, with what is told of it.", Kind.INFO)
    for spec in checks:
        labels = labels_text(
            contract=spec.contract,
            object=spec.object,
            property=spec.property or "",
            check=spec.id,
            dimension=spec.dimension.value,
            severity=spec.severity.value,
            owner=spec.owner or "",
        )
        check_info.add(labels, 1)
    return contract_info, check_info


def standing_families(watched: Watched, standing: Standing) -> Iterator[Family]:
    """How the watched stand; what is watched no longer is passed over."""
    yield from _checks(watched.check_labels, standing.checks)
    yield from _tables(watched.table_labels, standing.tables)
    known = {contract.contract: contract for contract in standing.contracts}
    # A contract that the state does not know yet has no slots, which is a number; the rest of it is unknown.
    contracts = [known.get(contract.id) or ContractStanding(contract=contract.id) for contract in watched.contracts]
    yield from _contracts(watched.contract_labels, contracts)
    epoch = Family("observer_leader_epoch", "Number of the latest term; absent when it was given up.")
    epoch.add("", standing.leader.epoch if standing.leader else None)
    yield epoch


def outbox_families(receivers: Sequence[str], depths: Sequence[OutboxDepth], now: datetime) -> Iterator[Family]:
    """What waits to be delivered. A receiver for which nothing was ever written has an empty outbox."""
    known = {depth.receiver: depth for depth in depths}
    waiting = Family("observer_outbox_waiting", "Deliveries that wait.")
    dead = Family("observer_outbox_dead", "Deliveries that were given up and not driven again.")
    oldest = Family("observer_outbox_oldest_age_seconds", "Age of the oldest delivery that waits; 0 when none does.")
    for receiver in receivers:
        labels = labels_text(receiver=receiver)
        depth = known.get(receiver) or OutboxDepth(receiver=receiver, waiting=0, dead=0, oldest=None)
        waiting.add(labels, depth.waiting)
        dead.add(labels, depth.dead)
        oldest.add(labels, 0 if depth.oldest is None else max(0.0, (now - depth.oldest).total_seconds()))
    yield from (waiting, dead, oldest)


def _checks(known: Mapping[str, str], checks: Iterable[CheckStanding]) -> Iterator[Family]:
    outcome = Family("observer_check_outcome", f"Latest outcome: {_OUTCOMES}.")
    tested = Family("observer_check_rows_tested", "Rows that the latest look tested; absent when not counted.")
    failed = Family("observer_check_rows_failed", "Rows of them that break the check; absent when not counted.")
    for check in checks:
        if (labels := known.get(check.check_id)) is not None:
            outcome.add(labels, OUTCOME_VALUES[check.outcome])
            tested.add(labels, check.rows_tested)
            failed.add(labels, check.rows_failed)
    yield from (outcome, tested, failed)


def _tables(known: Mapping[tuple[str, str], str], tables: Iterable[TableStanding]) -> Iterator[Family]:
    age = Family("observer_table_freshness_seconds", "Age of the newest row, in open time, when it was last looked at.")
    rows = Family("observer_table_rows", "Live rows when they were last counted.")
    looked = Family("observer_table_last_look_timestamp_seconds", "When the table was last looked at.")
    for table in tables:
        labels = known.get((table.contract, table.object))
        if labels is None or (table.rows is None and table.freshness_seconds is None):
            continue
        age.add(labels, table.freshness_seconds)
        rows.add(labels, table.rows)
        looked.add(labels, _seconds(table.at))
    yield from (age, rows, looked)


def _contracts(known: Mapping[str, str], contracts: Iterable[ContractStanding]) -> Iterator[Family]:
    outcome = Family("observer_contract_last_run_outcome", f"Outcome of the latest full run: {_OUTCOMES}.")
    finished = Family("observer_contract_last_run_timestamp_seconds", "When the latest full run ended.")
    success = Family(
        "observer_contract_last_success_timestamp_seconds", "When the latest full run ended that could look at all."
    )
    score = Family("observer_contract_trust_score", "Trust score of the latest full run, 0 to 100.")
    size = Family("observer_contract_snapshot_bytes", "Size on disk of the latest full run's snapshot.")
    lasted = Family("observer_contract_snapshot_duration_seconds", "From that snapshot's first row to its last.")
    due = Family("observer_contract_due_slots", "Slots that wait for a worker.")
    missed = Family(
        "observer_contract_missed_slots_total", "Slots that never had a run, by the state's count.", Kind.COUNTER
    )
    for contract in contracts:
        labels = known[contract.contract]
        outcome.add(labels, None if contract.last_outcome is None else OUTCOME_VALUES[contract.last_outcome])
        finished.add(labels, _seconds(contract.last_finished_at))
        success.add(labels, _seconds(contract.last_success_at))
        score.add(labels, contract.trust_score)
        size.add(labels, contract.snapshot_bytes)
        lasted.add(labels, contract.snapshot_seconds)
        due.add(labels, contract.due_slots)
        missed.add(labels, contract.missed_slots)
    yield from (outcome, finished, success, score, size, lasted, due, missed)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
