"""Which table of the source a contract means, and what it may have meant. Names in, a name or a SourceError out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rapidfuzz import process

from observer.errors import SourceError


class TableName(NamedTuple):
    """A table of the source; `schema` is None where the source has none."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


def find_table(
    wanted: str, tables: Sequence[TableName], default_schemas: Sequence[str], *, fold_case: bool = False
) -> TableName:
    """The table that `wanted` names: a table of just this name in a default schema comes first, then `schema.table`.

    `default_schemas` are tried in order. Raises SourceError, with the nearest names, when there is no such table.
    """
    ways = [(schema, wanted) for schema in default_schemas] + [(None, wanted)]
    cuts = [i for i, letter in enumerate(wanted) if letter == "."]
    ways += [(wanted[:i], wanted[i + 1 :]) for i in cuts]
    # `crm.sales.leads` may name the database first.
    ways += [(wanted[i + 1 : j], wanted[j + 1 :]) for i in cuts for j in cuts if i < j]
    exact = {(t.schema, t.name): t for t in tables}
    for way in ways:
        if way in exact:
            return exact[way]
    if fold_case:
        folded = {((t.schema or "").lower(), t.name.lower()): t for t in tables}
        for schema, name in ways:
            if found := folded.get(((schema or "").lower(), name.lower())):
                return found
    raise SourceError(f"there is no table {wanted!r} in the source", fix=nearest(wanted, tables, default_schemas))


def nearest(wanted: str, tables: Sequence[TableName], default_schemas: Sequence[str]) -> str:
    """The remedy for a name that does not exist: the nearest names, or that there are none."""
    names = sorted({t.name if t.schema in default_schemas else str(t) for t in tables})
    if not names:
        return "grant this user access to the tables, or name the right database: it sees none here"
    near = [name for name, _, _ in process.extract(wanted, names, limit=3, score_cutoff=60)]
    near += [name for name in names if name.rpartition(".")[2] == wanted.rpartition(".")[2] and name not in near]
    if near:
        return f"did you mean {' or '.join(repr(name) for name in near)}? Correct physicalName in the contract"
    return f"correct physicalName in the contract; there are {len(names)} tables, e.g. {', '.join(names[:5])}"
