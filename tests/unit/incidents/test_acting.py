"""Buttons: what people may do, and what happens when they do it twice, too late or without a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest

from observer.incidents.acting import LONGEST_REASON, LONGEST_SNOOZE, Act, Action, act, delivered
from observer.incidents.events import EventKind, NoticeKind, Resolution
from observer.incidents.incident import Status, fold
from tests.unit.incidents.timeline import World, broken, clock


def opened() -> World:
    world = World()
    world.at("09:00").sees(broken())
    world.waits_until("09:01")
    return world


@pytest.mark.parametrize("kind", list(Act))
def test_a_button_on_an_incident_that_is_over_does_nothing_and_says_so(kind: Act) -> None:
    world = opened()
    world.at("10:00").sees(of=[broken()])
    answer = world.acts(kind, reason="because", until=clock("12:00"))
    assert not answer.done
    assert answer.sentence == "this incident is over already (mended)"


@pytest.mark.parametrize("kind", [Act.ACKNOWLEDGE, Act.SNOOZE, Act.FIXED])
def test_a_button_that_is_pressed_twice_counts_once(kind: Act) -> None:
    world = opened()
    assert world.acts(kind, until=clock("12:00")).done
    again = world.acts(kind, until=clock("12:00"))
    assert not again.done
    assert "already" in again.sentence


@pytest.mark.parametrize("kind", [Act.EXPECTED, Act.FALSE_POSITIVE])
def test_a_verdict_needs_a_reason_and_is_kept_with_it(kind: Act) -> None:
    world = opened()
    assert world.acts(kind, reason="  ").sentence.startswith("say why it is ")
    assert not world.acts(kind, reason="x" * (LONGEST_REASON + 1)).done
    answer = world.acts(kind, reason="partner import")
    assert answer.incident.status is Status.RESOLVED
    assert answer.incident.resolution is Resolution(kind.value)
    judged = answer.incident.held[broken().fingerprint].judged
    assert judged is not None
    assert (judged.by, judged.reason, judged.rows_failed) == ("ana@example.com", "partner import", 12)


def test_a_snooze_ends_in_the_future_and_not_too_far() -> None:
    world = opened()
    assert world.acts(Act.SNOOZE, until=clock("08:00")).sentence == "a snooze ends in the future"
    assert world.acts(Act.SNOOZE).sentence == "a snooze ends in the future"
    far = world.now + LONGEST_SNOOZE + timedelta(seconds=1)
    assert world.acts(Act.SNOOZE, until=far).sentence == "a snooze lasts at most 30 d"
    assert world.acts(Act.WAKE).sentence == "it is not snoozed"
    assert world.acts(Act.SNOOZE, until=clock("11:01")).sentence == "ana@example.com snoozed it for 2 h"


def test_what_was_never_told_is_acted_on_without_a_message() -> None:
    world = World()
    world.at("09:00").sees(broken())
    answer = world.acts(Act.ACKNOWLEDGE)
    assert answer.done
    assert answer.notices == ()


def test_an_action_is_told_with_who_did_it_and_its_event_carries_the_key() -> None:
    world = opened()
    answer = world.acts(Act.FIXED, by="bo@example.com", reason="merged the duplicates")
    (notice,) = answer.notices
    assert notice.kind is NoticeKind.ACTED
    assert notice.told.news == ("bo@example.com says that it is fixed: merged the duplicates; the next look decides",)
    assert notice.key == answer.events[-1].key
    assert answer.incident.acknowledged_by == "bo@example.com"


def test_of_two_people_at_once_the_second_event_has_the_key_of_the_first() -> None:
    incident = opened().only
    first = act(incident, Action(act=Act.ACKNOWLEDGE, by="ana@example.com"), clock("09:02"))
    second = act(incident, Action(act=Act.ACKNOWLEDGE, by="bo@example.com"), clock("09:02"))
    assert first.events[0].key == second.events[0].key


def test_a_delivery_is_an_event_of_its_own_and_changes_nothing_else() -> None:
    world = opened()
    event = delivered(world.only, world.notices[0].key, clock("09:02"))
    assert event.kind is EventKind.DELIVERED
    after = fold([*world.log, event])
    assert after is not None
    assert after.seq == world.only.seq + 1
    assert after.told == world.only.told


def test_a_log_of_something_else_is_refused() -> None:
    world = opened()
    with pytest.raises(ValueError, match="does not begin with its opening"):
        fold(world.log[1:])
    assert fold([]) is None
    other = World()
    other.at("09:05").sees(broken(table="accounts"), broken(table="accounts", name="phone"))
    other.waits_until("09:07")
    with pytest.raises(ValueError, match="is none of incident"):
        fold([world.log[0], other.log[1]])
