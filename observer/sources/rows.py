"""Rows that pass through Python, as Arrow batches: tuples in, columns out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from observer.sources.source import BATCH_ROWS

#: One column's values → an Arrow array; raises pyarrow.ArrowException when they do not fit.
Convert = Callable[[list[Any]], pa.Array]


def batches(
    fetch: Callable[[int], Sequence[Sequence[Any]]], names: Sequence[str], converts: Sequence[Convert]
) -> Iterator[pa.RecordBatch]:
    """Fetch and convert until there is no more; for no rows, one batch of none."""
    rows = fetch(BATCH_ROWS)
    while True:
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
        arrays = [convert(list(values)) for convert, values in zip(converts, columns, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, names=list(names))
        rows = fetch(BATCH_ROWS)
        if not rows:
            return


def as_type(target: pa.DataType) -> Convert:
    return lambda values: pa.array(values, type=target)


def parsed_as(target: pa.DataType) -> Convert:
    """From the text that the database writes for the value."""
    return lambda values: pa.array(values, type=pa.string()).cast(target)
