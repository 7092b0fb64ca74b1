"""Orders for runs, and what is told of them: that they began, what they found, that they were lost.

The OpenLineage client takes time and memory: it is imported only where lineage is told of anything.

In: a slot that was claimed, with everything a worker needs. Out: lineage events, and the record of a run that was lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from observer import __version__
from observer.checks.audit import Audit, ContractAudit
from observer.checks.measure import Outcome
from observer.checks.spec import ContractPlan
from observer.checks.unseen import unseen
from observer.contracts.model import Contract
from observer.incidents.looks import look_of_run
from observer.jobs.record_audit import record_audit
from observer.lineage.run import LineageRun
from observer.runs.deliveries import NewDelivery
from observer.runs.leading import Term
from observer.runs.slots import Slot, Trigger
from observer.settings import Settings
from observer.store import Store


@dataclass(frozen=True, kw_only=True)
class RunOrder:
    """What a worker needs to do one run. `slot` is RUNNING under the run id that the run will have."""

    slot: Slot
    contract: Contract
    plan: ContractPlan
    settings: Settings
    #: The CRM database as it may be shown, and its kind (`Source.display_url`, `Source.kind`).
    source: str
    source_kind: str
    #: False: nobody is told of runs, so no event is written.
    lineage: bool = True

    @property
    def run_id(self) -> str:
        assert self.slot.run_id is not None, "an order is made from a slot that was claimed"
        return self.slot.run_id


@dataclass(frozen=True, kw_only=True)
class RunEnded:
    """What the daemon hears of a run; the rest is in the state."""

    run_id: str
    outcome: Outcome
    seconds: float
    rows: int
    #: Why the run as a whole could not be done.
    error: str | None = None
    #: Why its snapshot is not kept though it should be.
    not_kept: str | None = None


@dataclass(frozen=True, kw_only=True)
class Broke:
    """What the daemon hears of a run that raised: nothing was recorded by it."""

    reason: str
    #: The slot belongs to another run by now: there is nothing to record.
    taken: bool = False


def record_lost(order: RunOrder, store: Store, reason: str, *, term: Term | None = None) -> RunEnded:
    """A run whose worker ended before it did: every check ERRORED, for that reason.

    `term` where the worker was another daemon's. Raises SlotTaken when the worker had recorded it just before it
    ended, NotLeading, StoreError.
    """
    now = datetime.now(UTC)
    part = unseen(order.contract, order.plan, "snapshot", reason, changes=True)
    begun = order.slot.started_at or now
    audit = audit_of(order, part, begun)
    events, looks = failed_events(order, reason, at=now), [look_of_run(part, at=begun)]
    record_audit(audit, store, error=reason, finishes=order.slot, deliveries=events, looks=looks, term=term)
    return RunEnded(run_id=order.run_id, outcome=Outcome.ERRORED, seconds=audit.seconds, rows=0, error=reason)


def started_events(order: RunOrder, *, at: datetime) -> tuple[NewDelivery, ...]:
    """What is told of the beginning of the run; to be written when its slot is claimed."""
    if not order.lineage:
        return ()
    from observer.lineage.events import started

    return started(_lineage_of(order), at=at)


def failed_events(order: RunOrder, reason: str, *, at: datetime) -> tuple[NewDelivery, ...]:
    """What is told of a run that was lost."""
    if not order.lineage:
        return ()
    from observer.lineage.events import failed

    return failed(_lineage_of(order), reason, at=at)


def ended_events(order: RunOrder, part: ContractAudit, *, at: datetime) -> tuple[NewDelivery, ...]:
    """What is told of a run and of what it found; to be written when it is recorded."""
    if not order.lineage:
        return ()
    from observer.lineage.events import ended

    return ended(_lineage_of(order), part, at=at)


def audit_of(order: RunOrder, part: ContractAudit, begun: datetime) -> Audit:
    """The run as it is recorded; it ends now."""
    return Audit(
        run_id=order.run_id,
        started_at=begun,
        finished_at=max(begun, datetime.now(UTC)),
        source=order.source,
        contracts=(part,),
        version=__version__,
    )


def _lineage_of(order: RunOrder) -> LineageRun:
    """The run as lineage knows it."""
    slot = order.slot
    return LineageRun(
        run_id=order.run_id,
        contract=order.contract,
        plan=order.plan,
        source=order.source,
        source_kind=order.source_kind,
        namespace=order.settings.lineage.namespace,
        scheduled_for=slot.scheduled_for if slot.trigger is Trigger.SCHEDULE else None,
        started_at=slot.started_at or slot.due_at,
    )
