"""Ticks by the clock: which contracts are due for a glance; what the glances showed goes into the state, and what is
news of it to incidents."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from observer.daemon.troubles import Troubles
from observer.daemon.watching import Watch, Watched
from observer.errors import ObserverError
from observer.jobs.hand_over_looks import LooksHandedOver
from observer.jobs.looks import look_of_glance
from observer.runs.leading import Term
from observer.runs.ticks import Tick
from observer.sources.source import Source
from observer.store import Store


class TickMetrics(Protocol):
    """What is counted of ticks."""

    def ticked(self, contract: str, seconds: float, ok: bool) -> None: ...


class Glancing:
    """Glances at every contract in turn, freshness often, volume now and then. For one thread."""

    def __init__(
        self,
        store: Store,
        current: Callable[[], Watch],
        metrics: TickMetrics,
        troubles: Troubles,
        looks: LooksHandedOver,
    ) -> None:
        self._looks = looks
        self._store = store
        self._current = current
        self._metrics = metrics
        self._troubles = troubles
        #: (contract, volume?) → when it is due, by the monotonic clock: a wall clock that steps delays no glance.
        self._due: dict[tuple[str, bool], float] = {}
        #: Contract → whether the last glance at it could not even begin.
        self._blind: dict[str, bool] = {}

    def glance(self, source: Source, term: Term) -> None:
        """Glance at the contracts that are due. Raises StoreError, NotLeading.

        A source that does not answer one of them is not asked again for the others that are due now: each would wait
        as long as the first, and what was seen of the last would pass for fresh meanwhile.
        """
        locked_out: ObserverError | None = None
        watch = self._current()
        settings = watch.settings.ticks
        for place, (name, watched) in enumerate(watch.contracts.items()):
            now = time.monotonic()
            # The first glances are spread over the interval, or all contracts would always be due at once.
            share = place / len(watch.contracts)
            every = {False: settings.freshness.total_seconds(), True: settings.volume.total_seconds()}
            for volume, seconds in every.items():
                self._due.setdefault((name, volume), now + share * min(seconds, every[False]))
            if now < self._due[name, False]:
                continue
            volume = now >= self._due[name, True]
            self._due[name, False] = now + every[False]
            if volume:
                self._due[name, True] = now + every[True]
            begun, at = time.monotonic(), datetime.now(UTC)
            if locked_out is None:
                ticks = watched.glancer.look(source, at=at, volume=volume)
                locked_out = watched.glancer.locked_out
            else:
                ticks = watched.glancer.unseen(locked_out, at=at, volume=volume)
            self._blind[name] = locked_out is not None
            self._record(watched, ticks, term, begun, at)

    def _record(self, watched: Watched, ticks: tuple[Tick, ...], term: Term, begun: float, at: datetime) -> None:
        if not ticks:
            return
        self._store.ticks.record(ticks, term=term)
        look = look_of_glance(ticks, {spec.id: spec for spec in watched.plan.checks}, watched.contract, at=at)
        self._looks.hand_over(f"glance at {watched.contract.id}", look, term)
        self._metrics.ticked(watched.contract.id, time.monotonic() - begun, ok=not any(t.error for t in ticks))
        # A table that cannot be read is the business of its checks; a source that can be asked nothing is in trouble.
        blind = all(self._blind.get(name, True) for name in self._current().contracts)
        self._troubles.report("source", next(tick.error for tick in ticks) if blind else None)
