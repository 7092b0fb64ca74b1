"""What a history says of P at a deadline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from observer.slo.histories import Change, by_changes, by_fill_time

DEADLINE = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_a_fill_time_decides_with_the_deadline_included() -> None:
    assert by_fill_time(DEADLINE, DEADLINE, holds_now=True) is True
    assert by_fill_time(DEADLINE + SECOND, DEADLINE, holds_now=True) is False


def test_what_was_never_filled_did_not_hold_unless_it_holds_now() -> None:
    assert by_fill_time(None, DEADLINE, holds_now=False) is False
    assert by_fill_time(None, DEADLINE, holds_now=True) is None


def test_what_was_filled_in_time_and_is_empty_now_was_cleared_nobody_knows_when() -> None:
    assert by_fill_time(DEADLINE - SECOND, DEADLINE, holds_now=False) is None
    assert by_fill_time(DEADLINE + SECOND, DEADLINE, holds_now=False) is False


def test_without_changes_it_held_what_it_holds() -> None:
    assert by_changes([], DEADLINE, holds_now=True) is True
    assert by_changes([], DEADLINE, holds_now=False) is False


def test_changes_that_came_later_do_not_tell_what_was_there_before() -> None:
    assert by_changes([Change(at=DEADLINE + SECOND, holds=True)], DEADLINE, holds_now=True) is None


def test_changes_of_one_time_that_disagree_tell_nothing() -> None:
    both = [Change(at=DEADLINE, holds=True), Change(at=DEADLINE, holds=False)]
    assert by_changes(both, DEADLINE, holds_now=True) is None


def test_a_change_without_a_time_may_be_the_last_one() -> None:
    known = [Change(at=DEADLINE - SECOND, holds=True), Change(at=None, holds=False)]
    assert by_changes(known, DEADLINE, holds_now=True) is None


@given(st.dictionaries(st.integers(-50, 50), st.booleans(), min_size=1), st.booleans())
def test_the_last_change_by_the_deadline_decides_in_any_order(seconds: dict[int, bool], now: bool) -> None:
    changes = [Change(at=DEADLINE + SECOND * at, holds=holds) for at, holds in seconds.items()]
    before = [at for at in seconds if at <= 0]
    wanted = seconds[max(before)] if before else None
    assert by_changes(changes, DEADLINE, holds_now=now) is wanted
