"""What PostgreSQL's catalog says of tables: names in; columns, keys and permissions out."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from observer.errors import SourceError
from observer.sources.naming import TableName
from observer.sources.postgres_types import PgColumn, quoted, width_expressions

_TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY 1, 2
"""
_COLUMNS = """
WITH RECURSIVE kind AS (
    SELECT attnum, attname, attnotnull, format_type(atttypid, atttypmod) AS shown, atttypid AS type,
           atttypmod AS modifier
    FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT k.attnum, k.attname, k.attnotnull OR t.typnotnull, k.shown, t.typbasetype, t.typtypmod
    FROM kind k JOIN pg_type t ON t.oid = k.type WHERE t.typtype = 'd'
)
SELECT k.attname, k.shown, NOT k.attnotnull, CASE WHEN n.nspname = 'pg_catalog' THEN t.typname ELSE '' END,
       t.typtype::text, k.modifier, t.typcategory = 'A'
FROM kind k JOIN pg_type t ON t.oid = k.type JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype <> 'd' ORDER BY k.attnum
"""
# A key over several columns counts only where none may be null: two rows (1, null) are no duplicate to the database.
# Rows of inheritance children are not covered by the parent's index.
_UNIQUE_KEYS = """
SELECT array_agg(a.attname::text ORDER BY k.place)
FROM pg_index i
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
JOIN pg_class c ON c.oid = i.indrelid
WHERE i.indrelid = %s::regclass AND i.indisunique AND i.indisvalid AND i.indimmediate
  AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts
  AND (c.relkind = 'p' OR NOT EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhparent = c.oid))
GROUP BY i.indexrelid HAVING count(*) = 1 OR bool_and(a.attnotnull)
ORDER BY bool_or(i.indisprimary) DESC, i.indexrelid
"""
_FORBIDDEN_COLUMNS = """
SELECT attname FROM pg_attribute
WHERE attrelid = %s::regclass AND attname = ANY(%s) AND NOT has_column_privilege(attrelid, attnum, 'SELECT')
"""


def rows_estimate(connection: psycopg.Connection, table: TableName) -> int | None:
    """What the planner believes, partitions included; None before the first ANALYZE and for views."""
    row = connection.execute(
        "SELECT sum(c.reltuples)::bigint FROM pg_class c WHERE c.relkind IN ('r', 'm') AND c.reltuples > 0 "
        "AND (c.oid = %(name)s::regclass OR c.oid IN (SELECT relid FROM pg_partition_tree(%(name)s::regclass)))",
        {"name": qualified(table)},
    ).fetchone()
    return None if row is None else row[0]


def qualified(table: TableName) -> str:
    return quoted(*(part for part in table if part is not None))


def tables(connection: psycopg.Connection) -> tuple[tuple[str, ...], tuple[TableName, ...]]:
    """The schemas of the search path, and every table, view and foreign table."""
    row = connection.execute("SELECT current_schemas(false)::text[]").fetchone()
    assert row is not None
    return tuple(row[0]), tuple(TableName(schema, name) for schema, name in connection.execute(_TABLES))


def columns(connection: psycopg.Connection, table: TableName) -> list[PgColumn]:
    """All columns of the table in its own order."""
    with connection.transaction():
        return [PgColumn(*row) for row in connection.execute(_COLUMNS, [qualified(table)])]


def unique_keys(connection: psycopg.Connection, table: TableName) -> list[tuple[str, ...]]:
    """Column sets that the database keeps unique for every row, primary key first."""
    with connection.transaction():
        return [tuple(row[0]) for row in connection.execute(_UNIQUE_KEYS, [qualified(table)])]


def assert_readable(connection: psycopg.Connection, table: TableName, names: Sequence[str], place: str) -> None:
    """Raise SourceError when the user may not read the columns, or would not be shown all rows."""
    with connection.transaction():
        forbidden = [row[0] for row in connection.execute(_FORBIDDEN_COLUMNS, [qualified(table), list(names)])]
        hidden = connection.execute("SELECT row_security_active(%s::regclass)", [qualified(table)]).fetchone()
    if forbidden:
        which = "" if len(forbidden) == len(names) else f" (columns {', '.join(forbidden)})"
        user = connection.info.user
        raise SourceError(
            f"permission denied for table {str(table)!r} of {place}{which}",
            fix=f"GRANT SELECT ON {qualified(table)} TO {quoted(user)}",
        )
    if hidden == (True,):
        raise SourceError(
            f"row-level security hides rows of table {str(table)!r} of {place}",
            fix=f"ALTER ROLE {quoted(connection.info.user)} BYPASSRLS, or read through a view that shows every row",
        )


def widths_query(table: TableName, measured: Sequence[PgColumn]) -> str:
    """One row with three values per column: what `Width` holds."""
    values = ", ".join(expression for column in measured for expression in width_expressions(column))
    return f"SELECT {values} FROM {qualified(table)}"


def rewritten_query(table: TableName) -> str:
    """How many of the table's files are no longer those of the snapshot: to it, a truncated table looks empty."""
    oid = "'" + qualified(table).replace("'", "''") + "'::regclass"
    return (
        "SELECT count(*) FROM pg_class c WHERE c.relkind IN ('r', 'm') AND c.relfilenode <> 0 "
        "AND c.relfilenode <> pg_relation_filenode(c.oid) "
        f"AND (c.oid = {oid} OR c.oid IN (SELECT relid FROM pg_partition_tree({oid})))"
    )
