"""What happened: contract versions, snapshots, runs, check results and incidents, in SQLite or PostgreSQL."""

from observer.store.records import (
    Advanced,
    ContractVersion,
    IncidentRow,
    KeptSnapshot,
    LookSetAside,
    RecordedCheck,
    RecordedRun,
    RunRow,
    SnapshotRecord,
)
from observer.store.store import Store

__all__ = [
    "Advanced",
    "ContractVersion",
    "IncidentRow",
    "KeptSnapshot",
    "LookSetAside",
    "RecordedCheck",
    "RecordedRun",
    "RunRow",
    "SnapshotRecord",
    "Store",
]
