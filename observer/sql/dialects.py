"""sqlglot's dialects by the name used in plans and servers; None is SQL of no particular database."""

from __future__ import annotations

from sqlglot.dialects.dialect import Dialect, Dialects

from observer.contracts.problems import Complaint

KNOWN = frozenset(d.value for d in Dialects if d.value)


def dialect_problem(dialect: str | None) -> Complaint | None:
    """Why SQL of this dialect cannot be read, or None."""
    if dialect is None or dialect in KNOWN:
        return None
    return Complaint(
        f"SQL of a `{dialect}` server cannot be read",
        "declare a server with SQL (postgres, mysql, duckdb, snowflake, bigquery, …), or use library metrics",
    )


def dialect_named(name: str | None) -> Dialect:
    """The dialect; of no particular database when None. Raises ValueError when sqlglot does not know it."""
    return Dialect.get_or_raise(name)
