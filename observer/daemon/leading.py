"""Leading and following. In: the lease in the state. Out: the term under which this daemon may write, or None."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import structlog

from observer.errors import StoreError
from observer.runs.leading import Term
from observer.store import Store

log = structlog.get_logger("observer")


class Leading:
    """This daemon's part in who leads. Thread-safe."""

    def __init__(
        self, store: Store, holder: str, lease: timedelta, *, alone: bool, on_gain: Callable[[], None]
    ) -> None:
        """`holder` names this process. `alone`: no other daemon can use this state. `on_gain` hears of a new term."""
        self.holder = holder
        self._store = store
        self._lease = lease
        self._alone = alone
        self._on_gain = on_gain
        self._lock = threading.Lock()
        self._term: Term | None = None
        self._until = 0.0
        #: Held while the lease is asked for: a resignation must have the last word.
        self._asking = threading.Lock()
        self._over = False
        self._asked: float | None = None

    @property
    def waits(self) -> float:
        """Seconds for which the state has owed an answer to the question who leads; 0 when it owes none."""
        asked = self._asked
        return 0.0 if asked is None else time.monotonic() - asked

    @property
    def term(self) -> Term | None:
        """The current term; None while another daemon leads, or this one could not renew in time.

        Its end is counted by the monotonic clock from before the renewal was asked for, so never too late.
        """
        with self._lock:
            return self._term if time.monotonic() < self._until else None

    def campaign(self) -> None:
        """Take or renew the lease. Raises StoreError; the term then ends by itself when it is not renewed."""
        with self._asking:
            if not self._over:
                self._campaign()

    def _campaign(self) -> None:
        asked = self._asked = time.monotonic()
        held = self.term
        try:
            term = self._store.leadership.campaign(self.holder, self._lease, alone=self._alone)
        finally:
            self._asked = None
        with self._lock:
            self._term = term
            self._until = asked + self._lease.total_seconds()
        if term is None:
            if held is not None:
                log.warning("leadership_lost", epoch=held.epoch)
            return
        if held is None or held.epoch != term.epoch:
            log.info("leadership_gained", epoch=term.epoch, holder=self.holder)
            self._on_gain()

    def lost(self) -> None:
        """A write was refused: somebody else leads."""
        with self._lock:
            before, self._term = self._term, None
        if before is not None:
            log.warning("leadership_lost", epoch=before.epoch)

    def resign(self) -> None:
        """Let another daemon lead at once, for good; a state that cannot be reached lets the lease run out instead."""
        with self._asking:
            self._over = True
            with self._lock:
                term, self._term = self._term, None
            if term is not None:
                try:
                    self._store.leadership.resign(term)
                except StoreError as error:
                    log.warning("lease_left_to_run_out", reason=str(error))
