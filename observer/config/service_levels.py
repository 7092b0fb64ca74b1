"""`slaProperties` → Slas, which are executed on a table, and ResponseSlas, which are executed on incidents.

Unit, element and kind are resolved; what can be executed on neither is a problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from observer.config.odcs_schema import nearest, shown
from observer.config.reading import Findings, entries, slug, text_of
from observer.contracts.durations import BadDuration, parse_duration
from observer.contracts.model import Path, Property, ResponseKind, ResponseSla, SchemaObject, Sla, SlaKind

#: Facts about the contract's own life: nothing to measure, nothing to do.
_DATES = ("generalAvailability", "endOfSupport", "endOfLife")
#: Known to ODCS, but no table shows them.
_NOT_ON_A_TABLE = ("availability", "timeOfAvailability", "throughput", "errorRate")


def read_service_levels(
    document: Mapping[str, Any], objects: tuple[SchemaObject, ...], findings: Findings
) -> tuple[Sla, ...]:
    """Every entry that is executed on a table."""
    default = text_of(document, "slaDefaultElement")
    found = (_sla(entry, at, default, objects, findings) for at, entry in entries(document, "slaProperties", ()))
    return tuple(sla for sla in found if sla is not None)


def read_responses(document: Mapping[str, Any], findings: Findings) -> tuple[ResponseSla, ...]:
    """Every entry that is executed on incidents."""
    found = (_response(entry, at, findings) for at, entry in entries(document, "slaProperties", ()))
    return tuple(response for response in found if response is not None)


def _response(entry: Mapping[str, Any], path: Path, findings: Findings) -> ResponseSla | None:
    name = text_of(entry, "property")
    if name not in list(ResponseKind):
        return None
    kind = ResponseKind(name)
    if "element" in entry:
        message = f"{kind} is promised of every incident of the contract, not of one element"
        findings.error("sla-element", (*path, "element"), message, "remove `element`")
    limit = _limit(entry, kind, path, findings)
    if limit is None:
        return None
    return ResponseSla(id=text_of(entry, "id") or slug(kind), kind=kind, limit=limit, path=path)


def _sla(
    entry: Mapping[str, Any], path: Path, default: str, objects: tuple[SchemaObject, ...], findings: Findings
) -> Sla | None:
    name = text_of(entry, "property")
    if name in _DATES or name in list(ResponseKind):
        return None
    if name not in list(SlaKind):
        kinds = ", ".join([*SlaKind, *ResponseKind])
        near = None if name in _NOT_ON_A_TABLE else nearest(name, [*SlaKind, *ResponseKind, *_DATES])
        fix = f"write `{near}`" if near else f"remove it; {kinds} are executed"
        findings.error("sla-not-executable", (*path, "property"), f"{shown(name)} cannot be executed", fix)
        return None
    kind = SlaKind(name)
    limit = _limit(entry, kind, path, findings)
    if limit is None:
        return None
    element = text_of(entry, "element") or default
    at = (*path, "element") if "element" in entry else path
    place = _named(element, kind, at, objects, findings) if element else _implied(kind, at, objects, findings)
    if place is None:
        return None
    obj, columns = place
    return Sla(
        id=text_of(entry, "id") or slug(f"{kind}-{columns[-1]}"),
        kind=kind,
        limit=limit,
        object=obj.name,
        columns=columns,
        path=path,
    )


def _limit(entry: Mapping[str, Any], kind: SlaKind | ResponseKind, path: Path, findings: Findings) -> timedelta | None:
    if entry.get("valueExt") not in (None, entry.get("value")):
        findings.error("sla-value", (*path, "valueExt"), "`valueExt` differs from `value`", "remove `valueExt`")
    try:
        return parse_duration(entry.get("value"), entry.get("unit"))
    except BadDuration as bad:
        about_unit = "unit" in str(bad)
        key = ("unit",) if about_unit and "unit" in entry else () if about_unit else ("value",)
        findings.error("sla-unit" if about_unit else "sla-value", (*path, *key), f"{kind}: {bad}", bad.fix)
        return None


_Place = tuple[SchemaObject, tuple[str, ...]]


def _implied(kind: SlaKind, path: Path, objects: tuple[SchemaObject, ...], findings: Findings) -> _Place | None:
    if kind is SlaKind.LATENCY:
        fix = "add `element: object.from_property, object.to_property`"
        findings.error("sla-element", path, "latency does not say from which time to which", fix)
        return None
    timed = [(o, o.update_time or o.event_time) for o in objects if o.update_time or o.event_time]
    if len(timed) == 1:
        return timed[0]
    why = "no object has an updateTime or eventTime" if not timed else "several objects have times"
    findings.error("sla-element", path, f"{kind} names no element and {why}", "add `element: object.property`")
    return None


def _named(
    element: str, kind: SlaKind, path: Path, objects: tuple[SchemaObject, ...], findings: Findings
) -> _Place | None:
    owner: SchemaObject | None = None
    columns: list[str] = []
    for part in element.split(","):
        object_name, _, property_name = part.strip().rpartition(".")
        obj = next((o for o in objects if object_name in (o.name, o.physical_name)), None)
        prop = _property(obj, property_name)
        if obj is None or prop is None:
            known = [o.name for o in objects] if obj is None else [p.name for p in obj.properties]
            near = nearest(object_name if obj is None else property_name, known)
            missing = f"object `{object_name}`" if obj is None else f"property `{property_name}` in {obj.name}"
            fix = f"write `{near}`" if near else "write object.property with the names of this contract"
            findings.error("sla-element", path, f"there is no {missing}", fix)
            return None
        if owner is not None and owner is not obj:
            findings.error("sla-element", path, "the element names several objects", "write one entry per object")
            return None
        owner = obj
        columns.append(prop.name)
    if owner is None:
        return None
    if kind is SlaKind.LATENCY and len(columns) != 2:
        fix = f"write `element: {owner.name}.from_property, {owner.name}.to_property`"
        findings.error("sla-element", path, f"latency needs two properties, {len(columns)} given", fix)
        return None
    return owner, tuple(columns)


def _property(obj: SchemaObject | None, name: str) -> Property | None:
    if obj is None:
        return None
    return obj.property(name) or next((p for p in obj.properties if p.physical_name == name), None)
