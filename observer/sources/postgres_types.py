"""How a PostgreSQL column is read so that its Arrow type says the truth: column in, SQL and a finishing touch out.

=====================================  ==========================  =================================================
PostgreSQL                             Arrow                       because
=====================================  ==========================  =================================================
bool, int2/4/8, float4/8, bytea, time  the same                    COPY carries them as they are
text, varchar                          string
char(n)                                string, no trailing blanks  SQL ignores them when it compares
date, timestamp, timestamptz           date32, timestamp[us](UTC)  `infinity` stays DuckDB's infinity
numeric(p, s), p ≤ 38                  decimal128(p, s)            exact; double where the column holds NaN
numeric, money                         decimal128 of the width     measured by one scan of the column; text where 38
                                       that its values need        digits do not hold them, double with NaN/infinity
oid                                    int64
arrays, composites, json, jsonb        string holding JSON
all others (enum, uuid, inet, ranges,  string, as PostgreSQL
interval, xml, …)                      writes them
=====================================  ==========================  =================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from observer.errors import SourceError

Finish = Callable[[pa.Array], pa.Array]

_AS_IT_IS = frozenset({"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "bytea", "time"})
_TIMES = frozenset({"date", "timestamp", "timestamptz"})
_MAX_DIGITS = 38
#: Above this many digits a scaled value no longer fits 64 bits.
_INT64_DIGITS = 18
#: 4713-01-01 BC, where PostgreSQL's calendar begins, counted from 1970. What arrives below it has wrapped.
_FIRST_DAY = -2_440_588
_FIRST_MICROSECOND = _FIRST_DAY * 86_400_000_000
_DAYS_TO_2000 = 10_957
_MICROSECONDS_TO_2000 = _DAYS_TO_2000 * 86_400_000_000
#: DuckDB's infinity; the negative one is its negation.
_INFINITE_DAY = 2**31 - 1
_INFINITE_MICROSECOND = 2**63 - 1


class PgColumn(NamedTuple):
    """A column as the catalog has it; domains are resolved to what they rest on."""

    name: str
    shown_type: str
    nullable: bool
    base_type: str
    #: pg_type.typtype: b(ase), c(omposite), e(num), r(ange), m(ultirange).
    type_kind: str
    modifier: int
    is_array: bool


class Width(NamedTuple):
    """What the values of a numeric column need. `special`: NaN or infinity is among them."""

    whole_digits: int
    scale: int
    special: bool


class Reading(NamedTuple):
    """How one column is read."""

    expression: str
    finish: Finish | None = None


def quoted(*names: str) -> str:
    return sql.Identifier(*names).as_string()


def declared_width(column: PgColumn) -> tuple[int, int] | None:
    """(precision, scale) that numeric(p, s) declares, where decimal128 has room for it; else None."""
    if column.base_type != "numeric" or column.is_array or column.modifier < 4:
        return None
    precision, scale = (column.modifier - 4) >> 16 & 0xFFFF, (column.modifier - 4) & 0x7FF
    return (precision, scale) if scale <= precision <= _MAX_DIGITS else None


def needs_measuring(column: PgColumn) -> bool:
    """True when only the values tell how wide the column must be."""
    is_number = column.base_type in ("numeric", "money") and not column.is_array
    return is_number and declared_width(column) is None


def width_expressions(column: PgColumn) -> tuple[str, str, str]:
    """SQL aggregates that make up the column's Width."""
    value = f"{quoted(column.name)}::numeric"
    plain = f"FILTER (WHERE {value} NOT IN ('NaN', 'Infinity', '-Infinity'))"
    special = f"coalesce(bool_or({value} IN ('NaN', 'Infinity', '-Infinity')), false)"
    whole = f"coalesce(max(length(trunc(abs({value}))::text)) {plain}, 1)"
    return whole, f"coalesce(max(scale(trim_scale({value}))) {plain}, 0)", special


