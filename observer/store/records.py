"""What the store gives back: past runs as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from observer.checks.measure import Outcome
from observer.contracts.model import Dimension, Severity


@dataclass(frozen=True, kw_only=True)
class SnapshotRecord:
    """A snapshot that a run was made on."""

    contract: str
    #: By the clock of the machine that took it; aware, UTC.
    taken_at: datetime
    #: By the source's own clock; None when it has none.
    source_time: datetime | None
    rows: int
    #: On disk.
    bytes: int
    #: Where it is kept; None for a temporary one.
    folder: str | None
    one_instant: bool
    #: From the first row read to the last; None when not measured.
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class KeptSnapshot:
    """A snapshot that is still on disk."""

    id: int
    contract: str
    taken_at: datetime
    bytes: int
    folder: str


@dataclass(frozen=True, kw_only=True)
class ContractVersion:
    """A wording of a contract, known by the bytes of its file."""

    contract: str
    version: str
    #: SHA-256 of the file, in hex.
    digest: str
    file: str
    #: Start of the first run that used it.
    first_seen: datetime


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """One line of `observer runs`."""

    id: str
    kind: str
    #: Ids of the contracts, in the order of the run.
    contracts: tuple[str, ...]
    #: Without password.
    source: str
    started_at: datetime
    finished_at: datetime
    #: The worst of its checks; ERRORED when nothing could be looked at.
    outcome: Outcome
    passed: int
    warned: int
    failed: int
    errored: int
    skipped: int
    rows: int
    #: 0..100, or None when nothing was looked at.
    trust_score: int | None
    execution: str
    version: str
    error: str | None

    @property
    def checks(self) -> int:
        """Checks planned."""
        return self.passed + self.warned + self.failed + self.errored + self.skipped

    @property
    def seconds(self) -> float:
        return (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True, kw_only=True)
class RecordedCheck:
    """A check result as it was on the day of the run; the contract may have changed since."""

    check_id: str
    contract: str
    object: str
    property: str | None
    rule: str
    statement: str
    dimension: Dimension
    severity: Severity
    outcome: Outcome
    rows_tested: int | None
    rows_failed: int | None
    value: float | None
    seen: str | None
    observed: str
    expected: str
    owner: str | None
    #: Why we could not look, or why there was nothing to look at.
    error: str | None
    #: `{key_columns, keys, urls, offenders, offenders_total, segments, months, notes}`; None when none was gathered.
    evidence: Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class RecordedRun:
    """A run with everything that was kept of it."""

    run: RunRow
    contracts: tuple[ContractVersion, ...]
    snapshots: tuple[SnapshotRecord, ...]
    #: In the order of the plan.
    results: tuple[RecordedCheck, ...]
