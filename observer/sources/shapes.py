"""From what a catalog says to a TableShape, the same way for every source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from observer.checks.measure import SourceColumn, TableShape
from observer.checks.spec import TablePlan
from observer.errors import SourceError


@dataclass(frozen=True, kw_only=True)
class FoundColumn:
    """A contracted column that the table has."""

    #: As the contract writes it, and as the snapshot will call it.
    name: str
    #: As the source writes it; differs in case where the source ignores case.
    source_name: str
    #: The source's own type text.
    type: str
    nullable: bool


class FoundColumns(NamedTuple):
    """All columns of a table, as far as they are of interest."""

    #: In contract order.
    contracted: tuple[FoundColumn, ...]
    #: Names of those that the contract does not name.
    others: tuple[str, ...]


def contracted(table: TablePlan, columns: Sequence[tuple[str, str, bool]], place: str) -> FoundColumns:
    """What the contract names among (name, type, nullable) columns; case is ignored where it is no help.

    Raises SourceError when not one of them exists.
    """
    exact = {name: (name, kind, nullable) for name, kind, nullable in columns}
    folded: dict[str, list[tuple[str, str, bool]]] = {}
    for column in columns:
        folded.setdefault(column[0].strip().lower(), []).append(column)
    found = []
    for wanted in table.columns:
        near = folded.get(wanted.lower(), [])
        match = exact.get(wanted) or (near[0] if len(near) == 1 else None)
        if match is not None:
            found.append(FoundColumn(name=wanted, source_name=match[0], type=match[1], nullable=match[2]))
    if not columns:
        raise SourceError(f"table {table.physical_name!r} of {place}: it no longer exists", fix="run again")
    if not found:
        raise SourceError(
            f"{place}: none of the contracted columns of {table.physical_name!r} exists",
            fix=f"correct physicalName of the properties; it has {', '.join(c[0] for c in columns[:8])}",
        )
    taken = {column.source_name for column in found}
    return FoundColumns(tuple(found), tuple(name for name, _, _ in columns if name not in taken))


def shape_of(
    table: TablePlan,
    found: FoundColumns,
    keys: Iterable[Sequence[str]],
    now: datetime,
    *,
    types_bind: bool = True,
    notes: tuple[str, ...] = (),
) -> TableShape:
    """`keys` are column sets kept unique, in the source's names; those over columns out of contract are left out.

    A key over several columns counts only where none may be null: databases let (1, null) stand twice.
    """
    columns = found.contracted
    by_source = {column.source_name.lower(): column for column in columns}
    unique = []
    for key in keys:
        members = [by_source.get(name.lower()) for name in key]
        known = tuple(m for m in members if m is not None)
        if len(known) == len(members) and (len(known) == 1 or not any(m.nullable for m in known)):
            unique.append(tuple(m.name for m in known))
    names = {column.name for column in columns}
    return TableShape(
        object=table.object,
        physical_name=table.physical_name,
        columns=tuple(SourceColumn(name=c.name, type=c.type, nullable=c.nullable) for c in columns),
        types_bind=types_bind,
        missing=tuple(name for name in table.columns if name not in names),
        others=found.others,
        unique_keys=tuple(dict.fromkeys(unique)),
        source_time=now,
        notes=notes,
    )


def unreadable(table: TablePlan, error: SourceError, now: datetime) -> TableShape:
    """A table that could not be read, and why."""
    return TableShape(
        object=table.object, physical_name=table.physical_name, columns=(), source_time=now, error=str(error)
    )
