"""An incident as it stands: `fold(events)`. Pure; the same log gives the same state, however often it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from observer.incidents.events import Ended, EventKind, Group, IncidentEvent, NoticeKind, Resolution, Told, Verdict
from observer.incidents.findings import Finding, Grade
from observer.incidents.policy import Waits

#: Of a finding that comes and goes, so many of its latest beginnings are remembered.
MOST_BEGINNINGS = 16


class Status(StrEnum):
    """The life of an incident. A resolved one may be reopened."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a person said of a finding, and how it was then."""

    verdict: Verdict
    by: str
    reason: str
    grade: Grade
    rows_failed: int | None


@dataclass(frozen=True, kw_only=True)
class Held:
    """A finding as an incident knows it."""

    finding: Finding
    #: The looks by which it began, the last one last.
    began: tuple[datetime, ...]
    #: The newest look that told of it, whether it was there or over.
    seen_at: datetime
    #: None: it goes on.
    ended: Ended | None = None
    judged: Judged | None = None

    def flaps(self, waits: Waits) -> bool:
        """Whether it came back too often of late to be believed when it is gone."""
        return sum(self.seen_at - began < waits.flap_within for began in self.began) > waits.flaps

    def is_there(self, waits: Waits, now: datetime) -> bool:
        """Whether it counts as going on. One that flaps does until it is calm."""
        if self.ended is None:
            return True
        return self.ended is Ended.MENDED and self.flaps(waits) and now - self.seen_at < waits.calm

    def is_excused(self, finding: Finding, *, growth: float) -> bool:
        """Whether a person's verdict covers it as it is now: as long as it is not graver, nor has grown (EXPECTED)."""
        judged = self.judged
        if judged is None or finding.grade.weight > judged.grade.weight:
            return False
        if judged.verdict is Verdict.FALSE_POSITIVE or judged.rows_failed is None or finding.rows_failed is None:
            return True
        return finding.rows_failed <= judged.rows_failed * growth


@dataclass(frozen=True, kw_only=True)
class Snooze:
    """Nobody is told until then, unless it becomes graver."""

    until: datetime
    by: str
    grade: Grade


