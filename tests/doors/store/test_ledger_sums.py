"""Sums of ledgers by time: samples counted once, sums of spans, old minutes merged, old records forgotten."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import pairwise

import pytest

from observer.errors import NotLeading
from observer.runs.leading import Term
from observer.slo.budget import Counts
from observer.slo.counting import Bucket, Sample
from observer.slo.verdicts import State
from observer.slo.windows import COARSE
from observer.store.store import Store
from tests.fakes.ledger_steps import (
    ALL,
    MINUTE,
    START,
    a_step,
    apply,
    decided,
    known_level,
    of_buckets,
    opened,
    pending,
    recounted,
    stands,
)
from tests.fakes.small_runs import HOUR, NOON

DAY = timedelta(days=1)


@pytest.fixture
def term(state: Store) -> Term:
    taken = state.leadership.campaign("a", HOUR)
    assert taken is not None
    return taken


def sample(key: str, minute: float = 0, *, good: int = 1, bad: int = 0, unknown: int = 0) -> Sample:
    return Sample(key=key, at=NOON + minute * MINUTE, counts=Counts(good=good, bad=bad, unknown=unknown))


def test_a_sample_counts_once_under_its_key_in_its_minute(state: Store, term: Term) -> None:
    ledger = state.ledgers.open(known_level(), now=NOON, term=term)
    first = [sample("r1", 0.5, good=97, bad=3), sample("r2", 1), sample("r1", 7)]

    assert state.ledgers.count(ledger, first, now=NOON, term=term) == 2
    again = [*first, sample("r3\x00", 1.99, good=0, unknown=1)]
    assert state.ledgers.count(ledger, again, now=NOON + HOUR, term=term) == 1
    assert state.ledgers.count(ledger, again, now=NOON + 2 * HOUR, term=term) == 0
    assert state.ledgers.count(ledger, [], now=NOON + 2 * HOUR, term=term) == 0

    assert state.ledgers.course(ledger, NOON) == (
        Bucket(begins=NOON, counts=Counts(good=97, bad=3)),
        Bucket(begins=NOON + MINUTE, counts=Counts(good=1, unknown=1)),
    )
    assert stands(state).totals == Counts(good=98, bad=3, unknown=1)
    assert (stands(state).looked_at, state.ledgers.position(ledger)) == (NOON + HOUR, None)


def test_more_samples_than_are_counted_at_once_are_all_counted(state: Store, term: Term) -> None:
    ledger = state.ledgers.open(known_level(), now=NOON, term=term)

    assert state.ledgers.count(ledger, [sample(str(n), n) for n in range(5_001)], now=NOON, term=term) == 5_001
    assert stands(state).totals == of_buckets(state, ledger) == Counts(good=5_001)


def test_a_former_leader_counts_nothing(state: Store, term: Term) -> None:
    ledger = state.ledgers.open(known_level(), now=NOON, term=term)
    state.ledgers.count(ledger, [sample("r1")], now=NOON, term=term)
    state.leadership.resign(term)

    assert state.ledgers.count(ledger, [sample("r1")], now=NOON, term=term) == 0
    with pytest.raises(NotLeading):
        state.ledgers.count(ledger, [sample("r2")], now=NOON, term=term)
    assert stands(state).totals == of_buckets(state, ledger) == Counts(good=1)


def test_spans_are_summed_from_whole_minutes_on_however_they_are_asked_for(state: Store, term: Term) -> None:
    ledger, other = (state.ledgers.open(known_level(name), now=NOON, term=term) for name in ("emails", "other"))
    state.ledgers.count(ledger, [sample(str(n), n, good=2**n) for n in range(6)], now=NOON, term=term)
    begins = [NOON + 4 * MINUTE, NOON - 9 * DAY, NOON + 9 * DAY, NOON + 4 * MINUTE, NOON + 4.5 * MINUTE]

    expected = tuple(Counts(good=number) for number in (48, 63, 0, 48, 32))
    assert state.ledgers.counts_since(ledger, begins) == expected
    assert state.ledgers.counts_since(ledger, []) == ()
    assert state.ledgers.counts_of_all({ledger: begins, other: begins[:2]}) == {
        ledger: expected,
        other: (Counts(), Counts()),
    }
    assert [bucket.counts.good for bucket in state.ledgers.course(ledger, NOON + 3.1 * MINUTE)] == [16, 32]


def test_minutes_are_merged_within_slices_and_over_none_of_the_times_that_are_asked_for(
    state: Store, term: Term
) -> None:
    ledger = state.ledgers.open(known_level(), now=NOON, term=term)
    minutes = [sample(str(n), n, good=n, bad=n % 3) for n in range(0, 240, 2)]
    state.ledgers.count(ledger, minutes, now=NOON, term=term)
    begins = [NOON + n * MINUTE for n in (7, 60, 133)]

    slices = state.ledgers.slices(ledger, begins, timedelta(minutes=30))

    cuts = sorted({*begins, *(NOON + n * MINUTE for n in range(0, 271, 30))})
    assert len(slices) == len(cuts) - 3, "one between any two, but before the first and after the last"
    for begin, end in pairwise(cuts):
        within = [each.counts for each in minutes if begin <= each.at < end and each.at >= begins[0]]
        found = [each.counts for each in slices if begin <= each.begins < end]
        assert found == ([sum(within, Counts())] if within else [])


def test_numbers_beyond_four_bytes_stay_whole(state: Store, term: Term) -> None:
    ledger = state.ledgers.open(known_level(), now=NOON, term=term)
    state.ledgers.count(ledger, [sample(str(n), good=2**40 + 1) for n in range(3)], now=NOON, term=term)

    assert state.ledgers.counts_since(ledger, [NOON]) == (Counts(good=3 * 2**40 + 3),)
    assert stands(state).totals.good == 3 * 2**40 + 3


@pytest.mark.parametrize("seed", [1, 2])
def test_merging_old_minutes_keeps_every_sum_that_begins_at_a_coarse_border(
    state: Store, term: Term, seed: int
) -> None:
    chance = random.Random(seed)
    ledger = state.ledgers.open(known_level(), now=NOON, term=term)
    samples = [
        sample(f"{seed}/{n}", chance.uniform(-300, 300), good=chance.randint(0, 9), bad=chance.randint(0, 3))
        for n in range(300)
    ]
    borders = [NOON + n * COARSE for n in range(-21, 21)]
    fine = [NOON + 90 * MINUTE + n * MINUTE for n in range(0, 90, 7)]
    state.ledgers.count(ledger, samples[:200], now=NOON, term=term)
    state.ledgers.roll_up(ledger, before=NOON - HOUR, grain=COARSE, term=term)
    state.ledgers.count(ledger, samples[200:], now=NOON, term=term)  # some of them come late to merged ones
    before = state.ledgers.counts_since(ledger, [*borders, *fine])

    assert state.ledgers.roll_up(ledger, before=NOON + 97.5 * MINUTE, grain=COARSE, term=term) > 0
    assert state.ledgers.roll_up(ledger, before=NOON + 97.5 * MINUTE, grain=COARSE, term=term) == 0

    assert state.ledgers.counts_since(ledger, [*borders, *fine]) == before
    course = state.ledgers.course(ledger, NOON - 10 * HOUR)
    assert {bucket.begins for bucket in course if bucket.begins < NOON + 90 * MINUTE} <= set(borders)
    assert stands(state).totals == of_buckets(state, ledger)


def test_more_buckets_than_are_merged_at_once_are_all_merged(state: Store, term: Term) -> None:
    ledger = state.ledgers.open(known_level(), now=NOON, term=term)
    state.ledgers.count(ledger, [sample(str(n), n) for n in range(6_000)], now=NOON, term=term)

    assert state.ledgers.roll_up(ledger, before=NOON + 9 * DAY, grain=COARSE, term=term) == 5_600
    course = state.ledgers.course(ledger, NOON)
    assert (len(course), {bucket.counts.good for bucket in course}) == (400, {15})


def test_a_grain_of_a_minute_merges_nothing(state: Store, term: Term) -> None:
    ledger = state.ledgers.open(known_level(), now=NOON, term=term)
    state.ledgers.count(ledger, [sample(str(n), n) for n in range(3)], now=NOON, term=term)

    assert state.ledgers.roll_up(ledger, before=NOON + DAY, grain=MINUTE, term=term) == 0
    assert len(state.ledgers.course(ledger, NOON)) == 3


def test_forgotten_records_leave_totals_and_sums_and_count_no_second_time(state: Store, term: Term) -> None:
    ledger = opened(state, term)
    old, new = [decided(f"old {n}", n) for n in range(3)], decided("new", 3_000, State.BAD)
    late = pending("late", 1)
    first = a_step(START, pending=[late], decided=[*old, new], to=NOON + 10 * DAY)
    apply(state, ledger, first, term)

    assert state.ledgers.forget(ledger, before=NOON + HOUR, term=term) == 3
    assert state.ledgers.forget(ledger, before=NOON - DAY, term=term) == 0

    totals = Counts(good=3, bad=1)
    assert (stands(state).totals, of_buckets(state, ledger)) == (totals, totals)
    assert recounted(state, ledger) == Counts(bad=1)
    again = a_step(first.now, decided=[*old, decided("late", 1)])
    assert apply(state, ledger, again, term)
    assert stands(state).totals == of_buckets(state, ledger) == totals + Counts(good=1)  # it waited all the time
    assert stands(state).pending == 0


def test_what_looks_have_not_come_to_is_never_forgotten_beforehand(state: Store, term: Term) -> None:
    ledger = opened(state, term)
    behind = a_step(START, decided=[decided("a", 1)], to=NOON + 2 * HOUR)
    apply(state, ledger, behind, term)

    assert state.ledgers.forget(ledger, before=NOON + 300 * DAY, term=term) == 0
    apply(state, ledger, a_step(behind.now, decided=[decided("b", 121)]), term)

    assert stands(state).totals == Counts(good=2)


def test_forgotten_samples_count_no_second_time_and_a_wild_clock_forgets_no_newer_ones(
    state: Store, term: Term
) -> None:
    ledger = state.ledgers.open(known_level(), now=NOON, term=term)
    assert state.ledgers.forget(ledger, before=NOON + 300 * DAY, term=term) == 0
    samples = [sample(str(n), n) for n in range(10)]
    state.ledgers.count(ledger, samples, now=NOON, term=term)

    assert state.ledgers.forget(ledger, before=NOON + 300 * DAY, term=term) == 9
    assert state.ledgers.count(ledger, [*samples, sample("10", 10)], now=NOON, term=term) == 1
    assert stands(state).totals == of_buckets(state, ledger) == Counts(good=11)


def test_buckets_are_kept_for_long_and_go_when_they_are_asked_to(state: Store, term: Term) -> None:
    ledger = state.ledgers.open(known_level(), now=NOON, term=term)
    state.ledgers.count(ledger, [sample("a", -500 * 1_440), sample("b"), sample("c", 60)], now=NOON, term=term)

    state.ledgers.forget(ledger, before=NOON, term=term)
    assert of_buckets(state, ledger, NOON - 600 * DAY) == Counts(good=2)
    state.ledgers.forget(ledger, before=NOON, buckets_before=NOON + 1.5 * MINUTE, term=term)
    assert of_buckets(state, ledger, NOON - 600 * DAY) == Counts(good=1)
    assert stands(state).totals == Counts(good=3)


def test_records_are_listed_newest_first_by_state(state: Store, term: Term) -> None:
    ledger = opened(state, term)
    rows = [decided(f"{n}", n, ALL[n % 4]) for n in range(20)]
    apply(state, ledger, a_step(START, decided=reversed(rows)), term)
    newest = rows[::-1]

    def listed(*states: State, since: float | None = None, limit: int = 100) -> list[int]:
        begins = None if since is None else NOON + since * MINUTE
        found = state.ledgers.records(ledger, states=states, since=begins, limit=limit)
        assert all(record in newest for record in found)
        return [int(record.key) for record in found]

    assert listed(State.BAD) == [17, 13, 9, 5, 1]
    assert listed(State.BAD, State.UNKNOWN, since=13, limit=3) == [18, 17, 14]
    assert listed(State.GOOD, since=16) == [16]
    assert listed(*ALL) == list(range(19, -1, -1))
    assert listed() == []


def test_what_is_wrong_is_said_until_it_is_not(state: Store, term: Term) -> None:
    ledger = state.ledgers.open(known_level(), now=NOON, term=term)
    assert (stands(state).trouble, stands(state).undatable, stands(state).looked_at) == (None, None, None)

    state.ledgers.say(ledger, trouble="the column is gone \x00", undatable=3, term=term)
    assert (stands(state).trouble, stands(state).undatable) == ("the column is gone \\x00", 3)

    state.ledgers.say(ledger, trouble=None, looked_at=NOON, term=term)
    assert (stands(state).trouble, stands(state).undatable, stands(state).looked_at) == (None, 3, NOON)

    state.leadership.resign(term)
    state.ledgers.say(ledger, trouble=None, undatable=3, term=term)  # said before: nothing is written
