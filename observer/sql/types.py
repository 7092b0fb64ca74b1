"""Are two names of column types the same type? `varchar(255)` and PostgreSQL's `character varying(255)` are."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import SqlglotError

from observer.sql.dialects import dialect_named


def same_type(declared: str, stored: str, *, dialect: str | None) -> bool:
    """True when both name one type in this dialect, lengths and precision included; case and spaces do not count."""
    return _folded(declared) == _folded(stored) or _normal(declared, dialect) == _normal(stored, dialect)


def _normal(name: str, dialect: str | None) -> str:
    try:
        kind = exp.DataType.build(name, dialect=dialect_named(dialect), udt=True)
    except (SqlglotError, ValueError):
        return _folded(name)
    return _folded(kind.sql(dialect_named(dialect)))


def _folded(name: str) -> str:
    return " ".join(name.lower().replace("(", " ( ").replace(")", " ) ").replace(",", " , ").split())
