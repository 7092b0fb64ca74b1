"""Who is told, how, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, time, timedelta

import pytest

from observer.checks.measure import Outcome
from observer.checks.plan import plan_contract
from observer.contracts.model import Contract, LogicalType, Property, SchemaObject, TeamMember
from observer.contracts.schedules import Calendar
from observer.incidents.findings import Answerable, Grade, Source
from observer.incidents.policy import Matcher, Policy, Silence, Way
from observer.incidents.routing import Role, owner_of, ownership, route
from tests.unit.incidents.timeline import ANA, POLICY, broken, clock

NOON = clock("12:00")
OFFICE = Calendar(zone="Europe/Berlin", weekdays=frozenset(range(5)), opens=time(9), closes=time(17))


@pytest.mark.parametrize(
    ("who", "to", "role"),
    [
        (ANA, "ana@example.com", Role.OWNER),
        (replace(ANA, owner=None), "stu@example.com", Role.STEWARD),
        (replace(ANA, owner=None, steward=None), "rev@example.com", Role.CONTRACT_OWNER),
        (Answerable(), "desk@example.com", Role.DEFAULT),
    ],
)
def test_the_owner_of_the_field_comes_before_steward_contract_and_default(who: Answerable, to: str, role: Role) -> None:
    way = route(broken(answerable=who), POLICY, NOON)
    assert (way.to, way.role) == (to, role)
    assert f"{to} is the {role}" in way.reasons


def test_what_we_could_not_look_at_goes_to_the_platform_owner_and_not_to_the_owner_of_the_field() -> None:
    blind = broken(source=Source.BLIND)
    way = route(blind, replace(POLICY, platform_channel="#platform"), NOON)
    assert (way.to, way.role, way.channel) == ("pat@example.com", Role.PLATFORM, "#platform")
    assert way.escalates_to == "desk@example.com"
    assert owner_of(blind, POLICY) == "pat@example.com"


def test_somebody_who_cannot_be_told_is_passed_over_and_still_owns_it() -> None:
    policy = replace(POLICY, unknown_people={"ana@example.com": "no such user in Slack"})
    way = route(broken(), policy, NOON)
    assert way.to == "stu@example.com"
    assert "ana@example.com, the owner of the field, cannot be told: no such user in Slack" in way.reasons
    assert owner_of(broken(), policy) == "ana@example.com"


def test_where_nobody_is_named_the_route_says_so() -> None:
    nobody = route(broken(answerable=Answerable()), Policy(), NOON)
    assert nobody.reaches_nobody
    assert "nobody is told: name a default" in nobody.reasons
    channel = route(broken(answerable=Answerable()), Policy(channels={"crm": "#sales"}), NOON)
    assert not channel.reaches_nobody
    assert "nobody can be named: only #sales is told" in channel.reasons


@pytest.mark.parametrize(
    ("grade", "at", "way"),
    [
        (Grade.URGENT, "12:00", Way.PAGE),
        (Grade.URGENT, "23:00", Way.PAGE),
        (Grade.ERROR, "12:00", Way.CHANNEL),
        (Grade.ERROR, "23:00", Way.CHANNEL),
        (Grade.WARNING, "12:00", Way.CHANNEL),
        (Grade.WARNING, "07:59", Way.DIGEST),
        (Grade.WARNING, "5d 12:00", Way.DIGEST),
        (Grade.INFO, "12:00", Way.DIGEST),
    ],
)
def test_grade_and_hours_decide_how(grade: Grade, at: str, way: Way) -> None:
    policy = replace(POLICY, contract_hours={"crm": OFFICE})
    assert route(broken(grade=grade), policy, clock(at)).way is way


def test_escalation_goes_to_the_steward_unless_that_is_the_one_who_was_told() -> None:
    way = route(broken(), POLICY, NOON)
    assert (way.escalates_to, way.escalates_after) == ("stu@example.com", timedelta(hours=4))
    assert way.reasons[-1] == "stu@example.com is told too when it is not acknowledged within 4 h"
    alone = route(broken(answerable=replace(ANA, owner="stu@example.com")), POLICY, NOON)
    assert alone.escalates_to is None
    assert alone.reasons[-1] == "nobody else is told when it is not acknowledged"


def test_the_next_digest_leaves_at_its_hour_in_its_zone_whatever_the_clocks_do() -> None:
    policy = replace(POLICY, digest_at=time(9), zone="Europe/Berlin")
    assert policy.next_digest(clock("07:59")) == clock("08:00")
    assert policy.next_digest(clock("08:00")) == clock("1d 08:00")
    spring = clock("00:00").replace(year=2027, month=3, day=27, hour=12)
    assert policy.next_digest(spring).astimezone(UTC).hour == 7


def test_a_silence_covers_what_meets_all_its_matchers_for_its_time_and_without_any_nothing() -> None:
    silence = Silence(
        id="1",
        matchers=(Matcher(field="owner", pattern="ana@*"), Matcher(field="grade", pattern="urgent", negated=True)),
        begins=clock("09:00"),
        ends=clock("10:00"),
        by="pat@example.com",
        reason="migration",
    )
    assert silence.covers(broken(), clock("09:00"))
    assert not silence.covers(broken(), clock("10:00"))
    assert not silence.covers(broken(grade=Grade.URGENT), clock("09:00"))
    assert not replace(silence, matchers=()).covers(broken(), clock("09:00"))
    with pytest.raises(ValueError, match="`colour` is no field of a finding"):
        Matcher(field="colour", pattern="red")


def test_the_matrix_says_of_every_field_who_owns_it_and_what_has_no_owner() -> None:
    def field(name: str, owner: str | None = None) -> Property:
        return Property(
            id=name, name=name, physical_name=name, required=True, logical_type=LogicalType.STRING, owner=owner
        )

    leads = SchemaObject(
        id="leads", name="leads", physical_name="leads", properties=(field("email", "ana@example.com"), field("fax"))
    )
    contract = Contract(id="crm", name="crm", version="1.0.0", api_version="v3.1.0", status="active", objects=(leads,))
    checks = plan_contract(contract).checks
    email = next(spec.id for spec in checks if spec.property == "email")
    matrix = ownership(contract, checks, [("leads", "email"), ("leads", None)], [(email, Outcome.FAILED)])
    first, second = matrix
    assert (first.owner, first.role, first.levels, first.state) == ("ana@example.com", Role.OWNER, 1, Outcome.FAILED)
    assert first.checks >= 1
    assert (second.owner, second.role, second.levels, second.state) == (None, None, 0, None)
    team = replace(contract, team=(TeamMember(username="rev@example.com", role="Owner"),))
    assert ownership(team, checks, [], [])[1].role is Role.CONTRACT_OWNER


def test_a_holiday_is_out_of_hours() -> None:
    policy = replace(POLICY, hours=replace(OFFICE, holidays=frozenset({date(2026, 11, 23)})))
    assert not policy.is_open("crm", NOON)
    assert policy.is_open("crm", clock("1d 12:00"))
