"""How things stand in a state that holds a full run of every contract, so that tests of what shows it need no store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from observer.checks.measure import Outcome
from observer.checks.plan import plan_contract
from observer.checks.spec import CheckSpec
from observer.contracts.model import Contract, LogicalType, Scalar, Sla, SlaKind
from observer.runs.deliveries import OutboxDepth
from observer.runs.standing import CheckStanding, ContractStanding, LeaderStanding, Standing, TableStanding
from tests.fakes.contracts import contract, prop, table

NINE = datetime(2026, 11, 22, 9, tzinfo=UTC)
Watched = tuple[Contract, Sequence[CheckSpec]]


def crm(id: str = "crm", *, fields: int = 2, allowed: tuple[Scalar, ...] | None = None) -> Watched:
    """A contract of one table `leads` with `fields` required fields and a time of its newest row, and its checks."""
    columns = [prop(f"field_{n}", LogicalType.STRING, required=True, enum=allowed) for n in range(fields)]
    leads = table("leads", *columns, prop("created_at", LogicalType.TIMESTAMP))
    fresh = Sla(id="fresh", kind=SlaKind.FRESHNESS, limit=timedelta(hours=1), object="leads", columns=("created_at",))
    found = contract(leads, id=id, slas=(fresh,))
    return found, plan_contract(found).checks


def after_a_run(watched: Sequence[Watched], outcome: Outcome = Outcome.PASSED) -> Standing:
    """Every contract ran at nine, every check came out so, and everything was measured."""
    return Standing(
        contracts=tuple(
            ContractStanding(
                contract=found.id,
                last_run_id=f"run-of-{found.id}",
                last_outcome=outcome,
                last_finished_at=NINE + timedelta(seconds=30),
                last_success_at=NINE + timedelta(seconds=30),
                trust_score=98,
                rows=1_000,
                snapshot_bytes=4_096,
                snapshot_seconds=1.5,
                missed_slots=2,
                due_slots=1,
            )
            for found, _ in watched
        ),
        tables=tuple(
            TableStanding(contract=found.id, object=obj.name, rows=1_000, freshness_seconds=90.5, at=NINE)
            for found, _ in watched
            for obj in found.objects
        ),
        checks=tuple(
            CheckStanding(
                check_id=spec.id,
                contract=spec.contract,
                object=spec.object,
                property=spec.property,
                dimension=spec.dimension,
                severity=spec.severity,
                owner=spec.owner,
                outcome=outcome,
                rows_tested=1_000,
                rows_failed=0,
                value=None,
                at=NINE,
            )
            for _, specs in watched
            for spec in specs
        ),
        outbox=(OutboxDepth(receiver="lineage", waiting=3, dead=1, oldest=NINE),),
        leader=LeaderStanding(holder="daemon-1", epoch=7, until=NINE + timedelta(seconds=15)),
    )
