"""A reading of the state that asks seldom and never waits long. In: what may fail or hang. Out: its answer, or None."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from observer.errors import ObserverError

log = structlog.get_logger("observer")
T = TypeVar("T")


@dataclass(frozen=True)
class _Answer(Generic[T]):
    #: None: it could not be read.
    value: T | None
    at: float


@dataclass
class _Asked(Generic[T]):
    since: float
    done: threading.Event


class Reading(Generic[T]):
    """Asks at most one at a time, and not again while an answer (or a failure) is younger than `fresh_for` seconds.

    Whoever asks waits at most `patience` seconds; what comes later serves the next one. `monotonic` is a clock that
    nobody sets.
    """

    def __init__(
        self,
        read: Callable[[], T],
        *,
        fresh_for: float,
        patience: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._fresh_for = fresh_for
        self._patience = patience
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._answer: _Answer[T] | None = None
        self._asked: _Asked[T] | None = None

    def begin(self) -> None:
        """Ask unless there is a fresh answer, and wait for nothing."""
        with self._lock:
            if self._fresh() is None:
                self._begun()

    def get(self) -> T | None:
        """The answer; None when it cannot be had now."""
        with self._lock:
            if (answer := self._fresh()) is not None:
                return answer.value
            asked = self._begun()
        asked.done.wait(max(0.0, self._patience - (self._monotonic() - asked.since)))
        with self._lock:
            answer = self._fresh()
            return None if answer is None else answer.value

    def _begun(self) -> _Asked[T]:
        """What is asked now; the lock is held."""
        if self._asked is None:
            self._asked = _Asked(since=self._monotonic(), done=threading.Event())
            threading.Thread(target=self._ask, args=(self._asked,), name="metrics-reading", daemon=True).start()
        return self._asked

    def _fresh(self) -> _Answer[T] | None:
        answer = self._answer
        return answer if answer is not None and self._monotonic() - answer.at < self._fresh_for else None

    def _ask(self, asked: _Asked[T]) -> None:
        value: T | None = None
        try:
            value = self._read()
        except Exception as fault:  # noqa: BLE001  # whatever the store does, a scrape goes on and says `store_up 0`
            # The text of a fault nobody foresaw could hold a value; its kind cannot.
            reason = str(fault) if isinstance(fault, ObserverError) else type(fault).__name__
            log.warning("metrics_without_state", reason=reason)
        with self._lock:
            self._answer = _Answer(value=value, at=self._monotonic())
            self._asked = None
        asked.done.set()
