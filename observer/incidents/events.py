"""What happened to an incident: the append-only log from which its state is derived. Frozen.

Events of an incident are numbered from 1 without a gap. The number makes the idempotency key: of two writers that go on
from the same state, the store takes the first and refuses the second, who reads again and finds it done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

from observer.incidents.findings import Finding, Grade
from observer.incidents.policy import Way


@dataclass(frozen=True, kw_only=True, order=True)
class Group:
    """What becomes one incident: findings of one table that one person answers for. "" stands for none."""

    contract: str
    table: str
    owner: str

    def incident_opened(self, looked_at: datetime) -> str:
        """The id of the incident that a look opens: 16 hex digits, the same for whoever looks at the same."""
        text = "\0".join((self.contract, self.table, self.owner, looked_at.isoformat()))
        return blake2b(text.encode(), digest_size=8, person=b"incident").hexdigest()


class EventKind(StrEnum):
    """What may happen."""

    OPENED = "opened"
    #: A look told of its findings: new, changed, seen again, or ended.
    LOOKED = "looked"
    REOPENED = "reopened"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    #: A person ended a snooze before its time.
    WOKEN = "woken"
    #: A person said that what was found is expected, or no fault at all.
    JUDGED = "judged"
    SAID_FIXED = "said fixed"
    #: The next look found it as before.
    STILL_BROKEN = "still broken"
    #: A notice was written, with its route, for delivery.
    TOLD = "told"
    #: A notice reached its receiver.
    DELIVERED = "delivered"


class Ended(StrEnum):
    """Why a finding is over."""

    #: A look that could have found it did not.
    MENDED = "mended"
    #: Nothing looks for it any more.
    WITHDRAWN = "withdrawn"
    #: Somebody else answers for it now: it went on in another incident.
    MOVED = "moved"


class Verdict(StrEnum):
    """What a person says of findings that are true, yet no fault; kept with the reason as evidence."""

    EXPECTED = "expected"
    FALSE_POSITIVE = "false positive"


class Resolution(StrEnum):
    """How an incident ended."""

    MENDED = "mended"
    #: A person said so, and the next look agreed.
    FIXED = "fixed"
    EXPECTED = "expected"
    FALSE_POSITIVE = "false positive"
    WITHDRAWN = "withdrawn"
    #: All of it went on in an incident of somebody else.
    MOVED = "moved"


class NoticeKind(StrEnum):
    """What somebody is told."""

    OPENED = "opened"
    REOPENED = "reopened"
    #: Findings came or went, or one became graver.
    CHANGED = "changed"
    #: Only numbers differ: the message is edited, and nobody called.
    REFRESHED = "refreshed"
    #: A person acted: the message is edited, and the thread says who.
    ACTED = "acted"
    #: Nobody acknowledged in time: the next in line is called.
    ESCALATED = "escalated"
    REMINDER = "reminder"
    RESOLVED = "resolved"

    @property
    def calls(self) -> bool:
        """Whether it asks for attention; the others only keep the message true."""
        return self not in (NoticeKind.REFRESHED, NoticeKind.ACTED, NoticeKind.RESOLVED)


@dataclass(frozen=True, kw_only=True)
class Told:
    """Whom a notice went to, and what it said in short."""

    kind: NoticeKind
    #: A username; None: only the channel.
    to: str | None
    channel: str | None
    way: Way
    #: Who is called as well (escalation).
    also: str | None = None
    #: Delivered no earlier: a digest waits for its hour.
    not_before: datetime
    grade: Grade
    #: Tells what was told from what is to be told: which findings, how grave, and in what state.
    shape: str
    #: The same of their numbers.
    numbers: str
    #: Findings that are told.
    findings: int
    #: Findings, of any incident, that say nothing because of one that is told here.
    hidden: int = 0
    #: Findings of this incident that nobody is told of now (hidden, silenced, snoozed, judged).
    muted: int = 0
    #: What is new, in sentences.
    news: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    #: Of a first notice: since when there was something to tell; None: since the incident was opened.
    loud_since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class IncidentEvent:
    """One line of the log."""

    incident: str
    #: From 1.
    seq: int
    kind: EventKind
    #: When it was written; aware, UTC.
    at: datetime
    #: OPENED.
    group: Group | None = None
    #: OPENED, LOOKED, REOPENED: as of when what was seen is true.
    looked_at: datetime | None = None
    #: Findings that are new here, or differ from what was seen before.
    found: tuple[Finding, ...] = ()
    #: Fingerprints of those that were seen again, unchanged.
    again: tuple[str, ...] = ()
    #: Fingerprints of those that are over.
    ended: tuple[tuple[str, Ended], ...] = ()
    #: The person who acted.
    actor: str = ""
    reason: str = ""
    #: SNOOZED.
    until: datetime | None = None
    #: JUDGED.
    verdict: Verdict | None = None
    #: RESOLVED.
    resolution: Resolution | None = None
    #: TOLD.
    told: Told | None = None
    #: DELIVERED: key of the event that wrote the notice.
    notice: str = ""

    @property
    def key(self) -> str:
        """Unique in the log; of a TOLD event also the key of its notice."""
        return f"{self.incident}:{self.seq}"
