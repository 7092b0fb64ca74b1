"""Silences, where messages stand, and whom receivers know."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from observer.errors import NoSuchSilence, StoreError
from observer.incidents.policy import Matcher, Silence
from observer.incidents.posts import Person, Post
from observer.store.store import Store
from tests.fakes.incident_steps import AT_ONCE, Clock, look, to_slack
from tests.fakes.small_runs import HOUR, NOON
from tests.unit.incidents.timeline import broken

MOVING = Silence(
    id="s1",
    matchers=(Matcher(field="table", pattern="lead*"), Matcher(field="owner", pattern="bo*", negated=True)),
    begins=NOON,
    ends=NOON + HOUR,
    by="ana@example.com",
    reason="we move\x00 the table",
)
POST = Post(receiver="slack", incident="i1", channel="C1", begun_at=NOON)
ANA = Person(username="ana@example.com", receiver="slack", known_as="U1", looked_up_at=NOON)


def test_a_silence_is_kept_until_it_ends(state: Store) -> None:
    later = replace(MOVING, id="s0", begins=NOON + HOUR, ends=NOON + 2 * HOUR, reason="then")
    for silence in (later, MOVING):
        state.incidents.add_silence(silence)

    assert state.incidents.silences(NOON) == (replace(MOVING, reason="we move\\x00 the table"), later)
    assert state.incidents.silences(NOON + HOUR) == (later,)
    with pytest.raises(StoreError, match="there is a silence s1 already"):
        state.incidents.add_silence(MOVING)


def test_a_silence_is_ended_before_its_time_even_before_it_began(state: Store, clock: Clock) -> None:
    for name, begins in (("now", NOON), ("later", NOON + HOUR)):
        state.incidents.add_silence(replace(MOVING, id=name, begins=begins, ends=begins + HOUR))
    clock.now += timedelta(minutes=5)
    for name in ("now", "later"):
        state.incidents.end_silence(name, "bo@example.com")
        state.incidents.end_silence(name, "bo@example.com")

    assert state.incidents.silences(clock.now) == ()
    assert [silence.id for silence in state.incidents.silences(NOON)] == ["now", "later"]
    with pytest.raises(NoSuchSilence, match="Fix: take an id"):
        state.incidents.end_silence("never", "bo@example.com")


def test_what_is_silenced_is_recorded_and_told_when_the_silence_ends(state: Store, clock: Clock) -> None:
    state.incidents.add_silence(MOVING)
    state.incidents.add_look(look(broken()), origin="test")

    def told() -> int:
        policy = replace(AT_ONCE, silences=state.incidents.silences(clock.now))
        return len(state.incidents.advance(policy, to_slack).notices)

    assert (told(), len(state.incidents.rows())) == (0, 1)
    clock.now += HOUR
    assert told() == 1


def test_silences_that_are_long_over_are_forgotten(state: Store, clock: Clock) -> None:
    term = state.leadership.campaign("a", HOUR)
    assert term is not None
    state.incidents.add_silence(MOVING)
    assert state.incidents.forget(NOON + 2 * HOUR, term=term) == 0
    assert state.incidents.silences(NOON) == ()


def test_a_message_is_begun_then_stands_and_may_be_gone(state: Store) -> None:
    stands = replace(POST, message="1700.0001", channel="C2", shared=True)
    assert state.incidents.post_of("slack", "i1") is None
    state.incidents.begin_post(POST)
    state.incidents.begin_post(replace(POST, incident="i2"))
    assert state.incidents.post_of("slack", "i1") == POST
    assert not POST.stands
    state.incidents.post_stands(stands)
    assert state.incidents.post_of("slack", "i1") == stands
    assert state.incidents.post_of("slack", "i2") == replace(POST, incident="i2")
    assert state.incidents.post_of("webhook", "i1") is None

    state.incidents.forget_post(POST)
    assert state.incidents.post_of("slack", "i1") == stands, "another one took its place"
    state.incidents.forget_post(stands)
    assert state.incidents.post_of("slack", "i1") is None


def test_somebody_is_known_as_was_said_last(state: Store) -> None:
    bo = replace(ANA, username="bo@example.com", known_as=None, reason="users_not_found")
    for person in (bo, ANA, replace(ANA, receiver="webhook"), replace(ANA, known_as="U2", looked_up_at=NOON + HOUR)):
        state.incidents.know(person)

    now = replace(ANA, known_as="U2", looked_up_at=NOON + HOUR)
    assert state.incidents.people("slack") == (now, bo)
    assert state.incidents.person("slack", "ana@example.com") == now
    assert state.incidents.person("slack", "cy@example.com") is None
