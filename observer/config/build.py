"""A document (YAML values) → Contract, without relationships yet. Whatever cannot be carried over becomes a problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from observer.config.change_limits import change_limits
from observer.config.custom_properties import (
    ON_CONTRACT,
    ON_OBJECT,
    ON_PROPERTY,
    CustomValues,
    deleted_flag,
    placeholders,
    read_custom,
    state_machine,
)
from observer.config.odcs_schema import shown
from observer.config.quality import read_quality
from observer.config.reading import (
    Findings,
    entries,
    flag_of,
    is_scalar,
    list_of,
    mapping_of,
    scalar_of,
    text_of,
    texts_of,
    whole_of,
)
from observer.config.relationships import WrittenRelationship, read_relationships
from observer.config.schedules import read_calendar, read_schedule
from observer.config.service_levels import read_responses, read_service_levels
from observer.contracts.model import (
    Contract,
    LogicalType,
    Path,
    Property,
    SchemaObject,
    Server,
    SupportChannel,
    TeamMember,
    TypeOptions,
)

_NOT_ON_A_TABLE = (LogicalType.OBJECT, LogicalType.ARRAY, LogicalType.MAP, LogicalType.VECTOR)


@dataclass(frozen=True)
class Draft:
    """A contract whose relationships are still text."""

    contract: Contract
    relationships: tuple[WrittenRelationship, ...]


def build(document: Mapping[str, Any], findings: Findings, *, file: str, digest: str) -> Draft:
    """Build what can be built."""
    written: list[WrittenRelationship] = []
    objects = tuple(_object(entry, at, findings, written) for at, entry in entries(document, "schema", ()))
    custom = read_custom(document, (), ON_CONTRACT, findings)
    for place in (mapping_of(document, "team"), mapping_of(document, "description")):
        read_custom(place, (), (), findings)
    if not objects:
        at: Path = ("schema",) if "schema" in document else ()
        findings.error("no-objects", at, "the contract describes no table", "add `schema` with at least one object")
    slas = read_service_levels(document, objects, findings)
    contract = Contract(
        id=text_of(document, "id"),
        name=text_of(document, "name") or text_of(document, "id"),
        version=text_of(document, "version"),
        api_version=text_of(document, "apiVersion"),
        status=text_of(document, "status"),
        objects=objects,
        description=text_of(mapping_of(document, "description"), "purpose"),
        servers=tuple(_server(entry, at) for at, entry in entries(document, "servers", ())),
        team=_team(document),
        support=tuple(
            SupportChannel(
                channel=text_of(entry, "channel"),
                tool=text_of(entry, "tool"),
                scope=text_of(entry, "scope"),
                url=text_of(entry, "url"),
            )
            for _, entry in entries(document, "support", ())
        ),
        slas=slas,
        responses=read_responses(document, findings),
        schedule=read_schedule(document, custom, slas, findings),
        calendar=read_calendar(custom, findings),
        file=file,
        digest=digest,
    )
    return Draft(contract, tuple(written))


def _server(entry: Mapping[str, Any], path: Path) -> Server:
    return Server(
        name=text_of(entry, "server"),
        type=text_of(entry, "type"),
        environment=text_of(entry, "environment"),
        schema=text_of(entry, "schema") or None,
        path=path,
    )


def _team(document: Mapping[str, Any]) -> tuple[TeamMember, ...]:
    """Its members of today: who left (`dateOut`) owns nothing any more."""
    members = entries(mapping_of(document, "team"), "members", ("team",))
    if isinstance(document.get("team"), list):
        members = entries(document, "team", ())
    return tuple(
        TeamMember(username=text_of(entry, "username"), role=text_of(entry, "role"), name=text_of(entry, "name"))
        for _, entry in members
        if not text_of(entry, "dateOut")
    )


def _name(entry: Mapping[str, Any], path: Path, findings: Findings) -> str:
    name = text_of(entry, "name")
    if isinstance(entry.get("name"), str) and not name.strip():
        findings.error("wrong-value", (*path, "name"), "the name is empty", "name it, e.g. as the database does")
    return name


def _object(
    entry: Mapping[str, Any], path: Path, findings: Findings, written: list[WrittenRelationship]
) -> SchemaObject:
    name = _name(entry, path, findings)
    custom = read_custom(entry, path, ON_OBJECT, findings)
    properties: list[Property] = []
    for at, element in entries(entry, "properties", path):
        properties.append(_property(element, at, findings))
        written += read_relationships(element, at, name, text_of(element, "name"))
    written += read_relationships(entry, path, name, None)
    if not properties:
        findings.error("no-properties", path, f"object `{name}` has no properties", "add `properties`, one per column")
    return SchemaObject(
        id=text_of(entry, "id") or name,
        name=name,
        physical_name=text_of(entry, "physicalName") or name,
        properties=_with_key_order(properties, findings),
        description=text_of(entry, "description"),
        quality=read_quality(entry, path, findings),
        event_time=custom.texts("eventTime"),
        update_time=custom.texts("updateTime"),
        deleted_flag=deleted_flag(custom, tuple(properties)),
        record_url=custom.text("recordUrl"),
        change_limits=change_limits(custom),
        calendar=read_calendar(custom, findings),
        path=path,
    )


def _property(entry: Mapping[str, Any], path: Path, findings: Findings) -> Property:
    name = _name(entry, path, findings)
    custom = read_custom(entry, path, ON_PROPERTY, findings)
    logical_type = _logical_type(entry)
    _refuse_nested(entry, logical_type, path, findings)
    return Property(
        id=text_of(entry, "id") or name,
        name=name,
        physical_name=text_of(entry, "physicalName") or name,
        logical_type=logical_type,
        physical_type=text_of(entry, "physicalType") or None,
        options=_options(entry, logical_type, (*path, "logicalTypeOptions"), findings),
        description=text_of(entry, "description"),
        required=flag_of(entry, "required"),
        unique=flag_of(entry, "unique"),
        primary_key_position=_key_position(entry, path, findings),
        enum=_enum(entry),
        classification=text_of(entry, "classification") or None,
        critical=flag_of(entry, "criticalDataElement"),
        tags=texts_of(entry, "tags"),
        quality=read_quality(entry, path, findings),
        path=path,
        **_people_and_states(custom),
    )


def _people_and_states(custom: CustomValues) -> dict[str, Any]:
    return {
        "owner": custom.text("fieldOwner"),
        "steward": custom.text("fieldSteward"),
        "consumers": custom.texts("fieldConsumers"),
        "placeholders": placeholders(custom),
        "state_machine": state_machine(custom),
    }


def _logical_type(entry: Mapping[str, Any]) -> LogicalType:
    given = text_of(entry, "logicalType")
    return LogicalType(given) if given in list(LogicalType) else LogicalType.UNSET


def _key_position(entry: Mapping[str, Any], path: Path, findings: Findings) -> int | None:
    """0 stands for "part of the key, position not given" until `_with_key_order`."""
    position = whole_of(entry, "primaryKeyPosition")
    given = position is not None and position > 0
    if flag_of(entry, "primaryKey"):
        return position if given else 0
    if given:
        message = "`primaryKeyPosition` without `primaryKey: true`"
        findings.error("primary-key", (*path, "primaryKeyPosition"), message, "add `primaryKey: true`")
    return None


def _with_key_order(properties: list[Property], findings: Findings) -> tuple[Property, ...]:
    """A key without positions is in file order; with positions, each has its own."""
    key = [p for p in properties if p.primary_key_position is not None]
    if all(p.primary_key_position == 0 for p in key):
        order = {p.path: n for n, p in enumerate(key, start=1)}
        return tuple(replace(p, primary_key_position=order.get(p.path)) for p in properties)
    taken: set[int] = set()
    for prop in key:
        position = prop.primary_key_position or 0
        if position == 0 or position in taken:
            message = (
                f"position {position} of the primary key is taken" if position else "`primaryKeyPosition` is missing"
            )
            at = (*prop.path, "primaryKeyPosition" if position else "primaryKey")
            findings.error("primary-key", at, message, "give each part of the key its own position: 1, 2, …")
        taken.add(position)
    return tuple(properties)


def _enum(entry: Mapping[str, Any]) -> tuple[Any, ...] | None:
    if not isinstance(entry.get("enum"), list):
        return None
    values = (v.get("value") for v in list_of(entry, "enum") if isinstance(v, dict))
    return tuple(v for v in values if is_scalar(v))


def _refuse_nested(entry: Mapping[str, Any], logical_type: LogicalType, path: Path, findings: Findings) -> None:
    fix = "describe the column as a string or leave out logicalType, and check its parts with `type: sql`"
    for key in ("properties", "items", "map"):
        if key in entry:
            message = f"`{key}` describes the inside of a value, which is not checked on a table"
            findings.error("nested-type", (*path, key), message, fix)
    if logical_type in (LogicalType.MAP, LogicalType.VECTOR) and "map" not in entry:
        message = f"logicalType {logical_type} cannot be checked on a table"
        findings.error("nested-type", (*path, "logicalType"), message, fix)
    elif logical_type in _NOT_ON_A_TABLE and mapping_of(entry, "logicalTypeOptions"):
        message = f"logicalTypeOptions of {logical_type} cannot be checked on a table"
        findings.error("nested-type", (*path, "logicalTypeOptions"), message, fix)
    if text_of(entry, "semanticType") == "measure":
        message = "a measure is no column of the table"
        fix = "remove the property, or check the measure with `type: sql`"
        findings.error("measure", (*path, "semanticType"), message, fix)


def _options(entry: Mapping[str, Any], kind: LogicalType, path: Path, findings: Findings) -> TypeOptions:
    options = mapping_of(entry, "logicalTypeOptions")
    if kind in _NOT_ON_A_TABLE:
        return TypeOptions(path=path)
    if options and kind in (LogicalType.UNSET, LogicalType.BOOLEAN):
        message = f"logicalTypeOptions have no meaning for {'a boolean' if kind else 'a property without logicalType'}"
        fix = "remove them" if kind else "add `logicalType`"
        if not kind or set(options):
            findings.error("options-without-type", path, message, fix)
        return TypeOptions(path=path)
    for key in ("exclusiveMinimum", "exclusiveMaximum"):
        if isinstance(options.get(key), bool):
            findings.error("wrong-type", (*path, key), f"{key} is {shown(options[key])}", "write the bound itself")
    multiple = options.get("multipleOf")
    zone = options.get("timezone")
    return TypeOptions(
        pattern=text_of(options, "pattern") if isinstance(options.get("pattern"), str) else None,
        format=text_of(options, "format") or None,
        minimum=scalar_of(options, "minimum"),
        maximum=scalar_of(options, "maximum"),
        exclusive_minimum=scalar_of(options, "exclusiveMinimum"),
        exclusive_maximum=scalar_of(options, "exclusiveMaximum"),
        min_length=whole_of(options, "minLength"),
        max_length=whole_of(options, "maxLength"),
        multiple_of=multiple if isinstance(multiple, (int, float)) and not isinstance(multiple, bool) else None,
        timezone=zone if isinstance(zone, bool) else None,
        default_timezone=text_of(options, "defaultTimezone") or None,
        path=path,
    )
