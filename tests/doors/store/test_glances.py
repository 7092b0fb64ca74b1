"""Ticks in the state: the latest of each check, the course of one, and none for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest

from observer.checks.measure import Outcome
from observer.errors import NotLeading, StoreError
from observer.runs.leading import Term
from observer.runs.ticks import Tick
from observer.store.store import Store
from tests.fakes.small_runs import HOUR, LEADS, NOON

MINUTE = timedelta(minutes=1)


def tick(check: str = "fresh", minute: float = 0, *, error: str | None = None) -> Tick:
    return Tick(
        check_id=check,
        contract=LEADS,
        object="leads",
        at=NOON + minute * MINUTE,
        outcome=Outcome.PASSED if error is None else Outcome.ERRORED,
        value=None if error else minute,
        observed="3 min old",
        expected="at most 15 min old",
        error=error,
    )


@pytest.fixture
def term(state: Store) -> Term:
    taken = state.leadership.campaign("a", HOUR)
    assert taken is not None
    return taken


def test_nothing_was_glanced_at_first(state: Store, term: Term) -> None:
    state.ticks.record([], term=term)

    assert state.ticks.latest() == ()


def test_a_tick_comes_back_as_it_was(state: Store, term: Term) -> None:
    seen = [tick("a", 1), tick("b", 2, error="the source is down")]
    state.ticks.record(seen, term=term)

    assert state.ticks.latest() == tuple(seen)


def test_the_latest_of_every_check_is_found_whatever_the_order_of_writing(state: Store, term: Term) -> None:
    state.ticks.record([tick("b", 5), tick("a", 1), tick("c", 3)], term=term)
    state.ticks.record([tick("a", 7), tick("b", 2), tick("", 4), tick("Ü", 1)], term=term)

    latest = {each.check_id: each.value for each in state.ticks.latest()}

    assert latest == {"": 4.0, "a": 7.0, "b": 5.0, "c": 3.0, "Ü": 1.0}


def test_one_check_at_one_instant_is_kept_once(state: Store, term: Term) -> None:
    state.ticks.record([tick(), tick(error="said later")], term=term)
    state.ticks.record([tick()], term=term)

    assert state.ticks.course("fresh", NOON) == (tick(),)


def test_a_course_begins_where_it_is_asked_to_and_runs_forward(state: Store, term: Term) -> None:
    state.ticks.record([tick(minute=n) for n in (3, 1, 2, 0)] + [tick("other", 9)], term=term)

    assert [each.value for each in state.ticks.course("fresh", NOON + MINUTE)] == [1.0, 2.0, 3.0]


def test_old_ticks_are_forgotten_and_counted_however_many(state: Store, term: Term) -> None:
    state.ticks.record([tick(minute=n / 100) for n in range(6_000)], term=term)

    assert state.ticks.forget(NOON + 59 * MINUTE, term=term) == 5_900
    assert len(state.ticks.course("fresh", NOON)) == 100
    assert state.ticks.forget(NOON, term=term) == 0


def test_characters_that_no_database_takes_are_written_out(state: Store, term: Term) -> None:
    state.ticks.record([tick(error="\x00 \ud800")], term=term)

    assert state.ticks.latest()[0].error == "\\x00 \\ud800"


def test_a_tick_without_a_zone_is_refused_and_its_neighbours_with_it(state: Store, term: Term) -> None:
    naive = Tick(**{**vars(tick()), "at": NOON.replace(tzinfo=None)})

    with pytest.raises(StoreError):
        state.ticks.record([tick("a"), naive], term=term)

    assert state.ticks.latest() == ()


def test_a_former_leader_records_nothing(state: Store, term: Term) -> None:
    state.leadership.resign(term)

    with pytest.raises(NotLeading):
        state.ticks.record([tick()], term=term)

    assert state.ticks.latest() == ()
