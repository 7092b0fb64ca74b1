"""The outbox by the clock. In: what waits there for each receiver. Out: it was told, or waits; metrics and troubles."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Protocol

import structlog

from observer.daemon.troubles import Troubles
from observer.errors import StoreError
from observer.jobs.deliver import Attempt, Repeater, Sender, flush
from observer.runs.deliveries import Reason
from observer.runs.leading import Term
from observer.store import Store

log = structlog.get_logger("observer")

#: A stop goes on flushing the outbox for so long; the next leader sends the rest.
FLUSH_FOR: Final = timedelta(seconds=10)
#: No receiver is waited for any longer: not for an attempt that is under way, nor for one of the stop's own.
STOP_WAITS: Final = timedelta(seconds=30)
#: So long goes a beat on; what is left then waits for the next one.
BEAT_FLUSH_FOR: Final = timedelta(seconds=2)


class DeliveryMetrics(Protocol):
    """What is counted of deliveries."""

    def delivered(self, receiver: str) -> None: ...

    def delivery_failed(self, receiver: str, reason: Reason) -> None: ...


class Delivering:
    """Tells every receiver on its own, so that one that is slow or hangs holds up no other."""

    def __init__(
        self, store: Store, senders: Mapping[str, Sender], metrics: DeliveryMetrics, troubles: Troubles
    ) -> None:
        self._store = store
        self._senders = senders
        self._metrics = metrics
        self._troubles = troubles
        #: By receiver: what a beat has taken, a stop would not see, and leave untold.
        self._busy = {receiver: threading.Lock() for receiver in senders}

    @property
    def receivers(self) -> tuple[str, ...]:
        """Everybody that something is delivered to."""
        return tuple(self._senders)

    def deliver(self, receiver: str, term: Term | None, *, within: timedelta, impatient: bool = False) -> None:
        """What waits for the receiver, as long as it hears. Raises StoreError, NotLeading."""
        with self._busy[receiver]:
            sender = {receiver: self._senders[receiver]}
            for attempt in flush(self._store, sender, within=within, term=term, impatient=impatient):
                self._tell(attempt)

    def _tell(self, attempt: Attempt) -> None:
        if attempt.failure is None:
            self._metrics.delivered(attempt.receiver)
            self._troubles.report(attempt.receiver, None)
            return
        self._metrics.delivery_failed(attempt.receiver, attempt.failure.reason)
        self._troubles.report(attempt.receiver, attempt.failure.detail)
        if attempt.dead:
            log.error("delivery_dead", receiver=attempt.receiver, reason=attempt.failure.detail)

    def resend(self) -> None:
        """Tell receivers that forget of everything that goes on. Raises StoreError."""
        for receiver, sender in self._senders.items():
            if isinstance(sender, Repeater):
                failure = sender.resend(self._store.incidents.live())
                self._troubles.report(receiver, None if failure is None else failure.detail)

    def last_words(self, term: Term | None) -> None:
        """All that can be told before the end. Never raises."""
        threads = {
            receiver: threading.Thread(target=self._last_words, args=(receiver, term), daemon=True)
            for receiver in self._senders
        }
        for thread in threads.values():
            thread.start()
        until = time.monotonic() + STOP_WAITS.total_seconds()
        for receiver, thread in threads.items():
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                # What it has under way is told again by the next leader, unless it lands.
                log.warning("outbox_not_flushed", receiver=receiver, reason="it takes too long to answer")

    def _last_words(self, receiver: str, term: Term | None) -> None:
        try:
            self.deliver(receiver, term, within=FLUSH_FOR, impatient=True)
        except StoreError as error:
            log.warning("outbox_not_flushed", receiver=receiver, reason=str(error))
        except Exception:  # a fault of ours with one receiver leaves no other untold
            log.exception("duty_broke", duty=f"last deliveries to {receiver}")
