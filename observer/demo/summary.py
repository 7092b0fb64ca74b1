"""What the generator did, in numbers: the truth that an audit's findings are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Dirt:
    """One kind of dirt in one field. All of its rows are live (not soft-deleted) and have no other dirt."""

    table: str
    field: str
    #: missing, placeholder, malformed, duplicate, not_allowed, out_of_range, orphan, contradiction, late,
    #: expired, stale.
    kind: str
    #: How many rows; for `stale`, how many tables. A row counts as `duplicate` together with the row it repeats.
    rows: int
    #: How it came about.
    story: str


@dataclass(frozen=True, kw_only=True)
class DemoSummary:
    """A demo CRM as it was built."""

    #: Where it stands, without password.
    place: str
    seed: int
    now: datetime
    #: (table, rows) in the order of loading; soft-deleted rows included.
    rows: tuple[tuple[str, int], ...]
    dirt: tuple[Dirt, ...]

    def count(self, table: str, field: str, *kinds: str) -> int:
        """Dirty rows of these kinds (of every kind when none is named) in one field."""
        return sum(
            d.rows for d in self.dirt if d.table == table and d.field == field and (not kinds or d.kind in kinds)
        )

    def rows_of(self, table: str) -> int:
        """Rows of a table, soft-deleted ones included. Raises KeyError for a table that is not there."""
        return dict(self.rows)[table]
