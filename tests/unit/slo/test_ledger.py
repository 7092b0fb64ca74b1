"""The ledger at its edges: what is read next, how pages and the sweep go on, and what single looks decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.slo.ledger import (
    SWEEP,
    Look,
    Pending,
    Position,
    Range,
    Reading,
    SeenRow,
    Step,
    begin,
    missing,
    next_reading,
    reach,
    step,
)
from observer.slo.model import TimeToFill
from observer.slo.verdicts import EvidenceKind, Observation, State
from tests.fakes.crm_life import moment, spans

MINUTE, HOUR = 60, 3600
FIVE = TimeToFill(
    contract="crm-leads",
    object="leads",
    property="email",
    checks=("crm-leads.leads.email.required",),
    deadline=timedelta(minutes=5),
    poll=timedelta(minutes=1),
    look_back=timedelta(hours=24),
    grace=timedelta(minutes=5),
)
LATER = 3 * 24 * HOUR


def at(seen_to: int, *, swept_to: int = 0, since: int = -10_000_000) -> Position:
    return Position(since=moment(since), seen_to=moment(seen_to), swept_to=moment(swept_to), looked_at=moment(seen_to))


def reading(position: Position, now: int, oldest: int | None = None, level: TimeToFill = FIVE) -> Reading:
    oldest_pending = None if oldest is None else moment(oldest)
    return next_reading(position, level, oldest_pending=oldest_pending, now=moment(now))


def row(key: str, event: int, *, holds: bool = True, written: int | None = None) -> SeenRow:
    written_at = None if written is None else moment(written)
    return SeenRow(key=key, event_at=moment(event), holds=holds, written_at=written_at)


def look(now: int, *rows: SeenRow, read: tuple[int, int] = (-HOUR, HOUR), until: int | None = None) -> Look:
    ranges = (Range(after=moment(read[0]), upto=moment(read[1])),)
    return Look(at=moment(now), until=moment(now if until is None else until), ranges=ranges, rows=rows)


def judged(
    seen: Look, *pending: Pending, known: frozenset[str] = frozenset(), position: Position | None = None
) -> Step:
    nowhere = Range(after=moment(0), upto=moment(0))
    stands = position or at(1000, since=-HOUR)
    return step(stands, FIVE, seen, sweep=nowhere, pending={row.key: row for row in pending}, known=known)


def waiting(key: str, event: int, seen: tuple[int, bool] | None = None) -> Pending:
    before = None if seen is None else Observation(at=moment(seen[0]), holds=seen[1])
    return Pending(key=key, event_at=moment(event), before=before)


def verdict(change: Step) -> tuple[State, EvidenceKind | None]:
    (one,) = change.decided
    return one.state, one.evidence


# What is read


def test_a_new_ledger_counts_rows_whose_deadline_is_to_come() -> None:
    assert begin(moment(1000), FIVE) == replace(at(700, swept_to=700, since=700), looked_at=None)
    assert spans(reading(begin(moment(1000), FIVE), 1000).ranges) == [(700, 1000)]


def test_the_first_row_that_counts_is_due_just_after_the_beginning() -> None:
    position = begin(moment(1000), FIVE)
    change = judged(look(1000, row("at", 700), row("after", 701), read=(600, 1000)), position=position)
    assert [each.key for each in change.pending] == ["after"]
    assert change.decided == ()


def test_new_rows_and_those_that_are_near_their_deadline_are_read_and_no_others() -> None:
    position = at(LATER - MINUTE, swept_to=LATER - 20 * HOUR)
    level = replace(FIVE, grace=timedelta(seconds=30))
    ranges = spans(reading(position, LATER, LATER - 302, level).ranges)
    assert ranges[1:] == [(LATER - 303, LATER - 210), (LATER - 90, LATER)]


def test_after_a_pause_all_that_came_meanwhile_is_read() -> None:
    ranges = reading(at(LATER, swept_to=LATER - HOUR), LATER + 10 * HOUR, LATER - 200).ranges
    assert any(span.after <= moment(LATER - 300) and span.upto == moment(LATER + 10 * HOUR) for span in ranges)


def test_a_clock_that_went_back_goes_through_the_same_times_once_more() -> None:
    ranges = reading(at(LATER, swept_to=LATER - 20 * HOUR), LATER - 2 * HOUR).ranges
    assert spans(ranges)[-1] == (LATER - 2 * HOUR - 300, LATER - 2 * HOUR)
    back = look(LATER - 2 * HOUR, read=(LATER - 2 * HOUR - 300, LATER - 2 * HOUR))
    assert judged(back, position=at(LATER)).now.seen_to == moment(LATER - 2 * HOUR)


def test_a_clock_from_before_the_beginning_reads_nothing() -> None:
    assert reading(begin(moment(1000), FIVE), 500).ranges == ()


def test_with_a_history_a_poll_interval_may_be_longer_than_the_deadline() -> None:
    seldom = replace(FIVE, poll=timedelta(hours=2))
    ranges = reading(at(LATER), LATER + 2 * HOUR, LATER - 10, seldom).ranges
    assert spans(ranges)[-1][1] == LATER + 2 * HOUR


@given(st.integers(-HOUR, LATER), st.integers(-HOUR, LATER), st.integers(-HOUR, LATER), st.integers(-HOUR, LATER))
def test_ranges_are_in_order_without_overlap_and_end_now(seen: int, swept: int, now: int, oldest: int) -> None:
    found = reading(at(seen, swept_to=swept, since=-HOUR), now, min(oldest, now))
    assert all(span.after < span.upto <= moment(now) for span in found.ranges)
    assert all(one.upto < next_.after for one, next_ in zip(found.ranges, found.ranges[1:], strict=False))
    sweep = found.sweep
    assert sweep.after == sweep.upto or any(
        span.after <= sweep.after and sweep.upto <= span.upto for span in found.ranges
    )


# Pages


def test_pages_carry_the_marks_on_and_never_back() -> None:
    position = at(LATER, swept_to=LATER - 20 * HOUR)
    wanted = reading(position, LATER + MINUTE)
    for span in wanted.ranges:
        half = span.after + (span.upto - span.after) / 2
        for part in (Range(after=span.after, upto=half), Range(after=half, upto=span.upto)):
            page = Look(at=moment(LATER + MINUTE), until=moment(LATER + MINUTE), ranges=(part,), rows=())
            change = step(position, FIVE, page, sweep=wanted.sweep, pending={}, known=set())
            assert change.now.swept_to >= position.swept_to
            assert change.now.seen_to >= position.seen_to
            position = change.now
    assert position.swept_to == wanted.sweep.upto
    assert position.seen_to == moment(LATER + MINUTE)


def test_a_page_that_ends_where_was_looked_before_moves_no_mark() -> None:
    page = look(1060, read=(700, 900))
    assert judged(page, position=at(1000)).now.seen_to == moment(1000)


# The sweep


@pytest.mark.parametrize("poll", [MINUTE, 7 * MINUTE, 2 * HOUR])
@pytest.mark.parametrize("look_back", [MINUTE, HOUR, 24 * HOUR])
def test_every_time_of_the_look_back_is_read_again_within_a_sweep(poll: int, look_back: int) -> None:
    level = replace(FIVE, poll=timedelta(seconds=poll), look_back=timedelta(seconds=look_back))
    position, now = begin(moment(0), level), 0
    read: list[tuple[int, list[tuple[int, int]]]] = []
    while now < LATER / 2:
        wanted = reading(position, now, level=level)
        page = Look(at=moment(now), until=moment(now), ranges=wanted.ranges, rows=())
        position = step(position, level, page, sweep=wanted.sweep, pending={}, known=set()).now
        read.append((now, spans(wanted.ranges)))
        now += poll
    for visible in range(HOUR, LATER // 2 - 3 * HOUR - 2 * poll, 41 * MINUTE + 7):
        for event in (visible - look_back + 1, visible - look_back // 2, visible - 1):
            times = (at for at, ranges in read if at >= visible and any(a < event <= b for a, b in ranges))
            assert event <= -300 or next(times) - visible <= SWEEP.total_seconds() + 2 * poll


def test_a_pause_makes_the_sweep_skip_nothing() -> None:
    """Visible just behind the sweep, at the end of the look-back, before a pause of ten hours."""
    position = at(LATER, swept_to=LATER - 2 * HOUR)
    event, now = LATER - 24 * HOUR + MINUTE, LATER + 10 * HOUR
    for _ in range(70):
        wanted = reading(position, now)
        if any(span.after < moment(event) <= span.upto for span in wanted.ranges):
            return
        page = Look(at=moment(now), until=moment(now), ranges=wanted.ranges, rows=())
        position = step(position, FIVE, page, sweep=wanted.sweep, pending={}, known=set()).now
        now += MINUTE
    raise AssertionError("the row was never looked for")


def test_a_sweep_that_was_cut_off_goes_on_where_it_was() -> None:
    position = at(LATER, swept_to=LATER - 2 * HOUR)
    now = LATER + 10 * HOUR
    wanted = reading(position, now)
    first = wanted.ranges[0]
    part = Range(after=first.after, upto=first.after + timedelta(minutes=1))
    page = Look(at=moment(now), until=moment(now), ranges=(part,), rows=())
    position = step(position, FIVE, page, sweep=wanted.sweep, pending={}, known=set()).now
    following = reading(position, now + MINUTE).ranges
    assert any(span.after <= part.upto < span.upto for span in following)


@pytest.mark.parametrize(
    "level",
    [
        FIVE,
        replace(FIVE, look_back=timedelta(minutes=1), grace=timedelta(hours=5)),
        replace(FIVE, look_back=timedelta(minutes=1), deadline=timedelta(days=2)),
    ],
)
@given(st.integers(0, LATER), st.integers(0, LATER), st.integers(0, 100 * HOUR), st.integers(0, 10**9))
def test_nothing_is_read_that_may_be_forgotten(level: TimeToFill, seen: int, back: int, pause: int, age: int) -> None:
    position = at(seen, swept_to=seen - back)
    oldest = seen - age % int(level.deadline.total_seconds())
    now, forgotten = seen + pause, reach(position, level)
    for _ in range(3):
        wanted = reading(position, now, oldest, level)
        assert all(span.after >= forgotten for span in wanted.ranges)
        page = Look(at=moment(now), until=moment(now), ranges=wanted.ranges, rows=())
        position = step(position, level, page, sweep=wanted.sweep, pending={}, known=set()).now
        now += pause


# What a look decides


def test_the_first_look_at_the_deadline_decides() -> None:
    assert verdict(judged(look(400, row("a", 100, written=400)))) == (State.GOOD, EvidenceKind.UNTOUCHED)
    assert judged(look(399, row("a", 100))).pending == (waiting("a", 100, (399, True)),)


def test_a_look_whose_instant_may_be_on_either_side_of_the_deadline_decides_nothing() -> None:
    seen = look(399, row("a", 100), until=400)
    assert judged(seen).pending == (waiting("a", 100),)
    assert judged(seen, waiting("a", 100, (390, True))) == replace(judged(seen), pending=())
    assert judged(seen, waiting("a", 100)).pending == ()


def test_a_look_about_the_deadline_that_shows_another_value_ends_the_bracket() -> None:
    assert judged(look(399, row("a", 100), until=400), waiting("a", 100, (390, False))).pending == (waiting("a", 100),)


def test_a_clock_set_back_while_looking_shows_both_times() -> None:
    seen = replace(look(500, row("a", 100)), until=moment(300))
    assert judged(seen).pending == (waiting("a", 100),)
    assert judged(seen).now.looked_at == moment(300)


def test_a_bracket_is_no_wider_than_a_poll_on_either_side() -> None:
    def bracketed(before: int, after: int, until: int) -> State:
        return verdict(judged(look(after, row("a", 100), until=until), waiting("a", 100, (before, True))))[0]

    assert bracketed(340, 460, 460) is State.GOOD
    assert bracketed(339, 460, 460) is State.UNKNOWN
    assert bracketed(340, 461, 461) is State.UNKNOWN
    assert bracketed(340, 460, 461) is State.UNKNOWN


def test_what_was_seen_before_the_clock_was_set_back_brackets_nothing() -> None:
    was = waiting("a", 100, (395, True))
    set_back = at(300, since=-HOUR)
    assert verdict(judged(look(401, row("a", 100)), was, position=set_back)) == (State.UNKNOWN, None)
    assert verdict(judged(look(401, row("a", 100)), was, position=at(395, since=-HOUR)))[0] is State.GOOD


def test_a_row_that_was_gone_before_its_deadline_and_came_back_is_not_bracketed_by_what_it_was() -> None:
    gone = judged(look(380), waiting("a", 100, (350, True)))
    assert gone.pending == (waiting("a", 100),)
    assert gone.decided == ()


def test_a_row_that_is_gone_at_the_first_look_after_its_deadline_is_withdrawn() -> None:
    was = waiting("a", 100, (390, True))
    assert verdict(judged(look(400), was)) == (State.WITHDRAWN, None)
    assert judged(look(399, until=405), was).decided == ()
    assert judged(look(400, read=(100, 300)), was).decided == ()


def test_a_moved_event_time_moves_no_deadline() -> None:
    was, moved = waiting("a", 100, (390, True)), row("a", 2000, written=390)
    assert missing(look(400), {"a": was}) == ("a",)
    change = judged(look(400, moved), was)
    assert [(one.event_at, one.state) for one in change.decided] == [(moment(100), State.GOOD)]


def test_a_history_of_another_event_time_says_nothing() -> None:
    was, moved = waiting("a", 100), replace(row("a", 200), history=True)
    assert verdict(judged(look(600, moved), was)) == (State.UNKNOWN, None)
    assert verdict(judged(look(600, moved))) == (State.GOOD, EvidenceKind.HISTORY)


def test_a_row_that_was_decided_is_never_decided_again() -> None:
    change = judged(look(600, row("a", 100), row("b", 400)), known=frozenset({"a", "b"}))
    assert (change.pending, change.decided) == ((), ())


def test_a_key_that_is_not_unique_after_all_counts_once() -> None:
    change = judged(look(600, row("a", 100, written=100), row("a", 120, holds=False, written=120)))
    assert verdict(change) == (State.GOOD, EvidenceKind.UNTOUCHED)


def test_a_row_far_from_its_deadline_is_written_once() -> None:
    was = waiting("a", 100, (110, False))
    assert judged(look(200, row("a", 100)), was).pending == ()
    assert judged(look(350, row("a", 100)), was).pending == (waiting("a", 100, (350, True)),)
