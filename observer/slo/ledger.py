"""The ledger of a time-to-fill level: which rows to look at next, and what a look decides. Pure.

In: where the ledger stands, what it knows of rows, one look at the source. Out: a Step, to be written as a whole.
Every row is decided once, at the first look at or after its deadline, and never again; a look that is made twice, or
written twice, changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from observer.slo.model import TimeToFill
from observer.slo.verdicts import EvidenceKind, Observation, Seen, State, Verdict, verdict_of

#: Every row of the look-back is looked for again about so often: what became visible late is found.
SWEEP = timedelta(hours=1)
_INSTANT = timedelta(microseconds=1)
#: From so many poll intervals before its deadline on, a row is looked at every time: one look at least is near enough
#: to bracket it, though no two beats are exactly one poll interval apart.
_NEAR = 1.5


@dataclass(frozen=True, kw_only=True, order=True)
class Range:
    """Event times after `after`, up to and with `upto`; aware, UTC."""

    after: datetime
    upto: datetime


@dataclass(frozen=True, kw_only=True)
class SeenRow:
    """One row as a look showed it."""

    #: Its key as canonical text; a keyed digest where the key is restricted.
    key: str
    event_at: datetime
    holds: bool
    #: No earlier than it was last written, as it says itself; None when it does not say.
    written_at: datetime | None = None
    #: What a history says of P at the event time and the deadline; None: there is none, or it does not reach that far.
    history: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Look:
    """Rows of some ranges, all seen as of one instant of the source, which lies between `at` and `until`."""

    #: As of when what was seen is true, by the source's clock; on a replica, what it has replayed.
    at: datetime
    until: datetime
    #: What was read to its end: a row of these ranges that is not in `rows` was not there.
    ranges: tuple[Range, ...]
    rows: tuple[SeenRow, ...]


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A row before its deadline, or not looked at since."""

    key: str
    #: As first seen: the deadline does not move.
    event_at: datetime
    #: The last look at it; None when that was just at its deadline.
    before: Observation | None


@dataclass(frozen=True, kw_only=True)
class Decided:
    """A row's final state."""

    key: str
    event_at: datetime
    #: GOOD, BAD, UNKNOWN or WITHDRAWN.
    state: State
    #: None for UNKNOWN and WITHDRAWN.
    evidence: EvidenceKind | None
    #: As of when the look was made that decided it.
    decided_at: datetime


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a ledger stands."""

    #: Rows with an earlier event time do not count: nobody looked at them when it mattered.
    since: datetime
    #: Rows with an event time up to here have been looked for.
    seen_to: datetime
    #: The sweep through the look-back has come to here.
    swept_to: datetime
    #: As of when the last look was; None before the first.
    looked_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one look changes, written in one transaction or not at all."""

    was: Position
    now: Position
    #: New ones, and those that were looked at once more.
    pending: tuple[Pending, ...] = ()
    #: Each of them is pending no longer.
    decided: tuple[Decided, ...] = ()


