"""Which columns of a table an index begins with: over such a column, its newest value is found without a scan."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from observer.errors import SourceError


def leading_columns(engine: Engine, physical_name: str) -> frozenset[str] | None:
    """First columns of indexes, keys and unique constraints; None for a view, or a table that is not found.

    Raises SourceError when the source does not answer.
    """
    schema, _, name = physical_name.rpartition(".")
    try:
        inspector = inspect(engine)
        for where, what in ((None, physical_name), (schema or None, name)):
            if what in inspector.get_view_names(where):
                return None
            lists: list[Sequence[str | None]]
            try:
                lists = [index["column_names"] for index in inspector.get_indexes(what, schema=where)]
            except NoSuchTableError:
                continue
            lists.append(inspector.get_pk_constraint(what, schema=where)["constrained_columns"])
            lists += [unique["column_names"] for unique in inspector.get_unique_constraints(what, schema=where)]
            # An index over an expression has no name there.
            return frozenset(columns[0] for columns in lists if columns and columns[0])
    except SQLAlchemyError as error:
        raise SourceError(
            f"the indexes of {physical_name} cannot be read ({type(error).__name__})",
            fix="check the connection and the rights of the user",
        ) from None
    return None
