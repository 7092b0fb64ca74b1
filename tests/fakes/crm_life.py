"""A CRM that knows the truth: the whole life of every record, and the clock that stamped it.

Real time is whole seconds that only go forward; the source's clock follows it, and may be set forward or back. What a
look shows is one real instant of the table; what is true of a record at its deadline is read off its life.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from observer.slo.histories import Change, by_changes, by_fill_time
from observer.slo.ledger import Range, SeenRow

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def moment(second: int) -> datetime:
    """What a clock shows that shows this many seconds."""
    return BEGIN + timedelta(seconds=second)


def shown(at: datetime) -> int:
    """The seconds that a clock shows."""
    return (at - BEGIN) // timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The source's clock: real second → by how much it is set then, forward or back."""

    steps: tuple[tuple[int, int], ...] = ()

    def reads(self, real: int) -> int:
        """The seconds that it shows."""
        return real + sum(by for at, by in self.steps if at <= real)

    def went_back(self, after: int, upto: int) -> bool:
        """Whether it was set back after the one real second, and up to the other."""
        return any(after < at <= upto and by < 0 for at, by in self.steps)

    @property
    def back(self) -> int:
        """By how many seconds it was set back, all in all."""
        return -sum(by for _, by in self.steps if by < 0)

    def first_at(self, second: int) -> int:
        """The first real second at which it showed this time, or a later one."""
        marks = sorted({at for at, _ in self.steps})
        offset, begins = 0, None
        for mark in [*marks, None]:
            reached = second - offset
            if begins is not None and reached < begins:
                return begins
            if mark is None or reached < mark:
                return reached
            begins, offset = mark, self.reads(mark) - mark
        raise AssertionError("a clock goes on for ever")

    def passes_once(self, second: int) -> bool:
        """Whether it never showed this time, or an earlier one, after it had first come to it."""
        first = self.first_at(second)
        return all(self.reads(at) > second for at, _ in self.steps if at > first) and self.reads(first + 1) > second


@dataclass(frozen=True, kw_only=True)
class Life:
    """All that ever happens to one record. Times are real seconds, but for those that say otherwise."""

    key: str
    created: int
    #: In the table from here on: at once, or late (a replica, a backfill).
    visible: int
    #: What its event time says, by the source's clock.
    event: int
    #: When its event time changes, and to what.
    moves: tuple[tuple[int, int], ...] = ()
    #: When P changes: filled, cleared, filled again. It begins empty.
    flips: tuple[int, ...] = ()
    #: Other writes.
    touches: tuple[int, ...] = ()
    #: Out of the table from the one time until before the other (for good: None): deleted, merged away, restored.
    gone: tuple[tuple[int, int | None], ...] = ()
    #: Whether it says when it was last written.
    tells: bool = True
    #: A backfill: it was written when it became visible, as it says itself.
    backfilled: bool = False
    #: What is kept of its past: `fill time`, when it was first filled; `changes`, every one of them; or nothing.
    past: str | None = None

    def holds(self, real: int) -> bool:
        """P at this instant."""
        return len({flip for flip in self.flips if flip <= real}) % 2 == 1

    def is_there(self, real: int) -> bool:
        """Whether a look at this instant would find it."""
        away = any(begins <= real and (ends is None or real < ends) for begins, ends in self.gone)
        return self.visible <= real and not away

    def event_of(self, real: int) -> int:
        """What its event time says at this instant."""
        return max(((at, to) for at, to in self.moves if at <= real), default=(0, self.event))[1]

    def written(self, real: int) -> int:
        """When it was last written; that it comes back is a write, that it goes is none."""
        back = [ends for _, ends in self.gone if ends is not None]
        late = [self.visible] if self.backfilled else []
        writes = (self.created, *self.flips, *self.touches, *(at for at, _ in self.moves), *back, *late)
        return max(write for write in writes if write <= real)

    def changes(self, after: int, upto: int) -> bool:
        """Whether P changed, or the record went or came back, after the one instant and up to the other."""
        turns = (*self.flips, *(at for pair in self.gone for at in pair if at is not None))
        return any(after < turn <= upto for turn in turns)


@dataclass(frozen=True, kw_only=True)
class Crm:
    """The table. `deadline` is in seconds."""

    lives: tuple[Life, ...]
    clock: Clock
    deadline: int
    #: How much later than it says a row may have been written: a time of whole seconds may be rounded down.
    rounded: timedelta = timedelta()

    def life(self, key: str) -> Life:
        """One record."""
        return next(life for life in self.lives if life.key == key)

    def rows(self, span: Range, real: int) -> list[SeenRow]:
        """Rows with an event time in the range, as of an instant, by event time."""
        after, upto = shown(span.after), shown(span.upto)
        there = [
            self._seen(life, real)
            for life in self.lives
            if after <= life.event_of(real) <= upto + 1 and life.is_there(real)
        ]
        return sorted((row for row in there if span.after < row.event_at <= span.upto), key=lambda row: row.event_at)

    def rows_of(self, keys: Iterable[str], real: int) -> list[SeenRow]:
        """Rows with these keys, as of an instant."""
        wanted = set(keys)
        return [self._seen(life, real) for life in self.lives if life.key in wanted and life.is_there(real)]

    def page(self, span: Range, limit: int, real: int) -> tuple[Range, list[SeenRow]]:
        """The beginning of a range: about `limit` rows, those of one event time together."""
        rows = self.rows(span, real)
        if len(rows) <= limit:
            return span, rows
        upto = rows[limit - 1].event_at
        return Range(after=span.after, upto=upto), [row for row in rows if row.event_at <= upto]

    def due(self, event: int) -> int:
        """The first instant at which the clock shows the deadline of an event time, or more."""
        return self.clock.first_at(event + self.deadline)

    def _seen(self, life: Life, real: int) -> SeenRow:
        event = life.event_of(real)
        return SeenRow(
            key=life.key,
            event_at=moment(event),
            holds=life.holds(real),
            written_at=moment(self.clock.reads(life.written(real))) + self.rounded if life.tells else None,
            history=self._history(life, event, real),
        )

    def _history(self, life: Life, event: int, real: int) -> bool | None:
        deadline = event + self.deadline
        if life.past is None or self.clock.reads(real) < deadline:
            return None
        turns = sorted({flip for flip in life.flips if flip <= real})
        changes = [Change(at=moment(self.clock.reads(turn)), holds=life.holds(turn)) for turn in turns]
        if life.past == "changes":
            return by_changes(changes, moment(deadline), holds_now=life.holds(real))
        filled_at = changes[0].at if changes else None
        return by_fill_time(filled_at, moment(deadline), holds_now=life.holds(real))


def spans(ranges: Sequence[Range]) -> list[tuple[int, int]]:
    """Ranges in seconds, to be read in a failure."""
    return [(shown(span.after), shown(span.upto)) for span in ranges]
