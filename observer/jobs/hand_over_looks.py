"""Looks → the queue of the state, only those that tell something: a glance is taken every minute, and mostly shows what
the last one showed.

In: looks under the name of what was looked at. Out: looks in the state. Runs write their own, with their results.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from observer.incidents.findings import Grade, Look
from observer.incidents.looks import last_well
from observer.jobs.looks import blind, without_first_blindness
from observer.runs.leading import Term
from observer.store import Store


@dataclass
class _Said:
    """What was last said under a name."""

    #: Fingerprint → its grade; None: it could have been found and was not.
    known: dict[str, Grade | None] = field(default_factory=dict)
    #: The last look that was handed over; None: none was.
    at: datetime | None = None
    blind: frozenset[str] = frozenset()
    #: Fingerprint → the last look that could have found it and did not.
    well: dict[str, datetime] = field(default_factory=dict)


class LooksHandedOver:
    """What this leader has handed over. For one thread per name."""

    def __init__(self, store: Store, again_after: Callable[[], timedelta]) -> None:
        """What differs from the last look is handed over at once, anything else after `again_after`: its numbers may
        have changed, and a run may have told otherwise meanwhile."""
        self._store = store
        self._again_after = again_after
        self._said: dict[str, _Said] = {}
        self._epoch: int | None = None
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Another configuration: every name hands its next look over."""
        with self._lock:
            self._said = {}

    def hand_over(self, name: str, look: Look, term: Term) -> bool:
        """Write it to the state when it tells something; whether it did. Raises StoreError, NotLeading."""
        said = self._said_of(name, term)
        unseen = blind(look)
        found = {finding.fingerprint for finding in look.findings}
        said.well |= dict.fromkeys(look.covered - found, look.at)
        look = last_well(without_first_blindness(look, said.blind), said.well)
        said.blind = unseen
        tells = dict[str, Grade | None](dict.fromkeys(look.covered)) | {f.fingerprint: f.grade for f in look.distinct()}
        if not tells or (said.at is not None and tells.items() <= said.known.items() and self._is_soon(look, said.at)):
            return False
        self._store.incidents.add_look(look, origin=name, term=term)
        said.known |= tells
        said.at = look.at
        return True

    def _is_soon(self, look: Look, before: datetime) -> bool:
        # A clock that was set back makes nobody wait.
        return timedelta() <= look.at - before < self._again_after()

    def _said_of(self, name: str, term: Term) -> _Said:
        with self._lock:
            if term.epoch != self._epoch:
                # Another leader may have told otherwise meanwhile.
                self._epoch, self._said = term.epoch, {}
            return self._said.setdefault(name, _Said())
