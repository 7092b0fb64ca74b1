"""How the columns of a table drifted between two snapshots: two manifest entries in, words out. No row is read."""

from __future__ import annotations

from dataclasses import dataclass

from observer.snapshots.manifest import TableEntry


@dataclass(frozen=True, kw_only=True)
class Drift:
    """Each text names one column and what became of it."""

    #: Columns that were removed, or changed their type or nullability.
    broken: tuple[str, ...] = ()
    #: Columns that are new; they break nothing.
    added: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """ "`email` removed; `age` was int, is text; `note` added"."""
        return "; ".join((*self.broken, *self.added)) or "no column changed"


def drift_between(before: TableEntry, after: TableEntry) -> Drift:
    """Columns of the contract by name, type and nullability, others by name, as far as the manifests tell."""
    earlier = {column.name: column for column in before.columns}
    present = {column.name: column for column in after.columns}
    known = {*present, *(after.others or ())}
    gone = [name for name in earlier if name not in known]
    added: list[str] = []
    if before.others is not None and after.others is not None:
        gone += [name for name in before.others if name not in known]
        added = [name for name in (*present, *after.others) if name not in {*earlier, *before.others}]
    changed = []
    for name, column in present.items():
        was = earlier.get(name)
        if was is None:
            continue
        one, other = was.source_type.strip(), column.source_type.strip()
        if one.lower() != other.lower():
            changed.append(f"`{name}` was {one or 'without type'}, is {other or 'without type'}")
        if None not in (was.nullable, column.nullable) and was.nullable is not column.nullable:
            changed.append(f"`{name}` {'may be null now' if column.nullable else 'may not be null any more'}")
    return Drift(
        broken=(*(f"`{name}` removed" for name in gone), *changed), added=tuple(f"`{name}` added" for name in added)
    )
