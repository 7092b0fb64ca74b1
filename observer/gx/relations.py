"""What the engine can see: one relation per table of the plan, live rows only, columns as typed as they can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from observer.gx.kinds import Kind

#: DuckDB's own name for it.
ROW_NUMBER = "file_row_number"


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A table under its physical name. `rows` is what every check of it selects from."""

    name: str
    rows: sa.FromClause
    #: Column → what it holds, as selected from `rows`.
    kinds: Mapping[str, Kind]
    #: Columns stored as text whose values do not all read as the declared type → why, in words.
    untyped: Mapping[str, str] = field(default_factory=dict)
    #: Column → the column of `rows` beside it that says whether its text carried a zone, where only some do.
    zoned: Mapping[str, str] = field(default_factory=dict)
    #: Column → values that mean "nothing was entered".
    placeholders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    #: Why its rows cannot be looked at, though its columns are known.
    rows_error: str | None = None
    #: The same rows with their place in the snapshot's file, from 0, as `ROW_NUMBER`; None where there is no such file.
    numbered: sa.FromClause | None = None

    def column(self, name: str) -> sa.ColumnElement[Any]:
        """The column, selectable beside `rows`."""
        return self.rows.c[name]
