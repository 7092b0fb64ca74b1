"""What people are told of a day, and when: every transition of an incident, on a real state and a clock that is set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from observer.contracts.model import Severity
from observer.contracts.schedules import Calendar
from observer.errors import NotAllowed
from observer.incidents.acting import Act
from observer.incidents.events import EventKind, NoticeKind, Resolution
from observer.incidents.findings import Grade
from observer.incidents.policy import Matcher, Silence, Way
from observer.incidents.posts import Person
from observer.store import Store
from tests.fakes.incident_day import DAY, DOWN, Day, clock, kinds, leads

OPENED, CHANGED, RESOLVED, REOPENED = NoticeKind.OPENED, NoticeKind.CHANGED, NoticeKind.RESOLVED, NoticeKind.REOPENED
REFRESHED, ACTED, REMINDER, ESCALATED = (
    NoticeKind.REFRESHED,
    NoticeKind.ACTED,
    NoticeKind.REMINDER,
    NoticeKind.ESCALATED,
)
#: An incident of one person, so that one message speaks of all of it.
ONE_OWNER = leads("stage")

NewDay = Callable[..., Day]


@pytest.fixture
def new_day(tmp_path: Path) -> Iterator[NewDay]:
    with time_machine.travel(DAY, tick=False) as travel, Store.open(f"sqlite:///{tmp_path}/state.db") as store:
        yield lambda **said: Day(store, travel, **said)


@pytest.fixture
def day(new_day: NewDay) -> Day:
    return new_day(under=ONE_OWNER)


def test_what_breaks_is_told_once_to_its_owner_within_a_minute(day: Day) -> None:
    day.at("9:00").stage_is_renamed()
    brief = day.expect(OPENED, "9:00:30", "9:01", "crm.leads: stage is present (40 of 100)")
    assert (brief.to[0], brief.channel) == ("stage@example.com", "#crm")
    day.at("9:15").runs()
    day.expect_silence(until="12:55")


def test_what_is_mended_before_anybody_was_told_is_never_told(day: Day) -> None:
    day.at("9:00").stage_is_renamed()
    day.at("9:00:20").is_mended()
    day.expect_silence(until="10:00")


def test_more_rows_edit_the_message_and_call_nobody(day: Day) -> None:
    day.at("9:00").stage_is_renamed()
    day.expect(OPENED, "9:00:30", "9:01")
    day.at("9:02").breaks(stage=60)
    brief = day.expect(REFRESHED, "9:05:30", "9:07", "60 of 100")
    assert not NoticeKind.REFRESHED.calls
    assert brief.news == ()


def test_what_is_mended_is_resolved_with_its_duration(day: Day) -> None:
    day.at("9:00").stage_is_renamed()
    day.expect(OPENED, "9:00:30", "9:01")
    day.at("9:45").is_mended()
    brief = day.expect(RESOLVED, "9:45", "9:46")
    assert (brief.resolution, brief.lasted) == (Resolution.MENDED, timedelta(minutes=45))
    day.expect_silence(until="11:00")


def test_what_comes_back_within_a_day_is_the_same_incident(day: Day) -> None:
    day.at("9:00").stage_is_renamed()
    first = day.expect(OPENED, "9:00:30", "9:01")
    day.at("10:00").is_mended()
    day.expect(RESOLVED, "10:00", "10:01")
    day.at("12:00").stage_is_renamed()
    again = day.expect(REOPENED, "12:00:30", "12:01")
    assert (again.id, again.reopenings) == (first.id, 1)
    day.at("12:30").is_mended()
    day.expect(RESOLVED, "12:30", "12:31")
    day.at("1d 14:00").stage_is_renamed()
    assert day.expect(OPENED, "1d 14:00:30", "1d 14:01").id != first.id


def test_what_comes_and_goes_is_over_only_when_it_is_calm(day: Day) -> None:
    said = []
    for hour in range(9, 13):
        day.at(f"{hour}:00").stage_is_renamed()
        day.at(f"{hour}:05").is_mended()
        said += day.heard(f"{hour}:10")
    assert kinds(said) == [OPENED, RESOLVED, REOPENED, RESOLVED, REOPENED, RESOLVED, REOPENED]
    day.expect(RESOLVED, "13:05", "13:11")


def test_what_nobody_acknowledges_goes_to_the_steward_too(day: Day) -> None:
    day.at("9:00").stage_is_renamed()
    day.expect(OPENED, "9:00:30", "9:01")
    brief = day.expect(ESCALATED, "13:00:30", "13:06")
    assert brief.also == "stu@example.com"
    day.expect(REMINDER, "17:00", "17:11")


def test_what_somebody_took_on_is_neither_reminded_of_nor_escalated(day: Day) -> None:
    day.at("9:00").stage_is_renamed()
    day.expect(OPENED, "9:00:30", "9:01")
    day.at("9:10")
    assert day.acts(Act.ACKNOWLEDGE).sentence == "stage@example.com acknowledged it"
    assert day.expect(ACTED, "9:10", "9:11").acknowledged_by == "stage@example.com"
    assert not day.acts(Act.ACKNOWLEDGE).done
    day.expect_silence(until="20:00")


def test_who_may_not_act_is_refused_and_nothing_is_written(new_day: NewDay) -> None:
    day = new_day(under=ONE_OWNER, may_act=("*@crm.example.com",))
    day.at("9:00").stage_is_renamed()
    day.expect(OPENED, "9:00:30", "9:01")
    with pytest.raises(NotAllowed, match=r"stage@example\.com may not act on incidents"):
        day.acts(Act.ACKNOWLEDGE)
    day.expect_silence(until="9:30")


def test_what_is_said_to_be_fixed_and_is_not_is_told_again(day: Day) -> None:
    day.at("9:00").stage_is_renamed()
    day.expect(OPENED, "9:00:30", "9:01")
    day.at("9:10").acts(Act.FIXED)
    day.expect(ACTED, "9:10", "9:11")
    day.at("9:20").runs()
    assert (
        "stage@example.com said that it is fixed, and it was found as before"
        in day.expect(CHANGED, "9:20", "9:21").news
    )
    day.acts(Act.FIXED)
    day.expect(ACTED, "9:20", "9:22")
    day.at("9:40").is_mended()
    assert day.expect(RESOLVED, "9:40", "9:41").resolution is Resolution.FIXED


def test_what_is_expected_is_told_again_only_when_it_grows(day: Day) -> None:
    day.at("9:00").stage_is_renamed()
    day.expect(OPENED, "9:00:30", "9:01")
    day.at("9:10").acts(Act.EXPECTED, reason="the sales team merges stages until Friday")
    said = day.heard("9:12")
    assert kinds(said) == [ACTED, RESOLVED]
    assert {each.brief.resolution for each in said} == {Resolution.EXPECTED}
    day.at("10:00").breaks(stage=50)
    day.expect_silence(until="11:00")
    day.breaks(stage=80)
    day.expect(REOPENED, "11:00:30", "11:01", "80 of 100")


def test_a_snoozed_incident_is_silent_until_its_hour(day: Day) -> None:
    day.at("9:00").stage_is_renamed()
    day.expect(OPENED, "9:00:30", "9:01")
    day.at("9:10").acts(Act.SNOOZE, until=clock("15:00"))
    assert day.expect(ACTED, "9:10", "9:11").snoozed_until == clock("15:00")
    day.breaks(stage=90)
    day.expect_silence(until="14:55")
    day.expect(REMINDER, "15:00", "15:05")


def test_a_silence_keeps_it_quiet_and_its_end_tells_it(day: Day) -> None:
    day.at("8:00")._store.incidents.add_silence(
        Silence(
            id="move",
            matchers=(Matcher(field="property", pattern="stage"),),
            begins=clock("8:00"),
            ends=clock("12:00"),
            by="rev@example.com",
            reason="the stages move",
        )
    )
    day.at("9:00").stage_is_renamed()
    day.expect_silence(until="11:55")
    day.expect(OPENED, "12:00", "12:05")


def test_a_stale_table_says_so_and_its_fields_say_nothing_meanwhile(new_day: NewDay) -> None:
    day = new_day(under=leads("stage", "email"))
    day.at("9:00").age = timedelta(hours=3)
    day.breaks(stage=40, email=7)
    brief = day.expect(OPENED, "9:00:30", "9:01", "crm.leads: *")
    assert (brief.to[0], brief.hidden) == ("rev@example.com", 2)
    assert brief.news == ("2 other findings say nothing meanwhile",)
    day.at("9:30").age = timedelta(minutes=5)
    day.glances()
    assert day.expect(RESOLVED, "9:30", "9:31").id == brief.id
    day.expect_silence(until="9:59")
    day.at("10:00").runs()
    assert kinds(day.heard("10:01")) == [OPENED, OPENED], "the fields are told when they are seen again"


def test_a_source_that_cannot_be_reached_is_one_finding_of_the_platform(new_day: NewDay) -> None:
    day = new_day(under=leads("stage", "email"))
    day.at("9:00").stage_is_renamed()
    day.expect(OPENED, "9:00:30", "9:01", "stage")
    day.at("10:00").unreachable = "the server cannot be reached"
    day.runs()
    brief = day.expect(OPENED, "10:00:30", "10:01", "every table of crm can be read")
    assert brief.to[0] == "pat@example.com"
    assert brief.hidden > 0
    day.at("11:00").unreachable = None
    day.runs()
    assert kinds(day.heard("11:10")) == [RESOLVED], "stage goes on as it was"


def test_runs_that_cannot_look_and_glances_that_can_are_one_finding_that_does_not_flap(day: Day) -> None:
    """A worker that is too large is killed, while the source itself answers every glance."""
    for hour in range(9, 14):
        day.at(f"{hour}:00").unreachable = "the run needed more than its limit of memory"
        day.runs()
        day.unreachable = None
        day.at(f"{hour}:01").glances()
    assert kinds(day.heard("13:30")) == [OPENED, REMINDER]
    day.runs()
    day.expect(RESOLVED, "13:30", "13:31", "every table of crm can be read")
    day.expect_silence(until="16:00")


def test_a_source_that_hesitates_once_is_nobodys_trouble(day: Day) -> None:
    day.at("9:00").unreachable = "timeout"
    day.glances()
    day.at("9:01").unreachable = None
    day.glances().expect_silence(until="9:10")
    day.unreachable = "timeout"
    day.glances()
    day.at("9:11").glances()
    day.expect(OPENED, "9:11:30", "9:12", "can be glanced at")


def test_a_warning_out_of_hours_waits_for_the_digest(new_day: NewDay) -> None:
    office = Calendar(
        zone="UTC", weekdays=frozenset(range(5)), opens=clock("8:00").time(), closes=clock("18:00").time()
    )
    day = new_day(under=leads("stage", severity=Severity.WARNING), hours=office)
    day.at("20:00").age = timedelta(hours=3)
    day.glances()
    brief = day.expect(OPENED, "1d 9:00", "1d 9:05")
    assert (brief.way, brief.grade) == (Way.DIGEST, Grade.WARNING)
    day.expect_silence(until="1d 12:55")
    day.expect(REMINDER, "1d 13:00", "1d 13:10")


def test_a_receiver_that_is_down_is_told_when_it_is_back_as_things_stand_then(day: Day) -> None:
    day.channel.failure = DOWN
    day.at("9:00").stage_is_renamed()
    day.expect_silence(until="9:10")
    day.breaks(stage=77)
    day.at("9:12").channel.failure = None
    said = day.heard("9:30")
    assert kinds(said) == [OPENED, REFRESHED]
    assert "77 of 100" in said[0].brief.title, "what is sent is read when it is sent"


def test_what_has_landed_is_known_to_have(day: Day) -> None:
    day.at("9:00").stage_is_renamed()
    day.expect(OPENED, "9:00:30", "9:01")
    (row,) = day._store.incidents.rows()
    delivered = [event for event in day._store.incidents.log(row.id) if event.kind is EventKind.DELIVERED]
    assert [event.notice for event in delivered] == [f"{row.id}:2"]
    assert day._store.outbox.depths() == ()


def test_another_leader_goes_on_where_the_last_one_stopped_and_repeats_nothing(day: Day) -> None:
    day.at("9:00").stage_is_renamed()
    day.expect(OPENED, "9:00:30", "9:01")
    day.new_leader()
    day.at("9:05").runs()
    day.expect_silence(until="9:30")
    day.new_leader()
    day.is_mended()
    day.expect(RESOLVED, "9:30", "9:31")


def test_a_stale_table_that_a_run_and_a_glance_judge_otherwise_is_set_right(day: Day) -> None:
    """The glance said before the run that all was well, and would say nothing new."""
    day.at("9:00").glances()
    day.at("9:00:30").age = timedelta(hours=3)
    day.runs()
    day.age = timedelta(minutes=1)
    day.at("9:01").glances()
    day.expect(OPENED, "9:01", "9:02")
    day.at("9:06").glances()
    day.expect(RESOLVED, "9:06", "9:07")


def test_a_field_that_leaves_its_contract_ends_its_incident(new_day: NewDay) -> None:
    day = new_day(under=leads("stage", "email"))
    day.at("9:00").stage_is_renamed()
    day.expect(OPENED, "9:00:30", "9:01")
    day.at("10:00").runs(under=leads("email"))
    assert day.expect(RESOLVED, "10:00", "10:01").resolution is Resolution.WITHDRAWN


def test_a_new_owner_takes_over_the_incident(new_day: NewDay) -> None:
    day = new_day(under=ONE_OWNER)
    day.at("9:00").stage_is_renamed()
    day.expect(OPENED, "9:00:30", "9:01")
    table, *_ = ONE_OWNER.objects
    moved = tuple(replace(p, owner="eve@example.com") if p.name == "stage" else p for p in table.properties)
    day.at("10:00").runs(under=replace(ONE_OWNER, objects=(replace(table, properties=moved),)))
    first, second = day.heard("10:01")
    assert (first.kinds, first.brief.resolution) == ((RESOLVED,), Resolution.MOVED)
    assert (second.kinds, second.brief.to[0]) == ((OPENED,), "eve@example.com")


def test_somebody_whom_slack_does_not_know_is_passed_over_from_the_first_message_on(day: Day) -> None:
    nobody = Person(
        username="stage@example.com",
        receiver="slack",
        known_as=None,
        reason="nobody in Slack has that email address",
        looked_up_at=day.now,
    )
    day._store.incidents.know(nobody)
    day.at("9:00").stage_is_renamed()
    brief = day.expect(OPENED, "9:00:30", "9:01")
    assert brief.to[0] == "stu@example.com"
    assert "stage@example.com, the owner of the field, cannot be told: " + nobody.reason in brief.reasons


def test_a_door_that_does_not_work_is_told_and_forgotten_with_its_contract(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("observer.daemon.minding._LASTING_SECONDS", 0.0)
    day.at("9:00").door("snapshot of crm", "the disk is full")
    brief = day.expect(OPENED, "9:00:30", "9:01:30", "crm: snapshot of crm works")
    assert brief.to[0] == "pat@example.com"
    day.at("9:10").door("snapshot of crm", None)
    day.expect(RESOLVED, "9:10", "9:11")
    day.at("9:20").door("snapshot of crm", "the disk is full")
    day.expect(REOPENED, "9:20:30", "9:21:30")
    day.at("9:30").runs(under=replace(ONE_OWNER, id="other"))
    assert day.expect(RESOLVED, "9:30", "9:31").resolution is Resolution.WITHDRAWN
