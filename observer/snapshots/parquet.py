"""Arrow batches in, one Parquet file out: whole or not at all, in constant memory, readable by its owner only.

A row group is encoded in a thread of its own while the next one is read: the reader waits for at most one.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from observer.errors import SnapshotError

#: Small enough that a row group is decoded within a core's share of memory, large enough that two cores have work.
ROW_GROUP_ROWS = 250_000
#: Buffered rows are written out early when they are this wide: 300 columns of text do not fit as many rows.
ROW_GROUP_BYTES = 128 * 2**20
#: zstd at its lowest level costs as much as snappy to write and read, and halves the file.
COMPRESSION = "zstd"
COMPRESSION_LEVEL = 1
#: Rows of the first batch that decide which columns are worth a dictionary.
SAMPLED_ROWS = 20_000


class ParquetFile:
    """Collects batches into row groups. `close` puts the file in its place; `discard` leaves nothing behind."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._partial = path.with_name(f".{path.name}.partial")
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._waiting_bytes = 0
        self.schema: pa.Schema | None = None
        self._encoder = ThreadPoolExecutor(max_workers=1, thread_name_prefix="parquet")
        self._encoding: Future[None] | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Append; a batch of another schema starts the file over."""
        if self.schema is not None and not batch.schema.equals(self.schema):
            self.discard()
        if self._writer is None:
            self.schema, repetitive = batch.schema, _repetitive_columns(batch)
            descriptor = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._file = os.fdopen(descriptor, "wb")
            self._writer = pq.ParquetWriter(
                self._file,
                batch.schema,
                compression=COMPRESSION,
                compression_level=COMPRESSION_LEVEL,
                use_dictionary=repetitive,
            )
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        self._waiting_bytes += batch.nbytes
        self.rows += batch.num_rows
        if self._waiting_rows >= ROW_GROUP_ROWS or self._waiting_bytes >= ROW_GROUP_BYTES:
            self._flush()

    def close(self) -> int:
        """Finish the file and put it in its place; returns its size in bytes. At least one batch must have come."""
        assert self._writer is not None
        self._flush()
        self._await_encoder()
        self._encoder.shutdown()
        self._writer.close()
        self._file.close()
        self._writer = None
        self._partial.replace(self.path)
        return self.path.stat().st_size

    def discard(self) -> None:
        """Forget everything; no file is left behind. May be called at any time."""
        with suppress(OSError, pa.ArrowException):  # what it could not write is not wanted any more
            self._await_encoder()
        if self._writer is not None:
            writer, self._writer = self._writer, None
            with suppress(OSError, pa.ArrowException):  # the footer of a file that is about to go
                writer.close()
            with suppress(OSError):  # a full disk refuses the last buffer once more
                self._file.close()
        self._waiting.clear()
        self.rows = self._waiting_rows = self._waiting_bytes = 0
        self.schema = None
        self._partial.unlink(missing_ok=True)

    def abandon(self) -> None:
        """Discard for good: nothing can be written afterwards."""
        self.discard()
        self._encoder.shutdown()

    def _flush(self) -> None:
        if self._writer is not None and self._waiting_rows:
            table = pa.Table.from_batches(self._waiting)
            self._await_encoder()
            self._encoding = self._encoder.submit(self._writer.write_table, table, row_group_size=ROW_GROUP_ROWS)
        self._waiting.clear()
        self._waiting_rows = self._waiting_bytes = 0

    def _await_encoder(self) -> None:
        """Until the row group before is written. Raises what writing it raised."""
        if self._encoding is not None:
            encoding, self._encoding = self._encoding, None
            encoding.result()


def _repetitive_columns(batch: pa.RecordBatch) -> list[str]:
    """Columns whose values repeat. Trying dictionaries on all others doubles the time of writing."""
    sample = batch.slice(0, SAMPLED_ROWS)
    most = max(16, sample.num_rows // 4)
    return [
        field.name
        for field, column in zip(sample.schema, sample.columns, strict=True)
        if pc.count_distinct(column).as_py() <= most
    ]


def write_parquet(batches: Iterable[pa.RecordBatch], path: Path, *, on_rows: Callable[[int], None]) -> ParquetFile:
    """Write all batches; whatever interrupts it leaves nothing behind. Raises SnapshotError when the disk refuses."""
    file = ParquetFile(path)
    try:
        for batch in batches:
            file.write(batch)
            on_rows(file.rows)
        file.close()
    except OSError as error:
        file.abandon()
        raise disk_error(error, path) from None
    except BaseException:
        file.abandon()
        raise
    return file


def disk_error(error: OSError, path: Path) -> SnapshotError:
    """What the disk said, with a remedy."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return SnapshotError(f"the disk of {path.parent} is full", fix="free space there, or name another folder")
    if error.errno == errno.EFBIG:
        return SnapshotError(
            f"{path} may not grow any larger",
            fix="raise the limit on the size of files (ulimit -f), or name another folder",
        )
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    return SnapshotError(f"{path} could not be written ({reason})", fix="make the folder writable, or name another")
