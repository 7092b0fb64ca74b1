"""Promises of contracts about incidents, held against the incidents that are open. In: the state. Out: looks."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from datetime import datetime

from observer.contracts.model import Contract
from observer.incidents.events import IncidentEvent
from observer.incidents.findings import Look
from observer.incidents.response import look_of_responses, verdicts_of
from observer.store import Store


class TurningPoints:
    """Logs without what their times do not depend on, each read again only when it grew. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        #: Incident → its last event when it was read, and what was read.
        self._known: dict[str, tuple[int, tuple[IncidentEvent, ...]]] = {}

    def since(self, since: datetime | None = None) -> tuple[tuple[IncidentEvent, ...], ...]:
        """Of all incidents that were open at some time since then (None: are open now), the oldest first.

        Raises StoreError.
        """
        with self._lock:
            heads = self._store.reviews.incidents(since)
            known = {each: self._known[each] for each, seq in heads.items() if self._known.get(each, (0,))[0] == seq}
            fresh = self._store.reviews.turning_points([each for each in heads if each not in known])
            known |= {each: (heads[each], log) for each, log in fresh.items()}
            self._known = known
        return tuple(known[each][1] for each in heads if each in known)


class ResponseLevels:
    """What open incidents break of what contracts promise. For one thread."""

    def __init__(self, store: Store) -> None:
        self._logs = TurningPoints(store)

    def looks(self, contracts: Iterable[Contract], *, at: datetime) -> Iterator[tuple[str, Look]]:
        """A look per contract that promises anything, under the name of what was looked at. Raises StoreError."""
        promising = {contract.id: contract for contract in contracts if contract.responses}
        if not promising:
            return
        logs: dict[str, list[tuple[IncidentEvent, ...]]] = {name: [] for name in promising}
        for log in self._logs.since():
            group = log[0].group
            if group is not None and group.contract in logs:
                logs[group.contract].append(log)
        for name, contract in promising.items():
            verdicts = [each for log in logs[name] for each in verdicts_of(log, contract.responses, at)]
            yield f"promises of {name}", look_of_responses(contract, verdicts, at=at)
