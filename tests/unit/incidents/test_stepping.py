"""The life of an incident, as timelines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from observer.incidents.acting import Act
from observer.incidents.events import EventKind, NoticeKind, Resolution
from observer.incidents.findings import Answerable, Grade, Hides, Look, Source
from observer.incidents.incident import Status
from observer.incidents.policy import Matcher, Silence, Waits, Way
from observer.incidents.stepping import step
from tests.unit.incidents.timeline import POLICY, World, broken, clock, stale

OPENED, REOPENED, CHANGED, RESOLVED = (
    NoticeKind.OPENED,
    NoticeKind.REOPENED,
    NoticeKind.CHANGED,
    NoticeKind.RESOLVED,
)


def opened() -> World:
    """A broken email, told at 09:01."""
    world = World()
    assert world.at("09:00").sees(broken()) == []
    assert world.waits_until("09:01") == [OPENED]
    return world


def test_what_breaks_together_is_told_once_after_the_group_wait() -> None:
    world = World()
    assert world.at("09:00").sees(broken(), broken("phone")) == []
    assert world.waits_until("09:30") == [OPENED]
    assert world.notices[0].told.findings == 2
    assert world.notices[0].told.to == "ana@example.com"


def test_what_is_mended_within_the_group_wait_is_never_told() -> None:
    world = World()
    world.at("09:00").sees(broken())
    world.now += timedelta(seconds=20)
    assert world.sees(of=[broken()]) == []
    assert world.waits_until("10:00") == []
    assert world.only.resolution is Resolution.MENDED


def test_a_look_that_did_not_look_at_it_mends_nothing() -> None:
    world = opened()
    assert world.at("09:20").sees(of=[broken("phone")]) == []
    assert world.only.is_open


def test_another_field_of_the_same_owner_changes_the_incident_and_one_of_another_opens_its_own() -> None:
    world = opened()
    other = broken("stage", answerable=Answerable(owner="bo@example.com"))
    world.at("09:02").sees(broken(), broken("phone"), other)
    assert world.waits_until("09:20") == [OPENED, CHANGED]
    assert world.notices[-1].told.news == ("2 findings now, 1 before",)
    assert [i.group.owner for i in world.incidents] == ["ana@example.com", "bo@example.com"]


def test_more_broken_rows_only_edit_the_message_and_not_before_the_interval() -> None:
    world = opened()
    assert world.at("09:03").sees(broken(rows=20)) == []
    assert world.waits_until("09:05") == []
    assert world.waits_until("09:30") == [NoticeKind.REFRESHED]
    assert not NoticeKind.REFRESHED.calls


def test_a_graver_finding_is_told_at_once() -> None:
    world = opened()
    burn = broken("budget", source=Source.LEVEL, grade=Grade.URGENT)
    assert world.at("09:02").sees(burn) == [CHANGED]
    assert world.notices[-1].told.way is Way.PAGE
    assert "urgent now, error before" in world.notices[-1].told.news


def test_mended_data_resolve_it_with_its_duration() -> None:
    world = opened()
    assert world.at("11:30").sees(of=[broken()]) == [RESOLVED]
    assert world.notices[-1].told.news == ("mended after 2 h 30 min",)
    assert world.waits_until("15:00") == []


def test_what_comes_back_soon_is_the_same_incident_and_what_comes_back_late_a_new_one() -> None:
    world = opened()
    world.at("10:00").sees(of=[broken()])
    world.at("11:00").sees(broken())
    assert world.waits_until("11:01") == [REOPENED]
    assert world.only.reopenings == 1
    world.at("12:00").sees(of=[broken()])
    world.at("2d 12:00").sees(broken())
    assert world.waits_until("2d 12:01") == [OPENED]
    assert len(world.incidents) == 2


def test_what_flaps_is_over_only_when_it_is_calm() -> None:
    world = opened()
    told = []
    for minute in range(10, 50, 4):
        told += world.at(f"09:{minute}").sees(of=[broken()])
        told += world.at(f"09:{minute + 2}").sees(broken())
    world.at("09:50").sees(of=[broken()])
    assert told == [RESOLVED, REOPENED]
    assert world.only.is_open
    assert world.waits_until("10:49").count(RESOLVED) == 0
    assert world.waits_until("10:50") == [RESOLVED]


def test_nobody_acknowledges_so_the_steward_is_called_once_and_reminded_after_that() -> None:
    world = opened()
    assert world.waits_until("13:00") == []
    assert world.waits_until("17:00") == [NoticeKind.ESCALATED]
    assert world.notices[-1].told.also == "stu@example.com"
    assert world.notices[-1].told.news == ("open for 4 h 1 min, and nobody acknowledged it",)
    assert world.waits_until("17:02") == [NoticeKind.REMINDER]


def test_an_acknowledged_incident_is_neither_escalated_nor_reminded_of() -> None:
    world = opened()
    world.at("09:10").acts(Act.ACKNOWLEDGE)
    assert world.notices[-1].kind is NoticeKind.ACTED
    assert world.notices[-1].told.news == ("ana@example.com acknowledged it",)
    assert world.waits_until("20:00") == []
    assert world.only.status is Status.ACKNOWLEDGED


def test_a_snooze_ends_with_a_reminder_and_does_not_outlast_something_graver() -> None:
    world = opened()
    world.at("09:10").acts(Act.SNOOZE, until=clock("12:00"))
    world.at("09:30").sees(broken(), broken("phone"))
    assert world.waits_until("11:59") == []
    assert world.waits_until("12:00") == [CHANGED]
    world.acts(Act.SNOOZE, until=clock("20:00"))
    assert world.at("12:30").sees(broken("budget", grade=Grade.URGENT)) == [CHANGED]


def test_a_snooze_that_was_ended_by_hand_lets_changes_through() -> None:
    world = opened()
    world.at("09:10").acts(Act.SNOOZE, until=clock("12:00"))
    world.at("09:30").sees(broken(), broken("phone"))
    world.acts(Act.WAKE)
    assert world.waits_until("09:40") == [CHANGED]


def test_a_snoozed_incident_without_news_is_called_to_mind_when_the_snooze_ends() -> None:
    world = opened()
    world.at("09:10").acts(Act.ACKNOWLEDGE)
    world.acts(Act.SNOOZE, until=clock("12:00"))
    assert world.waits_until("14:00") == [NoticeKind.REMINDER]
    assert world.notices[-1].told.news == ("open for 3 h, and ana@example.com acknowledged it",)


def test_said_fixed_and_found_mended_is_fixed() -> None:
    world = opened()
    world.at("09:10").acts(Act.FIXED)
    assert world.only.is_open
    assert world.at("09:20").sees(of=[broken()]) == [RESOLVED]
    assert world.only.resolution is Resolution.FIXED


def test_said_fixed_and_found_as_before_is_told_to_whoever_said_so() -> None:
    world = opened()
    world.at("09:10").acts(Act.FIXED)
    world.at("09:11").sees(broken(), at=clock("09:09"))  # a run that began before proves nothing
    assert world.only.said_fixed_at is not None
    assert world.at("09:20").sees(broken()) == [CHANGED]
    assert world.notices[-1].told.news == ("ana@example.com said that it is fixed, and it was found as before",)
    assert world.only.said_fixed_at is None


def test_what_is_expected_stays_quiet_until_it_grows() -> None:
    world = opened()
    world.at("09:10").acts(Act.EXPECTED, reason="import of partner leads")
    assert world.only.resolution is Resolution.EXPECTED
    assert world.waits_until("09:11") == [RESOLVED]
    assert world.at("2d 09:00").sees(broken(rows=15)) == []
    assert world.waits_until("2d 10:00") == []
    world.sees(broken(rows=40))
    assert world.waits_until("2d 10:30") == [REOPENED]
    assert world.only.held[broken().fingerprint].judged is not None, "the verdict is kept as evidence"


def test_a_false_positive_stays_quiet_until_it_is_over_and_comes_back() -> None:
    world = opened()
    world.at("09:10").acts(Act.FALSE_POSITIVE, reason="the rule is wrong")
    world.at("09:20").sees(broken(rows=99))
    assert not world.only.is_open
    world.at("09:30").sees(of=[broken()])
    world.at("09:40").sees(broken())
    assert world.waits_until("09:50") == [REOPENED]


def test_an_excused_finding_stays_where_it_was_excused_when_another_opens_an_incident() -> None:
    world = opened()
    world.at("09:10").acts(Act.EXPECTED, reason="import")
    world.waits_until("09:11")
    world.at("09:20").sees(broken(), broken("phone"))
    assert world.waits_until("09:30") == [OPENED]
    assert world.notices[-1].told.findings == 1
    assert [i.is_open for i in world.incidents] == [False, True]
    world.at("09:40").sees(broken(rows=90), broken("phone"))
    excused, going_on = world.incidents
    assert set(going_on.held) == {broken().fingerprint, broken("phone").fingerprint}
    assert excused.held[broken().fingerprint].ended is not None


def test_a_stale_table_says_how_many_findings_say_nothing() -> None:
    world = World()
    fields = [broken(f"field_{n}", answerable=Answerable(owner=f"{n}@example.com")) for n in range(5)]
    world.at("09:00").sees(stale(), *fields)
    assert world.waits_until("12:00") == [OPENED]
    assert world.notices[0].told.hidden == 5
    assert world.notices[0].told.news == ("5 other findings say nothing meanwhile",)
    assert len(world.incidents) == 6, "they are recorded all the same"


def test_what_a_stale_table_hid_is_told_when_it_is_seen_again() -> None:
    world = World()
    bo = broken(answerable=Answerable(owner="bo@example.com"))
    world.at("09:00").sees(stale(), bo)
    world.waits_until("09:30")
    assert world.sees(of=[stale()]) == [RESOLVED]
    assert world.waits_until("09:40") == []
    assert world.sees(bo) == [OPENED]


def test_an_unreachable_contract_hides_that_nothing_could_be_looked_at() -> None:
    world = World()
    lost = broken("all", fingerprint="unreachable:crm", table=None, property=None, source=Source.BLIND, hides=Hides.ALL)
    blind = [broken(f"f{n}", fingerprint=f"blind:{n}", table=f"t{n % 9}", source=Source.BLIND) for n in range(300)]
    world.at("09:00").sees(lost, *blind)
    assert world.waits_until("10:00") == [OPENED]
    assert world.notices[0].told.to == "pat@example.com"
    assert world.notices[0].told.hidden == 300


def test_a_stale_table_hides_no_budget_that_burns_and_no_warning_hides_an_error() -> None:
    burn = broken("budget", source=Source.LEVEL, grade=Grade.URGENT)
    assert not burn.is_hidden_by(stale())
    assert not broken().is_hidden_by(replace(stale(), grade=Grade.WARNING))
    assert broken().is_hidden_by(stale())
    assert not broken(table="accounts").is_hidden_by(stale())


def test_a_silence_lets_nothing_out_and_what_is_left_is_told_when_it_ends() -> None:
    silence = Silence(
        id="1",
        matchers=(Matcher(field="table", pattern="lea*"), Matcher(field="property", pattern="phone", negated=True)),
        begins=clock("08:00"),
        ends=clock("12:00"),
        by="pat@example.com",
        reason="migration",
    )
    world = World(replace(POLICY, silences=(silence,)))
    world.at("09:00").sees(broken())
    assert world.waits_until("11:59") == []
    assert world.waits_until("12:00") == [OPENED]


def test_a_check_that_is_no_longer_in_the_contract_is_withdrawn() -> None:
    world = opened()
    world.now = clock("10:00")
    assert world.takes(Look(at=world.now, withdrawn=frozenset({broken().fingerprint}))) == [RESOLVED]
    assert world.only.resolution is Resolution.WITHDRAWN


def test_a_finding_with_a_new_owner_moves_to_an_incident_of_theirs() -> None:
    world = opened()
    moved = broken(answerable=Answerable(owner="bo@example.com"))
    assert world.at("10:00").sees(moved) == [RESOLVED]
    assert world.waits_until("10:01") == [OPENED]
    old, new = world.incidents
    assert old.resolution is Resolution.MOVED
    assert new.is_open and new.group.owner == "bo@example.com"


def test_a_late_look_neither_breaks_nor_mends_what_was_seen_since() -> None:
    world = opened()
    world.at("09:20").sees(broken())
    assert world.at("09:30").sees(of=[broken()], at=clock("09:10")) == []
    assert world.only.is_open
    world.at("09:40").sees(of=[broken()])
    world.at("09:50").sees(broken(), at=clock("09:35"))
    assert not world.only.is_open


def test_warnings_at_night_wait_for_the_digest_and_stand_there_once() -> None:
    world = World(replace(POLICY, in_hours={Grade.WARNING: Way.DIGEST}))
    warned = broken(grade=Grade.WARNING)
    world.at("10:00").sees(warned)
    assert world.waits_until("10:01") == [OPENED]
    assert world.notices[0].told.not_before == clock("1d 09:00")
    world.sees(warned, replace(broken("phone"), grade=Grade.WARNING))
    assert world.waits_until("1d 08:59") == []
    assert world.waits_until("1d 09:30") == [CHANGED]


def test_a_storm_of_findings_is_few_messages_and_nothing_is_lost() -> None:
    world = World()
    storm = [broken(f"f{n}", table=f"t{n % 20}") for n in range(2_000)]
    for start in range(0, 2_000, 500):
        world.at("09:00").now += timedelta(seconds=start // 100)
        world.sees(*storm[start : start + 500])
    assert world.waits_until("09:04") == [OPENED] * 20
    assert sum(len(i.held) for i in world.incidents) == 2_000


def test_an_incident_says_by_what_it_was_opened() -> None:
    event = opened().log[0]
    assert event.kind is EventKind.OPENED
    assert event.reason == "crm.leads.email: email is present"


def test_a_look_as_old_as_the_window_for_reopening_is_passed_over_and_that_is_said() -> None:
    world = World().at("2d 09:00")
    result = step([], Look(at=clock("1d 09:00"), findings=(broken(),)), world.now, POLICY)
    assert result.is_too_old
    assert result.events == ()


def test_what_was_excused_long_ago_and_mended_lately_is_not_broken_by_an_older_look() -> None:
    world = opened()
    world.at("09:10").acts(Act.EXPECTED, reason="import")
    world.waits_until("09:11")
    world.at("2d 09:00").sees(broken())
    world.at("2d 09:30").sees(of=[broken()])
    world.at("2d 09:40").sees(broken(), at=clock("2d 09:00"))
    assert [incident.is_open for incident in world.incidents] == [False]


def test_what_flapped_and_is_said_to_be_fixed_is_not_refuted_by_a_look_that_finds_nothing() -> None:
    world = opened()
    for minute in (10, 20, 30, 40):
        world.at(f"09:{minute}").sees(of=[broken()])
        world.at(f"09:{minute + 2}").sees(broken())
    world.at("09:50").acts(Act.FIXED)
    assert world.at("10:00").sees(of=[broken()]) == []
    assert world.only.said_fixed_at is not None
    assert world.waits_until("11:00") == [RESOLVED]
    assert world.only.resolution is Resolution.FIXED


def test_a_snooze_puts_the_escalation_off() -> None:
    world = opened()
    world.at("09:10").acts(Act.SNOOZE, until=clock("12:00"))
    assert NoticeKind.ESCALATED not in world.waits_until("15:59")
    assert world.waits_until("16:00") == [NoticeKind.ESCALATED]


def test_a_table_that_is_not_really_stale_hides_nothing() -> None:
    world = World()
    world.at("09:00").sees(replace(stale(), answerable=Answerable(owner="bo@example.com")))
    world.waits_until("09:01")
    world.acts(Act.FALSE_POSITIVE, reason="nobody writes at night")
    world.at("09:10").sees(replace(stale(), answerable=Answerable(owner="bo@example.com")), broken())
    assert world.waits_until("09:11") == [OPENED]


def test_an_edited_message_does_not_put_the_reminder_off() -> None:
    world = World(replace(POLICY, waits=Waits(escalate_after={})))
    world.at("09:00").sees(broken())
    world.waits_until("09:01")
    assert world.at("12:59").sees(broken(rows=20)) == [NoticeKind.REFRESHED]
    assert world.waits_until("13:01") == [NoticeKind.REMINDER]


def test_a_verdict_is_of_what_goes_on_and_not_of_what_is_mended() -> None:
    world = opened()
    world.at("09:05").sees(broken(), broken("phone"))
    world.at("09:10").sees(broken("phone"), of=[broken()])
    world.acts(Act.EXPECTED, reason="import")
    world.at("09:20").sees(broken(), broken("phone"))
    assert world.waits_until("09:30").count(REOPENED) == 1
    assert world.notices[-1].told.findings == 1


def test_what_only_sums_up_a_broken_field_is_not_told_beside_it_and_is_told_alone() -> None:
    field = broken(hides=Hides.SUMS)
    total = broken("writes", property=None, sums=True, answerable=Answerable(contract_owner="rev@example.com"))
    world = World()
    world.at("09:00").sees(field, total)
    assert world.waits_until("09:10") == [OPENED]
    assert (world.notices[0].told.to, world.notices[0].told.hidden) == ("ana@example.com", 1)

    alone = World()
    alone.at("09:00").sees(total, replace(field, table="deals", fingerprint="elsewhere"))
    assert sorted(notice for notice in alone.waits_until("09:10")) == [OPENED, OPENED]


def test_a_source_that_cannot_be_asked_hides_what_follows_from_it_in_every_contract() -> None:
    source = broken(source=Source.TROUBLE, contract=None, table=None, property=None, hides=Hides.EVERYTHING)
    lost = [
        broken(name, contract=name, table=None, property=None, source=Source.BLIND, hides=Hides.ALL)
        for name in ("crm-leads", "crm-deals")
    ]
    world = World()
    world.at("09:00").sees(source, *lost, broken(contract="crm-leads"))
    assert world.waits_until("09:10") == [OPENED]
    assert (world.notices[0].told.to, world.notices[0].told.hidden) == ("pat@example.com", 3)


def test_what_a_source_in_trouble_hid_is_told_when_it_is_seen_again() -> None:
    source = broken(source=Source.TROUBLE, contract=None, table=None, property=None, hides=Hides.EVERYTHING)
    world = World()
    world.at("09:00").sees(source, broken())
    assert world.waits_until("09:05") == [OPENED]
    assert world.at("09:06").sees(of=[source]) == [RESOLVED]
    assert world.at("09:07").sees(broken()) == [OPENED]
