"""One slot's run, as a worker does it: snapshot, suites, what changed, and one transaction that records it all.

In: a RunOrder, which holds everything. Out: a RunEnded. What the run found is in the state, its lineage events are in
the outbox and its look waits for incidents, exactly when the slot is done: a run that is not recorded never happened.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_exponential

from observer.checks.audit import Audit, ContractAudit, run_outcome
from observer.checks.unseen import unseen
from observer.errors import EngineError, SlotTaken, SnapshotError, SourceError, StoreError
from observer.incidents.findings import Look
from observer.jobs.audit import AuditRequest, audit_contract
from observer.jobs.looks import look_of_audit
from observer.jobs.record_audit import record_audit
from observer.jobs.run_orders import RunEnded, RunOrder, audit_of, ended_events
from observer.reports.progress import SilentProgress
from observer.runs.deliveries import NewDelivery
from observer.runs.slots import Slot, SlotState
from observer.sources.source import Source
from observer.store import Store

#: A state that is down for less loses no run.
STATE_PATIENCE = timedelta(minutes=3)
#: How many keys of failing rows are kept per check of a scheduled run.
KEY_LIMIT = 100


#: Opens the CRM database that the order speaks of.
OpenedSource = Callable[[], AbstractContextManager[Source]]


def run_contract(order: RunOrder, store: Store, opened: OpenedSource) -> RunEnded:
    """Look at the contract and record what was seen; when nothing could be looked at, that.

    Raises:
        SlotTaken: the slot went to another run meanwhile; nothing was recorded.
        StoreError: the state could not be written for longer than STATE_PATIENCE.
    """
    begun = datetime.now(UTC)
    error: str | None = None
    try:
        part = _looked_at(order, store, opened)
    except (SourceError, SnapshotError, EngineError) as fault:
        error = str(fault)
        part = unseen(order.contract, order.plan, "snapshot", error, changes=True)
    audit = audit_of(order, part, begun)
    events = ended_events(order, part, at=audit.finished_at)
    try:
        look = look_of_audit(audit, _patiently()(store.proofs.well_before, audit))
        _record(store, audit, order.slot, events, look, error)
    except StoreError:
        _forget(part)
        raise
    return RunEnded(
        run_id=order.run_id,
        outcome=run_outcome(audit.results, error=error),
        seconds=audit.seconds,
        rows=audit.rows,
        error=error,
        not_kept=part.snapshot.not_kept if part.snapshot else None,
    )


def _looked_at(order: RunOrder, store: Store, opened: OpenedSource) -> ContractAudit:
    settings = order.settings
    keeps = settings.snapshots.keep > 0
    request = AuditRequest(
        contracts=(order.contract,),
        keep=settings.snapshots.folder if keeps else None,
        token_key=settings.token_key,
        key_limit=KEY_LIMIT,
        changes=True,
        previous={order.contract.id: _previous(order.contract.id, store)} if keeps else {},
    )
    with opened() as source:
        return audit_contract(order.contract, order.plan, request, source, SilentProgress())


def _previous(contract: str, store: Store) -> list[Path]:
    """The kept snapshots that are still there, newest first."""
    folders = (Path(kept.folder) for kept in _patiently()(store.kept_snapshots, contract))
    return [folder for folder in folders if folder.is_dir()]


def _record(
    store: Store, audit: Audit, slot: Slot, events: Iterable[NewDelivery], look: Look, error: str | None
) -> None:
    deliveries: Sequence[NewDelivery] = tuple(events)
    try:
        _patiently()(record_audit, audit, store, error=error, finishes=slot, deliveries=deliveries, looks=(look,))
    except SlotTaken:
        # A connection that is cut during a commit leaves open whether there was one: the attempt before may have won.
        known = store.slots.get(slot.contract, slot.scheduled_for)
        if known is None or known.run_id != slot.run_id or known.state is not SlotState.DONE:
            raise


def _patiently() -> Retrying:
    """A state that is away for a while is waited for; a slot that is gone is not."""
    return Retrying(
        retry=retry_if_exception(lambda fault: isinstance(fault, StoreError) and not isinstance(fault, SlotTaken)),
        stop=stop_after_delay(STATE_PATIENCE),
        wait=wait_exponential(multiplier=0.5, max=10),
        reraise=True,
    )


def _forget(part: ContractAudit) -> None:
    """A kept snapshot that no run speaks of would stay for ever."""
    if part.snapshot is not None and part.snapshot.folder is not None:
        shutil.rmtree(part.snapshot.folder, ignore_errors=True)
