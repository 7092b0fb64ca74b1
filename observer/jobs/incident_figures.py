"""How incidents stand, for metrics. In: the state, and what is watched now. Out: figures for every scrape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from observer.contracts.model import Contract
from observer.incidents.kpis import kpis_of
from observer.incidents.spans import last_days
from observer.jobs.response_levels import TurningPoints
from observer.metrics.incidents import LATELY, IncidentFigures
from observer.store import Store

#: More open ones than that are not told apart in metrics.
_MOST_OPEN = 100_000


class IncidentsCounted:
    """Reads only what changed since the last time. Thread-safe."""

    def __init__(self, store: Store, contracts: Callable[[], Iterable[Contract]]) -> None:
        """`contracts`: those that are watched now."""
        self._store = store
        self._contracts = contracts
        self._logs = TurningPoints(store)

    def __call__(self) -> IncidentFigures:
        """As things stand. Raises StoreError."""
        now = datetime.now(UTC)
        span = last_days(LATELY, now)
        rows = self._store.incidents.rows(limit=_MOST_OPEN, open_only=True)
        kpis = kpis_of(
            self._logs.since(span.begins),
            tuple(self._contracts()),
            span,
            now,
            known_since=self._store.reviews.known_since(),
        )
        return IncidentFigures(open=Counter((row.group.contract, row.grade, row.status) for row in rows), lately=kpis)
