"""What happened: contract versions, snapshots, runs and check results, in SQLite or PostgreSQL."""

from observer.store.records import ContractVersion, KeptSnapshot, RecordedCheck, RecordedRun, RunRow, SnapshotRecord
from observer.store.store import Store

__all__ = [
    "ContractVersion",
    "KeptSnapshot",
    "RecordedCheck",
    "RecordedRun",
    "RunRow",
    "SnapshotRecord",
    "Store",
]
