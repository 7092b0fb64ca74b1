"""Incidents and time itself: clocks that are wrong, windows that are short, courses that last for weeks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from observer.incidents.acting import Act
from observer.incidents.events import EventKind, NoticeKind
from tests.unit.incidents.timeline import POLICY, World, broken, clock, stale

OPENED, CHANGED, RESOLVED = NoticeKind.OPENED, NoticeKind.CHANGED, NoticeKind.RESOLVED


def test_without_a_window_for_reopening_looks_are_taken_all_the_same_and_open_anew() -> None:
    world = World(replace(POLICY, waits=replace(POLICY.waits, reopen_within=timedelta()))).at("09:00")
    world.sees(broken(), at=clock("08:15"))
    world.at("09:01").sees(of=[broken()])
    world.at("09:02").sees(broken())
    assert [incident.is_open for incident in world.incidents] == [False, True]


def test_a_clock_that_was_a_day_ahead_holds_up_neither_a_notice_nor_a_mending() -> None:
    world = World().at("1d 09:00")
    world.sees(broken("email"), broken("phone"), stale())
    assert world.waits_until("1d 09:01") == [OPENED]
    told = world.at("09:00").sees(broken("email"), of=[broken("phone"), stale()])
    assert told == [CHANGED], "what a stale table hid is told, and nobody waits for tomorrow"
    assert world.at("09:01").sees(of=[broken("email")]) == [RESOLVED]
    assert world.notices[-1].told.not_before == world.now


def test_what_goes_on_for_weeks_as_it_is_fills_no_log_and_is_told_as_soon_as_nothing_hides_it() -> None:
    fresh, email = stale(), broken()
    world = World().at("09:00")
    world.sees(fresh, email)
    for minute in range(5, 7 * 1_440, 20):
        world.now = clock("09:00") + timedelta(minutes=minute)
        world.sees(replace(fresh, observed=f"{minute} minutes old"), email)
    lines = sum(event.kind is EventKind.LOOKED for event in world.log)
    world.now += timedelta(minutes=1)
    told = world.sees(email, of=[fresh])

    assert lines < 7 * 1_440 / 20 / 2
    world.now += timedelta(minutes=1)
    before = len(world.log)
    assert world.sees(email) == []
    assert len(world.log) == before, "as it was a minute ago"
    assert told == [CHANGED], "what was hidden is told by the look that found the table fresh"
    world.now += timedelta(minutes=1)
    world.acts(Act.FIXED)
    world.now += timedelta(minutes=1)
    world.sees(email)
    assert world.log[-1].kind is EventKind.STILL_BROKEN, "the next look decides"


def test_a_look_by_a_clock_that_runs_ahead_is_of_now() -> None:
    world = World().at("09:00")
    world.sees(broken(), at=clock("10:00"))
    world.at("09:05").sees(of=[broken()])
    assert not world.only.is_open
