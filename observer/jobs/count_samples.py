"""Recorded results, counted for one level: runs, glances and slots, each of them once."""

from __future__ import annotations

from datetime import datetime, timedelta

from observer.runs.leading import Term
from observer.slo.model import Slo
from observer.slo.windows import window_begins
from observer.store import Store

#: What was recorded a little out of order is still found: a run that took long ends long after others that began later.
OVERLAP = timedelta(hours=6)


class SampleCounter:
    """Counts what was recorded for one level. For one thread at a time."""

    def __init__(self, slo: Slo) -> None:
        self._slo = slo
        self._since: datetime | None = None

    def count(self, store: Store, *, now: datetime, term: Term) -> None:
        """Count what is new. Raises StoreError, NotLeading.

        A new level counts what its window holds already: it was recorded when it mattered.
        """
        ledger = store.ledgers.open(self._slo, now=now, term=term)
        since = self._since or window_begins(self._slo.window, now)
        found = store.ledgers.samples(self._slo.indicator, since)
        store.ledgers.count(ledger, found.samples, now=now, term=term)
        store.ledgers.say(ledger, trouble=found.trouble, undatable=None, term=term)
        self._since = now - OVERLAP
