"""The form that asks why: a press of Expected, False positive or Fixed → a view for `views.open`. Pure.

Limits: https://docs.slack.dev/reference/views (title and buttons 24 characters, private_metadata 3,000) and
https://docs.slack.dev/reference/block-kit/blocks/input-block (label and hint 2,000). All texts here are `plain_text`,
which Slack draws as it stands: nothing in them is markup.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from observer.incidents.acting import LONGEST_REASON, Act
from observer.slack.action_ids import encode
from observer.slack.presses import CALLBACK_ID, NEED_A_REASON, REASON_ACTION, REASON_BLOCK, Press

_LONGEST_NAME = 200


@dataclass(frozen=True, kw_only=True)
class _Words:
    title: str
    send: str
    ask: str
    hint: str


_WORDS = {
    Act.EXPECTED: _Words(
        title="This is expected",
        send="Mark as expected",
        ask="Why is it expected?",
        hint="It is kept with the incident. Nobody is told again unless it grows or becomes graver.",
    ),
    Act.FALSE_POSITIVE: _Words(
        title="This is a false positive",
        send="Mark false positive",
        ask="What is wrong with the rule?",
        hint="It is kept with the incident, for whoever looks after the contract.",
    ),
    Act.FIXED: _Words(
        title="This is fixed",
        send="Mark as fixed",
        ask="What was done? (optional)",
        hint="The next look decides: the incident ends when it finds nothing, and goes on when it does.",
    ),
}
#: A press of these opens a form first.
ASKED_WHY = frozenset(_WORDS)


def reason_form(press: Press, *, about: str) -> dict[str, Any]:
    """The view. `about`: the incident in a line. Raises KeyError: the act needs no form."""
    words = _WORDS[press.act]
    action_id, value = encode(press.act, press.incident)
    kept = {"action_id": action_id, "value": value, "channel": press.channel, "message": press.message}
    needed = press.act in NEED_A_REASON
    return {
        "type": "modal",
        "callback_id": CALLBACK_ID,
        "private_metadata": json.dumps({name: text for name, text in kept.items() if text}),
        "title": _plain(words.title),
        "submit": _plain(words.send),
        "close": _plain("Cancel"),
        "blocks": [
            {"type": "section", "text": _plain(_short(about))},
            {
                "type": "input",
                "block_id": REASON_BLOCK,
                "optional": not needed,
                "label": _plain(words.ask),
                "hint": _plain(words.hint),
                "element": {
                    "type": "plain_text_input",
                    "action_id": REASON_ACTION,
                    "multiline": True,
                    "max_length": LONGEST_REASON,
                    "focus_on_load": True,
                    **({"min_length": 1} if needed else {}),
                },
            },
        ],
    }


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"
