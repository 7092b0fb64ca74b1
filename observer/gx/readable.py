"""Does a value stored as text (or, in SQLite, as anything) read as the declared type? In each dialect's SQL."""

from __future__ import annotations

import sqlalchemy as sa

from observer.contracts.model import LogicalType
from observer.gx import dialect_words as words
from observer.gx.dialect_words import CannotSay, Sql
from observer.gx.kinds import TYPED, Kind

_JSON_KINDS = {
    LogicalType.OBJECT: "{",
    LogicalType.MAP: "{",
    LogicalType.ARRAY: "[",
    LogicalType.VECTOR: "[",
}


def readable(
    column: Sql,
    kind: Kind,
    logical: LogicalType,
    dialect: str,
    *,
    timezone: bool | None = None,
    form: str | None = None,
) -> Sql:
    """True of a value (not null) that reads as the logical type.

    Raises:
        CannotSay: the database cannot tell.
    """
    if dialect == "sqlite":
        return _in_sqlite(column, logical, timezone=timezone, form=form)
    if kind in (Kind.DECIMAL, Kind.FLOAT):
        return column == sa.func.floor(column)
    if kind is Kind.INTEGER:
        return column.in_((0, 1))
    return _text(column, logical, dialect, timezone=timezone, form=form)


def _text(column: Sql, logical: LogicalType, dialect: str, *, timezone: bool | None, form: str | None) -> Sql:
    if form is not None:
        if dialect != "duckdb":
            raise CannotSay(f"the declared format cannot be read in {dialect}; run on a snapshot")
        return sa.func.try_strptime(column, form).is_not(None)
    if logical in _JSON_KINDS:
        opening = sa.func.ltrim(column).like(f"{_JSON_KINDS[logical]}%")
        if dialect in ("duckdb", "sqlite", *words.MYSQL):
            return sa.and_(sa.func.json_valid(column), opening)
        raise CannotSay(f"whether text is JSON cannot be told in {dialect}; run on a snapshot")
    if logical is LogicalType.STRING:
        return sa.true()
    pattern = words.TIMESTAMPS[timezone] if logical is LogicalType.TIMESTAMP else words.PATTERNS[logical]
    shaped = words.matches(column, pattern, dialect)
    if dialect != "duckdb":
        return shaped
    return sa.and_(shaped, words.try_cast(column, TYPED[logical], dialect).is_not(None))


def _in_sqlite(column: Sql, logical: LogicalType, *, timezone: bool | None, form: str | None) -> Sql:
    """SQLite types values, not columns."""
    stored = sa.func.typeof(column)
    as_text = sa.and_(stored == "text", _text(column, logical, "sqlite", timezone=timezone, form=form))
    match logical:
        case LogicalType.INTEGER:
            whole = sa.and_(stored == "real", column == sa.func.round(column))
            return sa.or_(stored == "integer", whole, as_text)
        case LogicalType.NUMBER:
            # Cast to a number, SQLite's texts of infinity and NaN are 0.
            return sa.or_(stored.in_(("integer", "real")), sa.and_(as_text, sa.func.lower(column).not_like("%n%")))
        case LogicalType.BOOLEAN:
            return sa.or_(sa.and_(stored == "integer", column.in_((0, 1))), as_text)
        case LogicalType.STRING:
            return stored == "text"
    return as_text
