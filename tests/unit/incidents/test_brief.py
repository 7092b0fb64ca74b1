"""An incident for people."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from observer.incidents.acting import Act
from observer.incidents.brief import MOST_POINTS, Brief, Proof, RecordKey, brief_of
from observer.incidents.events import NoticeKind
from observer.incidents.findings import Grade, Hides, Source
from observer.incidents.incident import Status
from observer.incidents.muting import Mute, mutes_of
from tests.unit.incidents.timeline import ANA, POLICY, World, broken, clock


def told_of(world: World, **said: object) -> Brief:
    """What the last notice tells."""
    notice = world.notices[-1]
    return brief_of(world.only, policy=world.policy, now=world.now, told=notice.told, **said)  # type: ignore[arg-type]  # by name


def world_of(*findings) -> World:
    world = World()
    world.at("09:00").sees(*findings)
    world.waits_until("09:01")
    return world


def test_one_finding_names_itself_with_its_counts_and_its_owner_first() -> None:
    brief = told_of(world_of(broken()))
    assert brief.title == "crm.leads: email is present (12 of 100)"
    assert (brief.kind, brief.status, brief.grade) == (NoticeKind.OPENED, Status.OPEN, Grade.ERROR)
    assert brief.to == ("ana@example.com", "stu@example.com", "rev@example.com", "desk@example.com")
    assert brief.acts == (Act.ACKNOWLEDGE, Act.SNOOZE, Act.FIXED, Act.EXPECTED, Act.FALSE_POSITIVE)


def test_several_findings_are_counted_in_the_title_and_the_gravest_comes_first() -> None:
    mild, grave = broken("phone", grade=Grade.WARNING, rows=90), broken("email", rows=1)
    brief = told_of(world_of(mild, grave, broken("name", rows=7)))
    assert brief.title == "crm.leads: name, email, phone (3 findings)"
    assert [point.finding.property for point in brief.points] == ["name", "email", "phone"]


def test_more_findings_than_are_told_are_a_number() -> None:
    brief = told_of(world_of(*(broken(f"field_{n}") for n in range(500))))
    assert (len(brief.points), brief.more, brief.going_on) == (MOST_POINTS, 490, 500)


def test_what_is_over_stays_visible_behind_what_goes_on() -> None:
    world = world_of(broken(), broken("phone", rows=90))
    world.at("09:10").sees(broken(), of=[broken("phone")])
    brief = told_of(world)
    assert [(point.finding.property, point.is_over) for point in brief.points] == [("email", False), ("phone", True)]
    assert (brief.going_on, brief.more) == (1, 0)


def test_it_began_when_the_first_record_was_bad_not_when_it_was_seen() -> None:
    began = clock("07:30")
    brief = told_of(world_of(broken(since=began)))
    assert brief.points[0].since == began
    assert brief.begins == clock("09:00")


def test_keys_segments_budgets_and_consumers_come_with_it() -> None:
    finding = broken(answerable=replace(ANA, consumers=("nurture", "lead-routing")))
    proof = Proof(run_id="r1", keys=(RecordKey(text="id 7", url="https://crm.example.com/7"),), segment="all of web")
    brief = told_of(world_of(finding), proofs={finding.fingerprint: proof}, budgets=["11 of 25 bad leads left"])
    assert brief.points[0].proof == proof
    assert brief.budgets == ("11 of 25 bad leads left",)
    assert brief.consumers == ("lead-routing", "nurture")


def test_a_finding_that_nobody_is_called_for_says_why() -> None:
    world = world_of(broken())
    world.acts(Act.SNOOZE, until=clock("12:00"))
    mutes = mutes_of(world.incidents, world.policy, world.now)
    brief = told_of(world, mutes=mutes.reasons[world.only.id])
    assert brief.points[0].mute is Mute.SNOOZED
    assert (brief.muted, brief.snoozed_until, brief.snoozed_by) == (1, clock("12:00"), "ana@example.com")
    assert Act.WAKE in brief.acts and Act.SNOOZE not in brief.acts


def test_one_that_is_over_says_how_long_it_lasted_and_offers_nothing() -> None:
    world = world_of(broken())
    world.at("10:30").sees(of=[broken()])
    brief = told_of(world)
    assert brief.is_over and brief.kind is NoticeKind.RESOLVED
    assert brief.lasted == timedelta(minutes=90)
    assert brief.acts == ()


def test_what_is_acknowledged_offers_no_second_acknowledgement() -> None:
    world = world_of(broken())
    world.acts(Act.ACKNOWLEDGE)
    brief = told_of(world)
    assert brief.acknowledged_by == "ana@example.com"
    assert Act.ACKNOWLEDGE not in brief.acts


def test_a_trouble_of_our_own_is_of_the_observer_and_goes_to_the_platform() -> None:
    trouble = broken(source=Source.TROUBLE, contract=None, table=None, property=None, subject="slack", rows=None)
    brief = told_of(world_of(replace(trouble, statement="slack works")))
    assert brief.title == "slack works"
    assert brief.to[0] == "pat@example.com"


def test_asked_without_a_notice_it_tells_whom_the_last_one_went_to() -> None:
    world = world_of(broken())
    brief = brief_of(world.only, policy=world.policy, now=world.now)
    assert brief.kind is None and brief.news == ()
    assert brief.to[0] == "ana@example.com" and brief.channel == "#crm-dq"


def test_several_findings_of_one_field_are_told_with_its_records() -> None:
    brief = told_of(world_of(broken(rows=4), broken(rows=3, fingerprint="check:crm.leads.email.format")))
    assert brief.title == "crm.leads: email (2 findings, 4 of 100)"


def test_many_fields_are_named_by_the_first_of_them() -> None:
    brief = told_of(world_of(*(broken(name, rows=9 - place) for place, name in enumerate("abcde"))))
    assert brief.title == "crm.leads: a, b, c and 2 more (5 findings)"


def test_what_it_hides_of_its_own_stands_last_and_is_counted_once() -> None:
    world = world_of(broken(rows=4, hides=Hides.SUMS), broken("writes", rows=90, property=None, sums=True))
    mutes = mutes_of(world.incidents, world.policy, world.now)
    brief = told_of(world, mutes=mutes.reasons[world.only.id], hidden=mutes.hidden_by[world.only.id])
    assert brief.title == "crm.leads: email is present (4 of 100)"
    assert [point.mute for point in brief.points] == [None, Mute.HIDDEN]
    assert (brief.hidden, brief.muted, brief.going_on) == (1, 0, 2)


def test_one_that_comes_and_goes_says_that_it_waits_for_calm() -> None:
    world = World()
    for hour in range(9, 14):
        world.at(f"{hour:02}:00").sees(broken())
        world.waits_until(f"{hour:02}:02")
        world.at(f"{hour:02}:30").sees(of=[broken()])
    brief = told_of(world)
    assert (brief.is_over, brief.going_on, brief.calms_for) == (False, 0, world.policy.waits.calm)


def test_who_was_passed_over_is_named_and_not_tried_again() -> None:
    absent = {"ana@example.com": "nobody in Slack has that email address"}
    world = World(replace(POLICY, unknown_people=absent))
    world.at("09:00").sees(broken())
    world.waits_until("09:01")
    brief = told_of(world)
    assert (brief.to, brief.passed) == (
        ("stu@example.com", "rev@example.com", "desk@example.com"),
        ("ana@example.com",),
    )


def test_nobody_who_stands_behind_whom_it_was_told_to_was_passed_over() -> None:
    world = World(replace(POLICY, unknown_people={"rev@example.com": "they are a guest in Slack"}))
    world.at("09:00").sees(broken())
    world.waits_until("09:01")
    brief = told_of(world)
    assert (brief.to[0], brief.passed) == ("ana@example.com", ())


def test_troubles_of_our_own_are_named_by_their_doors() -> None:
    doors = [
        broken(door, source=Source.TROUBLE, contract=None, table=None, property=None, subject=door)
        for door in ("slack", "webhook")
    ]
    assert told_of(world_of(*doors)).title == "slack, webhook (2 findings)"


def test_of_reminders_that_waited_together_only_the_last_is_a_word_of_its_own() -> None:
    world = world_of(broken())
    world.waits_until("17:30")
    told = [notice.told for notice in world.notices]
    briefs = [brief_of(world.only, policy=world.policy, now=world.now, told=each) for each in told]
    assert [(brief.kind, brief.is_overtaken) for brief in briefs] == [
        (NoticeKind.OPENED, False),
        (NoticeKind.ESCALATED, False),
        (NoticeKind.REMINDER, False),
    ]
    world.acts(Act.ACKNOWLEDGE)
    reminder = brief_of(world.only, policy=world.policy, now=world.now, told=told[-1])
    assert reminder.is_overtaken and not told_of(world).is_overtaken