@dataclass(frozen=True, kw_only=True)
class Incident:
    """What is known of one incident after `seq` events."""

    id: str
    group: Group
    seq: int
    status: Status
    opened_at: datetime
    #: When it was opened or last reopened.
    begins: datetime
    held: Mapping[str, Held] = field(default_factory=dict)
    #: Of the present opening.
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    snooze: Snooze | None = None
    #: A person says so; the next look decides.
    said_fixed_at: datetime | None = None
    said_fixed_by: str = ""
    #: When a look contradicted the last such word.
    refuted_at: datetime | None = None
    #: Whose word it was.
    refuted_by: str = ""
    resolved_at: datetime | None = None
    resolution: Resolution | None = None
    reopenings: int = 0
    #: The last notice and its time; None: nobody was told yet.
    told: Told | None = None
    told_at: datetime | None = None
    #: When somebody was told first of the present opening, and when whoever was called last hears of it.
    first_told_at: datetime | None = None
    called_at: datetime | None = None
    #: From when it is known of the present opening that it is so grave.
    grave_at: datetime | None = None
    escalated_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Open or acknowledged."""
        return self.status is not Status.RESOLVED

    @property
    def is_told(self) -> bool:
        """Whether somebody was told of the present opening and not yet of its end."""
        return self.told is not None and self.told.kind is not NoticeKind.RESOLVED

    @property
    def gravest(self) -> Grade:
        """Of the findings that go on, else of all."""
        going_on = [held.finding.grade for held in self.held.values() if held.ended is None]
        return max(going_on or [h.finding.grade for h in self.held.values()], key=lambda grade: grade.weight)

    def is_live(self, now: datetime, waits: Waits) -> bool:
        """Whether it still decides anything: it is open, or its end was not told, or one of its findings goes on (a
        person excused it), may come back, or may yet be spoken of by an older look."""
        if self.is_open or self.is_told or self.resolved_at is None:
            return True
        if now - self.resolved_at < waits.remembered:
            return True
        return any(held.ended is None or now - held.seen_at < waits.remembered for held in self.held.values())


def fold(events: Iterable[IncidentEvent]) -> Incident | None:
    """The state after these events of one incident, in any order; one that is there twice counts once. None: no events.

    Raises ValueError: an event is missing, or there are events of several incidents.
    """
    state: Incident | None = None
    for event in sorted(events, key=lambda event: event.seq):
        state = after(state, event)
    return state


def after(state: Incident | None, event: IncidentEvent) -> Incident:
    """The state after one more event. One that the state knows already changes nothing. Raises ValueError as `fold`."""
    if state is None:
        if event.seq != 1 or event.kind is not EventKind.OPENED or event.group is None:
            raise ValueError(f"the log of incident {event.incident} does not begin with its opening")
        state = Incident(
            id=event.incident, group=event.group, seq=0, status=Status.OPEN, opened_at=event.at, begins=event.at
        )
    if event.incident != state.id:
        raise ValueError(f"event {event.key} is none of incident {state.id}")
    if event.seq <= state.seq:
        return state
    if event.seq != state.seq + 1:
        raise ValueError(f"event {state.seq + 1} of incident {state.id} is missing before {event.seq}")
    return replace(_after(state, event), seq=event.seq)


def _after(state: Incident, event: IncidentEvent) -> Incident:
    match event.kind:
        case EventKind.OPENED | EventKind.LOOKED:
            return replace(state, held=_held_after(state.held, event))
        case EventKind.REOPENED:
            return replace(
                state,
                held=_held_after(state.held, event),
                status=Status.OPEN,
                begins=event.at,
                reopenings=state.reopenings + 1,
                resolved_at=None,
                resolution=None,
                acknowledged_at=None,
                acknowledged_by="",
                first_told_at=None,
                escalated_at=None,
            )
        case EventKind.RESOLVED:
            ended = replace(state, status=Status.RESOLVED, resolved_at=event.at, resolution=event.resolution)
            return replace(ended, snooze=None, said_fixed_at=None, said_fixed_by="")
        case EventKind.TOLD:
            return _after_told(state, event)
        case EventKind.DELIVERED:
            return state
        case _:
            return _after_act(state, event)


def _after_act(state: Incident, event: IncidentEvent) -> Incident:
    if event.kind is EventKind.SNOOZED and event.until is not None:
        return replace(state, snooze=Snooze(until=event.until, by=event.actor, grade=state.gravest))
    if event.kind is EventKind.WOKEN:
        return replace(state, snooze=None)
    if event.kind is EventKind.STILL_BROKEN:
        word = state.said_fixed_by
        return replace(state, said_fixed_at=None, said_fixed_by="", refuted_at=event.at, refuted_by=word)
    if event.kind is EventKind.JUDGED and event.verdict is not None:
        return replace(state, held={f: _judged(h, event, event.verdict) for f, h in state.held.items()})
    if event.kind is EventKind.SAID_FIXED:
        state = replace(state, said_fixed_at=event.at, said_fixed_by=event.actor)
    # Whoever says that it is fixed has taken it on.
    first = state.acknowledged_at is None
    return replace(
        state,
        status=Status.ACKNOWLEDGED,
        acknowledged_at=event.at if first else state.acknowledged_at,
        acknowledged_by=event.actor if first else state.acknowledged_by,
    )


def _judged(held: Held, event: IncidentEvent, verdict: Verdict) -> Held:
    if held.ended is not None:
        return held
    now = held.finding
    said = Judged(verdict=verdict, by=event.actor, reason=event.reason, grade=now.grade, rows_failed=now.rows_failed)
    return replace(held, judged=said)


def _after_told(state: Incident, event: IncidentEvent) -> Incident:
    told = event.told
    assert told is not None, "a TOLD event says what was told"
    first = state.first_told_at is None
    graver = first or state.told is None or told.grade.weight > state.told.grade.weight
    state = replace(state, told=told, told_at=event.at)
    if told.kind is NoticeKind.ESCALATED:
        state = replace(state, escalated_at=event.at)
    if not told.kind.calls:
        return state
    # Nobody hears of a digest before its hour.
    heard_at = max(event.at, told.not_before)
    state = replace(state, called_at=heard_at, grave_at=heard_at if graver else state.grave_at)
    return replace(state, first_told_at=event.at) if first else state


def _held_after(before: Mapping[str, Held], event: IncidentEvent) -> Mapping[str, Held]:
    seen_at = event.looked_at
    assert seen_at is not None, "a look says when it was"
    held = dict(before)
    for finding in event.found:
        known = held.get(finding.fingerprint)
        if known is None:
            held[finding.fingerprint] = Held(finding=finding, began=(seen_at,), seen_at=seen_at)
        elif known.ended is not None:
            began = (*known.began, seen_at)[-MOST_BEGINNINGS:]
            held[finding.fingerprint] = Held(finding=finding, began=began, seen_at=seen_at)
        else:
            held[finding.fingerprint] = replace(known, finding=finding, seen_at=seen_at)
    for fingerprint in event.again:
        held[fingerprint] = replace(held[fingerprint], seen_at=seen_at)
    for fingerprint, why in event.ended:
        held[fingerprint] = replace(held[fingerprint], ended=why, seen_at=seen_at)
    return held
