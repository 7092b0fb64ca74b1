"""What every source offers: read-only sessions that see one instant, table shapes, and rows as Arrow batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from math import ceil
from typing import Protocol, runtime_checkable

import pyarrow as pa
from sqlalchemy import Engine

from observer.checks.measure import TableShape
from observer.checks.spec import TablePlan

#: What the source's own list of connections shows.
APPLICATION_NAME = "crm-observer"
#: Rows per Arrow batch where the rows pass through Python.
BATCH_ROWS = 20_000


class SourceSession(Protocol):
    """One look at the source. It never writes; where `one_instant` is true, everything is seen as of one instant."""

    @property
    def source_time(self) -> datetime:
        """The source's own clock when the instant was taken; aware, UTC."""

    @property
    def one_instant(self) -> bool:
        """False when the source cannot show all tables as of one instant (files, MySQL tables without transactions)."""

    def shape(self, table: TablePlan) -> TableShape:
        """The table as the source declares it. Never raises for a table that cannot be read: see `TableShape.error`."""

    def stream(self, table: TablePlan, shape: TableShape) -> Iterator[pa.RecordBatch]:
        """The columns of `shape`, under those names, in constant memory; for no rows, one batch of none.

        A batch with another schema than the one before it means that the table starts over: forget what came before.
        Raises SourceError, naming the table, when the table cannot be read to its end.
        """


@runtime_checkable
class Source(Protocol):
    """A CRM database, or a folder of files, opened read-only. Thread-safe; sessions are not."""

    @property
    def kind(self) -> str:
        """`postgresql`, `mysql`, `sqlite`, `duckdb`, `file`, or the name of another SQLAlchemy dialect."""

    @property
    def dialect(self) -> str:
        """sqlglot's name for the SQL it speaks; `duckdb` for files, whose snapshots DuckDB reads."""

    @property
    def display_url(self) -> str:
        """Its URL without any secret."""

    @property
    def engine(self) -> Engine | None:
        """For pushdown: every connection is read-only and has the timeouts. None for files."""

    def session(self) -> AbstractContextManager[SourceSession]:
        """Take an instant. Raises SourceError when it cannot be reached, or can only be pushed down to."""

    def ping(self) -> None:
        """Ask it for nothing. Raises SourceError with a remedy when it does not answer."""

    def close(self) -> None:
        """Let go of every connection; may be called twice."""


def whole_seconds(span: timedelta) -> int:
    """At least one, rounded up: what drivers that count in seconds are told."""
    return max(1, ceil(span.total_seconds()))
