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
#: Fields that a title names.
_MOST_NAMED = 3
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
    #: "crm-leads.leads: email is present (312 of 8,800)"; "crm-leads.leads: email, phone (3 findings)".
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
    #: Nothing goes on, and it is not over: it came and went too often, and is over only after so long a calm.
    calms_for: timedelta | None = None

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

    #: The gravest first, then those that nobody is called for, those that are over last; at most MOST_POINTS.
    points: tuple[Point, ...]
    #: Findings that go on beside those.
    more: int
    #: Findings that go on in all, and of them those that nobody is called for though this incident does not hide them.
    going_on: int
    muted: int
    #: Findings, of any incident and its own, that say nothing because of this one.
    hidden: int
    consumers: tuple[str, ...]
    #: "Leads have an email within 5 minutes: 11 of 25 bad leads left".
    budgets: tuple[str, ...]
    links: Links
    #: What a person may do now.
    acts: tuple[Act, ...] = field(default=())
    #: Who stands before `to` in line, and cannot be told.
    passed: tuple[str, ...] = ()
    #: A later notice says what this one would, as it is by now: after an outage, one word is enough.
    is_overtaken: bool = False

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
    points = tuple(sorted((_point(held, proofs, mutes) for held in incident.held.values()), key=_weightiest_first))
    going_on = [point for point in points if not point.is_over]
    loud = [point for point in going_on if point.mute is None]
    said = told or incident.told
    snooze = incident.snooze if incident.snooze and incident.snooze.until > now else None
    to, passed = _people(said, points[0].finding, policy)
    return Brief(
        id=incident.id,
        group=incident.group,
        title=_title(incident, loud or going_on or points),
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
        calms_for=policy.waits.calm if incident.is_open and not going_on else None,
        kind=told.kind if told else None,
        way=told.way if told else None,
        to=to,
        also=said.also if said else None,
        channel=said.channel if said else None,
        news=told.news if told else (),
        reasons=said.reasons if said else (),
        points=points[:MOST_POINTS],
        more=max(0, len(going_on) - MOST_POINTS),
        going_on=len(going_on),
        muted=_muted(going_on, hidden),
        hidden=hidden,
        consumers=tuple(sorted({name for point in points for name in point.finding.answerable.consumers})),
        budgets=tuple(budgets),
        links=links or Links(),
        acts=_acts(incident, now),
        passed=passed,
        is_overtaken=_is_overtaken(told, incident.told),
    )


def _weightiest_first(point: Point) -> tuple[bool, bool, int, int, str]:
    found = point.finding
    return point.is_over, point.mute is not None, -found.grade.weight, -(found.rows_failed or 0), found.fingerprint


def _muted(points: Sequence[Point], hidden: int) -> int:
    """Those that nobody is called for; what this incident hides of its own is told among `hidden`."""
    by_others = hidden == 0
    return sum(point.mute is not None and (by_others or point.mute is not Mute.HIDDEN) for point in points)


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
    found = points[0].finding
    counts = ""
    if found.rows_failed is not None and found.rows_tested:
        counts = f"{number_text(found.rows_failed)} of {number_text(found.rows_tested)}"
    if len(points) == 1:
        said = f"{found.statement} ({counts})" if counts else found.statement
    else:
        about = list(dict.fromkeys(_about(point.finding) for point in points))
        more = f" and {len(about) - _MOST_NAMED} more" if len(about) > _MOST_NAMED else ""
        worst = f", {counts}" if counts and len(about) == 1 else ""
        said = f"{', '.join(about[:_MOST_NAMED])}{more} ({len(points)} findings{worst})"
    return f"{place}: {said}" if place else said


def _is_overtaken(told: Told | None, last: Told | None) -> bool:
    if told is None or last is None or told == last or last.kind is NoticeKind.REFRESHED:
        return False
    return told.kind in (NoticeKind.CHANGED, NoticeKind.REMINDER)


def _about(found: Finding) -> str:
    """The field; else the table; else the door, or whatever else has neither."""
    return found.property or ("the table" if found.table else found.subject)


def _people(said: Told | None, gravest: Finding, policy: Policy) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Whom it is for, the first to be called; and who stood before them in line and cannot be told."""
    first = said.to if said else None
    line = list(dict.fromkeys(person for _, person in line_of(gravest, policy) if person))
    before = line[: line.index(first)] if first in line else []
    passed = tuple(person for person in before if person in policy.unknown_people)
    called = [first] if first else []
    return tuple(dict.fromkeys([*called, *(person for person in line if person not in passed)])), passed


def _acts(incident: Incident, now: datetime) -> tuple[Act, ...]:
    if not incident.is_open:
        return ()
    snoozed = incident.snooze is not None and incident.snooze.until > now
    acts = [] if incident.status is Status.ACKNOWLEDGED else [Act.ACKNOWLEDGE]
    acts.append(Act.WAKE if snoozed else Act.SNOOZE)
    if incident.said_fixed_at is None:
        acts.append(Act.FIXED)
    return (*acts, Act.EXPECTED, Act.FALSE_POSITIVE)
