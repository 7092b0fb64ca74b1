"""What happened to an incident, in words: events in, lines of a timeline out. They hold names and counts, no value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from observer.checks.words import list_text
from observer.incidents.events import EventKind, IncidentEvent, Told, Verdict
from observer.incidents.findings import Finding
from observer.incidents.policy import Matcher, Way
from observer.reports.sentences import count_text
from observer.reports.slo_words import moment_text
from observer.reports.visible import visible

#: Findings of one look that are named; of the others the number is told.
_MOST_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One line of a timeline."""

    at: datetime
    #: Visible text, without a full stop.
    text: str
    #: More about it, below.
    details: tuple[str, ...] = ()
    #: Who acted; "": nobody, it came about.
    actor: str = ""


def timeline(log: Iterable[IncidentEvent]) -> tuple[Moment, ...]:
    """Oldest first. Looks in a row that found everything as before are one line."""
    log = sorted(log, key=lambda event: event.seq)
    told = {event.key: event.told for event in log if event.told is not None}
    return tuple(_moments(log, told))


def _moments(log: Sequence[IncidentEvent], told: dict[str, Told]) -> Iterator[Moment]:
    unchanged = 0
    for event in log:
        if event.kind is EventKind.LOOKED and not event.found and not event.ended:
            unchanged += 1
            latest = event
            continue
        if unchanged:
            yield _as_before(latest, unchanged)
            unchanged = 0
        yield Moment(at=event.at, text=_text(event, told), details=tuple(_details(event)), actor=visible(event.actor))
    if unchanged:
        yield _as_before(latest, unchanged)


def _as_before(latest: IncidentEvent, looks: int) -> Moment:
    return Moment(at=latest.at, text=f"looked {'again' if looks == 1 else f'{looks:,} times'}: as before")


def _text(event: IncidentEvent, told: dict[str, Told]) -> str:
    because = f": {visible(event.reason)}" if event.reason else ""
    who = visible(event.actor)
    match event.kind:
        case EventKind.OPENED | EventKind.REOPENED:
            return f"{event.kind}{because}"
        case EventKind.RESOLVED:
            return f"resolved: {event.resolution}" + (f" (by {who})" if who else "")
        case EventKind.LOOKED:
            return f"looked: {_seen(event)}"
        case EventKind.ACKNOWLEDGED:
            return f"{who} acknowledged it{because}"
        case EventKind.SNOOZED:
            until = f" until {moment_text(event.until)}" if event.until else ""
            return f"{who} snoozed it{until}{because}"
        case EventKind.WOKEN:
            return f"{who} ended the snooze{because}"
        case EventKind.JUDGED:
            verdict = "expected" if event.verdict is Verdict.EXPECTED else "a false positive"
            return f"{who} says that it is {verdict}{because}"
        case EventKind.SAID_FIXED:
            return f"{who} says that it is fixed{because}"
        case EventKind.STILL_BROKEN:
            return visible(event.reason) or "said to be fixed, and found as before"
        case EventKind.TOLD:
            return _told(event.told, event.at) if event.told else "told"
        case _:
            reached = told.get(event.notice)
            message = f"the message ({reached.kind})" if reached else "a message"
            return f"{message} reached {visible(event.reason) or 'its receiver'}"


def _seen(event: IncidentEvent) -> str:
    whys = Counter(str(why) for _, why in event.ended)
    parts = [f"{count_text(len(event.found), 'finding')} new or changed"] if event.found else []
    parts += [f"{count} {why}" for why, count in sorted(whys.items())]
    parts += [f"{len(event.again)} as before"] if event.again else []
    return ", ".join(parts)


def _told(told: Told, at: datetime) -> str:
    to = visible(told.to) if told.to else "nobody by name"
    also = f" and {visible(told.also)}" if told.also else ""
    where = f" in {visible(told.channel)}" if told.channel else ""
    how = {Way.PAGE: ", paged", Way.CHANNEL: "", Way.DIGEST: ", with the digest"}[told.way]
    waits = f" of {moment_text(told.not_before)}" if told.not_before > at else ""
    return f"told ({told.kind}): {to}{also}{where}{how}{waits}"


def _details(event: IncidentEvent) -> Iterator[str]:
    if event.kind in (EventKind.OPENED, EventKind.LOOKED, EventKind.REOPENED):
        for finding in event.found[:_MOST_NAMED]:
            yield finding_text(finding)
        if len(event.found) > _MOST_NAMED:
            yield f"and {len(event.found) - _MOST_NAMED:,} more"
    if event.told is not None:
        yield from (visible(news) for news in event.told.news)


def finding_text(finding: Finding) -> str:
    """ "crm-leads.leads.email: email is present: 312 of 8,800 rows (3.5 %)"."""
    seen = f": {visible(finding.observed)}" if finding.observed else ""
    return f"{visible(finding.about)}: {visible(finding.statement)}{seen}"


def names_text(names: Sequence[str], *, most: int = 8) -> str:
    """ "lead-routing, nurture and scoring"."""
    return list_text([visible(name) for name in names], word="and", most=most)


def matcher_text(matcher: Matcher) -> str:
    """A matcher of a silence as it is typed: "contract=crm-*", "property!=email"."""
    return f"{matcher.field}{'!=' if matcher.negated else '='}{matcher.pattern}"
