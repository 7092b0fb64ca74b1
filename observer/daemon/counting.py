"""Service levels by the clock: which are due to be counted, and what is told of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import structlog

from observer.daemon.lanes import Lanes
from observer.daemon.watching import Watch
from observer.errors import NotLeading, ObserverError, StoreError
from observer.jobs.evaluate_slos import end_alerts_of_removed, every, tell
from observer.jobs.fill_ledger import LedgerFiller
from observer.jobs.hand_over_looks import LooksHandedOver
from observer.jobs.looks import look_of_standing
from observer.jobs.slo_standing import standings
from observer.runs.leading import Term
from observer.slo.model import Slo
from observer.slo.standing import SloStanding
from observer.sources.source import Source
from observer.store import Store

#: Followers, which count nothing, read how things stand no more often.
_READ_SECONDS = 15.0
#: Windows move on when nothing new is counted too: alerts end, budgets come back.
_TELL_SECONDS = 60.0
_SPREAD_SECONDS = 5.0
#: As many levels are counted at once. A source sees no more connections by them.
_LANES = 3
#: Those that are just begun are waited for so long; what takes longer is told of by a later beat.
_PATIENCE_SECONDS = 1.0

log = structlog.get_logger("observer")


@dataclass(kw_only=True)
class _Round:
    """Levels that are begun to be counted at once."""

    watch: Watch
    source: Source
    term: Term
    #: Why the source cannot be asked, once one of them has found out.
    locked_out: ObserverError | None = None
    #: The state failed one of them, or somebody else leads: those that wait in line are left for the next one.
    is_over: bool = False


class _LeftOut(Exception):
    """It waited in line while its configuration was replaced, or the state failed others: the next round has it."""


class Counting:
    """Counts every level, as often as it asks for. `count` is for one thread, `standings` for any."""

    def __init__(self, store: Store, current: Callable[[], Watch], looks: LooksHandedOver) -> None:
        self._looks = looks
        self._store = store
        self._current = current
        #: SLO → when it is due, by the monotonic clock: to be counted, and to be told of.
        self._due: dict[str, float] = {}
        self._tell: dict[str, float] = {}
        #: What is counted just now, and for which call.
        self._lanes = Lanes(_LANES, "slo")
        self._rounds: dict[str, _Round] = {}
        #: The configuration whose SLOs alone have alerts.
        self._cleared: Watch | None = None
        #: By SLO, as just told; and when all of them were last read, by the monotonic clock.
        self._standings: dict[str, SloStanding] = {}
        self._read_at: float | None = None
        self._reading = threading.Lock()

    def standings(self) -> tuple[SloStanding, ...]:
        """How the levels in force stand: as just told, or read from the state. Raises StoreError."""
        slos = self._current().slos
        with self._reading:
            if self._read_at is None or time.monotonic() - self._read_at > _READ_SECONDS:
                self._keep(standings(self._store, slos, at=datetime.now(UTC)))
            # Of another revision than the one in force nothing is told.
            known = [self._standings.get(slo.name) for slo in slos]
            return tuple(each for slo, each in zip(slos, known, strict=True) if each and each.slo == slo)

    def count(self, source: Source, term: Term) -> None:
        """Count the levels that are due, and tell how they stand. Raises StoreError, NotLeading.

        A level whose look takes long goes on beside the others, and is told of by a later call. One that breaks says so
        in its ledger. A source that does not answer one of them is not asked again for the others that are due now.
        """
        watch = self._current()
        if watch is not self._cleared:
            end_alerts_of_removed(self._store, watch.slos, now=datetime.now(UTC), term=term)
            self._cleared = watch
        round_ = _Round(watch=watch, source=source, term=term)
        begun = self._begin(round_)
        met: list[ObserverError] = []
        counted: set[str] = set()
        for each in self._lanes.ended(wait_for=begun, patience=_PATIENCE_SECONDS):
            by = self._rounds.pop(each.name)
            if each.error is None:
                counted.add(each.name)
                continue
            self._due.pop(each.name, None)
            # Of what was done for a term that is over nothing is to be heard.
            if isinstance(each.error, StoreError | NotLeading) and by.term.epoch == term.epoch:
                met.append(each.error)
        if met:
            raise next((error for error in met if isinstance(error, NotLeading)), met[0])
        self._tell_of(watch, counted, term)

    def _begin(self, round_: _Round) -> tuple[str, ...]:
        """Begin to count those that are due, whoever waits longest first."""
        slos, due, now = round_.watch.slos, self._due, time.monotonic()
        for place, slo in enumerate(slos):
            interval = every(slo).total_seconds()
            # Spread over the interval, or all would always be due at once.
            due.setdefault(slo.name, now + place / len(slos) * min(interval, _SPREAD_SECONDS))
            # Since it was set the interval may have become shorter.
            due[slo.name] = min(due[slo.name], now + interval)
        begun = [slo for slo in slos if now >= due[slo.name] and slo.name not in self._lanes.busy]
        for slo in sorted(begun, key=lambda slo: due[slo.name]):
            # From when it was due: beats come a little late, and a poll interval is a promise.
            due[slo.name] = max(due[slo.name] + every(slo).total_seconds(), now)
            self._rounds[slo.name] = round_
            self._lanes.begin(slo.name, partial(self._count, slo, round_))
        return tuple(slo.name for slo in begun)

    def _count(self, slo: Slo, round_: _Round) -> None:
        """One level, by a thread of its own. Raises StoreError, NotLeading, _LeftOut."""
        if round_.is_over or self._current() is not round_.watch:
            raise _LeftOut
        counter, at = round_.watch.counters[slo.name], datetime.now(UTC)
        try:
            if not isinstance(counter, LedgerFiller):
                counter.count(self._store, now=at, term=round_.term)
            elif round_.locked_out is not None:
                counter.unseen(round_.locked_out, self._store, now=at, term=round_.term)
            else:
                counter.count(round_.source, self._store, now=at, term=round_.term)
                round_.locked_out = counter.locked_out or round_.locked_out
        except (StoreError, NotLeading):
            round_.is_over = True
            raise
        except Exception as error:  # a fault of ours with one level stops no other, and is not hidden
            log.exception("slo_broke", slo=slo.name)
            trouble = f"unexpected {type(error).__name__}; the log of the daemon says where"
            ledger = self._store.ledgers.open(slo, now=at, term=round_.term)
            self._store.ledgers.say(ledger, trouble=trouble, term=round_.term)

    def _tell_of(self, watch: Watch, counted: Collection[str], term: Term) -> None:
        """Those that were counted, and those that nobody was told of for long."""
        now = time.monotonic()
        # After a downtime nothing is told before the first look: it would be told of windows that are still empty.
        late = {name for name, at in self._tell.items() if now >= at}
        to_tell = [slo for slo in watch.slos if slo.name in counted or slo.name in late]
        if to_tell:
            at = datetime.now(UTC)
            found = tell(self._store, to_tell, now=at, term=term)
            self._tell |= {slo.name: now + _TELL_SECONDS for slo in to_tell}
            with self._reading:
                self._keep(found)
            for standing in found:
                contract = watch.contracts[standing.slo.indicator.contract].contract
                look = look_of_standing(standing, contract, at=at)
                self._looks.hand_over(f"level {standing.slo.name}", look, term)

    def close(self) -> None:
        """Begin to count nothing more."""
        self._lanes.close()

    def _keep(self, found: tuple[SloStanding, ...]) -> None:
        self._standings |= {each.slo.name: each for each in found}
        self._read_at = time.monotonic()
