"""Promises of a contract about its incidents (`timeToDetect`, `timeToNotify`, `timeToRepair`), held against the log.

Pure. Flows in: logs of incidents, clauses, the time. Flows out: a verdict per incident and clause, counts per clause,
and a look that tells the owner of the contract of those that open incidents break. What is not known is never met.

Such a finding opens an incident of its own, which counts in no clause: `without_promises` takes it out of every log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import zip_longest

from observer.checks.words import duration_text
from observer.contracts.model import Contract, ResponseKind, ResponseSla
from observer.incidents.events import EventKind, Group, IncidentEvent, NoticeKind, Resolution
from observer.incidents.findings import Finding, Grade, Look, Source
from observer.incidents.looks import answerable_of
from observer.incidents.policy import Way
from observer.incidents.times import Times, times_of

_PREFIX = "response:"
#: Incidents that a finding names.
_MOST_NAMED = 3


class Kept(StrEnum):
    """What a clause says of one incident."""

    MET = "met"
    BROKEN = "broken"
    #: The limit is not passed, and the time still runs.
    NOT_YET = "not yet"
    UNKNOWN = "unknown"
    #: There was nothing to keep it for: a false positive is neither detected nor repaired.
    NOT_MEANT = "not meant"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One clause on one incident."""

    incident: str
    group: Group
    opened_at: datetime
    #: The incident is.
    is_open: bool
    kind: ResponseKind
    limit: timedelta
    kept: Kept
    #: How long it took, or takes so far; None when that is not known.
    took: timedelta | None = None
    #: It took no longer than `took`, perhaps less.
    is_bound: bool = False
    #: The time still runs.
    goes_on: bool = False
    #: Why it is not known, or not meant; "" otherwise.
    reason: str = ""

    @property
    def overdue_since(self) -> datetime:
        """When the limit is or was passed; of what was detected too late, when it was detected."""
        return self.opened_at if self.kind is ResponseKind.DETECT else self.opened_at + self.limit


def verdicts_of(log: Iterable[IncidentEvent], responses: Iterable[ResponseSla], at: datetime) -> tuple[Verdict, ...]:
    """What each clause says of the incident of this log; nothing of one that tells of broken promises alone."""
    events = without_promises(log)
    times = times_of(events)
    if times is None:
        return ()
    return tuple(_verdict(events, times, response, at) for response in responses)


def _verdict(log: Sequence[IncidentEvent], times: Times, response: ResponseSla, at: datetime) -> Verdict:
    ends = [event for event in log if event.kind in (EventKind.RESOLVED, EventKind.REOPENED)]
    resolution = ends[-1].resolution if ends else None
    age = max(at - times.opened_at, timedelta())
    verdict = Verdict(
        incident=times.incident,
        group=times.group,
        opened_at=times.opened_at,
        is_open=resolution is None,
        kind=response.kind,
        limit=response.limit,
        kept=Kept.UNKNOWN,
    )
    match response.kind:
        case ResponseKind.DETECT:
            return _of_detection(verdict, times)
        case ResponseKind.NOTIFY:
            return _of_notice(verdict, times, log, age)
        case ResponseKind.REPAIR:
            return _of_repair(verdict, times, resolution, age)


def _of_detection(verdict: Verdict, times: Times) -> Verdict:
    if times.is_false_positive:
        return replace(verdict, kept=Kept.NOT_MEANT, reason="it was a false positive")
    if times.detect is None:
        return replace(verdict, reason="nobody knows since when it was wrong")
    verdict = replace(verdict, is_bound=times.detect_is_bound)
    if times.detect_is_bound and times.detect > verdict.limit:
        why = "the last look that found it well was longer ago than that"
        return replace(verdict, took=times.detect, reason=why)
    return _over(verdict, times.detect)


