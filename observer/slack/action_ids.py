"""What a button of a message says when it is pressed: act and incident ↔ `action_id` and `value`. Pure.

The message is drawn with `encode`, a press is read with `decode`. `observer.incident.snooze` and `3f2a… 4h`, say: Slack
allows an action_id 255 characters, the value of a button 2,000, that of an option of a select 150.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from observer.incidents.acting import Act

_PREFIX = "observer.incident."
#: Buttons that only open a page; Slack tells of them all the same, and there is nothing to do.
LINK_PREFIX = "observer.link."
_VALUE = re.compile(r"(?P<incident>[0-9a-f]{16})(?: (?P<arg>\S{1,64}))?")


class SnoozeFor(StrEnum):
    """What the select of a message offers."""

    HOUR = "1h"
    FOUR_HOURS = "4h"
    #: Until the hour of the digest, as a rule nine in the morning.
    TOMORROW = "tomorrow"
    WEEK = "1w"

    def until(self, now: datetime, *, zone: str, morning: time) -> datetime:
        """When a snooze that begins now ends; in the zone of `now`, which is aware."""
        match self:
            case SnoozeFor.HOUR:
                return now + timedelta(hours=1)
            case SnoozeFor.FOUR_HOURS:
                return now + timedelta(hours=4)
            case SnoozeFor.WEEK:
                return now + timedelta(weeks=1)
            case SnoozeFor.TOMORROW:
                day = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
                return datetime.combine(day, morning, ZoneInfo(zone)).astimezone(now.tzinfo)


@dataclass(frozen=True, kw_only=True)
class Pressed:
    """What somebody asks for by a press; who they are is not in it."""

    act: Act
    incident: str
    #: SNOOZE: a SnoozeFor; else "".
    arg: str = ""


def encode(act: Act, incident: str, arg: str = "") -> tuple[str, str]:
    """`action_id` and `value` of a button, or of an option of a select. `incident` is its whole id."""
    value = f"{incident} {arg}" if arg else incident
    if _VALUE.fullmatch(value) is None:
        raise ValueError("an incident is named by 16 hex digits, and an argument is one short word")
    return _PREFIX + act.value.replace(" ", "_"), value


def decode(action_id: str, value: str) -> Pressed | None:
    """What was pressed; None when it is none of ours, or not as `encode` writes it."""
    found = _VALUE.fullmatch(value)
    name = action_id.removeprefix(_PREFIX).replace("_", " ")
    if found is None or not action_id.startswith(_PREFIX) or name not in set(Act):
        return None
    return Pressed(act=Act(name), incident=found["incident"], arg=found["arg"] or "")
