"""Service levels by the clock: which are due to be counted, and what is told of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from observer.daemon.watching import Watch
from observer.errors import ObserverError
from observer.jobs.evaluate_slos import end_alerts_of_removed, every, tell
from observer.jobs.fill_ledger import LedgerFiller
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


class Counting:
    """Counts every level in turn, as often as it asks for. `count` is for one thread, `standings` for any."""

    def __init__(self, store: Store, current: Callable[[], Watch]) -> None:
        self._store = store
        self._current = current
        #: SLO → when it is due, by the monotonic clock: to be counted, and to be told of.
        self._due: dict[str, float] = {}
        self._tell: dict[str, float] = {}
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

        A source that does not answer one of them is not asked again for the others that are due now.
        """
        watch = self._current()
        if watch is not self._cleared:
            end_alerts_of_removed(self._store, watch.slos, now=datetime.now(UTC), term=term)
            self._cleared = watch
        locked_out: ObserverError | None = None
        to_tell: list[Slo] = []
        for place, slo in enumerate(watch.slos):
            now = time.monotonic()
            # Spread over the interval, or all would always be due at once.
            share = place / len(watch.slos) * min(every(slo).total_seconds(), _SPREAD_SECONDS)
            due = self._due.setdefault(slo.name, now + share)
            if now >= due:
                # From when it was due: beats come a little late, and a poll interval is a promise.
                self._due[slo.name] = max(due + every(slo).total_seconds(), now)
                locked_out = self._count(watch, slo, source, term, locked_out) or locked_out
            if now >= min(due, self._tell.get(slo.name, due)):
                self._tell[slo.name] = now + _TELL_SECONDS
                to_tell.append(slo)
        if to_tell:
            found = tell(self._store, to_tell, now=datetime.now(UTC), term=term)
            with self._reading:
                self._keep(found)

    def _count(
        self, watch: Watch, slo: Slo, source: Source, term: Term, locked_out: ObserverError | None
    ) -> ObserverError | None:
        """Why the source cannot be asked, or None."""
        counter, at = watch.counters[slo.name], datetime.now(UTC)
        if not isinstance(counter, LedgerFiller):
            counter.count(self._store, now=at, term=term)
            return None
        if locked_out is not None:
            counter.unseen(locked_out, self._store, now=at, term=term)
            return None
        counter.count(source, self._store, now=at, term=term)
        return counter.locked_out

    def _keep(self, found: tuple[SloStanding, ...]) -> None:
        self._standings |= {each.slo.name: each for each in found}
        self._read_at = time.monotonic()