def _of_notice(verdict: Verdict, times: Times, log: Sequence[IncidentEvent], age: timedelta) -> Verdict:
    if times.notify is not None:
        return _over(verdict, times.notify)
    told = next((event.told for event in log if event.told and event.told.kind is NoticeKind.OPENED), None)
    if told is not None and told.way is Way.DIGEST:
        return replace(verdict, kept=Kept.NOT_MEANT, reason="it goes into the daily digest")
    if told is not None and told.loud_since is not None:
        return _running(verdict, age - (told.loud_since - times.opened_at))
    if told is not None or (verdict.is_open and age <= verdict.limit):
        return _running(verdict, age)
    if not verdict.is_open and (times.resolve or timedelta()) <= verdict.limit:
        return replace(verdict, kept=Kept.NOT_MEANT, reason="it was over before anybody was told")
    return replace(verdict, reason="nobody was to be told: it was hidden, silenced or excused")


def _of_repair(verdict: Verdict, times: Times, resolution: Resolution | None, age: timedelta) -> Verdict:
    if times.is_false_positive:
        return replace(verdict, kept=Kept.NOT_MEANT, reason="it was a false positive")
    if times.resolve is None:
        return _running(verdict, age)
    if times.resolve > verdict.limit or resolution in (Resolution.MENDED, Resolution.FIXED):
        return _over(verdict, times.resolve)
    if resolution is Resolution.EXPECTED:
        return replace(verdict, kept=Kept.NOT_MEANT, reason="it was said to be expected")
    why = "it went on in another incident" if resolution is Resolution.MOVED else "nothing looks for it any more"
    return replace(verdict, reason=why)


def _over(verdict: Verdict, took: timedelta) -> Verdict:
    return replace(verdict, kept=Kept.MET if took <= verdict.limit else Kept.BROKEN, took=took)


