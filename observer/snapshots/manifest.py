"""The manifest of a snapshot, `manifest.json`: written last, so a folder without one is no snapshot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from observer.errors import SnapshotError

MANIFEST = "manifest.json"
FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class ColumnEntry:
    """A column of a kept table."""

    name: str
    #: Arrow's name for the stored type ("int64", "decimal128(12, 2)").
    type: str
    #: The source's own name for it; empty when it has none.
    source_type: str
    #: True: the values are keyed tokens.
    tokenised: bool = False
    #: Arrow's name for the type of the values that the tokens stand for; None when there are none, or not remembered.
    type_of_values: str | None = None
    #: Whether the source lets it be null; None where the manifest was written before this was remembered.
    nullable: bool | None = None


@dataclass(frozen=True, kw_only=True)
class TableEntry:
    """A table of the snapshot."""

    contract: str
    object: str
    physical_name: str
    #: File name beside the manifest; None when the table could not be read.
    file: str | None
    rows: int | None
    bytes: int
    seconds: float
    #: SHA-256 over names and types of the columns, in hex; empty when the table could not be read.
    schema_hash: str
    #: Newest event or update time in the table, ISO 8601; None when the table has none.
    watermark: str | None
    columns: tuple[ColumnEntry, ...]
    missing: tuple[str, ...] = ()
    error: str | None = None
    #: Columns that the table has and the contract does not name; None where this was not remembered.
    others: tuple[str, ...] | None = None
    #: Primary key of the contract, physical names in order; None where this was not remembered.
    key: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a snapshot holds, and as of when."""

    #: Of the source's clock; aware, UTC.
    source_time: datetime
    #: False: the tables were read one after the other.
    one_instant: bool
    tables: tuple[TableEntry, ...]
    #: Contract id → version, as far as the taker said.
    contracts: dict[str, str]
    #: Digest that tells which key made the tokens; None when nothing is tokenised.
    key_id: str | None = None
    format_version: int = FORMAT_VERSION


def schema_hash(columns: Sequence[ColumnEntry]) -> str:
    """The same columns in the same order give the same hash; no value plays a part."""
    lines = "\n".join(f"{c.name}\t{c.type}\t{c.source_type}" for c in columns)
    return hashlib.sha256(lines.encode()).hexdigest()


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write it whole or not at all. Raises OSError."""
    content = asdict(manifest) | {"source_time": manifest.source_time.isoformat()}
    partial = folder / f".{MANIFEST}.partial"
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(folder / MANIFEST)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the snapshot in this folder. Raises SnapshotError when there is none."""
    path = folder / MANIFEST
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content["format_version"] != FORMAT_VERSION:
            raise SnapshotError(
                f"{path} has format version {content['format_version']}, this program reads {FORMAT_VERSION}",
                fix="take the snapshot again with this program",
            )
        content["source_time"] = datetime.fromisoformat(content["source_time"])
        content["tables"] = tuple(_table(entry) for entry in content["tables"])
        return Manifest(**content)
    except FileNotFoundError:
        raise SnapshotError(f"{folder} holds no finished snapshot: it has no {MANIFEST}", fix="take it again") from None
    except OSError as error:
        raise SnapshotError(f"{path} cannot be read ({error.strerror})", fix="make it readable") from None
    except (ValueError, KeyError, TypeError):
        raise SnapshotError(f"{path} is damaged", fix="take the snapshot again") from None


def _table(entry: dict[str, Any]) -> TableEntry:
    columns = tuple(ColumnEntry(**column) for column in entry["columns"])
    lists = {name: None if entry.get(name) is None else tuple(entry[name]) for name in ("others", "key")}
    return TableEntry(**entry | lists | {"columns": columns, "missing": tuple(entry["missing"])})
