"""Ticks: a glance at a table between two full runs. How old is its newest row, how many rows are there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from observer.checks.measure import Outcome


@dataclass(frozen=True, kw_only=True)
class Tick:
    """What one glance showed for one check (freshness or volume)."""

    #: Id of the contract's own check: the same that a full run judges.
    check_id: str
    contract: str
    object: str
    #: By the daemon's clock; aware, UTC.
    at: datetime
    outcome: Outcome
    #: Freshness: age of the newest row in seconds of open time. Volume: rows.
    value: float | None
    observed: str
    expected: str
    #: Why we could not look.
    error: str | None = None
