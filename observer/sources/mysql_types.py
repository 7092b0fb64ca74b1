"""How a MySQL or MariaDB column is read: its declaration in, SQL expression and conversion out.

Everything but bytes arrives as the text that the server writes, and is parsed in bulk.

====================================  =====================================================================
MySQL                                 Arrow
====================================  =====================================================================
tinyint … bigint, year, bit           int64; uint64 where unsigned. `tinyint(1)` too: its type text says so
decimal(p, s)                         decimal128(p, s) up to 38 digits, else string
float, double                         double
date, datetime                        date32, timestamp[us]; string where a zero date (0000-00-00) is among them
timestamp                             timestamp[us, UTC]; the session's time zone is UTC
binary, blob                          binary
char, text, enum, set, json, time, …  string, as the server writes them
====================================  =====================================================================
"""

from __future__ import annotations

import re
from typing import NamedTuple

import pyarrow as pa

from observer.sources.rows import Convert, as_type, parsed_as

_WHOLE = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "year"})
_BYTES = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"})
_MAX_DIGITS = 38
_KIND = re.compile(r"\s*(\w+)\s*(?:\((\d+)(?:,(\d+))?\))?(.*)", re.DOTALL)
TIMES = {
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "timestamp": pa.timestamp("us", "UTC"),
}


class Reading(NamedTuple):
    """How one column is read."""

    expression: str
    convert: Convert


def quoted(*names: str) -> str:
    return ".".join("`" + name.replace("`", "``") + "`" for name in names)


def base_type(kind: str) -> str:
    """`decimal(12,2) unsigned` → `decimal`."""
    match = _KIND.match(kind)
    return match[1].lower() if match else ""


def reading(source_name: str, kind: str, *, times_as_text: bool) -> Reading:
    """How to read a column of the type `kind` ("tinyint(1) unsigned"). Zero dates are no times: `times_as_text`."""
    match = _KIND.match(kind)
    base, first, second, rest = (match[1].lower(), match[2], match[3], match[4].lower()) if match else ("", "", "", "")
    name = quoted(source_name)
    if base in _WHOLE:
        return Reading(name, parsed_as(pa.uint64() if "unsigned" in rest and base == "bigint" else pa.int64()))
    if base == "bit":
        return Reading(f"CAST({name} AS UNSIGNED)", parsed_as(pa.uint64()))
    if base == "decimal" and first and int(first) <= _MAX_DIGITS:
        return Reading(name, parsed_as(pa.decimal128(int(first), int(second or 0))))
    if base == "float":
        # As text a float has six digits; as a double it has them all, and compares as SQL compares it.
        return Reading(f"({name} + 0e0)", parsed_as(pa.float64()))
    if base == "double":
        return Reading(name, parsed_as(pa.float64()))
    if base in _BYTES:
        return Reading(name, as_type(pa.binary()))
    if base in TIMES and not times_as_text:
        return Reading(name, _time(TIMES[base]))
    return Reading(name, as_type(pa.string()))


def _time(target: pa.DataType) -> Convert:
    if not (pa.types.is_timestamp(target) and target.tz):
        return parsed_as(target)
    naive = parsed_as(pa.timestamp(target.unit))

    def convert(values: list[object]) -> pa.Array:
        return naive(values).cast(pa.int64()).cast(target)

    return convert
