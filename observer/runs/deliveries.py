"""What must reach somebody outside (a lineage event, later a message), and when it is tried again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=10)
#: A receiver that fails is asked again at least so often: with one delivery, whatever else waits.
LONGEST_SILENCE = timedelta(minutes=1)
#: A receiver that asks for more patience than this is tried all the same.
MOST_PATIENCE = 3 * LONGEST_WAIT
#: After so long without success a delivery is dead: visible, and re-driven by hand.
GIVE_UP_AFTER = timedelta(days=3)


@dataclass(frozen=True, kw_only=True)
class NewDelivery:
    """Written in one transaction with the state change that it tells of."""

    #: Who delivers it: "lineage", "slack", "webhook", "alertmanager".
    receiver: str
    #: Idempotency: a second one with the same receiver and key is not kept.
    key: str
    #: Deliveries with the same receiver and line leave in the order in which they were written.
    line: str
    payload: Mapping[str, Any]
    #: Not tried before; None: at once.
    not_before: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One that was taken from the outbox, under a lease."""

    id: int
    receiver: str
    key: str
    line: str
    payload: Mapping[str, Any]
    #: When it was written, or could leave first (`NewDelivery.not_before`).
    created_at: datetime
    #: How often it was tried before.
    attempts: int
    #: Until then nobody else takes it; whoever gives it back names this lease.
    leased_until: datetime | None = None


class Reason(StrEnum):
    """Why a delivery failed: a label of a metric, so a closed list."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    NOT_CONFIGURED = "not_configured"
    UNEXPECTED = "unexpected"


#: Reasons that no delivery can be the cause of: nothing of it was read.
_NO_DELIVERYS = frozenset({Reason.UNREACHABLE, Reason.RATE_LIMITED, Reason.NOT_CONFIGURED})


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One failed attempt."""

    reason: Reason
    #: For a person; holds no secret and no value of a row.
    detail: str
    #: False: trying again cannot help.
    can_retry: bool = True
    #: The receiver's own wish (Retry-After).
    retry_after: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What becomes of a delivery that failed: tried again at a time, or dead."""

    #: None: dead.
    retry_at: datetime | None


def after_failure(delivery: Delivery, failure: Failure, *, now: datetime, spread: float) -> Verdict:
    """Doubling waits up to ten minutes, stretched by up to half (`spread`, 0 ≤ spread < 1, drawn by the caller)."""
    if not failure.can_retry or now - delivery.created_at > GIVE_UP_AFTER:
        return Verdict(retry_at=None)
    wait = min(FIRST_WAIT * 2 ** min(delivery.attempts, 16), LONGEST_WAIT)
    wait += wait * spread / 2
    return Verdict(retry_at=now + max(wait, min(failure.retry_after or timedelta(), MOST_PATIENCE)))


@dataclass(frozen=True, kw_only=True)
class ReceiverCondition:
    """How a receiver itself does, whichever delivery it is given."""

    #: Attempts that failed since it last took anything; 0: it is well.
    failures: int = 0
    #: Not tried before, with any delivery; None: it may be tried.
    waits_until: datetime | None = None


def receiver_after(before: ReceiverCondition, failure: Failure, *, now: datetime, spread: float) -> ReceiverCondition:
    """Doubling waits up to a minute, longer when the receiver asks for it, stretched by up to half (`spread`).

    A delivery that it refuses for good says nothing of others. A first failure that may be the delivery's own (a server
    error, say) leaves the next one its chance at once: one that always fails costs the others no time.
    """
    if not failure.can_retry:
        return before
    failures = before.failures + 1
    doublings = before.failures if failure.reason in _NO_DELIVERYS else before.failures - 1
    wait = timedelta() if doublings < 0 else min(FIRST_WAIT * 2 ** min(doublings, 16), LONGEST_SILENCE)
    wait = max(wait * (1 + spread / 2), min(failure.retry_after or timedelta(), MOST_PATIENCE))
    return ReceiverCondition(failures=failures, waits_until=now + wait if wait else None)


@dataclass(frozen=True, kw_only=True)
class OutboxDepth:
    """How one receiver's outbox stands."""

    receiver: str
    waiting: int
    dead: int
    #: Since when the oldest that may leave waits; None when none waits, or only for its hour.
    oldest: datetime | None


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A delivery that was given up; re-driven by hand."""

    receiver: str
    key: str
    line: str
    attempts: int
    #: Of the last attempt.
    last_reason: Reason
    last_detail: str
    dead_at: datetime
