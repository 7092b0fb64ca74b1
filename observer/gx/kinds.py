"""A database's own name for a column type → what kind of values it holds, and what a logical type accepts."""

from __future__ import annotations

import re
from enum import StrEnum

from observer.contracts.model import LogicalType


class Kind(StrEnum):
    """What a column holds, as far as the checks care."""

    TEXT = "text"
    UUID = "uuid"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp without zone"
    TIMESTAMP_TZ = "timestamp with zone"
    TIME = "time"
    JSON = "json"
    LIST = "list"
    STRUCT = "struct"
    OTHER = "other"


NUMERIC = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT})
TIMES = frozenset({Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ})

# First match wins; types are matched in lower case.
_PATTERNS: tuple[tuple[str, Kind], ...] = (
    (r".*\[\d*\]$|^(array|list)\b|^_", Kind.LIST),
    (r"^(struct|map|row|union|record)\b|^hstore", Kind.STRUCT),
    (r"^(json|jsonb|variant|object|super)\b", Kind.JSON),
    (r"^timestamp.*(with time zone|with local time zone)|^timestamp_?(tz|ltz)|^datetimeoffset", Kind.TIMESTAMP_TZ),
    (r"^(timestamp|datetime|smalldatetime)", Kind.TIMESTAMP),
    (r"^date\b", Kind.DATE),
    (r"^time", Kind.TIME),
    (r"^(bool|boolean|tinyint\(1\))", Kind.BOOLEAN),
    (
        r"^(u?(tiny|small|medium|big|huge)?int(eger)?\d?|bigserial|serial|smallserial|number\(\d+(,\s*0)?\)|year)\b",
        Kind.INTEGER,
    ),
    (r"^(float|double|real)", Kind.FLOAT),
    (r"^(decimal|numeric|number|money|dec|bignumeric|smallmoney)", Kind.DECIMAL),
    (r"^(uuid|uniqueidentifier)", Kind.UUID),
    (
        r"^(n?(var)?char|character|(tiny|medium|long|n|ci)?text|string|varchar|bpchar|name|clob|enum|set\(|citext|nvarchar)",
        Kind.TEXT,
    ),
)


def kind_of(type_name: str) -> Kind:
    """The kind of a type by its name; an empty name (CSV) is text.

    MySQL's `tinyint(1)` is its BOOLEAN; whoever reads its values sees that it may hold 7.
    """
    name = type_name.strip().lower()
    if not name:
        return Kind.TEXT
    return next((kind for pattern, kind in _PATTERNS if re.match(pattern, name)), Kind.OTHER)


#: Kinds that hold a logical type by their own nature; UNSET accepts every kind.
NATIVE: dict[LogicalType, frozenset[Kind]] = {
    LogicalType.STRING: frozenset({Kind.TEXT, Kind.UUID}),
    LogicalType.INTEGER: frozenset({Kind.INTEGER}),
    LogicalType.NUMBER: NUMERIC,
    LogicalType.BOOLEAN: frozenset({Kind.BOOLEAN}),
    LogicalType.DATE: frozenset({Kind.DATE}),
    LogicalType.TIMESTAMP: frozenset({Kind.TIMESTAMP, Kind.TIMESTAMP_TZ}),
    LogicalType.TIME: frozenset({Kind.TIME}),
    LogicalType.OBJECT: frozenset({Kind.JSON, Kind.STRUCT}),
    LogicalType.MAP: frozenset({Kind.JSON, Kind.STRUCT}),
    LogicalType.ARRAY: frozenset({Kind.JSON, Kind.LIST}),
    LogicalType.VECTOR: frozenset({Kind.JSON, Kind.LIST}),
    LogicalType.UNSET: frozenset(Kind),
}

#: Kinds whose values must be looked at one by one to tell whether they are of the logical type.
BY_VALUE: dict[LogicalType, frozenset[Kind]] = {
    LogicalType.INTEGER: frozenset({Kind.TEXT, Kind.DECIMAL, Kind.FLOAT}),
    LogicalType.NUMBER: frozenset({Kind.TEXT}),
    LogicalType.BOOLEAN: frozenset({Kind.TEXT, Kind.INTEGER}),
    LogicalType.DATE: frozenset({Kind.TEXT}),
    LogicalType.TIMESTAMP: frozenset({Kind.TEXT}),
    LogicalType.TIME: frozenset({Kind.TEXT}),
    LogicalType.OBJECT: frozenset({Kind.TEXT}),
    LogicalType.MAP: frozenset({Kind.TEXT}),
    LogicalType.ARRAY: frozenset({Kind.TEXT}),
    LogicalType.VECTOR: frozenset({Kind.TEXT}),
}

#: What such a column is turned into once every value reads as the logical type.
TYPED: dict[LogicalType, Kind] = {
    LogicalType.INTEGER: Kind.INTEGER,
    LogicalType.NUMBER: Kind.FLOAT,
    LogicalType.BOOLEAN: Kind.BOOLEAN,
    LogicalType.DATE: Kind.DATE,
    LogicalType.TIMESTAMP: Kind.TIMESTAMP,
    LogicalType.TIME: Kind.TIME,
}
