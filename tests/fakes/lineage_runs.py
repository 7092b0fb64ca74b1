"""Runs as lineage hears of them: restricted fields, a composite key, a soft delete, and canaries in every value."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from observer.checks import rules
from observer.checks.audit import ContractAudit, SnapshotTaken, TableCopy
from observer.checks.judge import judge
from observer.checks.measure import (
    CheckResult,
    Evidence,
    FieldProfile,
    Measurement,
    MonthCount,
    Offender,
    Segment,
    SourceColumn,
    TableShape,
    ValueCount,
)
from observer.checks.plan import plan_contract
from observer.checks.spec import CheckSpec
from observer.contracts.model import (
    Comparison,
    Contract,
    CustomRule,
    DeletedFlag,
    LogicalType,
    Metric,
    MetricRule,
    Operator,
    Relationship,
    Severity,
    Sla,
    SlaKind,
    SqlRule,
    TeamMember,
)
from observer.lineage.events import started
from observer.lineage.run import LineageRun
from observer.runs.deliveries import Delivery, NewDelivery
from tests.fakes.contracts import prop, table

#: Stands in every value of a row, key and password that a run holds; no event may hold it.
CANARY = "canary-7f3a"
STARTED = datetime(2026, 11, 22, 5, 54, tzinfo=UTC)
ENDED = STARTED + timedelta(seconds=3.9)
RUN_ID = "019aa9c5-3a40-7c3e-8f00-5d1e2f3a4b5c"
SOURCE = f"postgresql://ada:{CANARY}@crm-db:5433/crm?sslmode=require"


def crm() -> Contract:
    """Leads with a restricted e-mail address, and their steps with a composite key."""
    leads = table(
        "leads",
        prop("id", LogicalType.INTEGER, required=True, primary_key_position=1),
        prop(
            "email",
            physical_name="E-Mail",
            classification="restricted",
            required=True,
            owner="zoë.müller@example.com",
            steward="sam@example.com",
            consumers=("lead-routing", "nurture"),
            tags=("pii",),
            critical=True,
            description="Where the lead can be reached.",
            placeholders=("n/a",),
        ),
        prop("straße", required=True, enum=("Köln", "東京")),
        prop("created_at", LogicalType.TIMESTAMP),
        prop("deleted", LogicalType.BOOLEAN),
        quality=(
            SqlRule(
                id="largest",
                query='SELECT max(length("E-Mail")) FROM leads',
                comparison=Comparison(operator=Operator.MUST_BE_LESS_THAN, operands=(300,)),
            ),
            CustomRule(id="custom", expectation="expect_column_max_to_be_between", kwargs={"column": "created_at"}),
            MetricRule(
                id="many",
                metric=Metric.ROW_COUNT,
                comparison=Comparison(operator=Operator.MUST_BE_GREATER_THAN, operands=(10,)),
                severity=Severity.WARNING,
            ),
        ),
        deleted_flag=DeletedFlag(column="deleted"),
        event_time=("created_at",),
    )
    steps = table(
        "steps",
        prop("lead_id", LogicalType.INTEGER, primary_key_position=1),
        prop("number", LogicalType.INTEGER, primary_key_position=2),
        relationships=(
            Relationship(id="lead", columns=("lead_id",), to_contract="crm", to_object="leads", to_columns=("id",)),
            Relationship(id="user", columns=("number",), to_contract="users", to_object="users", to_columns=("id",)),
        ),
        physical_name="sales.steps",
    )
    return Contract(
        id="crm",
        name="CRM",
        version="1.2.0",
        api_version="v3.2.0",
        status="active",
        description="Leads, and how far they are.",
        objects=(leads, steps),
        team=(TeamMember(username="ana@example.com", role="owner"), TeamMember(username="sam", role="data steward")),
        slas=(
            Sla(
                id="fresh", kind=SlaKind.FRESHNESS, limit=timedelta(minutes=15), object="leads", columns=("created_at",)
            ),
        ),
    )


def users() -> Contract:
    """The neighbour that steps point into."""
    return Contract(
        id="users",
        name="Users",
        version="1.0.0",
        api_version="v3.2.0",
        status="active",
        objects=(table("users", prop("id", LogicalType.INTEGER), prop("name")),),
    )


def lineage_run(contract: Contract | None = None, **more: object) -> LineageRun:
    contract = contract or crm()
    run = LineageRun(
        run_id=RUN_ID,
        contract=contract,
        plan=plan_contract(contract, (users(),)),
        source=SOURCE,
        source_kind="postgresql",
        namespace="crm-observer",
        scheduled_for=STARTED - timedelta(seconds=7),
        started_at=STARTED,
    )
    return replace(run, **more)  # type: ignore[arg-type]  # a test builder


def seen(spec: CheckSpec, failed: int = 0) -> Measurement:
    """What an engine sees for a check of 40 rows of which some fail, with a canary wherever it could carry a value."""
    match spec.rule:
        case rules.Fresh() | rules.SqlValue() | rules.RowCount():
            return Measurement(check_id=spec.id, value=40, seen=f"{CANARY} 2026-11-22T05:53:20Z")
        case rules.Expectation():
            return Measurement(check_id=spec.id, holds=not failed, seen=f"max is {CANARY}")
        case rules.HasType() | rules.HasPhysicalType():
            return Measurement(check_id=spec.id, rows_tested=40, rows_failed=failed, seen="INTEGER")
    return Measurement(check_id=spec.id, rows_tested=40, rows_failed=failed)


def judged(run: LineageRun, failed: int = 0, **why: str) -> tuple[CheckResult, ...]:
    """Every check of the plan; `error=` or `skipped=` says why none was measured."""
    return tuple(
        judge(spec, Measurement(check_id=spec.id, **why) if why else seen(spec, failed)) for spec in run.plan.checks
    )


def taken(run: LineageRun, *, kept: bool) -> SnapshotTaken:
    return SnapshotTaken(
        taken_at=STARTED,
        source_time=STARTED,
        bytes=3_000,
        folder="/var/lib/observer/snapshots/crm/20261122T055400.000000Z" if kept else None,
        tables=tuple(TableCopy(contract=t.contract, object=t.object, rows=41, bytes=1_500) for t in run.plan.tables),
    )


def audited(run: LineageRun, results: tuple[CheckResult, ...], *, kept: bool = False) -> ContractAudit:
    """A run that could read everything, with evidence that is full of canaries."""
    own = [t for t in run.plan.tables if not t.target_only]
    return ContractAudit(
        contract=run.contract,
        tables=tuple(
            TableShape(
                object=t.object,
                physical_name=t.physical_name,
                columns=tuple(SourceColumn(name=c, type="" if c == "number" else "text") for c in t.columns),
                rows=40,
                source_time=STARTED,
            )
            for t in own
        ),
        results=results,
        evidence=tuple(
            Evidence(
                check_id=r.spec.id,
                key_columns=("id",),
                keys=((f"{CANARY}-key",),),
                urls=(f"https://crm.example.com/leads/{CANARY}",),
                offenders=(Offender(value=f"{CANARY}@example.com", rows=1, suggestion=f"{CANARY}.x"),),
                segments=(Segment(column="E-Mail", value=CANARY, rows_tested=1, rows_failed=1, share=1.0, lift=2.0),),
                months=(MonthCount(month=f"{CANARY}-03", rows_tested=1, rows_failed=1),),
                notes=(f"{CANARY} note",),
            )
            for r in results
        ),
        profiles=tuple(
            FieldProfile(
                object=obj.name,
                property=p.name,
                rows=40,
                filled=38,
                values=(ValueCount(value=f"{CANARY}-value", rows=38, allowed=True),),
            )
            for obj in run.contract.objects
            for p in obj.properties
        ),
        execution=run.execution,
        snapshot=None if run.execution == "pushdown" else taken(run, kept=kept),
    )


def unseen(run: LineageRun, why: str) -> ContractAudit:
    """A run that could look at nothing."""
    part = audited(run, judged(run, error=why))
    shapes = tuple(replace(shape, columns=(), rows=None, error=why) for shape in part.tables)
    return replace(part, tables=shapes, evidence=(), profiles=(), snapshot=None)


def stored(new: NewDelivery) -> Delivery:
    """As the outbox gives it back: through JSON."""
    payload = json.loads(json.dumps(dict(new.payload)))
    return Delivery(
        id=1, receiver=new.receiver, key=new.key, line=new.line, payload=payload, created_at=STARTED, attempts=0
    )


def an_event() -> Delivery:
    return stored(started(lineage_run(), at=STARTED)[1])
