"""What Slack tells of a press or of a form that was sent → a frozen Press. Pure.

Flows in: the payload of an interaction, whose signature (or socket) was trusted before; still, nothing in it is taken
as given. Flows out: a Press, None for what needs no answer (a button that only opens a page), or NotAPress, whose words
repeat nothing of the payload.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from observer.incidents.acting import LONGEST_REASON, Act
from observer.slack.action_ids import LINK_PREFIX, Pressed, decode

#: Of a form of ours.
CALLBACK_ID = "observer.reason"
REASON_BLOCK = "reason"
REASON_ACTION = "observer.reason.text"
#: These are given with a reason.
NEED_A_REASON = frozenset({Act.EXPECTED, Act.FALSE_POSITIVE})
_ID = re.compile(r"[A-Z][A-Z0-9]{1,39}")
_TS = re.compile(r"[0-9]{10}\.[0-9]{1,6}")


class PressKind(StrEnum):
    """How Slack calls it."""

    BUTTON = "block_actions"
    FORM = "view_submission"


class NotAPress(Exception):
    """Not what a message or a form of ours sends. Its text may be shown and logged."""


class UnfitReason(Exception):
    """The form stays open and says this below its field."""

    @property
    def answer(self) -> dict[str, Any]:
        """What Slack wants to be answered."""
        return {"response_action": "errors", "errors": {REASON_BLOCK: str(self)}}


@dataclass(frozen=True, kw_only=True)
class Press:
    """One press of a button, or one form that was sent. Who may act is decided elsewhere."""

    kind: PressKind
    act: Act
    incident: str
    #: SNOOZE: for how long, as `action_ids` writes it.
    arg: str = ""
    #: Slack's ids of the person and of the workspace in which they pressed.
    user: str
    team: str
    #: Opens one form, within three seconds.
    trigger_id: str = field(default="", repr=False)
    #: Where the message stands; "" where the payload does not say.
    channel: str = ""
    message: str = ""
    #: FORM.
    reason: str = ""
    #: BUTTON: by Slack's clock, so that the same press told twice asks for the same.
    pressed_at: datetime | None = None


def press_of(payload: object) -> Press | None:
    """The press; None: there is nothing to do. Raises NotAPress, UnfitReason."""
    told = _mapping(payload, "the payload")
    match told.get("type"):
        case PressKind.BUTTON:
            return _button(told)
        case PressKind.FORM:
            return _form(told)
    raise NotAPress("an interaction of a kind that no message of ours sends")


def _button(told: Mapping[str, Any]) -> Press | None:
    actions = told.get("actions")
    if not isinstance(actions, list) or len(actions) != 1:
        raise NotAPress("a press is of one button")
    action = _mapping(actions[0], "the action")
    action_id = _text(action, "action_id")
    if action_id.startswith(LINK_PREFIX):
        return None
    option = action.get("selected_option")
    value = _text(_mapping(option, "the option") if option is not None else action, "value")
    pressed = decode(action_id, value)
    if pressed is None:
        raise NotAPress("no button of ours says that")
    place = told.get("container")
    container = _mapping(place, "the container") if place is not None else {}
    user, team = _who(told)
    return Press(
        kind=PressKind.BUTTON,
        act=pressed.act,
        incident=pressed.incident,
        arg=pressed.arg,
        user=user,
        team=team,
        trigger_id=_text(told, "trigger_id", longest=500),
        channel=_fitting(container, "channel_id", _ID),
        message=_fitting(container, "message_ts", _TS),
        pressed_at=_instant(_fitting(action, "action_ts", _TS)),
    )


def _form(told: Mapping[str, Any]) -> Press:
    view = _mapping(told.get("view"), "the view")
    if view.get("callback_id") != CALLBACK_ID:
        raise NotAPress("a form of ours is called otherwise")
    user, team = _who(told)
    try:
        kept = _mapping(json.loads(_text(view, "private_metadata", longest=3000)), "what the form keeps")
    except (ValueError, RecursionError) as error:
        raise NotAPress("what the form keeps is not readable") from error
    pressed = decode(_text(kept, "action_id"), _text(kept, "value"))
    if pressed is None:
        raise NotAPress("no button of ours opens such a form")
    return Press(
        kind=PressKind.FORM,
        act=pressed.act,
        incident=pressed.incident,
        user=user,
        team=team,
        channel=_fitting(kept, "channel", _ID),
        message=_fitting(kept, "message", _TS),
        reason=_reason(view, pressed),
    )


def _reason(view: Mapping[str, Any], pressed: Pressed) -> str:
    values = _mapping(_mapping(view.get("state"), "the state").get("values"), "the values")
    block = _mapping(values.get(REASON_BLOCK), "the field")
    written = _mapping(block.get(REASON_ACTION), "the text").get("value")
    if written is not None and not isinstance(written, str):
        raise NotAPress("a reason is a text")
    # One line: it stands in sentences. What no line can hold (control characters) becomes a space too.
    reason = " ".join("".join(c if c.isprintable() else " " for c in written or "").split())
    if not reason and pressed.act in NEED_A_REASON:
        raise UnfitReason("Say why.")
    if len(reason) > LONGEST_REASON:
        raise UnfitReason(f"At most {LONGEST_REASON} characters.")
    return reason


def _who(told: Mapping[str, Any]) -> tuple[str, str]:
    """The person, and the workspace that they belong to."""
    user = _mapping(told.get("user"), "the person")
    known_as, home = _fitting(user, "id", _ID), _fitting(user, "team_id", _ID)
    team = told.get("team")
    home = home or (_fitting(_mapping(team, "the workspace"), "id", _ID) if team is not None else "")
    if not known_as:
        raise NotAPress("nobody pressed")
    return known_as, home


def _mapping(found: object, what: str) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise NotAPress(f"{what} is no object")
    return found


def _text(found: Mapping[str, Any], name: str, *, longest: int = 300) -> str:
    text = found.get(name)
    if not isinstance(text, str) or len(text) > longest:
        raise NotAPress(f"{name} is no text of at most {longest} characters")
    return text


def _fitting(found: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    """ "" when it is not there. Raises NotAPress: it is there, and none of Slack's."""
    text = found.get(name)
    if text is None:
        return ""
    if not isinstance(text, str) or form.fullmatch(text) is None:
        raise NotAPress(f"{name} is none that Slack gives")
    return text


def _instant(ts: str) -> datetime:
    if not ts:
        raise NotAPress("a press says when it was")
    return datetime.fromtimestamp(float(ts), UTC)
