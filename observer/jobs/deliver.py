"""Outbox → receivers. In: what waits in the state. Out: it landed, or it waits for its next attempt, or it is dead."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol, runtime_checkable

from observer.runs.deliveries import Delivery, Failure, ReceiverCondition, after_failure, receiver_after
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


@runtime_checkable
class BatchSender(Sender, Protocol):
    """Takes several deliveries to its receiver as one message, where that is better for people."""

    def batches(self, taken: Sequence[Delivery]) -> Sequence[tuple[Delivery, ...]]:
        """What of these goes together; every one in exactly one batch, in their order."""

    def send_batch(self, batch: tuple[Delivery, ...]) -> Failure | None:
        """Deliver them; None when all landed. They land or fail together. Never raises, as `send`."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt to deliver."""

    receiver: str
    #: None: it landed.
    failure: Failure | None
    #: True when it is not tried again.
    dead: bool = False


def flush(
    store: Store,
    senders: Mapping[str, Sender],
    *,
    within: timedelta,
    term: Term | None = None,
    impatient: bool = False,
) -> Iterator[Attempt]:
    """Deliver as long as anything lands; after `within` no other attempt is begun. Raises StoreError, NotLeading.

    `impatient`: for who may not come again. The first attempts are made now, whatever waits for a later one.
    """
    until = time.monotonic() + within.total_seconds()
    landed = True
    while landed and time.monotonic() < until:
        attempts = deliver(store, senders, term=term, until=until, impatient=impatient)
        landed = any(attempt.failure is None for attempt in attempts)
        impatient = False
        yield from attempts


def deliver(
    store: Store,
    senders: Mapping[str, Sender],
    *,
    term: Term | None = None,
    until: float = math.inf,
    impatient: bool = False,
) -> tuple[Attempt, ...]:
    """One attempt at the first of every line that may be tried now. Raises StoreError, NotLeading.

    A receiver that is down is left alone for a while, and none is asked after `until`, by the monotonic clock.
    """
    attempts: list[Attempt] = []
    for receiver, sender in senders.items():
        taken = store.outbox.take(receiver, BATCH, LEASE, term=term, impatient=impatient)
        # What an impatient one was not to wait for is asked all the same.
        condition = replace(store.outbox.condition(receiver), waits_until=None) if taken else ReceiverCondition()
        for delivery in taken:
            if condition.waits_until is not None or time.monotonic() > until:
                store.outbox.release(delivery)
                continue
            failure = sender.send(delivery)
            if failure is None:
                store.outbox.delivered(delivery)
                condition = ReceiverCondition()
                attempts.append(Attempt(receiver=receiver, failure=None))
                continue
            now, spread = store.outbox.now(), random.random()  # noqa: S311  # no secret
            verdict = after_failure(delivery, failure, now=now, spread=spread)
            condition = receiver_after(condition, failure, now=now, spread=spread)
            store.outbox.failed(delivery, failure, verdict, condition)
            attempts.append(Attempt(receiver=receiver, failure=failure, dead=verdict.retry_at is None))
    return tuple(attempts)
