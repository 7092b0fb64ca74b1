"""When a failed delivery is tried again, and when it never is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from observer.runs.deliveries import (
    FIRST_WAIT,
    GIVE_UP_AFTER,
    LONGEST_SILENCE,
    LONGEST_WAIT,
    MOST_PATIENCE,
    Delivery,
    Failure,
    Reason,
    ReceiverCondition,
    after_failure,
    receiver_after,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DELIVERY = Delivery(id=1, receiver="lineage", key="run-1", line="leads", payload={}, created_at=NOW, attempts=0)
FAILURE = Failure(reason=Reason.SERVER_ERROR, detail="the receiver answered 500")

attempts = st.integers(0, 10_000)
spreads = st.floats(0, 1, exclude_max=True)


def wait(tried: int, spread: float = 0.0, failure: Failure = FAILURE) -> timedelta:
    retry_at = after_failure(replace(DELIVERY, attempts=tried), failure, now=NOW, spread=spread).retry_at
    assert retry_at is not None
    return retry_at - NOW


@given(attempts, spreads)
def test_it_is_tried_again_later_but_within_fifteen_minutes(tried: int, spread: float):
    assert FIRST_WAIT <= wait(tried, spread) <= LONGEST_WAIT * 1.5


@given(attempts, spreads)
def test_waits_grow_and_are_stretched_by_at_most_half(tried: int, spread: float):
    assert wait(tried) <= wait(tried + 1)
    assert wait(tried) <= wait(tried, spread) <= wait(tried) * 1.5


def test_waits_double_up_to_the_longest():
    assert [wait(n).total_seconds() for n in range(10)] == [2, 4, 8, 16, 32, 64, 128, 256, 512, 600]


def test_a_receiver_that_asks_for_patience_is_given_it():
    polite = replace(FAILURE, reason=Reason.RATE_LIMITED, retry_after=timedelta(seconds=90))
    assert wait(0, failure=polite) == timedelta(seconds=90)
    assert wait(8, failure=polite) == wait(8)


def test_a_receiver_cannot_ask_for_patience_without_end():
    assert wait(0, failure=replace(FAILURE, retry_after=timedelta(days=300))) < GIVE_UP_AFTER


@given(attempts, spreads)
def test_what_cannot_help_is_not_tried_again(tried: int, spread: float):
    hopeless = replace(FAILURE, reason=Reason.REFUSED, can_retry=False)
    assert after_failure(replace(DELIVERY, attempts=tried), hopeless, now=NOW, spread=spread).retry_at is None


def test_after_three_days_it_is_dead():
    day_three = NOW + GIVE_UP_AFTER
    assert after_failure(DELIVERY, FAILURE, now=day_three, spread=0).retry_at is not None
    assert after_failure(DELIVERY, FAILURE, now=day_three + timedelta(seconds=1), spread=0).retry_at is None


# --- the receiver itself --------------------------------------------------------------------------------------------

WELL = ReceiverCondition()
UNREACHABLE = Failure(reason=Reason.UNREACHABLE, detail="connection refused")


def silence(failures: int, failure: Failure = FAILURE, spread: float = 0.0) -> float:
    """Seconds for which a receiver is left alone that failed so often before."""
    after = receiver_after(ReceiverCondition(failures=failures), failure, now=NOW, spread=spread)
    assert after.failures == failures + 1
    return (after.waits_until - NOW).total_seconds() if after.waits_until else 0.0


def test_a_receiver_that_cannot_be_reached_is_left_alone_at_once_and_ever_longer():
    assert [silence(n, UNREACHABLE) for n in range(7)] == [2, 4, 8, 16, 32, 60, 60]


def test_a_fault_that_may_be_the_deliverys_own_costs_the_next_one_no_time():
    assert [silence(n) for n in range(8)] == [0, 2, 4, 8, 16, 32, 60, 60]


def test_a_receiver_is_given_the_patience_it_asks_for_from_the_first_time():
    polite = replace(FAILURE, reason=Reason.RATE_LIMITED, retry_after=timedelta(seconds=90))
    assert [silence(n, polite) for n in (0, 5)] == [90, 90]
    assert silence(0, replace(polite, retry_after=timedelta(days=300))) == MOST_PATIENCE.total_seconds()


@given(attempts, spreads, st.sampled_from(Reason))
def test_a_receiver_is_asked_again_within_a_minute_and_a_half(failures: int, spread: float, reason: Reason):
    waits = silence(failures, replace(FAILURE, reason=reason), spread)
    assert waits <= silence(failures + 1, replace(FAILURE, reason=reason), spread)
    assert waits <= LONGEST_SILENCE.total_seconds() * 1.5


def test_what_is_refused_for_good_says_nothing_of_the_receiver():
    hopeless = replace(FAILURE, reason=Reason.REFUSED, can_retry=False)
    for before in (WELL, ReceiverCondition(failures=3, waits_until=NOW)):
        assert receiver_after(before, hopeless, now=NOW, spread=0) == before
