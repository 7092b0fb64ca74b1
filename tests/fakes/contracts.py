"""Small contracts built by hand, so that tests of the rules need no YAML."""

from __future__ import annotations

from observer.contracts.model import (
    Contract,
    DeletedFlag,
    LogicalType,
    Property,
    QualityRule,
    Relationship,
    SchemaObject,
    Sla,
    TeamMember,
    TypeOptions,
)


def prop(name: str, kind: LogicalType = LogicalType.STRING, **more: object) -> Property:
    options = more.pop("options", TypeOptions())
    return Property(
        id=name,
        name=name,
        physical_name=str(more.pop("physical_name", name)),
        logical_type=kind,
        options=options,
        **more,
    )  # type: ignore[arg-type]  # a test builder: the fields check themselves


def table(
    name: str,
    *properties: Property,
    quality: tuple[QualityRule, ...] = (),
    relationships: tuple[Relationship, ...] = (),
    deleted_flag: DeletedFlag | None = None,
    event_time: tuple[str, ...] = (),
    physical_name: str | None = None,
) -> SchemaObject:
    return SchemaObject(
        id=name,
        name=name,
        physical_name=physical_name or name,
        properties=properties,
        quality=quality,
        relationships=relationships,
        deleted_flag=deleted_flag,
        event_time=event_time,
    )


def contract(
    *objects: SchemaObject, id: str = "crm", slas: tuple[Sla, ...] = (), owner: str | None = "ana@example.com"
) -> Contract:
    return Contract(
        id=id,
        name=id,
        version="1.0.0",
        api_version="v3.1.0",
        status="active",
        objects=objects,
        slas=slas,
        team=(TeamMember(username=owner, role="owner"),) if owner else (),
    )
