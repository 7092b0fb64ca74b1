"""The ledger's job on a simulated CRM. Pages, lag, kills, repeated and stale steps; what looks showed is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from observer.slo.ledger import Look, Position, Range, SeenRow, Step, begin, missing, next_reading, step
from observer.slo.model import TimeToFill
from tests.fakes.crm_life import Crm, moment, shown
from tests.fakes.ledger_memory import MemoryLedger


@dataclass(frozen=True, kw_only=True)
class Tick:
    """One beat. Times are real seconds."""

    at: int
    #: How old the instant is that it shows: the lag of a replica.
    lag: int = 0
    #: How much earlier and later than that instant the clock was read.
    earlier: int = 0
    later: int = 0
    #: Rows of a page.
    page: int = 1000
    #: Pages after which the daemon is killed, before it writes the last of them; None: it is not.
    killed_after: int | None = None
    #: Every step is written twice.
    twice: bool = False
    #: Another daemon looked at the same time, and writes its first page last.
    rival: bool = False


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What one page that was written had shown."""

    instant: int
    #: By the clock, around the instant.
    first: int
    last: int
    read: tuple[Range, ...]
    keys: frozenset[str]
    #: Pages that were written before it.
    number: int


@dataclass
class Watch:
    """Ticks on a CRM, with what they showed."""

    crm: Crm
    indicator: TimeToFill
    ledger: MemoryLedger
    pages: list[Shown] = field(default_factory=list)
    #: Ticks that were read to their end and written.
    whole: list[Shown] = field(default_factory=list)
    #: Which page decided a key.
    deciding: dict[str, Shown] = field(default_factory=dict)

    def tick(self, tick: Tick) -> None:
        """Look once."""
        instant = tick.at - tick.lag
        times = [self.crm.clock.reads(instant - tick.earlier), self.crm.clock.reads(instant + tick.later)]
        position = self.ledger.position
        if position is None:
            position = self.ledger.position = begin(moment(min(times)), self.indicator)
        reading = next_reading(
            position, self.indicator, oldest_pending=self.ledger.oldest_pending, now=moment(min(times))
        )
        stale = None
        for number, (read, rows) in enumerate(self._pages(reading.ranges, tick.page, instant), start=1):
            look = Look(at=moment(times[0]), until=moment(times[1]), ranges=(read,), rows=tuple(rows))
            look, change = self._step(position, look, reading.sweep, instant)
            if tick.killed_after is not None and number > tick.killed_after:
                return
            if tick.rival and stale is None:
                stale = change
            assert self.ledger.apply(change)
            self._note(look, change, instant)
            position = change.now
            if tick.twice:
                self._again(change)
        if stale is not None:
            self._again(stale)
        self.whole.append(self._shown(min(times), max(times), reading.ranges, frozenset(), instant))

    def _pages(self, ranges: tuple[Range, ...], limit: int, instant: int) -> Iterator[tuple[Range, list[SeenRow]]]:
        for span in ranges:
            rest = span
            while rest.after < rest.upto:
                read, rows = self.crm.page(rest, limit, instant)
                yield read, rows
                rest = replace(rest, after=read.upto)

    def _step(self, position: Position, look: Look, sweep: Range, instant: int) -> tuple[Look, Step]:
        pending, _ = self.ledger.known(look.ranges, [row.key for row in look.rows])
        elsewhere = self.crm.rows_of(missing(look, pending), instant)
        look = replace(look, rows=(*look.rows, *elsewhere))
        pending, known = self.ledger.known(look.ranges, [row.key for row in look.rows])
        return look, step(position, self.indicator, look, sweep=sweep, pending=pending, known=known)

    def _note(self, look: Look, change: Step, instant: int) -> None:
        first, last = sorted((shown(look.at), shown(look.until)))
        page = self._shown(first, last, look.ranges, frozenset(row.key for row in look.rows), instant)
        self.pages.append(page)
        self.deciding |= {row.key: page for row in change.decided}

    def _shown(self, first: int, last: int, read: tuple[Range, ...], keys: frozenset[str], instant: int) -> Shown:
        return Shown(instant=instant, first=first, last=last, read=read, keys=keys, number=len(self.pages))

    def _again(self, change: Step) -> None:
        """Write a step that was written, or overtaken: nothing may change."""
        before = (dict(self.ledger.pending), dict(self.ledger.decided), self.ledger.totals)
        self.ledger.apply(change)
        # A step that moved no mark may be written again, with what it decided: that counts once.
        self.ledger.repeated.clear()
        assert (self.ledger.pending, self.ledger.decided, self.ledger.totals) == before
