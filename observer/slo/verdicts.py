"""Time-to-fill: "P within D of E" means that at the instant E + D, P held for that row, whatever happens later.

In: what was seen of one row, and when. Out: its verdict with the evidence for it, or None while it cannot be given yet.
A verdict is final. No good or bad is ever wrong, unless a row flips twice within one poll interval; where no evidence
fixes P at the deadline, the verdict is unknown: downtime invents neither green nor red.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    """What is known of a row. PENDING is before its deadline; WITHDRAWN was gone at the first look after it."""

    PENDING = "pending"
    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"


class EvidenceKind(StrEnum):
    """What fixes P at the deadline; of several, the first in this order is named."""

    #: A fill timestamp or a history of the field says what it held then.
    HISTORY = "history"
    #: A look after the deadline at a row that nobody had written since before it.
    UNTOUCHED = "untouched"
    #: The last look before and the first after the deadline agree, each at most one poll interval away from it.
    BRACKETED = "bracketed"


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One look at one row. Times are of the source's clock, aware, UTC."""

    #: As of when the row was seen: on a replica, when what it showed was true.
    at: datetime
    #: Whether P held.
    holds: bool
    #: When the row was last written, as it says itself; None when it does not say.
    written_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """All that matters of what was seen of one row."""

    deadline: datetime
    #: The last look before the deadline; None when there was none.
    before: Observation | None = None
    #: The first look at or after the deadline that showed the row; None when there was none yet.
    after: Observation | None = None
    #: When the first look after the deadline found the row gone; None when it did not.
    gone_at: datetime | None = None
    #: What a history says of P at the deadline; None when there is none, or it does not reach that far.
    history: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A row's final state."""

    state: State
    #: None for UNKNOWN and WITHDRAWN.
    evidence: EvidenceKind | None = None


def verdict_of(seen: Seen, *, poll: timedelta) -> Verdict | None:
    """The verdict, once the first look at or after the deadline has been made; None before."""
    if seen.gone_at is not None:
        return Verdict(state=State.WITHDRAWN)
    if seen.history is not None:
        return _decided(seen.history, EvidenceKind.HISTORY)
    if seen.after is None:
        return None
    if seen.after.written_at is not None and seen.after.written_at <= seen.deadline:
        return _decided(seen.after.holds, EvidenceKind.UNTOUCHED)
    if _brackets(seen, poll) and seen.before is not None and seen.before.holds is seen.after.holds:
        return _decided(seen.after.holds, EvidenceKind.BRACKETED)
    return Verdict(state=State.UNKNOWN)


def _brackets(seen: Seen, poll: timedelta) -> bool:
    if seen.before is None or seen.after is None:
        return False
    return seen.deadline - seen.before.at <= poll and seen.after.at - seen.deadline <= poll


def _decided(holds: bool, evidence: EvidenceKind) -> Verdict:
    return Verdict(state=State.GOOD if holds else State.BAD, evidence=evidence)


def can_decide(deadline_after: timedelta, poll: timedelta, *, has_history: bool) -> bool:
    """Whether a poll interval is short enough for a deadline: at most half of it, unless there is a history."""
    return has_history or poll * 2 <= deadline_after
