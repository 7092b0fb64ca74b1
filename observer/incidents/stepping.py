"""What a look changes, and who is told: `step(incidents, look, now, policy)`. Pure.

The caller gives it every live incident (`Incident.is_live`), writes the events and the notices in one transaction, and
steps again when another writer was first. Stepping twice with the same look changes nothing the second time; stepping
with `NOTHING_NEW` lets time pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from observer.incidents.events import Ended, EventKind, Group, IncidentEvent, Resolution
from observer.incidents.findings import Finding, Look
from observer.incidents.incident import Held, Incident, after
from observer.incidents.muting import mutes_of
from observer.incidents.policy import Policy
from observer.incidents.routing import owner_of
from observer.incidents.telling import Notice, notice_due

#: No look at all: only time passed.
NOTHING_NEW = Look(at=datetime.min.replace(tzinfo=UTC))
#: Clocks of machines that work together differ by no more: nothing is true any later than now.
_CLOCKS_DIFFER = timedelta(minutes=5)
#: What stays as it is, is noted again after such a part of the time for which it has gone on, and after an hour at the
#: latest: or a table that is stale for weeks would write a line for every glance at it.
_NOTED_AFTER, _NOTED_WITHIN = 1 / 24, timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Step:
    """What to write: the events in this order, and the notices that belong to the TOLD ones."""

    events: tuple[IncidentEvent, ...]
    notices: tuple[Notice, ...]
    #: The incidents that changed, as they stand then.
    changed: tuple[Incident, ...]
    #: The look was passed over: incidents that knew of it may be live no more, so it could be told a second time.
    is_too_old: bool = False


def step(incidents: Iterable[Incident], look: Look, now: datetime, policy: Policy) -> Step:
    """What follows from the look at this time."""
    book = _Book(incidents, now, policy)
    passes = look == NOTHING_NEW
    is_too_old = not passes and now - look.at >= policy.waits.remembered
    if not passes and not is_too_old:
        book.take(look)
    book.settle()
    book.tell()
    events, notices = tuple(book.events), tuple(book.notices)
    return Step(events=events, notices=notices, changed=book.changed(), is_too_old=is_too_old)


def see(incidents: Iterable[Incident], look: Look, now: datetime, policy: Policy) -> Step:
    """What the look alone changes: for several looks at one time, after which `step` with `NOTHING_NEW` settles and
    tells. Of the live incidents only those are needed that are of the groups of its findings, hold a finding that it
    can tell of, or hold one that hides fields of their contracts.
    """
    book = _Book(incidents, now, policy)
    is_too_old = now - look.at >= policy.waits.remembered
    if not is_too_old:
        book.take(look)
    return Step(events=tuple(book.events), notices=(), changed=book.changed(), is_too_old=is_too_old)


def group_of(finding: Finding, policy: Policy) -> Group:
    """The group whose incident the finding belongs to."""
    return Group(contract=finding.contract or "", table=finding.table or "", owner=owner_of(finding, policy))


class _Book:
    """The incidents while one step is worked out."""

    def __init__(self, incidents: Iterable[Incident], now: datetime, policy: Policy) -> None:
        self._incidents = {incident.id: incident for incident in sorted(incidents, key=lambda i: i.id)}
        self._before = dict(self._incidents)
        self._now, self._policy, self._waits = now, policy, policy.waits
        #: Contract → when what hid findings of it was last found to be over.
        self._hid_until: dict[str | None, datetime] = {}
        self.events: list[IncidentEvent] = []
        self.notices: list[Notice] = []

    def changed(self) -> tuple[Incident, ...]:
        """Those that events were written for."""
        return tuple(i for i in self._incidents.values() if self._before.get(i.id) is not i)

    def _write(self, incident: str, kind: EventKind, **said: Any) -> IncidentEvent:
        state = self._incidents.get(incident)
        event = IncidentEvent(incident=incident, seq=state.seq + 1 if state else 1, kind=kind, at=self._now, **said)
        self._incidents[incident] = after(state, event)
        self.events.append(event)
        return event

    # What was seen.

    def take(self, look: Look) -> None:
        """Every finding goes to the incident of its group; what the look could have found and did not is over."""
        if look.at > self._now + _CLOCKS_DIFFER:
            look = replace(look, at=self._now)
        gone = (look.covered | look.withdrawn).difference(finding.fingerprint for finding in look.findings)
        homes: dict[str, list[tuple[str, Held]]] = {}
        by_group: dict[Group, list[Incident]] = {}
        for incident in self._incidents.values():
            by_group.setdefault(incident.group, []).append(incident)
            for fingerprint, held in incident.held.items():
                homes.setdefault(fingerprint, []).append((incident.id, held))
                if held.finding.hides_fields:
                    self._note_end(held, gone, look.at)
        #: Fingerprint → where it is now; the target of each group is decided over all of its new findings together.
        found: dict[str, str] = {}
        seen: dict[str, list[Finding]] = {}
        loose: dict[Group, list[Finding]] = {}
        for finding in look.distinct():
            at_home = homes.get(finding.fingerprint, [])
            group = group_of(finding, self._policy)
            if any(_knows_better(held, look, self._now) for _, held in at_home):
                found[finding.fingerprint] = max(at_home, key=_latest)[0]
            elif excuse := self._excused_in(finding, group, at_home):
                seen.setdefault(excuse, []).append(finding)
            else:
                loose.setdefault(group, []).append(finding)
        groups: dict[str, Group] = {}
        for group, findings in loose.items():
            target = self._target(group, findings, by_group.get(group, []), look)
            groups[target] = group
            seen.setdefault(target, []).extend(findings)
        found |= {finding.fingerprint: target for target, findings in seen.items() for finding in findings}
        # What moves arrives before it leaves: a log that ends in between has it twice rather than not at all.
        for target in (*sorted(seen), *sorted(self._before.keys() - seen.keys())):
            home = groups.get(target) or self._incidents[target].group
            self._see(target, home, seen.get(target, []), look, found)

    def _note_end(self, hider: Held, gone: frozenset[str], at: datetime) -> None:
        """What hides others is over, or by the look of that time will be."""
        contract = hider.finding.contract
        if hider.ended in (Ended.MENDED, Ended.WITHDRAWN):
            until = hider.seen_at
        elif hider.ended is None and hider.seen_at < at and hider.finding.fingerprint in gone:
            until = at
        else:
            return
        self._hid_until[contract] = max(until, self._hid_until.get(contract, until))

    def _excused_in(self, finding: Finding, group: Group, at_home: Sequence[tuple[str, Held]]) -> str | None:
        """The resolved incident in which a person excused the finding, while it is no graver."""
        for incident, held in at_home:
            state = self._incidents[incident]
            excused = held.ended is None and held.is_excused(finding, growth=self._policy.growth)
            if excused and not state.is_open and state.group == group:
                return incident
        return None

    def _target(self, group: Group, findings: Sequence[Finding], mine: Sequence[Incident], look: Look) -> str:
        """The incident that these findings go to: the open one, else one that they bring back, else a new one."""
        named = {finding.fingerprint for finding in findings}
        still_open = [incident for incident in mine if incident.is_open]
        known = [i for i in mine if not named.isdisjoint(i.held) and self._may_come_back(i, named)]
        for candidates in (still_open, known):
            if candidates:
                return max(candidates, key=lambda incident: (incident.begins, incident.id)).id
        return group.incident_opened(look.at)

    def _may_come_back(self, incident: Incident, named: set[str]) -> bool:
        resolved_at = incident.resolved_at
        recent = resolved_at is not None and self._now - resolved_at < self._waits.reopen_within
        return recent or any(incident.held[name].ended is None for name in named.intersection(incident.held))

    def _see(self, incident: str, group: Group, findings: Sequence[Finding], look: Look, found: dict[str, str]) -> None:
        state = self._incidents.get(incident)
        if state is None:
            said = {"found": tuple(findings), "group": group, "looked_at": look.at, "reason": _opened_by(findings)}
            self._write(incident, EventKind.OPENED, **said)
            return
        new: list[Finding] = []
        again: list[Finding] = []
        for finding in findings:
            held = state.held.get(finding.fingerprint)
            (again if held and held.ended is None and held.finding == finding else new).append(finding)
        ended = tuple(_ended(state, look, found, self._now))
        if not (new or again or ended):
            return
        comes_back = not state.is_open and any(self._is_loud_in(state, finding) for finding in findings)
        if not ended and not comes_back and self._was_noted(state, findings, look):
            return
        self._write(
            incident,
            EventKind.REOPENED if comes_back else EventKind.LOOKED,
            looked_at=look.at,
            found=tuple(new),
            again=tuple(finding.fingerprint for finding in again),
            ended=ended,
        )

    def _was_noted(self, state: Incident, findings: Sequence[Finding], look: Look) -> bool:
        """Whether all of this was noted lately, and nobody waits for it to be seen again."""
        if state.said_fixed_at is not None and state.said_fixed_at < look.at:
            return False
        for finding in findings:
            held = state.held.get(finding.fingerprint)
            if held is None or held.ended is not None or finding.sums or not finding.is_as(held.finding):
                return False
            ends = (self._hid_until.get(place) for place in {finding.contract, None})
            if any(end is not None and held.seen_at < end <= look.at for end in ends):
                return False
            wait = min((look.at - held.began[-1]) * _NOTED_AFTER, _NOTED_WITHIN)
            if not timedelta() <= look.at - held.seen_at < wait:
                return False
        return True

    def _is_loud_in(self, state: Incident, finding: Finding) -> bool:
        """Whether it brings a resolved incident back: unless a person excused it and it is no graver."""
        held = state.held.get(finding.fingerprint)
        return held is None or held.ended is not None or not held.is_excused(finding, growth=self._policy.growth)

    # What follows.

    def settle(self) -> None:
        """Words that a look contradicts are taken back; incidents of which nothing is left are over."""
        for incident in sorted(self._incidents):
            state = self._incidents[incident]
            left = [
                held
                for held in state.held.values()
                if held.is_there(self._waits, self._now)
                and not held.is_excused(held.finding, growth=self._policy.growth)
            ]
            said = state.said_fixed_at
            if state.is_open and said is not None and any(h.ended is None and h.seen_at > said for h in left):
                reason = f"{state.said_fixed_by} said that it is fixed; the next look found it as before"
                self._write(incident, EventKind.STILL_BROKEN, reason=reason)
            if state.is_open and not left:
                self._write(incident, EventKind.RESOLVED, resolution=_resolution(state))

    def tell(self) -> None:
        """Notices that are due, each with the event that says so."""
        mutes = mutes_of(self._incidents.values(), self._policy, self._now)
        for incident in sorted(self._incidents):
            told = notice_due(self._incidents[incident], mutes, self._policy, self._now)
            if told is not None:
                event = self._write(incident, EventKind.TOLD, told=told)
                self.notices.append(Notice(key=event.key, line=incident, told=told, incident=self._incidents[incident]))


def _knows_better(held: Held, look: Look, now: datetime) -> bool:
    """Whether a look that is no older told of it already. One that moved at this very look goes on elsewhere.

    One of a time to come was by a clock that has been set back since.
    """
    if held.seen_at > now + _CLOCKS_DIFFER:
        return False
    if held.ended is Ended.MOVED:
        return held.seen_at > look.at
    return held.seen_at >= look.at


def _latest(at_home: tuple[str, Held]) -> tuple[bool, datetime, str]:
    incident, held = at_home
    return held.ended is None, held.seen_at, incident


def _ended(state: Incident, look: Look, found: dict[str, str], now: datetime) -> Iterable[tuple[str, Ended]]:
    for fingerprint, held in sorted(state.held.items()):
        if held.ended is not None or look.at <= held.seen_at <= now + _CLOCKS_DIFFER:
            continue
        if fingerprint in found:
            if found[fingerprint] != state.id:
                yield fingerprint, Ended.MOVED
        elif fingerprint in look.withdrawn:
            yield fingerprint, Ended.WITHDRAWN
        elif fingerprint in look.covered:
            yield fingerprint, Ended.MENDED


def _opened_by(findings: Sequence[Finding]) -> str:
    gravest = max(findings, key=lambda finding: (finding.grade.weight, finding.fingerprint))
    more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
    return f"{gravest.about}: {gravest.statement}{more}"


def _resolution(state: Incident) -> Resolution:
    excuses = sorted(held.judged.verdict for held in state.held.values() if held.judged and held.ended is None)
    if excuses:
        return Resolution(excuses[0].value)
    if state.said_fixed_at is not None:
        return Resolution.FIXED
    whys = {held.ended for held in state.held.values()}
    if Ended.MENDED in whys:
        return Resolution.MENDED
    return Resolution.MOVED if Ended.MOVED in whys else Resolution.WITHDRAWN
