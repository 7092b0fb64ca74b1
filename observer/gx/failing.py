"""The rows of a table that fail at least one check, set aside once so that every question about them is cheap.

On a snapshot they are copied, with the columns that evidence asks for, into a temporary table of the bench: one scan
for all failed checks. A source may not be written to: there each question goes to the table itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from observer.gx.bench import Bench
from observer.gx.dialect_words import CannotSay, Sql, column
from observer.gx.relations import ROW_NUMBER, Relation


@dataclass(frozen=True, kw_only=True)
class FailingRows:
    """Where failing rows are selected from, and how those of one check are told."""

    rows: sa.FromClause
    #: Check id → true of a row of `rows` that fails the check.
    conditions: Mapping[str, Sql]

    def column(self, name: str) -> sa.ColumnElement[Any]:
        """The column, selectable beside `rows`."""
        return self.rows.c[name]


def row_numbers(bench: Bench, relation: Relation, conditions: Sequence[Sql]) -> pa.Array:
    """Where in the snapshot's file the rows are that meet any of the conditions, from 0: int64, each once, in no order.

    Raises CannotSay: the rows of this relation have no numbers.
    """
    if relation.numbered is None:
        raise CannotSay("its rows cannot be found again in the snapshot")
    flags = [condition.label(f"fails {i}") for i, condition in enumerate(conditions)]
    number = column(ROW_NUMBER)
    judged = sa.select(number, *flags).select_from(relation.numbered).subquery("judged")
    query = sa.select(judged.c[ROW_NUMBER]).where(sa.or_(sa.false(), *(judged.c[flag.name] for flag in flags)))
    return bench.fetch_table(query).column(0).combine_chunks()


def set_aside(bench: Bench, relation: Relation, conditions: Mapping[str, Sql], columns: Iterable[str]) -> FailingRows:
    """Find the rows that meet any of the conditions. `columns`: those that will be asked for."""
    if not bench.own:
        return FailingRows(rows=relation.rows, conditions=conditions)
    kept = [relation.column(name) for name in dict.fromkeys(columns)]
    flags = [condition.label(f"fails {i}") for i, condition in enumerate(conditions.values())]
    judged = sa.select(*kept, *flags).select_from(relation.rows).subquery("judged")
    marks = [judged.c[flag.name] for flag in flags]
    table = bench.set_aside(sa.select(judged).where(sa.or_(*marks)))
    return FailingRows(
        rows=table, conditions={check: table.c[flag.name] for check, flag in zip(conditions, flags, strict=True)}
    )
