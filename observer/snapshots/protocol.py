"""What a snapshot asks of a source's session. `observer.sources` fulfils it; the doors do not know each other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

import pyarrow as pa

from observer.checks.measure import TableShape
from observer.checks.spec import TablePlan


class ReadsTables(Protocol):
    """A read-only look at a source, as of one instant where `one_instant` is true."""

    @property
    def source_time(self) -> datetime:
        """The source's clock when the instant was taken; aware, UTC."""

    @property
    def one_instant(self) -> bool: ...

    def shape(self, table: TablePlan) -> TableShape:
        """Columns and keys; `error` is set instead of raising when the table cannot be read."""

    def stream(self, table: TablePlan, shape: TableShape) -> Iterator[pa.RecordBatch]:
        """The rows. A batch of another schema than the one before starts the table over. Raises ObserverError."""
