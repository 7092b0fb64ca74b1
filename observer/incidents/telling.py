"""Whether somebody is to be told of an incident now, and what: `notice_due(…)`. Pure.

As in Alertmanager: a first notice after `group`, changes at most every `group_interval`, a reminder every
`repeat_interval` while nobody acknowledges; what was resolved before its first notice is never told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from observer.checks.words import duration_text
from observer.incidents.events import NoticeKind, Told
from observer.incidents.findings import Grade
from observer.incidents.incident import Held, Incident, Status
from observer.incidents.muting import Mutes
from observer.incidents.policy import Policy, Way
from observer.incidents.routing import Route, route

#: Notices that are due are written within that.
_A_BEAT = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One message to be delivered: written to the outbox in one transaction with the TOLD event of its key."""

    #: Idempotency key.
    key: str
    #: Notices of one incident leave in order: its id.
    line: str
    told: Told
    #: As it stood when the notice was written.
    incident: Incident

    @property
    def kind(self) -> NoticeKind:
        """What it tells."""
        return self.told.kind


def notice_due(incident: Incident, mutes: Mutes, policy: Policy, now: datetime) -> Told | None:
    """What is to be told of the incident now; None when nothing is, or not yet."""
    if not incident.is_open:
        return _told_of_end(incident, now) if incident.is_told else None
    loud = mutes.loud(incident, policy, now)
    if not loud:
        return None
    gravest = max(loud, key=lambda held: (held.finding.grade.weight, held.finding.fingerprint))
    way = route(gravest.finding, policy, now)
    hidden = mutes.hidden_by[incident.id]
    shape, numbers = _shape(incident, loud), _numbers(loud, hidden)
    graver = incident.told is not None and gravest.finding.grade.weight > incident.told.grade.weight
    kind = _kind(incident, shape, numbers, graver=graver, way=way, policy=policy, now=now)
    if kind is None:
        return None
    return Told(
        kind=kind,
        to=way.to,
        channel=way.channel,
        way=way.way,
        also=way.escalates_to if kind is NoticeKind.ESCALATED or incident.escalated_at else None,
        not_before=policy.next_digest(now) if way.way is Way.DIGEST else now,
        grade=gravest.finding.grade,
        shape=shape,
        numbers=numbers,
        findings=len(loud),
        hidden=hidden,
        muted=len(mutes.reasons.get(incident.id, ())),
        news=_news(incident, loud, kind, gravest.finding.grade, hidden, now),
        reasons=way.reasons,
        loud_since=now if kind is NoticeKind.OPENED and _was_quiet(incident, loud, policy, now) else None,
    )


def _was_quiet(incident: Incident, loud: tuple[Held, ...], policy: Policy, now: datetime) -> bool:
    """Whether nothing was to be told until now: what is told was found, or found again, after the incident had long
    been opened. What was loud from the beginning and waited (for a daemon, say) was found by the first look.
    """
    first_look = min(held.began[0] for held in incident.held.values())
    is_late = now > incident.begins + policy.waits.group + _A_BEAT
    return is_late and all(held.seen_at > first_look for held in loud)


def _kind(
    incident: Incident, shape: str, numbers: str, *, graver: bool, way: Route, policy: Policy, now: datetime
) -> NoticeKind | None:
    waits, told, told_at, called_at = policy.waits, incident.told, incident.told_at, incident.called_at
    if incident.first_told_at is None or told is None or told_at is None or called_at is None:
        first = NoticeKind.REOPENED if told is not None else NoticeKind.OPENED
        return first if _is_over(incident.begins, waits.group, now) else None
    waits_for_digest = told.way is Way.DIGEST and now < told.not_before
    if graver and not (waits_for_digest and way.way is Way.DIGEST):
        return NoticeKind.CHANGED
    # It would only stand there twice.
    if waits_for_digest:
        return None
    if _is_unheard(incident, way, now):
        return NoticeKind.ESCALATED
    if shape != told.shape and _is_over(told_at, waits.group_interval, now):
        return NoticeKind.CHANGED
    if incident.status is Status.OPEN and _is_over(called_at, waits.repeat_interval, now):
        return NoticeKind.REMINDER
    if incident.snooze is not None and called_at < incident.snooze.until <= now:
        return NoticeKind.REMINDER
    if numbers != told.numbers and _is_over(told_at, waits.group_interval, now):
        return NoticeKind.REFRESHED
    return None