def begin(now: datetime, indicator: TimeToFill) -> Position:
    """Where a new ledger stands: rows whose deadline is still to come count, those decided by time before do not."""
    since = now - indicator.deadline
    return Position(since=since, seen_to=since, swept_to=since)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the next look has to read."""

    #: In order and without overlap.
    ranges: tuple[Range, ...]
    #: The part of the look-back that is swept with it.
    sweep: Range


def next_reading(
    position: Position, indicator: TimeToFill, *, oldest_pending: datetime | None, now: datetime
) -> Reading:
    """New rows; rows whose deadline has come or is near; and a slice of the look-back. None grows with the table.

    `oldest_pending` is the earliest event time among the pending rows; `now` as of when the source shows its rows.
    """
    # Rows become visible a little after their event time: what is new is looked for from a little earlier. A clock
    # that went back goes through the same times once more.
    wanted = [Range(after=max(position.since, min(position.seen_to, now) - indicator.grace), upto=now)]
    if oldest_pending is not None:
        near = now - indicator.deadline + indicator.poll * _NEAR
        wanted.append(Range(after=oldest_pending - _INSTANT, upto=min(near, now)))
    sweep, rest = _sweep(position, indicator, now)
    return Reading(ranges=_merged([span for span in (*wanted, sweep, rest) if span.after < span.upto]), sweep=sweep)


def _sweep(position: Position, indicator: TimeToFill, now: datetime) -> tuple[Range, Range]:
    """The slice of this look, and the end of the round before it when that ends with it.

    A round takes about SWEEP, whatever the poll interval: the slice grows with the time since the last look, so that
    after a pause a whole round may be due. A round begins where rows may have become visible during the one before;
    it skips nothing, however long the pause.
    """
    looked_at = now if position.looked_at is None else min(position.looked_at, now)
    passed = max(now - looked_at, indicator.poll)
    front = min(max(position.swept_to, position.since), now)
    begins = min(max(_reach(looked_at, indicator), position.since), now)
    upto = front + (now - min(begins, front)) * min(passed / SWEEP, 1.0) + passed
    if upto < now:
        return Range(after=front, upto=upto), Range(after=upto, upto=upto)
    # The new round stops short of where the old one stood: a mark within the slice is then one of this look's pages.
    over = min(upto - now, max(front - begins - _INSTANT, timedelta()))
    return Range(after=begins, upto=begins + over), Range(after=front, upto=now)


def _reach(looked_at: datetime, indicator: TimeToFill) -> datetime:
    """A row that becomes visible behind the sweep is found by the next round, which begins up to two SWEEPs later."""
    return looked_at - indicator.look_back - 2 * SWEEP


def reach(position: Position, indicator: TimeToFill) -> datetime:
    """No later reading has rows with an event time up to here, unless the clock goes back: they may be forgotten."""
    if position.looked_at is None:
        return position.since
    sought = min(position.swept_to, position.seen_to - indicator.grace, _reach(position.looked_at, indicator))
    return max(sought - indicator.deadline, position.since)


def _merged(ranges: Sequence[Range]) -> tuple[Range, ...]:
    merged: list[Range] = []
    for span in sorted(ranges):
        if merged and span.after <= merged[-1].upto:
            merged[-1] = replace(merged[-1], upto=max(merged[-1].upto, span.upto))
        else:
            merged.append(span)
    return tuple(merged)


def missing(look: Look, pending: Mapping[str, Pending]) -> tuple[str, ...]:
    """Keys of pending rows that the look should have shown and did not: gone, or of another event time by now."""
    seen = {row.key for row in look.rows}
    return tuple(
        key
        for key, row in pending.items()
        if key not in seen and any(span.after < row.event_at <= span.upto for span in look.ranges)
    )


def step(
    position: Position,
    indicator: TimeToFill,
    look: Look,
    *,
    sweep: Range,
    pending: Mapping[str, Pending],
    known: Set[str],
) -> Step:
    """What the look decides.

    `pending` are the pending rows of its ranges and those with the keys of its rows, `known` the keys among its rows
    that were decided before.
    """
    # A clock that was set back while looking: it showed both times around what was seen.
    first, last = min(look.at, look.until), max(look.at, look.until)
    kept: list[Pending] = []
    decided: list[Decided] = []
    # Where a key is not unique after all, its first row stands for it.
    for row in {row.key: row for row in reversed(look.rows)}.values():
        was = pending.get(row.key)
        event_at = row.event_at if was is None else was.event_at
        if row.key in known or event_at <= position.since:
            continue
        deadline = event_at + indicator.deadline
        if last < deadline:
            seen = Observation(at=first, holds=row.holds, written_at=row.written_at)
            if was is None or deadline - first <= indicator.poll * _NEAR:
                kept.append(Pending(key=row.key, event_at=event_at, before=seen))
        elif first < deadline:
            # Whether it was seen before or after its deadline is not known: the next look decides.
            if was is None or (was.before is not None and was.before.holds is not row.holds):
                kept.append(Pending(key=row.key, event_at=event_at, before=None))
        else:
            life = Seen(
                deadline=deadline,
                before=_before(was, position),
                after=Observation(at=last, holds=row.holds, written_at=row.written_at),
                # A history was asked for the deadline of the event time that the row has now.
                history=row.history if row.event_at == event_at else None,
            )
            decided.append(_decided(row.key, event_at, first, verdict_of(life, poll=indicator.poll)))
    for key in missing(look, pending):
        if pending[key].event_at + indicator.deadline <= first:
            decided.append(_decided(key, pending[key].event_at, first, Verdict(state=State.WITHDRAWN)))
        elif pending[key].before is not None:
            # It may come back: what was seen before it went is not the last that was seen of it.
            kept.append(replace(pending[key], before=None))
    return Step(was=position, now=_after(position, first, look, sweep), pending=tuple(kept), decided=tuple(decided))


def rekeyed(position: Position, pending: Iterable[Pending], *, at: datetime) -> Step:
    """What is left when keys are kept as other digests from now on: no row that was seen before is known again.

    Those that wait for their deadline are unknown, and no row with an event time before now is counted a second time.
    """
    unknown = Verdict(state=State.UNKNOWN)
    decided = tuple(_decided(row.key, row.event_at, at, unknown) for row in pending)
    return Step(was=position, now=replace(position, since=max(position.since, position.seen_to)), decided=decided)


def _before(was: Pending | None, position: Position) -> Observation | None:
    """The last look at the row, unless the clock was set back since: how long ago it was is not known then."""
    if was is None or was.before is None or position.looked_at is None or was.before.at > position.looked_at:
        return None
    return was.before


def _decided(key: str, event_at: datetime, at: datetime, verdict: Verdict | None) -> Decided:
    assert verdict is not None, "a look after the deadline decides"
    return Decided(key=key, event_at=event_at, state=verdict.state, evidence=verdict.evidence, decided_at=at)


def _after(position: Position, at: datetime, look: Look, sweep: Range) -> Position:
    """A range that was read in part carries a mark no further than it was read, and its next page carries it on."""
    swept = position.swept_to if sweep.after <= position.swept_to <= sweep.upto else sweep.after
    return replace(
        position,
        seen_to=_reached(min(position.seen_to, at), look.ranges),
        swept_to=min(_reached(swept, look.ranges), sweep.upto),
        looked_at=at,
    )


def _reached(mark: datetime, ranges: Sequence[Range]) -> datetime:
    return max((span.upto for span in ranges if span.after <= mark < span.upto), default=mark)
