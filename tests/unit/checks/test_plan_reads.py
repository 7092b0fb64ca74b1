"""Contract → what is read of its tables and of those it points into, and what of that is restricted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from observer.checks import rules
from observer.checks.plan import plan_contract
from observer.contracts.model import (
    Comparison,
    Condition,
    DeletedFlag,
    LogicalType,
    Metric,
    MetricRule,
    Operator,
    Relationship,
    SqlRule,
    TypeOptions,
    properties_of,
)
from tests.fakes.contracts import contract, prop, table
from tests.fakes.specs import checks_of

ZERO = Comparison(operator=Operator.MUST_BE, operands=(0,))


def two_contracts():
    users = table(
        "users",
        prop("user_id", physical_name="id", primary_key_position=1),
        prop("name", classification="restricted"),
        prop("gone", LogicalType.BOOLEAN),
        deleted_flag=DeletedFlag(column="gone"),
        physical_name="crm.users",
    )
    link = Relationship(
        id="owner", columns=("owner",), to_contract="people", to_object="users", to_columns=("user_id",)
    )
    leads = table("leads", prop("owner", physical_name="owner_id", relationships=(link,)))
    return contract(leads), contract(users, id="people")


def test_a_relationship_into_another_contract_reads_only_what_it_looks_up():
    leads, people = two_contracts()
    plan = plan_contract(leads, [people])
    check = next(c for c in plan.checks if c.rule_name == "owner")
    assert check.rule == rules.References(columns=("owner_id",), to_table="crm.users", to_columns=("id",))
    assert check.statement == "owner exists in users.user_id"
    own, target = plan.tables
    assert (own.physical_name, own.target_only) == ("leads", False)
    assert (target.columns, target.target_only, target.contract) == (("id", "gone"), True, "people")
    assert target.live_rows is not None
    assert plan.table("leads") == own
    with pytest.raises(KeyError):
        plan.table("users")


def test_a_relationship_to_nowhere_is_refused():
    leads, people = two_contracts()
    with pytest.raises(KeyError):
        plan_contract(leads)
    with pytest.raises(KeyError):
        plan_contract(leads, [replace(people, objects=())])


def test_the_table_plan_says_what_to_read_and_what_to_hide():
    link = prop("email", classification="Restricted", placeholders=("n/a",))
    own = table(
        "leads",
        prop("id", LogicalType.INTEGER, primary_key_position=1),
        link,
        prop("at", LogicalType.TIMESTAMP, options=TypeOptions(default_timezone="Europe/Berlin")),
        prop("state"),
        deleted_flag=DeletedFlag(column="state", values=("gone",)),
        event_time=("at",),
    )
    given = contract(own)
    (plan,) = plan_contract(given).tables
    assert plan.key == ("id",)
    assert plan.restricted == {"email"}
    assert (plan.event_time, plan.update_time) == ("at", "at")
    assert plan.timezones == (("at", "Europe/Berlin"),)
    assert plan.placeholders == (("email", ("n/a",)),)
    assert plan.live_rows is not None and plan.live_rows.deleted_values == ("gone",)
    assert dict(plan.logical_types)["id"] == "integer"
    assert [p.name for _, p in properties_of(given)] == ["id", "email", "at", "state"]


def test_a_check_that_reads_a_restricted_column_is_restricted():
    secret = prop("email", classification="confidential", required=True)
    rule = MetricRule(
        id="q", metric=Metric.NULL_VALUES, comparison=ZERO, when=(Condition(column="email", values=("x",)),)
    )
    found = checks_of(secret, prop("name", quality=(rule,), required=True))
    assert found["email.required"].restricted
    assert found["name.q"].restricted
    assert not found["name.required"].restricted


def sql_rule(query: str) -> SqlRule:
    return SqlRule(id="q", query=query, comparison=ZERO)


@pytest.mark.parametrize(
    ("query", "restricted"),
    [
        ("select count(*) from leads where PHONE_no is null", True),
        ('select count("phone_no") from leads', True),
        ("select count(*) from leads where phone_note is null", False),
    ],
)
def test_a_query_that_names_a_restricted_column_is_restricted(query, restricted):
    phone = prop("phone", physical_name="phone_no", classification="restricted")
    assert checks_of(phone, quality=(sql_rule(query),))["q"].restricted is restricted


def test_a_query_of_a_restricted_property_is_restricted():
    phone = prop("phone", classification="restricted", quality=(sql_rule("select count({property}) from {object}"),))
    assert checks_of(phone)["phone.q"].restricted


def test_a_foreign_key_into_a_restricted_field_is_restricted_itself_however_long_the_way():
    leads, people = two_contracts()
    (users,) = people.objects
    accounts = Relationship(id="a", columns=("user_id",), to_contract="bank", to_object="accounts", to_columns=("no",))
    people = replace(people, objects=(replace(users, relationships=(accounts,)),))
    back = Relationship(id="b", columns=("no",), to_contract="crm", to_object="leads", to_columns=("owner",))
    bank = contract(table("accounts", prop("no", classification="Confidential"), relationships=(back,)), id="bank")
    plan = plan_contract(leads, [people, bank])
    assert [t.restricted for t in plan.tables] == [{"owner_id"}, {"id"}]
    assert all(c.restricted for c in plan.checks if c.property == "owner")
    assert [t.restricted for t in plan_contract(leads, [two_contracts()[1]]).tables] == [set(), set()]
