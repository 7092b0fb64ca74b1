"""One slot's run, as a worker does it: snapshot, suites, what changed, and one transaction that records it all.

In: a RunOrder, which holds everything. Out: a RunEnded. What the run found is in the state, and its lineage events are
in the outbox, exactly when the slot is done: a run that is not recorded never happened.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_exponential

from observer import __version__
from observer.checks.audit import Audit, ContractAudit, run_outcome
from observer.checks.measure import Outcome
from observer.checks.plan import plan_contract
from observer.checks.spec import ContractPlan
from observer.contracts.model import Contract
from observer.errors import EngineError, SlotTaken, SnapshotError, SourceError, StoreError
from observer.jobs.audit import AuditRequest, Execution, audit_contract, unseen
from observer.jobs.record_audit import record_audit
from observer.lineage.events import LineageRun, ended, failed, started
from observer.reports.progress import SilentProgress
from observer.runs.deliveries import NewDelivery
from observer.runs.slots import Slot
from observer.settings import Settings
from observer.sources.source import Source
from observer.store import Store

#: A state that is down for less loses no run.
STATE_PATIENCE = timedelta(minutes=3)
#: How many keys of failing rows are kept per check of a scheduled run.
KEY_LIMIT = 100


#: Opens the CRM database that the order speaks of.
OpenedSource = Callable[[], AbstractContextManager[Source]]


@dataclass(frozen=True, kw_only=True)
class RunOrder:
    """What a worker needs to do one run. `slot` is RUNNING under the run id that the run will have."""

    slot: Slot
    contract: Contract
    #: Contracts that its relationships may point into.
    neighbours: tuple[Contract, ...]
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


@dataclass(frozen=True, kw_only=True)
class Broke:
    """What the daemon hears of a run that raised: nothing was recorded by it."""

    reason: str
    #: The slot belongs to another run by now: there is nothing to record.
    taken: bool = False


def run_contract(order: RunOrder, store: Store, opened: OpenedSource) -> RunEnded:
    """Look at the contract and record what was seen; when nothing could be looked at, that.

    Raises:
        SlotTaken: the slot went to another run meanwhile; nothing was recorded.
        StoreError: the state could not be written for longer than STATE_PATIENCE.
    """
    begun = datetime.now(UTC)
    plan = plan_contract(order.contract, order.neighbours)
    error: str | None = None
    try:
        part = _looked_at(order, plan, store, opened)
    except (SourceError, SnapshotError, EngineError) as fault:
        error = str(fault)
        part = unseen(order.contract, plan, Execution.SNAPSHOT, error, changes=True)
    audit = _audit(order, part, begun)
    events = ended(_lineage(order, plan), part, at=audit.finished_at) if order.lineage else ()
    try:
        _record(store, audit, order.slot, events, error)
    except StoreError:
        _forget(part)
        raise
    return RunEnded(
        run_id=order.run_id,
        outcome=run_outcome(audit.results, error=error),
        seconds=audit.seconds,
        rows=audit.rows,
        error=error,
    )


def record_lost(order: RunOrder, store: Store, reason: str) -> RunEnded:
    """A run whose worker ended before it did: every check ERRORED, for that reason.

    Raises SlotTaken when the worker had recorded it just before it ended, StoreError.
    """
    now = datetime.now(UTC)
    plan = plan_contract(order.contract, order.neighbours)
    part = unseen(order.contract, plan, Execution.SNAPSHOT, reason, changes=True)
    audit = _audit(order, part, order.slot.started_at or now)
    events = failed(_lineage(order, plan), reason, at=now) if order.lineage else ()
    record_audit(audit, store, error=reason, finishes=order.slot, deliveries=events)
    return RunEnded(run_id=order.run_id, outcome=Outcome.ERRORED, seconds=audit.seconds, rows=0, error=reason)


def started_events(order: RunOrder, *, at: datetime) -> tuple[NewDelivery, ...]:
    """What is told of the beginning of the run; to be written when its slot is claimed."""
    return () if not order.lineage else started(_lineage(order, plan_contract(order.contract, order.neighbours)), at=at)


def failed_events(order: RunOrder, reason: str, *, at: datetime) -> tuple[NewDelivery, ...]:
    """What is told of a run that will never be recorded, because its slot goes back."""
    return (
        ()
        if not order.lineage
        else failed(_lineage(order, plan_contract(order.contract, order.neighbours)), reason, at=at)
    )


def _looked_at(order: RunOrder, plan: ContractPlan, store: Store, opened: OpenedSource) -> ContractAudit:
    settings = order.settings
    keeps = settings.snapshots.keep > 0
    request = AuditRequest(
        contracts=(order.contract,),
        neighbours=order.neighbours,
        keep=settings.snapshots.folder if keeps else None,
        token_key=settings.token_key,
        key_limit=KEY_LIMIT,
        changes=True,
        previous=_previous(order.contract.id, store) if keeps else {},
    )
    with opened() as source:
        return audit_contract(order.contract, plan, request, source, SilentProgress())


def _previous(contract: str, store: Store) -> dict[str, Path]:
    """The newest kept snapshot that is still there."""
    folders = (Path(kept.folder) for kept in store.kept_snapshots(contract))
    newest = next((folder for folder in folders if folder.is_dir()), None)
    return {} if newest is None else {contract: newest}


def _audit(order: RunOrder, part: ContractAudit, begun: datetime) -> Audit:
    return Audit(
        run_id=order.run_id,
        started_at=begun,
        finished_at=max(begun, datetime.now(UTC)),
        source=order.source,
        contracts=(part,),
        version=__version__,
    )


def _lineage(order: RunOrder, plan: ContractPlan) -> LineageRun:
    slot = order.slot
    return LineageRun(
        run_id=order.run_id,
        contract=order.contract,
        plan=plan,
        source=order.source,
        source_kind=order.source_kind,
        namespace=order.settings.lineage.namespace,
        scheduled_for=slot.scheduled_for,
        started_at=slot.started_at or slot.due_at,
    )


def _record(store: Store, audit: Audit, slot: Slot, events: Iterable[NewDelivery], error: str | None) -> None:
    """A state that is away for a while is waited for; a slot that is gone is not."""
    again = Retrying(
        retry=retry_if_exception(lambda fault: isinstance(fault, StoreError) and not isinstance(fault, SlotTaken)),
        stop=stop_after_delay(STATE_PATIENCE),
        wait=wait_exponential(multiplier=0.5, max=10),
        reraise=True,
    )
    deliveries: Sequence[NewDelivery] = tuple(events)
    again(record_audit, audit, store, error=error, finishes=slot, deliveries=deliveries)


def _forget(part: ContractAudit) -> None:
    """A kept snapshot that no run speaks of would stay for ever."""
    if part.snapshot is not None and part.snapshot.folder is not None:
        shutil.rmtree(part.snapshot.folder, ignore_errors=True)
