"""An Audit → the store: the run, its results, and the snapshots it was made on."""

from __future__ import annotations

from collections.abc import Iterable

from observer.checks.audit import Audit
from observer.incidents.findings import Look
from observer.runs.deliveries import NewDelivery
from observer.runs.leading import Term
from observer.runs.slots import Slot
from observer.store import SnapshotRecord, Store


def record_audit(
    audit: Audit,
    store: Store,
    *,
    error: str | None = None,
    finishes: Slot | None = None,
    deliveries: Iterable[NewDelivery] = (),
    looks: Iterable[Look] = (),
    term: Term | None = None,
) -> None:
    """Keep the run in one transaction, with what tells receivers and incidents of it. `error` says why the run as a
    whole could not be done.

    Raises:
        StoreError: the state cannot be written.
        SlotTaken: the slot that the run was to finish is no longer its own; nothing was written.
        NotLeading: the leader of `term` leads no more; nothing was written.
    """
    snapshots = [
        SnapshotRecord(
            contract=part.contract.id,
            taken_at=taken.taken_at,
            source_time=taken.source_time,
            rows=sum(table.rows or 0 for table in part.tables),
            bytes=taken.bytes,
            folder=taken.folder,
            one_instant=part.one_instant,
            seconds=taken.seconds,
        )
        for part in audit.contracts
        if (taken := part.snapshot) is not None
    ]
    store.record_audit(
        audit, snapshots=snapshots, error=error, finishes=finishes, deliveries=deliveries, looks=looks, term=term
    )
