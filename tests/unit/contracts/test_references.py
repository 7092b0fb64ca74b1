"""References: names before physical names, this contract before others, ids where ids are meant."""

from __future__ import annotations

import pytest

from observer.contracts.model import Contract, Property, SchemaObject
from observer.contracts.references import BadReference, resolve


def table(name: str, *properties: str, physical: str = "", id: str = "") -> SchemaObject:
    return SchemaObject(
        id=id or f"{name}_object",
        name=name,
        physical_name=physical or name,
        properties=tuple(Property(id=f"{name}_{p}", name=p, physical_name=f"c_{p}") for p in properties),
    )


def contract(file: str, *objects: SchemaObject) -> Contract:
    return Contract(
        id=file, name=file, version="1", api_version="v3.2.0", status="active", objects=objects, file=f"folder/{file}"
    )


HOME = contract("home.odcs.yaml", table("leads", "id", "owner"), table("users", "id", physical="crm.staff"))
OTHER = contract("other.odcs.yaml", table("staff", "id", physical="users"), table("leads", "id", "old"))
THIRD = contract("third.odcs.yaml", table("staff", "id"), table("teams", "code"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("users.id", ("home.odcs.yaml", "users", "id")),
        ("crm.staff.id", ("home.odcs.yaml", "users", "id")),
        ("leads.id", ("home.odcs.yaml", "leads", "id")),
        ("leads.c_owner", ("home.odcs.yaml", "leads", "owner")),
        ("teams.code", ("third.odcs.yaml", "teams", "code")),
        ("schema/users_object/properties/users_id", ("home.odcs.yaml", "users", "id")),
        ("/schema/leads_object/properties/leads_owner", ("home.odcs.yaml", "leads", "owner")),
        ("other.odcs.yaml#/schema/leads_object/properties/leads_old", ("other.odcs.yaml", "leads", "old")),
        ("./other.odcs.yaml#schema/staff_object/properties/staff_id", ("other.odcs.yaml", "staff", "id")),
        ("../folder/third.odcs.yaml#/schema/teams_object/properties/teams_code", ("third.odcs.yaml", "teams", "code")),
    ],
)
def test_a_reference_names_one_property(text: str, expected: tuple[str, str, str]) -> None:
    target = resolve(text, HOME, [OTHER, THIRD])
    assert (target.contract.id, target.object.name, target.property.name) == expected


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("leads.nope", "`leads` has no property `nope`", "name one of id, owner"),
        ("nope.id", "no contract has an object `nope`", "name one of leads, users"),
        ("staff.id", "in several contracts", ".odcs.yaml#/schema/"),
        ("leads", "no reference", "object.property"),
        ("a/b", "no reference", "object.property"),
        ("schema/leads/properties/leads_id", "no object with id `leads`", "leads_object"),
        ("schema/leads_object/properties/id", "no property with id `id`", "leads_id"),
        ("none.odcs.yaml#/schema/a/properties/b", "not loaded", "command line"),
        ("https://x.example.com/a.yaml#/schema/a/properties/b", "on the network", "copy"),
    ],
)
def test_what_names_nothing_or_two_things_is_refused(text: str, message: str, fix: str) -> None:
    with pytest.raises(BadReference, match=message) as caught:
        resolve(text, HOME, [OTHER, THIRD])
    assert fix in caught.value.fix