def _running(verdict: Verdict, age: timedelta) -> Verdict:
    kept = Kept.NOT_YET if age <= verdict.limit else Kept.BROKEN
    return replace(verdict, kept=kept, took=age, goes_on=True)


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One promise of a contract over many incidents."""

    contract: str
    kind: ResponseKind
    limit: timedelta
    met: int
    broken: int
    not_yet: int
    unknown: int
    not_meant: int
    #: Of the broken: incidents that are open.
    broken_open: int
    #: What took longest of what is decided or goes on; None when there is none, or no time of it is known.
    worst: Verdict | None

    @property
    def decided(self) -> int:
        """The whole of which `met` is a part; what is unknown is in it."""
        return self.met + self.broken + self.unknown


def clause_of(contract: str, response: ResponseSla, verdicts: Iterable[Verdict]) -> Clause:
    """What is said of one promise; verdicts on others, and of other contracts, are passed over."""
    mine = [each for each in verdicts if each.kind is response.kind and each.group.contract == contract]
    counts = Counter(each.kept for each in mine)
    # A bound that decides nothing is no time that was.
    known = [each for each in mine if each.took is not None and each.kept not in (Kept.UNKNOWN, Kept.NOT_MEANT)]
    return Clause(
        contract=contract,
        kind=response.kind,
        limit=response.limit,
        met=counts[Kept.MET],
        broken=counts[Kept.BROKEN],
        not_yet=counts[Kept.NOT_YET],
        unknown=counts[Kept.UNKNOWN],
        not_meant=counts[Kept.NOT_MEANT],
        broken_open=sum(each.kept is Kept.BROKEN and each.is_open for each in mine),
        worst=max(known, key=lambda each: (each.took or timedelta(), each.incident), default=None),
    )


# What open incidents break is told.


def response_fingerprint(contract: str, kind: ResponseKind) -> str:
    """Of a broken promise."""
    return f"{_PREFIX}{contract}:{kind}"


def look_of_responses(contract: Contract, verdicts: Iterable[Verdict], *, at: datetime) -> Look:
    """One finding per promise that open incidents break. `verdicts`: of every incident of the contract that is open.

    It is the same from one minute to the next unless an incident comes, goes or passes its limit.
    """
    fingerprints = {kind: response_fingerprint(contract.id, kind) for kind in ResponseKind}
    promised = {response.kind for response in contract.responses}
    broken = [each for each in verdicts if each.kept is Kept.BROKEN and each.is_open]
    findings = [_finding(contract, response, broken) for response in contract.responses]
    return Look(
        at=at,
        findings=tuple(finding for finding in findings if finding is not None),
        covered=frozenset(fingerprints[kind] for kind in promised),
        withdrawn=frozenset(fingerprints[kind] for kind in fingerprints.keys() - promised),
    )


def _finding(contract: Contract, response: ResponseSla, broken: Iterable[Verdict]) -> Finding | None:
    mine = [each for each in broken if each.kind is response.kind and each.group.contract == contract.id]
    if not mine:
        return None
    mine.sort(key=lambda each: (each.opened_at, each.incident))
    return Finding(
        fingerprint=response_fingerprint(contract.id, response.kind),
        source=Source.RESPONSE,
        # While the time still runs, somebody can end it; what is over can only be known.
        grade=Grade.ERROR if any(each.goes_on for each in mine) else Grade.WARNING,
        contract=contract.id,
        subject=response.kind.value,
        statement=_STATEMENTS[response.kind],
        observed=_observed(mine),
        expected=f"within {duration_text(response.limit)}",
        since=min(each.overdue_since for each in mine),
        answerable=answerable_of(contract),
    )


_STATEMENTS = {
    ResponseKind.DETECT: "what is wrong is detected in time",
    ResponseKind.NOTIFY: "somebody is told of every incident in time",
    ResponseKind.REPAIR: "every incident is repaired in time",
}


def _observed(broken: Sequence[Verdict]) -> str:
    """Without how long it takes so far, which every minute would change."""
    named = [f"{each.group.table or each.group.contract} ({each.incident[:8]}) " + _when(each) for each in broken]
    more = f" and {len(broken) - _MOST_NAMED} more" if len(broken) > _MOST_NAMED else ""
    count = "an open incident takes" if len(broken) == 1 else f"{len(broken)} open incidents take"
    return f"{count} longer: {', '.join(named[:_MOST_NAMED])}{more}"


def _when(verdict: Verdict) -> str:
    if verdict.goes_on or verdict.took is None:
        return f"since {verdict.opened_at:%Y-%m-%d %H:%M} UTC"
    return duration_text(verdict.took)


# A broken promise is an incident of its own, which keeps and breaks no promise.


def is_response(finding: str) -> bool:
    """Whether this fingerprint is of a broken promise."""
    return finding.startswith(_PREFIX)


def without_promises(events: Iterable[IncidentEvent]) -> tuple[IncidentEvent, ...]:
    """The log as it would be if nobody had promised anything; empty when it tells of broken promises alone.

    An incident of which a broken promise is a part begins with the first other finding, and is over when the last of
    those is.
    """
    log = tuple(sorted({event.seq: event for event in events}.values(), key=lambda event: event.seq))
    if not any(is_response(finding.fingerprint) for event in log for finding in event.found):
        return log
    return tuple(_others_alone(log))


def _others_alone(log: Sequence[IncidentEvent]) -> Iterator[IncidentEvent]:
    going_on = set[str]()
    begun = over = False
    for whole, following in zip_longest(log, log[1:]):
        event = _others_of(whole)
        going_on |= {finding.fingerprint for finding in event.found}
        going_on -= {fingerprint for fingerprint, _ in event.ended}
        if not begun:
            if event.found:
                begun = True
                yield replace(event, kind=EventKind.OPENED, group=log[0].group)
            continue
        if over and event.found:
            event, over = replace(event, kind=EventKind.REOPENED), False
        elif over and event.kind in (EventKind.REOPENED, EventKind.RESOLVED):
            continue
        elif event.kind is EventKind.RESOLVED:
            over = True
        elif event.ended and not going_on and (following is None or following.kind is not EventKind.RESOLVED):
            # It went on for the sake of the promise alone.
            event, over = replace(event, kind=EventKind.RESOLVED, resolution=Resolution.MENDED), True
        yield event


def _others_of(event: IncidentEvent) -> IncidentEvent:
    return replace(
        event,
        found=tuple(finding for finding in event.found if not is_response(finding.fingerprint)),
        again=tuple(fingerprint for fingerprint in event.again if not is_response(fingerprint)),
        ended=tuple((fingerprint, why) for fingerprint, why in event.ended if not is_response(fingerprint)),
    )
