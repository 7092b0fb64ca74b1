"""The smallest things that a state can hold: a contract of one field, a run of one check, a slot, a delivery."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from observer.checks.audit import Audit, ContractAudit
from observer.checks.measure import CheckResult, Measurement, Outcome, TableShape
from observer.checks.rules import Fresh, InSet, Rule
from observer.checks.spec import CheckSpec
from observer.contracts.model import Contract, Dimension, Property, SchemaObject, Severity
from observer.runs.deliveries import NewDelivery
from observer.runs.slots import NewSlot
from observer.store.records import SnapshotRecord

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEADS = "crm-leads"
HOUR = timedelta(hours=1)


def slot(contract: str = LEADS, at: datetime = NOON, *, missed: str | None = None) -> NewSlot:
    return NewSlot(contract=contract, scheduled_for=at, due_at=at, missed=missed)


def delivery(key: str, *, line: str = "line", receiver: str = "lineage") -> NewDelivery:
    return NewDelivery(receiver=receiver, key=key, line=line, payload={"key": key})


def small_contract(name: str = LEADS) -> Contract:
    status = Property(id="lead_status", name="status", physical_name="status")
    leads = SchemaObject(id="leads", name="leads", physical_name="leads", properties=(status,))
    return Contract(
        id=name,
        name=name,
        version="1.0.0",
        api_version="v3.2.0",
        status="active",
        objects=(leads,),
        file="leads.odcs.yaml",
        digest="d1",
    )


def small_result(contract: str, outcome: Outcome, *, rule: Rule, name: str, value: float | None = None) -> CheckResult:
    spec = CheckSpec(
        id=f"{contract}.leads.lead_status.{name}",
        contract=contract,
        contract_version="1.0.0",
        object="leads",
        property="status",
        rule_name=name,
        statement="status is one of 4 values",
        dimension=Dimension.VALIDITY,
        severity=Severity.ERROR,
        rule=rule,
        owner="ana@example.com",
    )
    seen = Measurement(check_id=spec.id, rows_tested=100, rows_failed=3, value=value)
    return CheckResult(spec=spec, measurement=seen, outcome=outcome, observed="3 rows", expected="no row")


def small_run(
    run_id: str, *, contract: str = LEADS, at: datetime = NOON, outcome: Outcome = Outcome.PASSED, rows: int = 100
) -> Audit:
    """A run of two checks, one of them of freshness (90 seconds); it ends a second after `at`."""
    part = ContractAudit(
        contract=small_contract(contract),
        tables=(TableShape(object="leads", physical_name="leads", columns=(), rows=rows),),
        results=(
            small_result(contract, outcome, rule=InSet(column="status", values=("new",)), name="enum"),
            small_result(
                contract, Outcome.PASSED, rule=Fresh(columns=("status",), limit=HOUR), name="freshness", value=90.0
            ),
        ),
    )
    return Audit(
        run_id=run_id,
        started_at=at,
        finished_at=at + timedelta(seconds=1),
        source="crm",
        contracts=(part,),
        version="0.1.0",
    )


def small_snapshot(contract: str = LEADS, *, at: datetime = NOON, folder: str | None = None) -> SnapshotRecord:
    return SnapshotRecord(
        contract=contract,
        taken_at=at,
        source_time=at,
        rows=100,
        bytes=4_096,
        folder=folder,
        one_instant=True,
        seconds=0.5,
    )
