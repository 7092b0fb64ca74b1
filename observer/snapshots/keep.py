"""`keep_snapshot`: a snapshot in, a copy out that holds no restricted value; tokens stand in their place."""

from __future__ import annotations

import hashlib
import hmac
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from observer.checks.measure import TableFile
from observer.errors import SnapshotError
from observer.snapshots.manifest import TableEntry, schema_hash, write_manifest
from observer.snapshots.parquet import disk_error, write_parquet
from observer.snapshots.take import Snapshot

#: A shorter key could be searched for.
SHORTEST_KEY_BYTES = 16
_BATCH_ROWS = 50_000
_KEY_ID_TEXT = b"crm-observer key id"


def key_id(key: bytes) -> str:
    """Tells keys apart without telling anything of them."""
    return hmac.new(key, _KEY_ID_TEXT, hashlib.sha256).hexdigest()[:16]


def keep_snapshot(snapshot: Snapshot, folder: Path, *, key: bytes | None) -> Path:
    """Copy the snapshot to `folder`, which must not exist, and return it; it appears whole or not at all.

    In restricted columns every value becomes 64 hex digits, HMAC-SHA256 under the key: equal values of equal type give
    equal tokens, in every table and every snapshot kept with the same key; null stays null. Where no column is
    restricted no key is needed. Raises SnapshotError.
    """
    if key is None:
        if any(_restricted(file, entry) for file, entry in _pairs(snapshot)):
            raise SnapshotError(
                "a snapshot is only kept with restricted values replaced by tokens, which needs a secret",
                fix="set OBSERVER_TOKEN_KEY (or OBSERVER_TOKEN_KEY_FILE) to at least 32 random characters",
            )
    elif len(key) < SHORTEST_KEY_BYTES:
        raise SnapshotError(
            f"the key for tokens has {len(key)} bytes", fix=f"use at least {SHORTEST_KEY_BYTES} random bytes"
        )
    if folder.exists():
        raise SnapshotError(f"{folder} exists already", fix="name a folder that does not")
    partial: Path | None = None
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.partial-", dir=folder.parent))
        entries = tuple(_keep(file, entry, partial, key) for file, entry in _pairs(snapshot))
        write_manifest(replace(snapshot.manifest, tables=entries, key_id=None if key is None else key_id(key)), partial)
        partial.rename(folder)
    except BaseException as error:
        if partial is not None:
            shutil.rmtree(partial)
        if isinstance(error, OSError):
            raise disk_error(error, folder) from None
        raise
    return folder


def _pairs(snapshot: Snapshot) -> Iterator[tuple[TableFile, TableEntry]]:
    return zip(snapshot.tables, snapshot.manifest.tables, strict=True)


def _restricted(file: TableFile, entry: TableEntry) -> bool:
    """Whether a column that was copied may not be kept as it is."""
    return not file.plan.restricted.isdisjoint(column.name for column in entry.columns)


def _keep(file: TableFile, entry: TableEntry, folder: Path, key: bytes | None) -> TableEntry:
    if file.path is None or entry.file is None:
        return entry
    target = folder / entry.file
    restricted = file.plan.restricted
    if key is None or not _restricted(file, entry):
        shutil.copyfile(file.path, target)
        target.chmod(0o600)
        return entry
    with pq.ParquetFile(file.path) as source:
        schema = source.schema_arrow
        write_parquet(_tokenised(source, schema, restricted, key), target, on_rows=lambda _rows: None)
    columns = tuple(
        replace(c, type="string", tokenised=True, type_of_values=c.type) if c.name in restricted else c
        for c in entry.columns
    )
    # A restricted time would be told by the watermark.
    hides_watermark = file.plan.update_time in restricted
    return replace(
        entry,
        columns=columns,
        bytes=target.stat().st_size,
        schema_hash=schema_hash(columns),
        watermark=None if hides_watermark else entry.watermark,
    )


def _tokenised(
    source: pq.ParquetFile, schema: pa.Schema, restricted: frozenset[str], key: bytes
) -> Iterator[pa.RecordBatch]:
    token = tokens(key)
    empty = True
    for batch in source.iter_batches(batch_size=_BATCH_ROWS):
        empty = False
        yield _batch(batch, restricted, token)
    if empty:
        nothing = pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)
        yield _batch(nothing, restricted, token)


def _batch(batch: pa.RecordBatch, restricted: frozenset[str], token: Callable[[Any], str]) -> pa.RecordBatch:
    arrays = []
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if field.name in restricted:
            # Each different value is hashed once per batch.
            encoded = _plain(column).dictionary_encode()
            made = pa.array([token(value) for value in encoded.dictionary.to_pylist()], type=pa.string())
            column = pa.DictionaryArray.from_arrays(encoded.indices, made).cast(pa.string())
        arrays.append(column)
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _plain(column: pa.Array) -> pa.Array:
    """Times as their count, so that infinity and years beyond 9999 have tokens too."""
    if pa.types.is_date32(column.type):
        return column.view(pa.int32())
    if pa.types.is_timestamp(column.type) or pa.types.is_time64(column.type):
        return column.view(pa.int64())
    return column


def tokens(key: bytes) -> Callable[[Any], str]:
    """The function that makes tokens under this key. Numbers that are equal have equal tokens whatever their type."""
    keyed = hmac.new(key, digestmod=hashlib.sha256)

    def token(value: Any) -> str:
        digest = keyed.copy()
        digest.update(_canonical(value))
        return digest.hexdigest()

    return token


def _canonical(value: Any) -> bytes:
    if isinstance(value, bytes):
        return b"b" + value
    if isinstance(value, bool):
        return b"n1" if value else b"n0"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, Decimal) and value.is_finite():
        value = value.normalize()
        value = int(value) if value == value.to_integral_value() else value
    if isinstance(value, int | float | Decimal):
        return b"n" + str(value).encode()
    return b"s" + str(value).encode("utf-8", "surrogatepass")