def reading(column: PgColumn, widths: Mapping[str, Width]) -> Reading:
    """How to read the column; `widths` holds every column that was measured."""
    name = quoted(column.name)
    if column.is_array or column.type_kind == "c":
        return Reading(f"to_json({name})::text")
    if column.base_type in _AS_IT_IS:
        return Reading(name)
    if column.base_type in _TIMES:
        return Reading(name, _unwrap_days(column) if column.base_type == "date" else _unwrap_microseconds(column))
    if column.base_type == "oid":
        return Reading(f"{name}::int8")
    if column.base_type in ("numeric", "money"):
        return _number(column, widths.get(column.name))
    return Reading(f"{name}::text")


def _number(column: PgColumn, width: Width | None) -> Reading:
    name = quoted(column.name) if column.base_type == "numeric" else f"{quoted(column.name)}::numeric"
    if width is not None and width.special:
        return Reading(f"{name}::float8")
    if width is not None:
        precision, scale = max(1, width.whole_digits + width.scale), width.scale
    else:
        precision, scale = declared_width(column) or (_MAX_DIGITS + 1, 0)
    if precision > _MAX_DIGITS:
        return Reading(f"trim_scale({name})::text")
    target = pa.decimal128(precision, scale)
    if precision > _INT64_DIGITS:
        return Reading(f"{name}::text", lambda values: values.cast(target))
    factor = f" * 1{'0' * scale}" if scale else ""
    return Reading(f"({name}{factor})::int8", lambda values: _rescaled(values, target))


def _rescaled(values: pa.Array, target: pa.Decimal128Type) -> pa.Array:
    """Whole numbers of the smallest unit → decimals: only the type changes, the digits stay where they are."""
    whole = pc.cast(values, pa.decimal128(19, 0))
    return pa.Array.from_buffers(target, len(whole), whole.buffers(), offset=whole.offset)


def _unwrap_days(column: PgColumn) -> Finish:
    plus, minus = _wrapped(2**31 - 1 + _DAYS_TO_2000, 32), _wrapped(-(2**31) + _DAYS_TO_2000, 32)

    def finish(values: pa.Array) -> pa.Array:
        return _unwrapped(values, pa.int32(), _FIRST_DAY, plus, minus, _INFINITE_DAY, column.name)

    return finish


def _unwrap_microseconds(column: PgColumn) -> Finish:
    plus = _wrapped(2**63 - 1 + _MICROSECONDS_TO_2000, 64)
    minus = _wrapped(-(2**63) + _MICROSECONDS_TO_2000, 64)

    def finish(values: pa.Array) -> pa.Array:
        return _unwrapped(values, pa.int64(), _FIRST_MICROSECOND, plus, minus, _INFINITE_MICROSECOND, column.name)

    return finish


def _wrapped(value: int, bits: int) -> int:
    """The value as two's complement of so many bits keeps it."""
    half = 1 << (bits - 1)
    return (value + half) % (2 * half) - half


def _unwrapped(
    values: pa.Array, raw: pa.DataType, first: int, plus: int, minus: int, infinite: int, column: str
) -> pa.Array:
    """The driver moves the epoch to 1970 without looking: ±infinity wraps around to a time before the calendar."""
    numbers = values.view(raw)
    smallest = pc.min(numbers).as_py()
    if smallest is None or smallest >= first:
        return values
    numbers = pc.if_else(pc.equal(numbers, pa.scalar(plus, raw)), pa.scalar(infinite, raw), numbers)
    numbers = pc.if_else(pc.equal(numbers, pa.scalar(minus, raw)), pa.scalar(-infinite, raw), numbers)
    if pc.any(pc.and_(pc.less(numbers, first), pc.not_equal(numbers, -infinite))).as_py():
        raise SourceError(
            f"column {column!r} holds a time after the year 294246, which Arrow cannot hold",
            fix="correct the value; max() of the column shows it",
        )
    return numbers.view(values.type)
