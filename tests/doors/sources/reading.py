"""How tests read a table: a plan by hand, and the batches put together the way a snapshot does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow as pa

from observer.checks.measure import TableShape
from observer.checks.spec import TablePlan
from observer.sources.opening import open_source
from observer.sources.source import Source, SourceSession


def opened(url: str, *, seconds: float = 30, connect_seconds: float = 5) -> Source:
    return open_source(
        url, statement_timeout=timedelta(seconds=seconds), connect_timeout=timedelta(seconds=connect_seconds)
    )


def plan(physical_name: str, *columns: str, **more: Any) -> TablePlan:
    return TablePlan(
        contract="crm", object=physical_name.lower(), physical_name=physical_name, columns=columns, key=(), **more
    )


def rows_of(session: SourceSession, table: TablePlan) -> tuple[TableShape, pa.Table]:
    """Shape and rows; a batch of another schema starts over."""
    shape = session.shape(table)
    assert shape.error is None, shape.error
    kept: list[pa.RecordBatch] = []
    for batch in session.stream(table, shape):
        if kept and batch.schema != kept[0].schema:
            kept.clear()
        kept.append(batch)
    return shape, pa.Table.from_batches(kept)


def read(source: Source, table: TablePlan) -> tuple[TableShape, pa.Table]:
    with source.session() as session:
        return rows_of(session, table)
