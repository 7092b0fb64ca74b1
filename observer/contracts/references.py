"""What a relationship's `to` means: reference text and the known contracts in, one property of one object out.

`users.id` speaks of names (or physical names): this contract first, then the others. `schema/users/properties/user_id`
speaks of ids; `other.odcs.yaml#/schema/…` of the ids of another file.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from observer.contracts.model import Contract, Property, SchemaObject

_QUALIFIED = re.compile(r"(?:(?P<file>[^#]+)#)?/?schema/(?P<object>[^/]+)/properties/(?P<property>[^/]+)")


@dataclass(frozen=True, kw_only=True)
class Target:
    """The property that a reference names."""

    contract: Contract
    object: SchemaObject
    property: Property


class BadReference(LookupError):
    """The reference names nothing, or more than one thing."""

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def resolve(text: str, home: Contract, others: Sequence[Contract]) -> Target:
    """The property that `text`, written in `home`, names. Raises BadReference."""
    qualified = _QUALIFIED.fullmatch(text)
    if qualified:
        return _by_ids(text, qualified, home, others)
    if "/" in text or "." not in text:
        raise BadReference(
            f"`{text}` is no reference to a property",
            fix="write object.property (names) or schema/OBJECT_ID/properties/PROPERTY_ID (ids)",
        )
    object_name, property_name = text.rsplit(".", 1)
    found = _objects_named(object_name, [home]) or _objects_named(object_name, others)
    if not found:
        known = [o.name for c in (home, *others) for o in c.objects]
        raise BadReference(f"no contract has an object `{object_name}`", fix=_one_of(known, "object"))
    if len(found) > 1:
        places = ", ".join(sorted(f"{c.id} ({c.file})" for c, _ in found))
        raise BadReference(
            f"`{object_name}` is in several contracts: {places}",
            fix=f"write FILE.odcs.yaml#/schema/{found[0][1].id}/properties/PROPERTY_ID",
        )
    contract, obj = found[0]
    prop = obj.property(property_name) or next((p for p in obj.properties if p.physical_name == property_name), None)
    if prop is None:
        raise BadReference(
            f"object `{obj.name}` has no property `{property_name}`",
            fix=_one_of([p.name for p in obj.properties], "property"),
        )
    return Target(contract=contract, object=obj, property=prop)


def _objects_named(name: str, contracts: Iterable[Contract]) -> list[tuple[Contract, SchemaObject]]:
    everything = [(contract, obj) for contract in contracts for obj in contract.objects]
    by_name = [(c, o) for c, o in everything if o.name == name]
    return by_name or [(c, o) for c, o in everything if o.physical_name == name]


def _by_ids(text: str, parts: re.Match[str], home: Contract, others: Sequence[Contract]) -> Target:
    contract = _file(parts["file"], home, others) if parts["file"] else home
    obj = next((o for o in contract.objects if o.id == parts["object"]), None)
    if obj is None:
        ids = [o.id for o in contract.objects]
        raise BadReference(
            f"{contract.file or contract.id} has no object with id `{parts['object']}`", fix=_one_of(ids, "id")
        )
    prop = next((p for p in obj.properties if p.id == parts["property"]), None)
    if prop is None:
        ids = [p.id for p in obj.properties]
        raise BadReference(f"object `{obj.name}` has no property with id `{parts['property']}`", fix=_one_of(ids, "id"))
    return Target(contract=contract, object=obj, property=prop)


def _file(name: str, home: Contract, others: Sequence[Contract]) -> Contract:
    if "://" in name:
        raise BadReference(
            f"`{name}` is on the network and is not fetched", fix="keep a copy beside this contract and name its file"
        )
    wanted = posixpath.normpath(posixpath.join(posixpath.dirname(_posix(home.file)), name))
    for contract in (home, *others):
        if posixpath.normpath(_posix(contract.file)) == wanted:
            return contract
    raise BadReference(
        f"contract file `{name}` is not loaded", fix="name its folder on the command line too, or correct the file name"
    )


def _posix(file: str) -> str:
    return file.replace("\\", "/")


def _one_of(names: Sequence[str], kind: str) -> str:
    shown = ", ".join(dict.fromkeys(names)) if len(names) <= 12 else f"{', '.join(names[:12])}, …"
    return f"name one of {shown}" if names else f"add the {kind}"
