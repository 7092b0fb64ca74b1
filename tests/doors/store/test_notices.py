"""Notices of incidents in the outbox: their own hour, their order, and the word that they landed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from observer.incidents.acting import Act, Action
from observer.incidents.events import EventKind
from observer.incidents.incident import fold
from observer.incidents.times import times_of
from observer.runs.deliveries import (
    GIVE_UP_AFTER,
    DeadLetter,
    Delivery,
    Failure,
    Reason,
    ReceiverCondition,
    Verdict,
    after_failure,
)
from observer.store.store import Store
from tests.fakes.incident_steps import AT_ONCE, Clock, advance, look, to_slack
from tests.fakes.small_runs import HOUR, NOON, delivery, small_run
from tests.unit.incidents.timeline import broken

MORNING = NOON + 21 * HOUR
REFUSED = Failure(reason=Reason.REFUSED, detail="channel_not_found", can_retry=False)
SLOW = Failure(reason=Reason.TIMEOUT, detail="no answer")


def write(state: Store, key: str, *, not_before: datetime | None = None, line: str = "line") -> None:
    state.record_audit(
        small_run(f"run of {key}"), deliveries=[replace(delivery(key, line=line), not_before=not_before)]
    )


def take(state: Store, receiver: str = "lineage", *, impatient: bool = False) -> dict[str, Delivery]:
    return {taken.key: taken for taken in state.outbox.take(receiver, 9, HOUR, impatient=impatient)}


def test_one_with_an_hour_of_its_own_leaves_then_and_holds_up_nobody(state: Store, clock: Clock) -> None:
    write(state, "digest", not_before=MORNING)
    write(state, "page")
    write(state, "digest too", not_before=MORNING)

    page = take(state, impatient=True)
    assert list(page) == ["page"], "no impatience makes the others leave before"
    state.outbox.delivered(page["page"])
    clock.now = MORNING - timedelta(seconds=1)
    assert take(state) == {}
    clock.now = MORNING
    first = take(state)
    assert list(first) == ["digest"], "the order of a line holds among those whose hour has come"
    state.outbox.delivered(first["digest"])
    assert list(take(state)) == ["digest too"]


def test_an_hour_that_is_over_is_no_wait(state: Store, clock: Clock) -> None:
    write(state, "late", not_before=NOON - HOUR)
    assert list(take(state)) == ["late"]


def test_what_waits_for_its_hour_is_no_backlog_and_is_given_up_as_late_as_any(state: Store, clock: Clock) -> None:
    write(state, "digest", not_before=MORNING)
    (depth,) = state.outbox.depths()
    assert (depth.waiting, depth.oldest) == (1, None)

    clock.now = MORNING + HOUR
    assert state.outbox.depths()[0].oldest == MORNING
    taken = take(state)["digest"]
    assert taken.created_at == MORNING
    assert after_failure(taken, SLOW, now=MORNING + GIVE_UP_AFTER, spread=0).retry_at is not None
    state.outbox.failed(taken, SLOW, Verdict(retry_at=clock.now + HOUR), ReceiverCondition(failures=1))
    assert state.outbox.depths()[0].oldest == MORNING
    clock.now += HOUR
    assert take(state)["digest"].created_at == MORNING


def test_one_that_is_released_in_its_hour_is_due_as_any(state: Store, clock: Clock) -> None:
    write(state, "digest", not_before=MORNING)
    clock.now = MORNING
    state.outbox.release(take(state)["digest"])
    assert list(take(state)) == ["digest"]


def test_notices_of_an_incident_leave_in_order_and_its_log_says_which_landed(state: Store, clock: Clock) -> None:
    state.incidents.add_look(look(broken()), origin="test")
    advance(state)
    (incident,) = state.incidents.live()
    clock.now += timedelta(minutes=1)
    state.incidents.act(incident.id, Action(act=Act.ACKNOWLEDGE, by="ana@example.com"), to_slack)
    clock.now += timedelta(minutes=1)

    for _ in range(2):
        (taken,) = take(state, "slack").values()
        state.outbox.delivered(taken)
        state.outbox.delivered(taken)
    assert take(state, "slack") == {}

    log = state.incidents.log(incident.id)
    landed = [event for event in log if event.kind is EventKind.DELIVERED]
    assert [event.notice for event in landed] == [event.key for event in log if event.kind is EventKind.TOLD]
    assert {(event.reason, event.at) for event in landed} == {("slack", clock.now)}
    times = times_of(log)
    assert times is not None
    assert times.notify == timedelta(minutes=2)
    assert state.incidents.get(incident.id) == fold(log)
    assert advance(state).events == ()


def test_many_notices_are_asked_for_at_once_with_their_incidents_as_they_stand(state: Store, clock: Clock) -> None:
    state.incidents.add_look(look(broken(), broken(table="other")), origin="test")
    notices = advance(state).notices
    state.incidents.act(notices[0].line, Action(act=Act.ACKNOWLEDGE, by="ana@example.com"), to_slack)

    keys = [(notice.line, 2) for notice in notices]
    found = state.incidents.at_notices([*keys, *keys, ("0" * 16, 2), (keys[0][0], 99)])

    assert sorted(found) == sorted(keys)
    for incident, event in found.values():
        assert event in state.incidents.log(incident.id)
        assert incident == state.incidents.get(incident.id)
    assert state.incidents.at_notices([]) == {}


def test_each_receiver_that_a_notice_reached_is_in_the_log(state: Store, clock: Clock) -> None:
    state.incidents.add_look(look(broken()), origin="test")
    both = ("slack", "webhook")
    state.incidents.advance(
        AT_ONCE, lambda notice: [replace(new, receiver=name) for new in to_slack(notice) for name in both]
    )
    for name in both:
        (taken,) = take(state, name).values()
        state.outbox.delivered(taken)
    (log,) = state.incidents.logs(NOON)
    assert [event.reason for event in log if event.kind is EventKind.DELIVERED] == ["slack", "webhook"]


@pytest.mark.parametrize("key", ["run-1:2", "run:1:99999999999999999999", ":1", "no number", "²:²"])
def test_what_is_no_notice_lands_without_a_word(state: Store, clock: Clock, key: str) -> None:
    write(state, key)
    state.outbox.delivered(take(state)[key])
    assert take(state) == {}
    assert list(state.incidents.logs(NOON)) == []


def test_a_key_that_names_an_event_which_is_no_notice_changes_no_log(state: Store, clock: Clock) -> None:
    state.incidents.add_look(look(broken()), origin="test")
    advance(state)
    (row,) = state.incidents.rows()
    write(state, f"{row.id}:1")
    state.outbox.delivered(take(state)[f"{row.id}:1"])
    assert len(state.incidents.log(row.id)) == 2


def test_a_notice_of_what_was_forgotten_meanwhile_lands_all_the_same(state: Store, clock: Clock) -> None:
    term = state.leadership.campaign("a", HOUR)
    assert term is not None
    state.incidents.add_look(look(broken()), origin="test")
    advance(state)
    (taken,) = take(state, "slack").values()
    clock.now += HOUR
    state.incidents.add_look(look(at=clock.now, of=[broken()]), origin="test")
    advance(state)
    assert state.incidents.forget(NOON + 100 * HOUR, term=term) == 1
    state.outbox.delivered(taken)
    (last,) = take(state, "slack").values()
    state.outbox.delivered(last)
    assert (take(state, "slack"), state.incidents.rows()) == ({}, ())


def test_dead_letters_are_listed_with_their_reason_and_can_be_sent_again(state: Store, clock: Clock) -> None:
    for key in ("a", "b", "c"):
        write(state, key, line=key)
        state.outbox.failed(take(state)[key], REFUSED, Verdict(retry_at=None))
        clock.now += timedelta(minutes=1)

    c, b = state.outbox.dead(limit=2)
    assert (c.key, b.dead_at) == ("c", NOON + timedelta(minutes=1))
    assert b == DeadLetter(
        receiver="lineage",
        key="b",
        line="b",
        attempts=1,
        last_reason=Reason.REFUSED,
        last_detail="channel_not_found",
        dead_at=NOON + timedelta(minutes=1),
    )
    assert state.outbox.redrive("lineage") == 3
    assert state.outbox.dead() == ()
    assert sorted(take(state)) == ["a", "b", "c"]
