"""What a ledger decided, held against the whole life of every record: no good or bad is ever wrong.

Excepted, and only these: a record that turned on both sides of its deadline between two looks that bracket it (each no
more than a poll interval away), one whose deadline the source's clock passed twice, one whose bracket or history hides
that the clock was set back, and one that was cleared and filled again where only the time of the first fill is kept.
"""

from __future__ import annotations

from collections import Counter

from observer.slo.budget import Counts
from observer.slo.ledger import Decided
from observer.slo.verdicts import EvidenceKind, State
from tests.fakes.crm_life import moment, shown
from tests.fakes.watched_life import Watch


def check(watch: Watch) -> None:
    """All laws, of a watch that has come to rest."""
    for row in watch.ledger.decided.values():
        Judged(watch, row).check()
    assert watch.ledger.repeated == []
    assert must_be_found(watch) <= set(watch.ledger.decided)
    assert not watch.ledger.pending
    recount = Counter(row.state.value for row in watch.ledger.decided.values())
    assert watch.ledger.totals == Counts(**recount)
    replayed = watch.ledger.restored()
    assert (replayed.totals, replayed.decided, replayed.pending) == (watch.ledger.totals, watch.ledger.decided, {})


def must_be_found(watch: Watch) -> set[str]:
    """Records that are in the table to the end, visible within the look-back, with an event time that counts."""
    assert watch.ledger.position is not None
    since = shown(watch.ledger.position.since)
    clock, look_back = watch.crm.clock, int(watch.indicator.look_back.total_seconds())
    return {
        life.key
        for life in watch.crm.lives
        if not life.gone
        and not life.moves
        and life.event > since
        and clock.reads(life.visible) - life.event + clock.back <= look_back
    }


class Judged:
    """One verdict, held against the life of its record."""

    def __init__(self, watch: Watch, row: Decided) -> None:
        self.watch, self.row = watch, row
        self.life, self.clock = watch.crm.life(row.key), watch.crm.clock
        self.due_reading = shown(row.event_at) + watch.crm.deadline
        # A clock that is set forward over the deadline: what is stamped after that came after it.
        first = self.clock.first_at(self.due_reading)
        self.due = first if self.clock.reads(first) == self.due_reading else first - 1
        self.poll = int(watch.indicator.poll.total_seconds())
        self.after = watch.deciding[row.key]
        self.before = [
            page
            for page in watch.pages
            if row.key in page.keys and page.number < self.after.number and page.last < self.due_reading
        ]

    def check(self) -> None:
        assert self.row.event_at in {moment(self.life.event), *(moment(to) for _, to in self.life.moves)}
        assert self.after.first == shown(self.row.decided_at) >= self.due_reading
        earlier = [page for page in self.watch.pages if page.number < self.after.number and self.row.key in page.keys]
        assert all(page.first < self.due_reading for page in earlier), "the first look after the deadline decides"
        if self.row.state is State.WITHDRAWN:
            assert not self.life.is_there(self.after.instant)
            return
        assert self.life.is_there(self.after.instant)
        if not self.clock.passes_once(self.due_reading):
            return
        if self.row.state is State.UNKNOWN:
            self.check_unknown()
        elif (self.row.state is State.GOOD) is not self.life.holds(self.due):
            if self.row.evidence is EvidenceKind.HISTORY:
                again = self.life.past == "fill time" and self.life.changes(self.due, self.after.instant)
                assert again or self.clock.went_back(self.life.created, self.due)
                return
            assert self.row.evidence is EvidenceKind.BRACKETED
            before, after = self.before[-1].instant, self.after.instant
            if self.clock.went_back(before, after):
                return
            assert self.life.changes(before, self.due)
            assert self.life.changes(self.due, after)
            assert after - before <= 2 * self.poll

    def check_unknown(self) -> None:
        """Unknown only where nothing can tell."""
        (seen,) = self.watch.crm.rows_of([self.row.key], self.after.instant)
        assert seen.history is None or seen.event_at != self.row.event_at
        assert seen.written_at is None or seen.written_at > moment(self.due_reading)
        near = [
            page
            for page in self.watch.whole
            if page.last < self.due_reading <= page.first + self.poll
            and self.life.is_there(page.instant)
            and page.number < self.after.number
        ]
        in_time = self.clock.reads(self.life.visible) - self.life.event <= self.watch.indicator.grace.total_seconds()
        if not near or self.clock.steps or not in_time or self.life.moves:
            return
        if self.after.last - self.due_reading > self.poll:
            return
        assert self.life.changes(near[-1].instant, self.after.instant)
