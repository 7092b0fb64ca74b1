"""Ledgers in the state: opened once, moved on by whole steps, and every record counted once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from observer.errors import NotLeading
from observer.runs.leading import Term
from observer.slo.budget import Counts
from observer.slo.ledger import Decided, Pending, Range
from observer.slo.verdicts import State
from observer.store.store import Store
from tests.fakes.ledger_steps import (
    DEADLINE,
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

EVERYTHING = [Range(after=NOON - HOUR, upto=NOON + 24 * HOUR)]


@pytest.fixture
def term(state: Store) -> Term:
    taken = state.leadership.campaign("a", HOUR)
    assert taken is not None
    return taken


def test_a_level_is_opened_once(state: Store, term: Term) -> None:
    first = state.ledgers.open(known_level(), now=NOON, term=term)

    assert state.ledgers.open(known_level(), now=NOON + HOUR, term=term) == first
    assert state.ledgers.open(known_level("other"), now=NOON, term=term) != first
    (revision,) = state.ledgers.revisions("emails")
    assert (revision.revision, revision.ledger, revision.since) == ("r1", first, NOON)
    assert (revision.target, revision.window, revision.method) == ("99.5 %", "28d", "Occurrences")


def test_a_new_objective_goes_on_with_the_ledger_and_a_new_indicator_begins_one(state: Store, term: Term) -> None:
    first = opened(state, term)
    apply(state, first, a_step(START, decided=[decided("a")]), term)

    stricter = known_level(revision="r2", target="0.9999")
    assert state.ledgers.open(stricter, now=NOON + HOUR, term=term) == first
    assert stands(state, stricter).totals == Counts(good=1)
    assert (stands(state, stricter).revision_since, stands(state, stricter).counts_since) == (NOON + HOUR, NOON)

    second = state.ledgers.open(known_level(revision="r3", counted="k2"), now=NOON + 2 * HOUR, term=term)
    assert second != first
    assert stands(state, known_level(revision="r3", counted="k2")).totals == Counts()


def test_an_objective_that_comes_back_is_in_force_anew_and_finds_its_ledger(state: Store, term: Term) -> None:
    changes = [known_level(), known_level(revision="r2", counted="k2"), known_level()]
    ledgers = [state.ledgers.open(slo, now=NOON + n * HOUR, term=term) for n, slo in enumerate(changes)]

    assert ledgers[0] == ledgers[2] != ledgers[1]
    assert [(each.revision, each.since) for each in state.ledgers.revisions("emails")] == [
        ("r1", NOON),
        ("r2", NOON + HOUR),
        ("r1", NOON + 2 * HOUR),
    ]
    assert stands(state).revision_since == NOON + 2 * HOUR


def test_ledgers_in_which_nothing_counts_any_more_are_known(state: Store, term: Term) -> None:
    slos = [known_level(), known_level(revision="r2", counted="k2"), known_level("gone"), known_level("other")]
    ledgers = [state.ledgers.open(slo, now=NOON, term=term) for slo in slos]

    assert state.ledgers.abandoned([slos[1], slos[3], known_level("new")]) == (ledgers[0], ledgers[2])
    assert state.ledgers.abandoned([]) == tuple(ledgers)


def test_a_clock_that_was_set_back_does_not_bring_back_an_old_objective(state: Store, term: Term) -> None:
    state.ledgers.open(known_level(), now=NOON, term=term)
    for _ in range(2):
        state.ledgers.open(known_level(revision="r2"), now=NOON - HOUR, term=term)

    assert [each.revision for each in state.ledgers.revisions("emails")] == ["r1", "r2"]


def test_a_level_that_nobody_opened_does_not_stand(state: Store, term: Term) -> None:
    opened(state, term)

    assert state.ledgers.standings([]) == {}
    assert state.ledgers.standings([known_level("other"), known_level(counted="k2")]) == {}
    assert state.ledgers.standings([known_level(revision="r2")]) == {}
    assert state.ledgers.revisions("other") == ()


def test_a_ledger_begins_once(state: Store, term: Term) -> None:
    ledger = state.ledgers.open(known_level(), now=NOON, term=term)
    assert state.ledgers.position(ledger) is None
    assert not apply(state, ledger, a_step(START, decided=[decided("a")]), term)

    state.ledgers.begin(ledger, START, term=term)
    apply(state, ledger, a_step(START), term)
    state.ledgers.begin(ledger, START, term=term)

    assert state.ledgers.position(ledger) == a_step(START).now


def test_pending_rows_come_back_as_they_were(state: Store, term: Term) -> None:
    ledger = opened(state, term)
    rows = [
        pending("a", 1, written=NOON + timedelta(microseconds=3)),
        pending("b", 2, seen=False),
        pending("c", 3, seen=None),
        pending("d", 1e6),
    ]
    apply(state, ledger, a_step(START, pending=rows), term)

    known = state.ledgers.known(ledger, [Range(after=NOON + MINUTE, upto=NOON + 3 * MINUTE)], ["d", "e"])

    assert known.pending == {row.key: row for row in rows[1:]}
    assert known.decided == frozenset()
    assert state.ledgers.known(ledger, [], []).pending == {}
    assert state.ledgers.oldest_pending(ledger) == NOON + MINUTE
    assert stands(state).pending == 4


def test_a_look_changes_what_was_seen_of_a_row_and_never_its_event_time(state: Store, term: Term) -> None:
    ledger = opened(state, term)
    apply(state, ledger, a_step(START, pending=[pending("a", 1), pending("b", 1)]), term)
    second = a_step(a_step(START).now, pending=[pending("a", 4, seen=False), pending("b", 4, seen=None)])
    apply(state, ledger, second, term)

    known = state.ledgers.known(ledger, EVERYTHING, [])
    assert known.pending["a"] == Pending(key="a", event_at=NOON + MINUTE, before=pending("a", 4, seen=False).before)
    assert known.pending["b"].before is None
    assert stands(state).pending == 2


def test_a_decided_row_is_pending_no_longer_and_counts_in_the_minute_of_its_deadline(state: Store, term: Term) -> None:
    ledger = opened(state, term)
    first = a_step(START, pending=[pending("a", 1.9), pending("b", 2)])
    rows = [decided("a", 1.9), decided("c", 2.5, State.BAD), decided("d", 2, State.UNKNOWN)]
    rows.append(decided("e", 2, State.WITHDRAWN))
    assert apply(state, ledger, first, term)
    assert apply(state, ledger, a_step(first.now, decided=rows), term)

    known = state.ledgers.known(ledger, EVERYTHING, ["a", "b", "c", "z"])
    assert (list(known.pending), known.decided) == (["b"], {"a", "c"})
    assert stands(state).pending == 1
    assert [(b.begins, b.counts) for b in state.ledgers.course(ledger, NOON)] == [
        (NOON + 6 * MINUTE, Counts(good=1)),
        (NOON + 7 * MINUTE, Counts(bad=1, unknown=1, withdrawn=1)),
    ]
    assert [state.ledgers.record(ledger, row.key) for row in rows] == rows
    assert state.ledgers.record(ledger, "b") == pending("b", 2)
    assert state.ledgers.record(ledger, "z") is None


def test_a_step_that_is_written_twice_counts_once(state: Store, term: Term) -> None:
    ledger = opened(state, term)
    step = a_step(START, pending=[pending("a")], decided=[decided("b")])

    assert [apply(state, ledger, step, term) for _ in range(2)] == [True, False]
    again = a_step(step.now, decided=[decided("b", 3, State.BAD), decided("a")])
    assert apply(state, ledger, again, term)

    assert stands(state).totals == Counts(good=2) == recounted(state, ledger) == of_buckets(state, ledger)
    assert state.ledgers.record(ledger, "b") == decided("b")


def test_of_many_that_write_a_step_or_open_a_level_at_once_one_does(state: Store, term: Term) -> None:
    with ThreadPoolExecutor(4) as pool:
        opening = [pool.submit(state.ledgers.open, known_level(), now=NOON, term=term) for _ in range(4)]
        assert len({future.result() for future in opening}) == 1
        ledger = opened(state, term)
        step = a_step(START, pending=[pending("a")], decided=[decided("b")])
        assert sorted(pool.map(lambda _: apply(state, ledger, step, term), range(4))) == [False, False, False, True]

    assert len(state.ledgers.revisions("emails")) == 1
    assert (stands(state).totals, stands(state).pending) == (Counts(good=1), 1)


def test_a_key_that_is_not_unique_after_all_counts_once(state: Store, term: Term) -> None:
    ledger = opened(state, term)
    twice = a_step(START, pending=[pending("a"), pending("a", 1)], decided=[decided("b"), decided("b", 1, State.BAD)])

    assert apply(state, ledger, twice, term)
    assert (stands(state).pending, stands(state).totals) == (1, Counts(good=1))


def test_two_levels_know_nothing_of_each_other(state: Store, term: Term) -> None:
    ours, theirs = opened(state, term), opened(state, term, known_level("other"))
    apply(state, ours, a_step(START, pending=[pending("a")], decided=[decided("b")]), term)

    assert state.ledgers.known(theirs, EVERYTHING, ["a", "b"]) == state.ledgers.known(theirs, [], [])
    assert (state.ledgers.position(theirs), state.ledgers.oldest_pending(theirs)) == (START, None)
    assert of_buckets(state, theirs) == Counts()


HARD_KEYS = [
    "",
    "a\x00",
    "a\\x00",
    "\ud800",
    "Ü 🎉",
    "{1,2}",
    '"',
    "NULL",
    "[1, 2]",
    "1",
    "1.0",
    "x" * 5_000,
    "x" * 5_001,
]


def test_any_key_is_kept_apart_and_found_again(state: Store, term: Term) -> None:
    ledger = opened(state, term)
    first = a_step(START, pending=[pending(key) for key in HARD_KEYS])
    apply(state, ledger, first, term)
    known = state.ledgers.known(ledger, EVERYTHING, HARD_KEYS)
    assert known.pending == {key: pending(key) for key in HARD_KEYS}

    unasked = state.ledgers.known(ledger, EVERYTHING, []).pending
    apply(state, ledger, a_step(first.now, decided=[decided(key) for key in unasked]), term)

    assert state.ledgers.known(ledger, EVERYTHING, HARD_KEYS).decided == set(HARD_KEYS)
    assert stands(state).totals == Counts(good=len(HARD_KEYS))
    assert (stands(state).pending, state.ledgers.oldest_pending(ledger)) == (0, None)
    assert all(isinstance(state.ledgers.record(ledger, key), Decided) for key in HARD_KEYS)


def test_times_far_off_are_kept_to_the_microsecond(state: Store, term: Term) -> None:
    ledger = opened(state, term)
    times = [
        datetime.min.replace(tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC),
        datetime(2261, 4, 1, tzinfo=UTC),
    ]
    rows = [Decided(**{**vars(decided(str(n))), "event_at": at}) for n, at in enumerate(times)]

    assert apply(state, ledger, a_step(START, decided=rows), term)
    assert [state.ledgers.record(ledger, row.key) for row in rows] == rows
    assert of_buckets(state, ledger, datetime.min.replace(tzinfo=UTC)) == Counts(good=3)


def test_a_time_without_a_zone_is_refused_and_its_whole_step(state: Store, term: Term) -> None:
    ledger = opened(state, term)
    naive = Decided(**{**vars(decided("b")), "event_at": NOON.replace(tzinfo=None)})

    with pytest.raises(ValueError, match="without a zone"):
        apply(state, ledger, a_step(START, decided=[decided("a"), naive]), term)

    assert (state.ledgers.position(ledger), stands(state).totals) == (START, Counts())


def test_a_former_leader_changes_nothing(state: Store, term: Term) -> None:
    ledger = opened(state, term)
    state.leadership.resign(term)

    for write in (
        lambda: apply(state, ledger, a_step(START, decided=[decided("a")]), term),
        lambda: state.ledgers.open(known_level(revision="r2"), now=NOON, term=term),
        lambda: state.ledgers.begin(ledger, START, term=term),
        lambda: state.ledgers.say(ledger, trouble="down", term=term),
        lambda: state.ledgers.roll_up(ledger, before=NOON, grain=HOUR, term=term),
        lambda: state.ledgers.forget(ledger, before=NOON, term=term),
    ):
        with pytest.raises(NotLeading):
            write()

    assert (state.ledgers.position(ledger), stands(state).totals, stands(state).trouble) == (START, Counts(), None)
    assert state.ledgers.open(known_level(), now=NOON, term=term) == ledger  # to read is nobody's privilege


class _Killed(Exception):
    """As if the process were gone."""


def test_a_kill_after_any_statement_of_a_step_leaves_all_of_it_to_be_done(state: Store, term: Term) -> None:
    ledger = opened(state, term)
    before = a_step(START, pending=[pending("a"), pending("b")])
    apply(state, ledger, before, term)
    step = a_step(before.now, pending=[pending("b", seen=False), pending("c")], decided=[decided("a"), decided("d")])
    engine, left = state._database.engine, 0

    def kill(_: object, __: object, statement: str, *___: object) -> None:
        nonlocal left
        left -= not statement.startswith("BEGIN")
        if left == 0 and not statement.startswith("BEGIN"):
            raise _Killed

    event.listen(engine, "after_cursor_execute", kill)
    try:
        for kills in range(1, 100):
            left = kills
            try:
                assert apply(state, ledger, step, term)
                break
            except _Killed:
                left = 0
                assert (state.ledgers.position(ledger), stands(state).pending) == (before.now, 2)
                assert stands(state).totals == of_buckets(state, ledger) == recounted(state, ledger) == Counts()
    finally:
        event.remove(engine, "after_cursor_execute", kill)

    assert kills > 6
    assert stands(state).totals == of_buckets(state, ledger) == recounted(state, ledger) == Counts(good=2)
    assert (state.ledgers.position(ledger), stands(state).pending) == (step.now, 2)


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_repeated_all_sums_agree_with_a_recount(state: Store, term: Term, seed: int) -> None:
    chance = random.Random(seed)
    ledger, position = opened(state, term), START
    keys = [f"row {n}" for n in range(40)]
    truth: dict[str, tuple[State, float]] = {}
    for _ in range(25):
        some = [decided(key, chance.uniform(0, 90), chance.choice(_STATES)) for key in chance.sample(keys, 4)]
        waiting = [pending(key, chance.uniform(0, 90)) for key in chance.sample(keys, 4) if key not in truth]
        step = a_step(position, pending=waiting, decided=some)
        for _ in range(chance.randint(1, 3)):
            apply(state, ledger, step, term)
        position = step.now
        for row in some:
            truth.setdefault(row.key, (row.state, (row.event_at + DEADLINE - NOON) / MINUTE))

    counts = _counts(state for state, _ in truth.values())
    assert stands(state).totals == counts == recounted(state, ledger) == of_buckets(state, ledger)
    assert stands(state).pending == len(state.ledgers.known(ledger, EVERYTHING, []).pending)
    begins = [NOON + chance.randint(0, 95) * MINUTE for _ in range(5)]
    assert state.ledgers.counts_since(ledger, begins) == tuple(
        Counts(
            **{each.value: sum(s is each and NOON + m * MINUTE >= begin for s, m in truth.values()) for each in _STATES}
        )
        for begin in begins
    )


def _counts(states: Iterable[State]) -> Counts:
    found = Counter(states)
    return Counts(**{each.value: found[each] for each in _STATES})


_STATES = (State.GOOD, State.BAD, State.UNKNOWN, State.WITHDRAWN)
