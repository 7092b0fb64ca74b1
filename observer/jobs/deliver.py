"""Outbox → receivers. In: what waits in the state. Out: it landed, or it waits for its next attempt, or it is dead."""

from __future__ import annotations

import math
import random
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol, runtime_checkable

from observer.errors import StoreError
from observer.incidents.incident import Incident
from observer.runs.deliveries import (
    Delivery,
    Failure,
    Reason,
    ReceiverCondition,
    after_failure,
    receiver_after,
)
from observer.runs.leading import Term
from observer.store import Store

#: Longer than any receiver takes for one delivery, so that nobody else begins it meanwhile.
LEASE = timedelta(seconds=60)
#: Taken at once; a line gives one at a time.
BATCH = 50
#: The same where several go as one message: what comes together in a storm is told together.
STORM = 1_000


class Sender(Protocol):
    """Takes deliveries to one receiver."""

    def send(self, delivery: Delivery) -> Failure | None:
        """Deliver; None when it landed. Never raises for what is wrong with the receiver. Raises StoreError."""


@runtime_checkable
class BatchSender(Sender, Protocol):
    """Takes several deliveries to its receiver as one message, where that is better for people."""

    def batches(self, taken: Sequence[Delivery]) -> Sequence[tuple[Delivery, ...]]:
        """What of these goes together; every one in exactly one batch, in their order."""

    def send_batch(self, batch: tuple[Delivery, ...]) -> Failure | None:
        """Deliver them; None when all landed. They land or fail together. Never raises, as `send`."""


@runtime_checkable
class Repeater(Sender, Protocol):
    """Its receiver forgets what it was told: it is told of everything that goes on again, every now and then."""

    def resend(self, incidents: Iterable[Incident]) -> Failure | None:
        """Tell of all of these; None when it landed. Raises StoreError."""


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
        limit = STORM if isinstance(sender, BatchSender) else BATCH
        taken = store.outbox.take(receiver, limit, LEASE, term=term, impatient=impatient)
        if taken:
            attempts += _Round(store, receiver, sender, until).deliver(taken)
    return tuple(attempts)


class _Round:
    """One receiver is given what was taken for it."""

    def __init__(self, store: Store, receiver: str, sender: Sender, until: float) -> None:
        self._store = store
        self._receiver = receiver
        self._sender = sender
        self._batched = sender if isinstance(sender, BatchSender) else None
        # What is leased no longer may be somebody else's by now.
        self._until = min(until, time.monotonic() + LEASE.total_seconds() / 4)
        # What an impatient one was not to wait for is asked all the same.
        self._condition = replace(store.outbox.condition(receiver), waits_until=None)

    def deliver(self, taken: Sequence[Delivery]) -> Iterator[Attempt]:
        together = [(one,) for one in taken] if self._batched is None else self._batched.batches(taken)
        untried: list[Delivery] = []
        for batch in together:
            if self._may_try():
                yield from self._tried(batch)
            else:
                untried += batch
        if untried:
            self._store.outbox.release(*untried)

    def _may_try(self) -> bool:
        return self._condition.waits_until is None and time.monotonic() <= self._until

    def _tried(self, batch: tuple[Delivery, ...]) -> Iterator[Attempt]:
        failure = self._sent(batch)
        if failure is None:
            self._store.outbox.delivered(*batch)
            self._condition = ReceiverCondition()
            yield from (Attempt(receiver=self._receiver, failure=None) for _ in batch)
        elif not failure.can_retry and len(batch) > 1:
            yield from self._tried_by_halves(batch)
        else:
            yield from self._failed(batch, failure)

    def _tried_by_halves(self, batch: tuple[Delivery, ...]) -> Iterator[Attempt]:
        """One of them may be what is refused: the others are not given up with it."""
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            if self._may_try():
                yield from self._tried(half)
            else:
                self._store.outbox.release(*half)

    def _failed(self, batch: tuple[Delivery, ...], failure: Failure) -> Iterator[Attempt]:
        # However many went together, the receiver failed once, and they come again together.
        now, spread = self._store.outbox.now(), random.random()  # noqa: S311  # no secret
        self._condition = receiver_after(self._condition, failure, now=now, spread=spread)
        fates = [(delivery, after_failure(delivery, failure, now=now, spread=spread)) for delivery in batch]
        self._store.outbox.failed_together(fates, failure, self._condition)
        for _, verdict in fates:
            yield Attempt(receiver=self._receiver, failure=failure, dead=verdict.retry_at is None)

    def _sent(self, batch: tuple[Delivery, ...]) -> Failure | None:
        try:
            if self._batched is not None and len(batch) > 1:
                return self._batched.send_batch(batch)
            return self._sender.send(batch[0])
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  # a fault of ours with one delivery holds up no other
            # Its text may hold anything; where it was raised does not.
            place = traceback.extract_tb(error.__traceback__)[-1]
            detail = f"unexpected {type(error).__name__} in {place.name} ({place.lineno}); please report it"
            return Failure(reason=Reason.UNEXPECTED, detail=detail)
