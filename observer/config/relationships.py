"""Second pass over loaded contracts: relationships as written → Relationships between known properties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from observer.config.reading import Findings, as_list, entries, text_of
from observer.contracts.model import Contract, Path, Property, Relationship, SchemaObject
from observer.contracts.references import BadReference, Target, resolve


@dataclass(frozen=True)
class WrittenRelationship:
    """A relationship as it stands in the file; `sources` is empty on a property, which is its own source."""

    object_name: str
    property_name: str | None
    id: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    path: Path


def read_relationships(
    element: Mapping[str, Any], path: Path, object_name: str, property_name: str | None
) -> tuple[WrittenRelationship, ...]:
    """The relationships of an object (`property_name` None) or of a property."""
    found = []
    for at, entry in entries(element, "relationships", path):
        to, start = as_list(entry.get("to")), as_list(entry.get("from", []))
        if to and all(isinstance(text, str) for text in (*to, *start)):
            found.append(
                WrittenRelationship(object_name, property_name, text_of(entry, "id"), tuple(start), tuple(to), at)
            )
    return tuple(found)


def with_relationships(
    home: Contract, written: Iterable[WrittenRelationship], others: Sequence[Contract], findings: Findings
) -> Contract:
    """`home` with its relationships resolved; those that name nothing become problems."""
    of_object: dict[str, list[Relationship]] = {}
    of_property: dict[tuple[str, str], list[Relationship]] = {}
    for link in written:
        resolved = _resolved(link, home, others, findings)
        if resolved is None:
            continue
        if link.property_name is None:
            of_object.setdefault(link.object_name, []).append(resolved)
        else:
            of_property.setdefault((link.object_name, link.property_name), []).append(resolved)

    def linked(obj: SchemaObject, prop: Property) -> Property:
        links = of_property.get((obj.name, prop.name))
        return replace(prop, relationships=tuple(links)) if links else prop

    objects = tuple(
        replace(
            obj,
            properties=tuple(linked(obj, prop) for prop in obj.properties),
            relationships=tuple(of_object.get(obj.name, ())),
        )
        for obj in home.objects
    )
    return replace(home, objects=objects)


def _resolved(
    link: WrittenRelationship, home: Contract, others: Sequence[Contract], findings: Findings
) -> Relationship | None:
    targets = [_target(text, (*link.path, "to"), home, others, findings) for text in link.targets]
    if link.property_name is None:
        sources = [_target(text, (*link.path, "from"), home, (), findings) for text in link.sources]
        if any(s and s.object.name != link.object_name for s in sources):
            message = f"`from` names another object than `{link.object_name}`"
            findings.error("relationship-from", (*link.path, "from"), message, "move the relationship to that object")
            return None
        columns = tuple(s.property.name for s in sources if s)
        if len(columns) != len(sources):
            return None
    else:
        columns = (link.property_name,)
    found = [t for t in targets if t]
    if len(found) != len(targets):
        return None
    if len(columns) != len(found):
        message = f"{len(columns)} source columns point to {len(found)}"
        fix = "write as many in `to` as in `from`"
        if link.property_name is not None:
            fix = "write a relationship over several columns on the object, with `from` and `to` lists"
        findings.error("relationship-columns", (*link.path, "to"), message, fix)
        return None
    if len({(t.contract.file, t.object.name) for t in found}) > 1:
        message = "`to` names several objects"
        findings.error("relationship-columns", (*link.path, "to"), message, "write one relationship per object")
        return None
    goal = found[0]
    return Relationship(
        id=link.id or f"in_{goal.object.id}",
        columns=columns,
        to_contract=goal.contract.id,
        to_object=goal.object.name,
        to_columns=tuple(t.property.name for t in found),
        path=link.path,
    )


def _target(text: str, path: Path, home: Contract, others: Sequence[Contract], findings: Findings) -> Target | None:
    try:
        return resolve(text, home, others)
    except BadReference as bad:
        findings.error("relationship-target", path, str(bad), bad.fix)
        return None
