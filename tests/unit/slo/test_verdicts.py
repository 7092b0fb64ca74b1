"""Time-to-fill against an oracle that knows the whole life of a row: no good or bad is ever wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from observer.slo.verdicts import EvidenceKind, Observation, Seen, State, Verdict, can_decide, verdict_of

BEGIN = datetime(2026, 11, 22, tzinfo=UTC)
DEADLINE = BEGIN + timedelta(seconds=300)
POLL = timedelta(seconds=60)


def at(second: int) -> datetime:
    return BEGIN + timedelta(seconds=second)


class Row:
    """The truth: the seconds at which P changes (it begins false), and those of other writes."""

    def __init__(self, flips: list[int], touches: list[int], *, tells: bool) -> None:
        self.flips = sorted(set(flips))
        self.writes = sorted({0, *flips, *touches})
        self.tells = tells

    def holds(self, second: int) -> bool:
        return sum(flip <= second for flip in self.flips) % 2 == 1

    def seen(self, second: int) -> Observation:
        written = max(write for write in self.writes if write <= second)
        return Observation(at=at(second), holds=self.holds(second), written_at=at(written) if self.tells else None)

    def flips_twice_within_a_poll(self) -> bool:
        return any(b - a <= 2 * POLL.seconds for a, b in zip(self.flips, self.flips[1:], strict=False))


seconds = st.integers(0, 900)


@st.composite
def lives(draw: st.DrawFn) -> tuple[Row, list[int]]:
    row = Row(draw(st.lists(seconds, max_size=4)), draw(st.lists(seconds, max_size=4)), tells=draw(st.booleans()))
    looks = sorted(draw(st.sets(seconds, max_size=12)))
    return row, looks


def seen_of(row: Row, looks: list[int]) -> Seen:
    before = [second for second in looks if second < 300]
    after = [second for second in looks if second >= 300]
    return Seen(
        deadline=DEADLINE,
        before=row.seen(before[-1]) if before else None,
        after=row.seen(after[0]) if after else None,
    )


@given(lives())
def test_no_good_or_bad_is_ever_wrong(life: tuple[Row, list[int]]) -> None:
    row, looks = life
    verdict = verdict_of(seen_of(row, looks), poll=POLL)
    if verdict is None or verdict.state is State.UNKNOWN:
        return
    if verdict.evidence is EvidenceKind.BRACKETED and row.flips_twice_within_a_poll():
        return
    assert (verdict.state is State.GOOD) is row.holds(300)


@given(lives())
def test_unknown_only_where_the_looks_cannot_tell(life: tuple[Row, list[int]]) -> None:
    row, looks = life
    seen = seen_of(row, looks)
    verdict = verdict_of(seen, poll=POLL)
    if verdict is None or verdict.state is not State.UNKNOWN:
        return
    assert seen.after is not None
    untouched = seen.after.written_at is not None and seen.after.written_at <= DEADLINE
    near = seen.before is not None and DEADLINE - seen.before.at <= POLL and seen.after.at - DEADLINE <= POLL
    assert not untouched
    assert not near or seen.before is None or seen.before.holds is not seen.after.holds


@given(lives())
def test_a_verdict_waits_for_the_first_look_after_the_deadline(life: tuple[Row, list[int]]) -> None:
    row, looks = life
    early = [second for second in looks if second < 300]
    assert verdict_of(seen_of(row, early), poll=POLL) is None


def test_a_row_that_was_never_filled_is_bad_at_its_deadline() -> None:
    assert verdict_of(seen_of(Row([], [], tells=True), [301]), poll=POLL) == Verdict(
        state=State.BAD, evidence=EvidenceKind.UNTOUCHED
    )


def test_filled_later_stays_bad_and_cleared_later_stays_good() -> None:
    late = seen_of(Row([310], [], tells=False), [295, 305])
    cleared = seen_of(Row([10, 700], [], tells=False), [295, 305])
    assert verdict_of(late, poll=POLL) == Verdict(state=State.BAD, evidence=EvidenceKind.BRACKETED)
    assert verdict_of(cleared, poll=POLL) == Verdict(state=State.GOOD, evidence=EvidenceKind.BRACKETED)


def test_downtime_over_the_deadline_is_unknown_when_the_row_was_written_since() -> None:
    assert verdict_of(seen_of(Row([400], [], tells=True), [10, 800]), poll=POLL) == Verdict(state=State.UNKNOWN)


def test_downtime_over_the_deadline_costs_nothing_when_the_row_was_not_written_since() -> None:
    assert verdict_of(seen_of(Row([200], [], tells=True), [10, 800]), poll=POLL) == Verdict(
        state=State.GOOD, evidence=EvidenceKind.UNTOUCHED
    )


def test_a_row_that_is_gone_is_withdrawn_whatever_its_history() -> None:
    gone = Seen(deadline=DEADLINE, gone_at=at(301), history=True)
    assert verdict_of(gone, poll=POLL) == Verdict(state=State.WITHDRAWN)


def test_a_history_decides_what_no_look_could() -> None:
    assert verdict_of(Seen(deadline=DEADLINE, history=False), poll=POLL) == Verdict(
        state=State.BAD, evidence=EvidenceKind.HISTORY
    )


def test_a_poll_interval_decides_deadlines_of_at_least_twice_its_length() -> None:
    assert can_decide(timedelta(minutes=5), timedelta(seconds=150), has_history=False)
    assert not can_decide(timedelta(minutes=5), timedelta(seconds=151), has_history=False)
    assert can_decide(timedelta(minutes=5), timedelta(hours=1), has_history=True)
