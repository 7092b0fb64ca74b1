"""What is told of an incident, in no format yet: `brief_of(…)`. Slack, webhooks, pages and terminals draw it. Pure.

Flows in: an incident as it stands, what was told of it, and what the last runs kept of its checks. Flows out: a Brief.
It holds keys of records and never a value of a restricted field: what is kept of runs holds none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from observer.checks.words import number_text
from observer.incidents.acting import Act
from observer.incidents.events import Group, NoticeKind, Resolution, Told
from observer.incidents.findings import Finding, Grade
from observer.incidents.incident import Held, Incident, Status
from observer.incidents.muting import Mute
from observer.incidents.policy import Policy, Way
from observer.incidents.routing import line_of

#: More findings than this are told as a number.
MOST_POINTS = 10
#: Records that are named per finding.
MOST_KEYS = 5


@dataclass(frozen=True, kw_only=True)
class RecordKey:
    """One record to look at."""

    #: "id 4711".
    text: str
    #: Where it is in the CRM; None when the contract does not say.
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What the last run that failed kept of one check."""

    run_id: str | None = None
    #: At most MOST_KEYS.
    keys: tuple[RecordKey, ...] = ()
    #: The part of the rows most responsible, in words: "source = webform: 92 % of the failures, 3.1 times its share".
    segment: str | None = None


_NO_PROOF = Proof()


@dataclass(frozen=True, kw_only=True)
class Point:
    """One finding as it is told."""

    finding: Finding
    #: Since when it is wrong, as far as known.
    since: datetime
    #: The look that last told of it.
    seen_at: datetime
    is_over: bool = False
    #: Why nobody is called for it; None: somebody is.
    mute: Mute | None = None
    proof: Proof = _NO_PROOF


@dataclass(frozen=True, kw_only=True)
class Links:
    """Where to read on; None: there is no such page."""

    incident: str | None = None
    run: str | None = None
    #: Of the table.
    table: str | None = None


@dataclass(frozen=True, kw_only=True)
class Brief:
    """An incident for people."""

    id: str
    group: Group
    #: "crm-leads.leads: email is present (312 of 8,800)".
    title: str
    status: Status
    grade: Grade
    #: When it was opened or last reopened.
    begins: datetime
    reopenings: int
    acknowledged_by: str
    #: None: it is not snoozed.
    snoozed_until: datetime | None
    snoozed_by: str
    said_fixed_by: str
    resolved_at: datetime | None
    resolution: Resolution | None
    #: From its (last) beginning to its end, or to now.
    lasted: timedelta

    #: What is told now; None: somebody only asked.
    kind: NoticeKind | None
    way: Way | None
    #: Usernames, the one to mention first; the others are tried when the receiver does not know that one.
    to: tuple[str, ...]
    #: Called as well (escalation).
    also: str | None
    channel: str | None
    #: What is new, in sentences: for the thread.
    news: tuple[str, ...]
    #: Why these people and this channel.
    reasons: tuple[str, ...]

    #: The gravest first, those that are over last; at most MOST_POINTS.
    points: tuple[Point, ...]
    #: Findings that go on beside those.
    more: int
    #: Findings that go on in all, and of them those that nobody is called for.
    going_on: int
    muted: int
    #: Findings, of any incident, that say nothing because of this one.
    hidden: int
    consumers: tuple[str, ...]
    #: "Leads have an email within 5 minutes: 11 of 25 bad leads left".
    budgets: tuple[str, ...]
    links: Links
    #: What a person may do now.
    acts: tuple[Act, ...] = field(default=())

    @property
    def is_over(self) -> bool:
        """Resolved."""
        return self.status is Status.RESOLVED


