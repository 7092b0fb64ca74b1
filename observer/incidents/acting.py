"""What a person may do with an incident, and what follows: `act(incident, action, now)`. Pure and idempotent.

A button that was pressed twice, or on an incident that is over already, writes nothing and says so. No action loosens
a threshold, and every verdict needs a reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from observer.checks.words import duration_text
from observer.incidents.events import EventKind, IncidentEvent, Resolution, Verdict
from observer.incidents.incident import Incident, Status, after
from observer.incidents.telling import Notice, acted

#: Nobody forgets an incident for longer by one press of a button.
LONGEST_SNOOZE = timedelta(days=30)
#: Characters: nobody reads more in a thread.
LONGEST_REASON = 500


class Act(StrEnum):
    """What a person may do."""

    ACKNOWLEDGE = "acknowledge"
    SNOOZE = "snooze"
    #: Ends a snooze.
    WAKE = "wake"
    #: It is true and no fault.
    EXPECTED = "expected"
    #: The rule is wrong.
    FALSE_POSITIVE = "false positive"
    #: The next look decides.
    FIXED = "fixed"


@dataclass(frozen=True, kw_only=True)
class Action:
    """What somebody asks for. That they may is decided elsewhere."""

    act: Act
    #: A username.
    by: str
    #: EXPECTED and FALSE_POSITIVE need one.
    reason: str = ""
    #: SNOOZE.
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What to write in one transaction, and what to tell whoever asked."""

    events: tuple[IncidentEvent, ...] = ()
    notices: tuple[Notice, ...] = ()
    #: The incident as it stands then.
    incident: Incident
    sentence: str

    @property
    def done(self) -> bool:
        """False: nothing changed, and the sentence says why."""
        return bool(self.events)


def act(incident: Incident, action: Action, now: datetime) -> Answer:
    """What follows from the action at this time."""
    refusal = _refusal(incident, action, now)
    if refusal is not None:
        return Answer(incident=incident, sentence=refusal)
    kind, said = _event(action)
    events = [_next(incident, kind, now, actor=action.by, reason=action.reason.strip(), **said)]
    state = after(incident, events[0])
    if kind is EventKind.JUDGED:
        resolution = Resolution(said["verdict"].value)
        events.append(_next(state, EventKind.RESOLVED, now, actor=action.by, resolution=resolution))
        state = after(state, events[-1])
    sentence = _sentence(action, now)
    notices: tuple[Notice, ...] = ()
    told = acted(state, now, sentence)
    if told is not None:
        events.append(_next(state, EventKind.TOLD, now, told=told))
        state = after(state, events[-1])
        notices = (Notice(key=events[-1].key, line=state.id, told=told, incident=state),)
    return Answer(events=tuple(events), notices=notices, incident=state, sentence=sentence)


def delivered(incident: Incident, notice: str, now: datetime) -> IncidentEvent:
    """The event that says that a notice reached its receiver: written in the transaction that marks it delivered."""
    return replace(_next(incident, EventKind.DELIVERED, now), notice=notice)


def _next(incident: Incident, kind: EventKind, now: datetime, **said: Any) -> IncidentEvent:
    return IncidentEvent(incident=incident.id, seq=incident.seq + 1, kind=kind, at=now, **said)


def _refusal(incident: Incident, action: Action, now: datetime) -> str | None:
    if not incident.is_open:
        how = incident.resolution or "resolved"
        return f"this incident is over already ({how})"
    if len(action.reason.strip()) > LONGEST_REASON:
        return f"a reason has at most {LONGEST_REASON} characters"
    match action.act:
        case Act.ACKNOWLEDGE if incident.status is Status.ACKNOWLEDGED:
            return f"{incident.acknowledged_by} acknowledged it already"
        case Act.FIXED if incident.said_fixed_at is not None:
            return f"{incident.said_fixed_by} said so already; the next look decides"
        case Act.EXPECTED | Act.FALSE_POSITIVE if not action.reason.strip():
            return f"say why it is {'expected' if action.act is Act.EXPECTED else 'a false positive'}"
        case Act.WAKE if incident.snooze is None or incident.snooze.until <= now:
            return "it is not snoozed"
        case Act.SNOOZE:
            return _no_snooze(incident, action, now)
    return None


def _no_snooze(incident: Incident, action: Action, now: datetime) -> str | None:
    if action.until is None or action.until <= now:
        return "a snooze ends in the future"
    if action.until - now > LONGEST_SNOOZE:
        return f"a snooze lasts at most {duration_text(LONGEST_SNOOZE)}"
    if incident.snooze is not None and incident.snooze.until == action.until:
        return "it is snoozed until then already"
    return None


def _event(action: Action) -> tuple[EventKind, dict[str, Any]]:
    match action.act:
        case Act.ACKNOWLEDGE:
            return EventKind.ACKNOWLEDGED, {}
        case Act.SNOOZE:
            return EventKind.SNOOZED, {"until": action.until}
        case Act.WAKE:
            return EventKind.WOKEN, {}
        case Act.FIXED:
            return EventKind.SAID_FIXED, {}
        case Act.EXPECTED:
            return EventKind.JUDGED, {"verdict": Verdict.EXPECTED}
        case Act.FALSE_POSITIVE:
            return EventKind.JUDGED, {"verdict": Verdict.FALSE_POSITIVE}


def _sentence(action: Action, now: datetime) -> str:
    because = f": {action.reason.strip()}" if action.reason.strip() else ""
    match action.act:
        case Act.ACKNOWLEDGE:
            return f"{action.by} acknowledged it{because}"
        case Act.SNOOZE:
            assert action.until is not None, "a snooze without an end was refused"
            return f"{action.by} snoozed it for {duration_text(action.until - now)}{because}"
        case Act.WAKE:
            return f"{action.by} ended the snooze{because}"
        case Act.FIXED:
            return f"{action.by} says that it is fixed{because}; the next look decides"
        case Act.EXPECTED:
            return f"{action.by} says that it is expected{because}"
        case Act.FALSE_POSITIVE:
            return f"{action.by} says that it is a false positive{because}"
