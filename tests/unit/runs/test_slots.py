"""Which slots are due and which are missed: none is lost, none is planned twice, whatever the clock does."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from observer.runs.slots import MOST_MISSED, NextAfter, Slot, SlotState, Trigger, jitter_of, plan_slots, superseded

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)

offsets = st.timedeltas(timedelta(), timedelta(days=4))
catch_ups = st.integers(0, 5)


def every(span: timedelta) -> NextAfter:
    def next_after(at: datetime) -> datetime:
        return MIDNIGHT + ((at - MIDNIGHT) // span + 1) * span

    return next_after


def due(at: datetime, *, by: Trigger = Trigger.SCHEDULE) -> Slot:
    return Slot(contract="leads", scheduled_for=at, trigger=by, state=SlotState.DUE, due_at=at)


def plan(known: datetime, now: datetime, catch_up: int = 0, span: timedelta = HOUR, jitter: timedelta = timedelta()):
    return plan_slots("leads", every(span), known_until=known, now=now, jitter=jitter, catch_up=catch_up)


@given(offsets, catch_ups)
def test_every_slot_since_then_is_planned_once_in_order(absence: timedelta, catch_up: int):
    times = [slot.scheduled_for for slot in plan(NOON, NOON + absence, catch_up).slots]
    assert times == [NOON + n * HOUR for n in range(1, absence // HOUR + 1)]


@given(offsets, catch_ups)
def test_the_newest_are_due_and_the_older_are_missed_with_a_reason(absence: timedelta, catch_up: int):
    slots = plan(NOON, NOON + absence, catch_up).slots
    late = [slot.missed is not None for slot in slots]
    assert late == sorted(late, reverse=True)
    assert late.count(False) == min(len(slots), 1 + catch_up)


@given(offsets, offsets, catch_ups)
def test_planning_in_two_steps_plans_the_same_times(one: timedelta, two: timedelta, catch_up: int):
    first = plan(NOON, NOON + one, catch_up).slots
    known = first[-1].scheduled_for if first else NOON
    second = plan(known, NOON + one + two, catch_up).slots
    whole = plan(NOON, NOON + one + two, catch_up).slots
    assert [s.scheduled_for for s in (*first, *second)] == [s.scheduled_for for s in whole]


@given(offsets)
def test_a_clock_that_stepped_back_plans_nothing(back: timedelta):
    assert plan(NOON, NOON - back).slots == ()


@given(st.integers(MOST_MISSED, 3 * MOST_MISSED), catch_ups)
def test_after_a_long_absence_all_slots_are_counted_and_the_newest_recorded(count: int, catch_up: int):
    minute = timedelta(minutes=1)
    found = plan(NOON, NOON + count * minute, catch_up, span=minute)
    assert len(found.slots) + found.left_out == count
    assert len(found.slots) <= MOST_MISSED + 1 + catch_up
    assert found.slots[-1].scheduled_for == NOON + count * minute
    assert sum(slot.missed is None for slot in found.slots) == 1 + catch_up


def test_a_schedule_that_ends_gives_no_more_slots():
    def once(at: datetime) -> datetime | None:
        return NOON if at < NOON else None

    found = plan_slots("leads", once, known_until=NOON - HOUR, now=NOON + HOUR, jitter=timedelta(), catch_up=0)
    assert [slot.scheduled_for for slot in found.slots] == [NOON]


def test_a_slot_is_due_at_its_time_and_the_contracts_own_share_of_jitter():
    [slot] = plan(NOON, NOON + HOUR, jitter=timedelta(minutes=5)).slots
    assert slot.due_at - slot.scheduled_for == jitter_of("leads", timedelta(minutes=5))


@given(st.text(), st.timedeltas(timedelta(microseconds=1), timedelta(days=1)))
def test_a_share_of_jitter_is_the_same_each_time_and_below_the_limit(contract: str, most: timedelta):
    share = jitter_of(contract, most)
    assert timedelta() <= share <= most
    assert share == jitter_of(contract, most)


def test_shares_of_jitter_are_spread_over_contracts():
    shares = sorted(jitter_of(f"contract-{n}", timedelta(seconds=100)).total_seconds() for n in range(200))
    assert shares[0] < 5 and shares[-1] > 95
    assert max(b - a for a, b in itertools.pairwise(shares)) < 10


@given(st.lists(st.integers(0, 50), unique=True, max_size=20), catch_ups)
def test_later_slots_make_all_but_the_newest_pointless(hours: list[int], catch_up: int):
    waiting = [due(NOON + n * HOUR) for n in hours]
    dropped = superseded(waiting, catch_up)
    kept = [slot for slot in waiting if slot not in dropped]
    assert len(kept) == min(len(waiting), 1 + catch_up)
    assert all(old.scheduled_for < new.scheduled_for for old in dropped for new in kept)


def test_what_a_hand_asked_for_is_never_pointless():
    by_hand = due(NOON, by=Trigger.HAND)
    assert superseded([by_hand, due(NOON + HOUR), due(NOON + 2 * HOUR)], 0) == (due(NOON + HOUR),)
