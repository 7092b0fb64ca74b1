"""Which columns are restricted: those classified so, and foreign keys into such, which hold the same values. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from observer.contracts.model import Contract, SchemaObject

_Place = tuple[str, str, str]


def restricted_columns(contract: Contract, obj: SchemaObject, known: Mapping[str, Contract]) -> frozenset[str]:
    """Physical names of the object's columns whose values may not be shown.

    `known`: contract id → the contracts that relationships may point into; one that is not there is passed over.
    """
    return frozenset(
        p.physical_name for p in obj.properties if _is_restricted((contract.id, obj.name, p.name), known, set())
    )


def _is_restricted(place: _Place, known: Mapping[str, Contract], seen: set[_Place]) -> bool:
    if place in seen:
        return False
    seen.add(place)
    contract_id, object_name, name = place
    contract = known.get(contract_id)
    obj = contract.object(object_name) if contract else None
    prop = obj.property(name) if obj else None
    if obj is None or prop is None:
        return False
    if prop.restricted:
        return True
    return any(
        _is_restricted((link.to_contract, link.to_object, target), known, seen)
        for link in (*prop.relationships, *obj.relationships)
        for column, target in zip(link.columns, link.to_columns, strict=False)
        if column == name
    )