def _is_over(since: datetime, wait: timedelta, now: datetime) -> bool:
    """Whether the wait is. A clock that was set back makes nobody wait."""
    return not since <= now < since + wait


def _is_unheard(incident: Incident, way: Route, now: datetime) -> bool:
    """Whether nobody acknowledged it in time, counted from when it was told to be so grave, or a snooze ended."""
    since, wait = incident.grave_at, way.escalates_after
    if incident.status is not Status.OPEN or incident.escalated_at is not None or since is None or wait is None:
        return False
    return now >= max(since, incident.snooze.until if incident.snooze else since) + wait


def acted(incident: Incident, now: datetime, sentence: str) -> Told | None:
    """After a person acted: the message says who. None when no message stands."""
    told = incident.told
    if told is None or not incident.is_told:
        return None
    return _like(told, NoticeKind.ACTED, now, (sentence,))


def _told_of_end(incident: Incident, now: datetime) -> Told | None:
    told = incident.told
    assert told is not None and incident.resolved_at is not None, "only what was told of is told to be over"
    lasted = duration_text(incident.resolved_at - incident.begins)
    return _like(told, NoticeKind.RESOLVED, now, (f"{incident.resolution} after {lasted}",))


def _like(told: Told, kind: NoticeKind, now: datetime, news: tuple[str, ...]) -> Told:
    """To whoever was told before. A message that still waits for its digest is followed there."""
    return Told(
        kind=kind,
        to=told.to,
        channel=told.channel,
        way=told.way,
        also=told.also,
        not_before=max(told.not_before, now) if told.way is Way.DIGEST else now,
        grade=told.grade,
        shape=told.shape,
        numbers=told.numbers,
        findings=told.findings,
        hidden=told.hidden,
        muted=told.muted,
        news=news,
        reasons=told.reasons,
    )


def _digest(parts: list[tuple[object, ...]]) -> str:
    return blake2b(repr(parts).encode(), digest_size=8, person=b"told").hexdigest()


def _shape(incident: Incident, loud: tuple[Held, ...]) -> str:
    parts: list[tuple[object, ...]] = [(held.finding.fingerprint, held.finding.grade.value) for held in loud]
    # A fix that was refuted is news, as an unheard reopening is.
    return _digest([*parts, (incident.reopenings, incident.refuted_at)])


def _numbers(loud: tuple[Held, ...], hidden: int) -> str:
    return _digest([*((held.finding.rows_failed, held.finding.budget_left) for held in loud), (hidden,)])


def _news(
    incident: Incident, loud: tuple[Held, ...], kind: NoticeKind, grade: Grade, hidden: int, now: datetime
) -> tuple[str, ...]:
    news, told = [], incident.told
    if kind is NoticeKind.CHANGED and told is not None:
        if told.findings != len(loud):
            news.append(f"{len(loud)} {'finding' if len(loud) == 1 else 'findings'} now, {told.findings} before")
        if told.grade is not grade:
            news.append(f"{grade} now, {told.grade} before")
        if incident.refuted_at is not None and incident.told_at is not None and incident.refuted_at >= incident.told_at:
            news.append(f"{incident.refuted_by} said that it is fixed, and it was found as before")
    if kind in (NoticeKind.REMINDER, NoticeKind.ESCALATED):
        heard = incident.acknowledged_at is not None
        who = f"{incident.acknowledged_by} acknowledged it" if heard else "nobody acknowledged it"
        news.append(f"open for {duration_text(now - incident.begins)}, and {who}")
    if hidden:
        news.append(f"{hidden} other {'finding says' if hidden == 1 else 'findings say'} nothing meanwhile")
    return tuple(news)
