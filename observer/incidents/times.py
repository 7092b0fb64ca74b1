"""How fast: times to detect, notify, acknowledge and resolve, from the logs of incidents. Pure.

A time that is not known (no first bad record, nobody acknowledged, nothing delivered) is None and counts nowhere; how
many are missing is said. A false positive has no time to detect or resolve: there was nothing to. Where nothing says
when the first bad record was, the last look that found all well does say how long it took at most: a bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from observer.incidents.events import EventKind, Group, IncidentEvent, NoticeKind, Resolution
from observer.incidents.findings import Finding, Source

#: What a person does who has taken notice.
ANSWERS = (EventKind.ACKNOWLEDGED, EventKind.SNOOZED, EventKind.JUDGED, EventKind.SAID_FIXED)


@dataclass(frozen=True, kw_only=True)
class Times:
    """Of one incident, each from its opening; None where it is not known, or not yet."""

    incident: str
    group: Group
    opened_at: datetime
    #: From the first bad record, as far as known, to the incident.
    detect: timedelta | None
    #: It took no longer than `detect`, perhaps less.
    detect_is_bound: bool
    #: To the first notice that reached its receiver; from when there was something to tell, if that was later.
    notify: timedelta | None
    #: To the first person who acknowledged, snoozed, judged or mended it.
    acknowledge: timedelta | None
    #: How long it stood open, without the times between its ends and its reopenings; None while it is open.
    resolve: timedelta | None
    is_false_positive: bool
    reopenings: int


def times_of(events: Iterable[IncidentEvent]) -> Times | None:
    """Of one incident's log, in any order; None: no events. Raises ValueError: it does not begin with an opening."""
    log = sorted({event.seq: event for event in events}.values(), key=lambda event: event.seq)
    if not log:
        return None
    opening = log[0]
    if opening.kind is not EventKind.OPENED or opening.group is None:
        raise ValueError(f"the log of incident {opening.incident} does not begin with its opening")
    began, is_bound = _began(opening.found)
    ends = [event for event in log if event.kind in (EventKind.RESOLVED, EventKind.REOPENED)]
    end = ends[-1] if ends and ends[-1].kind is EventKind.RESOLVED else None
    # One that came back since is none any more.
    false = end is not None and end.resolution is Resolution.FALSE_POSITIVE
    calls = {event.key: event.told for event in log if event.told and event.told.kind is NoticeKind.OPENED}
    loud_since = next((told.loud_since for told in calls.values() if told.loud_since), opening.at)
    heard = [event.at for event in log if event.kind is EventKind.DELIVERED and event.notice in calls]
    people = [event.at for event in log if event.actor and event.kind in ANSWERS]

    def since_opening(at: datetime | None) -> timedelta | None:
        # A clock may have been set back meanwhile.
        return None if at is None else max(at - opening.at, timedelta())

    return Times(
        incident=opening.incident,
        group=opening.group,
        opened_at=opening.at,
        detect=None if began is None or false else max(opening.at - began, timedelta()),
        detect_is_bound=is_bound and not false,
        notify=max(min(heard) - loud_since, timedelta()) if heard else None,
        acknowledge=since_opening(min(people, default=None)),
        resolve=None if end is None or false else _stood_open(log),
        is_false_positive=false,
        reopenings=sum(event.kind is EventKind.REOPENED for event in log),
    )


def _stood_open(log: Sequence[IncidentEvent]) -> timedelta:
    """Of one that is over: the stretches from each beginning to the end after it, together."""
    total, begins = timedelta(), log[0].at
    for event in log:
        if event.kind is EventKind.REOPENED:
            begins = event.at
        elif event.kind is EventKind.RESOLVED:
            total += max(event.at - begins, timedelta())
    return total


def _began(found: Iterable[Finding]) -> tuple[datetime | None, bool]:
    """When the first bad record was, as far as known; and whether only that it was no earlier is known."""
    # What could not be looked at has no bad record, and what only sums up fields has none but theirs.
    bad = [finding for finding in found if not finding.is_blind]
    bad = [finding for finding in bad if not finding.sums] or bad
    known = [began for finding in bad if (began := _bad_since(finding)) is not None]
    # Any of them may have been the first to go wrong.
    return min(known) if known and len(known) == len(bad) else (None, False)


def _bad_since(finding: Finding) -> tuple[datetime, bool] | None:
    # An alert is open since it rang, which is after the bad records that it counts.
    if finding.since is not None and finding.source is not Source.LEVEL:
        return finding.since, False
    return None if finding.good_at is None else (finding.good_at, True)


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A time over many incidents."""

    #: How many of them have it, of how many.
    known: int
    of: int
    mean: timedelta | None
    median: timedelta | None
    #: Nine of ten took no longer.
    p90: timedelta | None
    #: Some of those that are known are bounds; so each of these is one too: it was no longer, perhaps less.
    is_bound: bool = False


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast incidents were dealt with: of a contract, an owner, or all."""

    incidents: int
    still_open: int
    false_positives: int
    detect: Spread
    notify: Spread
    acknowledge: Spread
    resolve: Spread


def pace_of(incidents: Sequence[Times]) -> Pace:
    """Of these incidents; which they are (a contract's, of a month) is for the caller to choose."""
    true = [times for times in incidents if not times.is_false_positive]
    ended = [times for times in true if times.resolve is not None]
    return Pace(
        incidents=len(incidents),
        still_open=len(true) - len(ended),
        false_positives=len(incidents) - len(true),
        detect=spread_of([times.detect for times in true], is_bound=any(times.detect_is_bound for times in true)),
        notify=spread_of([times.notify for times in incidents]),
        acknowledge=spread_of([times.acknowledge for times in incidents]),
        resolve=spread_of([times.resolve for times in true]),
    )


def spread_of(times: Sequence[timedelta | None], *, is_bound: bool = False) -> Spread:
    """By nearest rank: every percentile is a time that was; those that are None count only in `of`. `is_bound`: some
    of them are no more than bounds."""
    known = sorted(time for time in times if time is not None)
    return Spread(
        known=len(known),
        of=len(times),
        mean=sum(known, timedelta()) / len(known) if known else None,
        median=_rank(known, 50),
        p90=_rank(known, 90),
        is_bound=is_bound,
    )


def _rank(known: Sequence[timedelta], percent: int) -> timedelta | None:
    return known[max(ceil(len(known) * percent / 100), 1) - 1] if known else None