def brief_of(
    incident: Incident,
    *,
    policy: Policy,
    now: datetime,
    told: Told | None = None,
    mutes: Mapping[str, Mute] | None = None,
    hidden: int = 0,
    proofs: Mapping[str, Proof] | None = None,
    budgets: Sequence[str] = (),
    links: Links | None = None,
) -> Brief:
    """The incident for people, now.

    `told`: the notice that is delivered, if one is. `mutes`: fingerprint → why nobody is called for it. `proofs` by
    fingerprint, `budgets` in words, both of what is told here.
    """
    proofs, mutes = proofs or {}, mutes or {}
    ordered = sorted(incident.held.values(), key=_gravest_first)
    points = tuple(_point(held, proofs, mutes) for held in ordered)
    going_on = [point for point in points if not point.is_over]
    said = told or incident.told
    snooze = incident.snooze if incident.snooze and incident.snooze.until > now else None
    gravest = ordered[0].finding
    return Brief(
        id=incident.id,
        group=incident.group,
        title=_title(incident, going_on or points),
        status=incident.status,
        grade=incident.gravest,
        begins=incident.begins,
        reopenings=incident.reopenings,
        acknowledged_by=incident.acknowledged_by,
        snoozed_until=snooze.until if snooze else None,
        snoozed_by=snooze.by if snooze else "",
        said_fixed_by=incident.said_fixed_by,
        resolved_at=incident.resolved_at,
        resolution=incident.resolution,
        lasted=(incident.resolved_at or now) - incident.begins,
        kind=told.kind if told else None,
        way=told.way if told else None,
        to=_people(said, gravest, policy),
        also=said.also if said else None,
        channel=said.channel if said else None,
        news=told.news if told else (),
        reasons=said.reasons if said else (),
        points=points[:MOST_POINTS],
        more=max(0, len(going_on) - MOST_POINTS),
        going_on=len(going_on),
        muted=sum(point.mute is not None for point in going_on),
        hidden=hidden,
        consumers=tuple(sorted({name for held in ordered for name in held.finding.answerable.consumers})),
        budgets=tuple(budgets),
        links=links or Links(),
        acts=_acts(incident, now),
    )


def _gravest_first(held: Held) -> tuple[bool, int, int, str]:
    found = held.finding
    return held.ended is not None, -found.grade.weight, -(found.rows_failed or 0), found.fingerprint


def _point(held: Held, proofs: Mapping[str, Proof], mutes: Mapping[str, Mute]) -> Point:
    found, began = held.finding, held.began[-1]
    return Point(
        finding=found,
        since=min(found.since, began) if found.since else began,
        seen_at=held.seen_at,
        is_over=held.ended is not None,
        mute=mutes.get(found.fingerprint),
        proof=proofs.get(found.fingerprint, _NO_PROOF),
    )


def _title(incident: Incident, points: Sequence[Point]) -> str:
    group = incident.group
    place = ".".join(part for part in (group.contract, group.table) if part)
    if len(points) != 1:
        return f"{place or 'the observer'}: {len(points)} findings"
    found = points[0].finding
    counts = ""
    if found.rows_failed is not None and found.rows_tested:
        counts = f" ({number_text(found.rows_failed)} of {number_text(found.rows_tested)})"
    return f"{place}: {found.statement}{counts}" if place else f"{found.statement}{counts}"


def _people(said: Told | None, gravest: Finding, policy: Policy) -> tuple[str, ...]:
    line = [person for _, person in line_of(gravest, policy) if person]
    first = [said.to] if said and said.to else []
    return tuple(dict.fromkeys([*first, *line]))


def _acts(incident: Incident, now: datetime) -> tuple[Act, ...]:
    if not incident.is_open:
        return ()
    snoozed = incident.snooze is not None and incident.snooze.until > now
    acts = [] if incident.status is Status.ACKNOWLEDGED else [Act.ACKNOWLEDGE]
    acts.append(Act.WAKE if snoozed else Act.SNOOZE)
    if incident.said_fixed_at is None:
        acts.append(Act.FIXED)
    return (*acts, Act.EXPECTED, Act.FALSE_POSITIVE)
