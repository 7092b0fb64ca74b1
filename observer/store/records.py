"""What the store gives back: past runs and incidents as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from observer.checks.measure import Outcome
from observer.contracts.model import Dimension, Severity
from observer.incidents.events import Group, IncidentEvent, Resolution
from observer.incidents.findings import Grade
from observer.incidents.incident import Status
from observer.incidents.telling import Notice


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


@dataclass(frozen=True, kw_only=True)
class IncidentRow:
    """One line of `observer incidents`."""

    id: str
    group: Group
    status: Status
    #: Of the gravest finding.
    grade: Grade
    opened_at: datetime
    #: When it was opened or last reopened.
    begins: datetime
    resolved_at: datetime | None
    resolution: Resolution | None
    acknowledged_by: str
    #: May be over.
    snoozed_until: datetime | None
    #: Findings that go on.
    going_on: int
    #: Of its opening.
    reason: str
    #: Whether anybody was ever told.
    told: bool


@dataclass(frozen=True, kw_only=True)
class Advanced:
    """What became of incidents when time passed and queued looks were stepped."""

    events: tuple[IncidentEvent, ...] = ()
    notices: tuple[Notice, ...] = ()
    #: Looks that were taken from the queue.
    looks: int = 0
    #: Of them those that were passed over: they waited too long.
    too_old: int = 0
    #: Looks that could not be taken, and were set aside (`Incidents.set_aside`).
    set_aside: int = 0

    def __add__(self, later: Advanced) -> Advanced:
        return Advanced(
            events=self.events + later.events,
            notices=self.notices + later.notices,
            looks=self.looks + later.looks,
            too_old=self.too_old + later.too_old,
            set_aside=self.set_aside + later.set_aside,
        )


@dataclass(frozen=True, kw_only=True)
class LookSetAside:
    """A look that could not be taken: what it told is not known, unless a later one told it too."""

    id: int
    origin: str
    queued_at: datetime
    set_aside_at: datetime
    #: Without any value.
    because: str
