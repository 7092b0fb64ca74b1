"""How things stand: what the state knows now, as metrics and web show it. Times are aware, UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from observer.checks.measure import Outcome
from observer.contracts.model import Dimension, Severity
from observer.runs.deliveries import OutboxDepth


@dataclass(frozen=True, kw_only=True)
class CheckStanding:
    """The latest result of a check."""

    check_id: str
    contract: str
    object: str
    property: str | None
    dimension: Dimension
    severity: Severity
    owner: str | None
    outcome: Outcome
    rows_tested: int | None
    rows_failed: int | None
    value: float | None
    #: Start of the run, or time of the tick.
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ContractStanding:
    """The latest of a contract as a whole; None where there was no such thing yet."""

    contract: str
    last_run_id: str | None = None
    last_outcome: Outcome | None = None
    last_finished_at: datetime | None = None
    #: Finish of the last run that could look at everything (no check ERRORED).
    last_success_at: datetime | None = None
    trust_score: int | None = None
    rows: int | None = None
    snapshot_bytes: int | None = None
    #: From the first row read to the last.
    snapshot_seconds: float | None = None
    missed_slots: int = 0
    due_slots: int = 0


@dataclass(frozen=True, kw_only=True)
class TableStanding:
    """The latest of a table: of a full run or of a tick, whichever came later."""

    contract: str
    object: str
    rows: int | None = None
    #: Age of the newest row in seconds of open time, at `at`.
    freshness_seconds: float | None = None
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class LeaderStanding:
    """Who leads."""

    holder: str
    epoch: int
    until: datetime


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Everything at once, read in one transaction."""

    contracts: tuple[ContractStanding, ...]
    tables: tuple[TableStanding, ...]
    checks: tuple[CheckStanding, ...]
    outbox: tuple[OutboxDepth, ...]
    #: None when nobody leads.
    leader: LeaderStanding | None
