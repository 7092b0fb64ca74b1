"""The ledger against an oracle that knows the whole life of every record: no good or bad is ever wrong.

Excepted, and only these: a record that turned on both sides of its deadline between two looks that bracket it (each no
more than a poll interval away), one whose deadline the source's clock passed twice, one whose bracket or history hides
that the clock was set back, and one that was cleared and filled again where only the time of the first fill is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from observer.slo.ledger import SWEEP, Decided
from observer.slo.model import TimeToFill
from observer.slo.verdicts import EvidenceKind, State
from tests.fakes.crm_life import Clock, Crm, Life, moment, shown
from tests.fakes.ledger_memory import MemoryLedger
from tests.fakes.watched_life import Tick, Watch

DEADLINE = 300
ACTIVE = 3000
#: Long enough for everything to fall due, and for two rounds of the sweep.
SETTLED = range(ACTIVE + 600, ACTIVE + 600 + 2 * int(SWEEP.total_seconds()) + 2400, 600)


def watch_of(seed: int) -> tuple[Watch, list[Tick]]:
    """A CRM with its watch, and the ticks to come. From a seed: to draw every number would cost more than to look."""
    dice = Random(seed)
    calm = dice.random() < 0.5
    jumps = dice.choice([0, 0, 1] if calm else [0, 1, 2])
    steps = {dice.randint(100, ACTIVE): dice.choice([-500, -120, -7, 3, 90, 700]) for _ in range(jumps)}
    clock = Clock(steps=tuple(sorted(steps.items())))
    indicator = TimeToFill(
        contract="c",
        object="leads",
        property="email",
        checks=("c.leads.email.required",),
        deadline=timedelta(seconds=DEADLINE),
        poll=timedelta(seconds=dice.choice([60, 100, 150])),
        look_back=timedelta(seconds=dice.choice([20, 1200, 7200, 86400])),
        grace=timedelta(seconds=dice.choice([10, 60, 300])),
    )
    ticks = ticks_of(dice, int(indicator.poll.total_seconds()), calm=calm)
    lives = tuple(life_of(dice, f"r{number}", clock, ticks, calm=calm) for number in range(dice.randint(1, 6)))
    crm = Crm(lives=lives, clock=clock, deadline=DEADLINE)
    watch = Watch(crm=crm, indicator=indicator, ledger=MemoryLedger(deadline=indicator.deadline))
    return watch, ticks


def life_of(dice: Random, key: str, clock: Clock, ticks: Sequence[Tick], *, calm: bool) -> Life:
    # Many are made, or fall due, close to a tick: there it is decided what a look has seen.
    created = max(0, dice.choice([dice.choice(ticks).at - dice.choice([0, DEADLINE]), dice.randint(0, ACTIVE)]))
    created = max(0, created + dice.randint(-9, 9))
    visible = created + dice.choice([0, 0, 5, 50] if calm else [0, 5, 50, 400, 2500])
    event = clock.reads(created) + dice.choice([0] if calm else [0, 0, 0, -100, -1000, 400])
    due = clock.first_at(event + DEADLINE)

    def near() -> int:
        span = dice.choice([(created, created + 800), (due - 160, due + 160), (due - 9, due + 9), (due, due + 1)])
        return max(created, dice.randint(*span))

    gone: tuple[tuple[int, int | None], ...] = ()
    if dice.random() < 0.2:
        begins = max(near(), visible)
        gone = ((begins, dice.choice([None, begins + dice.randint(1, 400)])),)
    return Life(
        key=key,
        created=created,
        visible=visible,
        event=event,
        moves=((near(), event + dice.choice([-400, -30, 30, 250, 2000])),) if dice.random() < 0.2 else (),
        flips=tuple(sorted(near() for _ in range(dice.randint(0, 3)))),
        touches=tuple(sorted(near() for _ in range(dice.randint(0, 2)))),
        gone=gone,
        tells=dice.random() < 0.5,
        backfilled=visible > created and dice.random() < 0.5,
        past=dice.choice([None, None, None, "fill time", "changes"]),
    )


def ticks_of(dice: Random, poll: int, *, calm: bool) -> list[Tick]:
    found: list[Tick] = []
    at = dice.randint(0, 200)
    while at < ACTIVE + 400:
        found.append(
            Tick(
                at=at,
                lag=dice.choice([0, 0, 0, 2] if calm else [0, 0, 0, 0, 2, 20, 90]),
                earlier=dice.choice([0, 0, 3, 9]),
                later=dice.choice([0, 0, 1, 9]),
                page=dice.choice([1000, 3, 1]),
                killed_after=None if calm else dice.choice([None, None, None, 0, 1, 2]),
                twice=dice.random() < 0.5,
                rival=dice.random() < 0.5,
            )
        )
        at += (
            poll
            if calm
            else dice.choice([poll, poll, dice.randint(1, poll), poll + 15, dice.choice([poll, 700, 1900])])
        )
    return found


def lived(watch: Watch, planned: list[Tick]) -> Watch:
    """The watch after its ticks, and after all is quiet and has been looked for."""
    for tick in planned:
        watch.tick(tick)
    for at in SETTLED:
        watch.tick(Tick(at=at))
    return watch


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32))
def test_no_verdict_is_ever_wrong_and_no_record_is_lost(seed: int) -> None:
    check(lived(*watch_of(seed)))


def check(watch: Watch) -> None:
    for row in watch.ledger.decided.values():
        Judged(watch, row).check()
    assert watch.ledger.repeated == []
    assert must_be_found(watch) <= set(watch.ledger.decided)
    assert not watch.ledger.pending
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
        self.due_reading = shown(row.event_at) + DEADLINE
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
        untouched = self.life.tells and self.clock.reads(self.life.written(self.after.instant)) <= self.due_reading
        assert not untouched
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
