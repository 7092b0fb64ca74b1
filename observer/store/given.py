"""Thousands of values handed to the database in one statement: arrays with PostgreSQL, JSON with SQLite.

In: columns of equal length. Out: a table to select from. The text of a statement stays the same however many there are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Text, any_, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

#: Type of a column, and its values as the database takes them.
GivenColumn = tuple[TypeEngine[Any], Sequence[object]]


def given(connection: Connection, **columns: GivenColumn) -> FromClause:
    """A table of these columns, in that order. Text must be such that a database takes it."""
    if connection.dialect.name == "postgresql":
        arrays = [bindparam(None, list(values), type_=ARRAY(kind)) for kind, values in columns.values()]
        names = [column(name, kind) for name, (kind, _) in columns.items()]
        return func.unnest(*arrays).table_valued(*names).render_derived(name="given")
    rows = json.dumps(list(zip(*(values for _, values in columns.values()), strict=True)))
    each = func.json_each(rows).table_valued("value", name="rows")
    parts = [
        func.json_extract(each.c.value, f"$[{place}]", type_=kind).label(name)
        for place, (name, (kind, _)) in enumerate(columns.items())
    ]
    return select(*parts).subquery("given")


def among(connection: Connection, text_column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
    """Whether a column of text is one of these, however many; they are looked up in its index one by one."""
    if connection.dialect.name == "postgresql":
        return text_column == any_(bindparam(None, list(values), type_=ARRAY(Text())))
    return text_column.in_(select(func.json_each(json.dumps(list(values))).table_valued("value").c.value))
