"""What a person reads of an incident, of owners and of routes: in words, whole, and nothing that moves a cursor."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.console import Console

from observer.checks.measure import Outcome
from observer.incidents.acting import Act
from observer.incidents.brief import Brief, Links, Proof, RecordKey, brief_of
from observer.incidents.events import EventKind
from observer.incidents.findings import Grade, Source
from observer.incidents.muting import mutes_of
from observer.incidents.policy import Matcher
from observer.incidents.routing import Ownership, Role, route
from observer.reports.incident_json import log_json, ownership_json, route_json
from observer.reports.incident_text import OPTIONS, render_incident
from observer.reports.incident_words import matcher_text, timeline
from observer.reports.routing_text import render_owners, route_text
from tests.golden_files import Golden
from tests.unit.incidents.timeline import ANA, World, broken, clock, stale

NASTY = "leads\x1b[31m\nred"


def console(width: int = 100) -> Console:
    return Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)


def printed(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return "".join(f"{line.rstrip()}\n" for line in out.file.getvalue().splitlines())


def brief(world: World, **said: object) -> Brief:
    incident = world.only
    mutes = mutes_of([incident], world.policy, world.now)
    return brief_of(
        incident,
        policy=world.policy,
        now=world.now,
        mutes=mutes.reasons.get(incident.id),
        hidden=mutes.hidden_by[incident.id],
        **said,  # type: ignore[arg-type]  # by name
    )


def shown(world: World, **said: object) -> str:
    out = console()
    render_incident(brief(world, **said), world.log, out)
    return printed(out)


@pytest.fixture(scope="module")
def told() -> World:
    """Two fields break; one is mended, the other is snoozed, said to be fixed, found as before, and fixed."""
    world = World()
    ana = replace(ANA, consumers=("lead-routing", "nurture"))
    email = broken(observed="12 of 100 rows (12.0 %)", expected="present", answerable=ana, since=clock("08:30"))
    phone = broken("phone", grade=Grade.WARNING, answerable=ana)
    world.at("09:00").sees(email, phone)
    world.waits_until("09:02")
    world.at("09:05").sees(email, phone)
    world.at("09:06").sees(email, phone)
    world.at("09:10").sees(email, of=[phone])
    world.at("09:20").acts(Act.SNOOZE, by="sam@example.com", until=clock("11:00"), reason="at lunch")
    world.at("09:30").acts(Act.FIXED)
    world.at("09:40").sees(email)
    world.waits_until("09:45")
    return world


def test_an_incident_at_length_is_what_was_agreed(golden: Golden, told: World) -> None:
    keys = (RecordKey(text="id 4711", url="https://crm.example.com/leads/4711"), RecordKey(text="id 4712"))
    proof = Proof(run_id="01a2", keys=keys, segment="11 of 12 failures have source = webform (3.1 × the usual rate)")
    text = shown(
        told,
        proofs={"check:crm.leads.email.required": proof},
        budgets=["Leads have an email: 11 of 25 bad leads left"],
        links=Links(incident="https://observer.example.com/incidents/1", run=None, table=None),
    )
    golden("reports/incident.txt", text)


def test_its_end_and_how_often_it_came_back_are_told() -> None:
    world = World()
    world.at("09:00").sees(broken())
    world.waits_until("09:01")
    world.at("10:00").sees(of=[broken()])
    world.at("10:30").sees(broken())
    world.waits_until("10:31")
    assert "error, open since 2026-11-23 10:30:00 UTC (1 min), reopened once\n" in shown(world)
    world.at("11:00").acts(Act.FALSE_POSITIVE, reason="the rule is wrong")
    text = shown(world)
    assert text.startswith("✓ crm.leads: ")
    assert "resolved (false positive) 2026-11-23 11:00:00 UTC, after 30 min, reopened once\n" in text
    assert "ana@example.com says that it is a false positive: the rule is wrong\n" in text
    assert "observer incident" not in text


def test_what_says_nothing_and_why_is_told() -> None:
    world = World()
    world.at("09:00").sees(stale(), broken())
    text = shown(world)
    assert "1 other finding says nothing while this goes on" in text
    assert "nobody is called for" not in text
    assert "nobody is called: it follows from another finding" in text


def test_a_level_tells_its_budget() -> None:
    level = broken(
        source=Source.LEVEL, grade=Grade.URGENT, budget_left=-4, observed="the budget burns", expected="99 %"
    )
    world = World()
    world.at("09:00").sees(level)
    text = shown(world)
    assert "‼ email is present" in text
    assert "budget overspent by 4" in text


def test_names_from_anywhere_move_no_cursor_and_are_no_markup() -> None:
    world = World()
    odd = broken(table=NASTY, statement="[bold]<b>\x1b]0;x\x07", observed="\x1b[2J", expected="\u202e")
    world.at("09:00").sees(odd)
    world.waits_until("09:01")
    world.at("09:02").acts(Act.EXPECTED, by="eve\x1b[1m@example.com", reason="why\nnot")
    proof = Proof(keys=(RecordKey(text="id \x1b[31m"),), segment="\x1b")
    text = shown(world, proofs={odd.fingerprint: proof})
    assert "[bold]<b>" in text
    assert not set(text) & {"\x1b", "\x07", "\u202e"}
    assert "leads\\x1b[31m\\nred" in text


def test_looks_that_found_everything_as_before_are_one_line(told: World) -> None:
    said = [moment.text for moment in timeline(reversed(told.log))]
    assert said.count("looked 2 times: as before") == 1
    assert said[0].startswith("opened: ")
    assert said == [moment.text for moment in timeline(told.log)]


def test_a_message_that_landed_names_its_receiver(told: World) -> None:
    call = next(event for event in told.log if event.kind is EventKind.TOLD)
    landed = replace(call, seq=99, kind=EventKind.DELIVERED, told=None, notice=call.key, reason="webhook")
    assert [moment.text for moment in timeline([call, landed])][-1] == "the message (opened) reached webhook"
    assert [moment.text for moment in timeline([landed])] == ["a message reached webhook"]


def test_a_log_in_json_leaves_out_what_an_event_does_not_say(told: World) -> None:
    found = json.loads(json.dumps(log_json(reversed(told.log))))
    assert [event["seq"] for event in found] == list(range(1, len(told.log) + 1))
    opened, tell, *_ = found
    assert opened["kind"] == "opened" and opened["found"] == [
        "check:crm.leads.email.required",
        "check:crm.leads.phone.required",
    ]
    assert tell["told"]["to"] == "ana@example.com" and "actor" not in tell
    snoozed = next(event for event in found if event["kind"] == "snoozed")
    assert (snoozed["actor"], snoozed["until"]) == ("sam@example.com", "2026-11-23T11:00:00+00:00")


def test_every_act_has_an_option() -> None:
    assert set(OPTIONS) == set(Act)


# --- owners and routes

ROWS = [
    Ownership(
        contract="crm",
        table="leads",
        property="email",
        owner="ana@example.com",
        role=Role.OWNER,
        steward="stu@example.com",
        consumers=("lead-routing", "nurture"),
        checks=4,
        levels=1,
        state=Outcome.FAILED,
    ),
    Ownership(
        contract="crm",
        table="leads",
        property="score",
        owner="rev@example.com",
        role=Role.CONTRACT_OWNER,
        steward=None,
        consumers=(),
        checks=0,
        levels=0,
        state=None,
    ),
    Ownership(
        contract="ops",
        table="jobs",
        property="id",
        owner=None,
        role=None,
        steward=None,
        consumers=(),
        checks=2,
        levels=0,
        state=Outcome.PASSED,
    ),
]


@pytest.mark.parametrize("width", [80, 140])
def test_the_matrix_of_owners_is_what_was_agreed(golden: Golden, width: int) -> None:
    out = console(width)
    render_owners(ROWS, out)
    golden(f"reports/owners-{width}.txt", printed(out))
    assert ownership_json(ROWS[1])["owner_of"] == "owner of the contract"


def test_a_route_is_one_line_and_its_reasons_are_in_json() -> None:
    world = World()
    found = route(broken(), world.policy, clock("09:00"))
    assert route_text(found) == "ana@example.com, owner of the field; in #crm-dq; at once"
    assert route_json(found)["escalates_after_seconds"] == timedelta(hours=4).total_seconds()
    nobody = route(
        broken(answerable=replace(ANA, owner=None)), replace(world.policy, unknown_people={}), clock("09:00")
    )
    assert route_json(nobody)["to"] == "stu@example.com"


def test_a_matcher_is_told_as_it_is_typed() -> None:
    assert matcher_text(Matcher(field="contract", pattern="crm-*")) == "contract=crm-*"
    assert matcher_text(Matcher(field="property", pattern="email", negated=True)) == "property!=email"
