"""`take_snapshot`: a session and the tables of a plan in; one Parquet file per table and a manifest out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from observer.checks.measure import TableFile, TableShape
from observer.checks.spec import TablePlan
from observer.errors import ObserverError, SnapshotError
from observer.snapshots.manifest import ColumnEntry, Manifest, TableEntry, schema_hash, write_manifest
from observer.snapshots.parquet import disk_error, write_parquet
from observer.snapshots.protocol import ReadsTables


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Tables on disk, as of one instant where `manifest.one_instant` is true."""

    folder: Path
    #: In the order asked for; a table that could not be read has no path, and `shape.error` says why.
    tables: tuple[TableFile, ...]
    manifest: Manifest


def _say_nothing(_table: TablePlan, _number: int | None) -> None:
    """The progress of a run that nobody watches."""


def take_snapshot(
    session: ReadsTables,
    tables: Sequence[TablePlan],
    folder: Path,
    *,
    on_table: Callable[[TablePlan, int | None], None] = _say_nothing,
    on_rows: Callable[[TablePlan, int], None] = _say_nothing,
    contract_versions: Mapping[str, str] | None = None,
) -> Snapshot:
    """Copy the tables into `folder` (made when missing, readable by its owner only), the manifest last.

    `on_table` hears of each table before it is read, with about how many rows it has, where the source knows;
    `on_rows` hears the number of rows read so far. A table that cannot be read costs only itself. Raises
    SnapshotError when the disk refuses; then every file written so far is removed.
    """
    taken: list[tuple[TableFile, TableEntry]] = []
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number, table in enumerate(tables):
            shape = session.shape(table)
            on_table(table, shape.rows_estimate)
            taken.append(_take(session, table, shape, folder / _file_name(number, table), on_rows))
        manifest = Manifest(
            source_time=session.source_time,
            one_instant=session.one_instant,
            tables=tuple(entry for _, entry in taken),
            contracts=dict(contract_versions or {}),
        )
        write_manifest(manifest, folder)
    except BaseException as error:
        for file, _ in taken:
            if file.path is not None:
                Path(file.path).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise disk_error(error, folder) from None
        raise
    return Snapshot(folder=folder, tables=tuple(file for file, _ in taken), manifest=manifest)


def _take(
    session: ReadsTables, table: TablePlan, shape: TableShape, path: Path, on_rows: Callable[[TablePlan, int], None]
) -> tuple[TableFile, TableEntry]:
    started = time.monotonic()
    if shape.error is not None:
        return _failed(table, shape, started)
    watermark = Watermark(table.update_time)
    try:
        written = write_parquet(
            watermark.watching(session.stream(table, shape)), path, on_rows=lambda rows: on_rows(table, rows)
        )
    except SnapshotError:
        raise
    except ObserverError as error:
        return _failed(table, replace(shape, error=str(error)), started)
    assert written.schema is not None
    described = {column.name: column for column in shape.columns}
    columns = tuple(
        ColumnEntry(
            name=field.name,
            type=str(field.type),
            source_type=described[field.name].type,
            nullable=described[field.name].nullable,
        )
        for field in written.schema
    )
    file = TableFile(
        plan=table,
        shape=replace(shape, rows=written.rows),
        path=str(path.resolve()),
        bytes=path.stat().st_size,
        seconds=time.monotonic() - started,
    )
    entry = TableEntry(
        contract=table.contract,
        object=table.object,
        physical_name=table.physical_name,
        file=path.name,
        rows=written.rows,
        bytes=file.bytes,
        seconds=round(file.seconds, 3),
        schema_hash=schema_hash(columns),
        watermark=watermark.text,
        columns=columns,
        missing=shape.missing,
        others=shape.others,
        key=table.key,
    )
    return file, entry


def _failed(table: TablePlan, shape: TableShape, started: float) -> tuple[TableFile, TableEntry]:
    seconds = time.monotonic() - started
    entry = TableEntry(
        contract=table.contract,
        object=table.object,
        physical_name=table.physical_name,
        file=None,
        rows=None,
        bytes=0,
        seconds=round(seconds, 3),
        schema_hash="",
        watermark=None,
        columns=(),
        missing=shape.missing,
        error=shape.error,
    )
    return TableFile(plan=table, shape=shape, path=None, seconds=seconds), entry


def _file_name(number: int, table: TablePlan) -> str:
    """Unique within the snapshot and harmless on every file system, whatever the table is called."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in table.object)
    return f"{number:03d}-{plain[:80]}.parquet"


class Watermark:
    """The newest value of a time column, as the batches go by. Columns that hold no native time have none."""

    def __init__(self, column: str | None) -> None:
        self._column = column
        self._newest: pa.Scalar | None = None
        self._schema: pa.Schema | None = None

    @property
    def text(self) -> str | None:
        """ISO 8601, or `infinity`."""
        if self._newest is None:
            return None
        try:
            return str(self._newest.as_py().isoformat())
        except (OverflowError, ValueError):
            return "infinity"

    def watching(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same batches."""
        for batch in batches:
            if batch.schema != self._schema:
                self._schema, self._newest = batch.schema, None
            if self._column in batch.schema.names and pa.types.is_temporal(batch.schema.field(self._column).type):
                newest = pc.max(batch.column(self._column))
                if newest.is_valid and (self._newest is None or pc.greater(newest, self._newest).as_py()):
                    self._newest = newest
            yield batch
