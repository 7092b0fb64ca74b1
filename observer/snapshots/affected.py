"""The rows that a change check complains of → their keys and links, as they may be shown."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from observer.checks.measure import Offender
from observer.checks.row_values import linked_names, record_link, scalar
from observer.checks.spec import TablePlan
from observer.contracts.model import Scalar
from observer.snapshots.pairing import ROW_NUMBER, Side, quoted

_KEYS_HIDDEN = "keys not shown: a key column is restricted"


@dataclass(frozen=True)
class Found:
    """Where the rows are, and what is known of them already."""

    side: Side
    #: A query that gives their places in the file.
    rows: str
    offenders: tuple[Offender, ...] = ()
    offenders_total: int | None = None
    notes: tuple[str, ...] = ()


def keys_of(
    connection: duckdb.DuckDBPyConnection, found: Found, table: TablePlan, limit: int, notes: list[str]
) -> tuple[tuple[tuple[Scalar, ...], ...], tuple[str, ...]]:
    """Keys in key order, at most `limit`, and a link for each where there are links. Why there are none is noted."""
    columns = found.side.columns
    if not table.key or not set(table.key) <= columns.keys():
        notes.append("keys not shown: the primary key is not declared in the contract, or the table lacks it")
        return (), ()
    if any(columns[name].tokenised or name in table.restricted for name in table.key):
        notes.append(_KEYS_HIDDEN)
        return (), ()
    links = _links(table, found.side) if found.side.is_present else {}
    wanted = list(dict.fromkeys((*table.key, *links.values())))
    rows = connection.execute(
        f"SELECT {', '.join(quoted(name) for name in wanted)} FROM {found.side.source} "
        f"WHERE {ROW_NUMBER} IN ({found.rows}) ORDER BY {', '.join(quoted(name) for name in table.key)} "
        f"LIMIT {int(limit)}"
    ).fetchall()
    keys = tuple(tuple(scalar(row[wanted.index(name)]) for name in table.key) for row in rows)
    if not links or table.record_url is None:
        return keys, ()
    template = table.record_url
    return keys, tuple(record_link(template, {n: row[wanted.index(c)] for n, c in links.items()}) for row in rows)


def _links(table: TablePlan, side: Side) -> dict[str, str]:
    """Name in the record's link → column; none where a column is missing or restricted. What is gone has no link."""
    if table.record_url is None:
        return {}
    columns = dict(table.url_columns)
    wanted = {name: columns.get(name, name) for name in linked_names(table.record_url)}
    there = {c.name for c in side.entry.columns if not c.tokenised and c.name not in table.restricted}
    return wanted if set(wanted.values()) <= there else {}
