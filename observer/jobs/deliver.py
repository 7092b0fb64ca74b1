"""Outbox → receivers. In: what waits in the state. Out: it landed, or it waits for its next attempt, or it is dead."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from observer.runs.deliveries import Delivery, Failure, after_failure
from observer.runs.leading import Term
from observer.store import Store

#: Longer than any receiver takes for one delivery, so that nobody else begins it meanwhile.
LEASE = timedelta(seconds=60)
#: Taken at once; a line gives one at a time.
BATCH = 50


class Sender(Protocol):
    """Takes deliveries to one receiver."""

    def send(self, delivery: Delivery) -> Failure | None:
        """Deliver; None when it landed. Never raises for what is wrong with the receiver."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt to deliver."""

    receiver: str
    #: None: it landed.
    failure: Failure | None
    #: True when it is not tried again.
    dead: bool = False


def flush(
    store: Store, senders: Mapping[str, Sender], *, within: timedelta, term: Term | None = None
) -> Iterator[Attempt]:
    """Deliver as long as anything lands; after `within` no other attempt is begun. Raises StoreError, NotLeading."""
    until = time.monotonic() + within.total_seconds()
    landed = True
    while landed and time.monotonic() < until:
        attempts = deliver(store, senders, term=term, until=until)
        landed = any(attempt.failure is None for attempt in attempts)
        yield from attempts


def deliver(
    store: Store, senders: Mapping[str, Sender], *, term: Term | None = None, until: float = math.inf
) -> tuple[Attempt, ...]:
    """One attempt at the first of every line that may be tried now. Raises StoreError, NotLeading.

    A receiver that cannot be reached is not asked again within the same call, and none is after `until`, by the
    monotonic clock.
    """
    attempts: list[Attempt] = []
    for receiver, sender in senders.items():
        down = False
        for delivery in store.outbox.take(receiver, BATCH, LEASE, term=term):
            if down or time.monotonic() > until:
                store.outbox.release(delivery)
                continue
            failure = sender.send(delivery)
            if failure is None:
                store.outbox.delivered(delivery)
                attempts.append(Attempt(receiver=receiver, failure=None))
                continue
            verdict = after_failure(delivery, failure, now=store.outbox.now(), spread=random.random())  # noqa: S311  # no secret
            store.outbox.failed(delivery, failure, verdict)
            attempts.append(Attempt(receiver=receiver, failure=failure, dead=verdict.retry_at is None))
            # What one delivery is refused for need not be true of the next; a receiver that is down is down for all.
            down = failure.can_retry
    return tuple(attempts)
