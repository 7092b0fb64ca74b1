"""A fault that the simulator put into the CRM: the truth that the daemon's findings are compared with. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from observer.contracts.model import Scalar


class FaultKind(StrEnum):
    """What goes wrong, in the words of the summary."""

    INTEGRATION_STALE = "integration stopped"
    STAGE_RENAMED = "stage renamed"
    ROWS_DELETED = "rows deleted"
    ILLEGAL_TRANSITION = "illegal transition"
    PLACEHOLDERS = "e-mails overwritten"
    DANGLING_REFERENCE = "dangling reference"
    EMAILS_LATE = "e-mails late"
    COLUMN_ADDED = "column added"
    COLUMN_REMOVED = "column removed"
    TYPE_CHANGED = "column type changed"


@dataclass(frozen=True, kw_only=True)
class Injected:
    """One fault, as it stands in the database, or as it comes true within seconds."""

    kind: FaultKind
    #: Table and column; None where it is about whole rows.
    object: str
    property: str | None
    #: How many rows it hits; 0 where it hits the table itself.
    rows: int
    #: Primary keys of these rows, in the order of their columns.
    keys: tuple[tuple[Scalar, ...], ...]
    #: Time of the step that wrote it; aware, UTC.
    at: datetime
    #: Ids of the checks, or names of the service levels, that must find it, every one of them.
    expected_checks: tuple[str, ...]
    #: How it came about, in a few words.
    story: str
    #: What the checks must say, where what they find is in no row ("`utm_medium` added").
    trace: str | None = None
