"""What Slack tells when somebody presses a button or sends a form, by its documentation, and how it signs that.

https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

from observer.incidents.acting import Act
from observer.slack.action_ids import encode

INCIDENT = "0123456789abcdef"
TEAM = "T000000001"
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


def pressed(
    act: Act = Act.ACKNOWLEDGE,
    *,
    incident: str = INCIDENT,
    arg: str = "",
    user: str = "U000000000",
    team: str = TEAM,
    channel: str = "C000000000",
    at: float = 1_700_000_000.0,
    **more: Any,
) -> dict[str, Any]:
    """A press of a button; with `arg`, a choice of a select."""
    action_id, value = encode(act, incident, arg)
    chosen: dict[str, Any] = {"type": "button", "value": value}
    if arg:
        option = {"text": {"type": "plain_text", "text": "4 hours"}, "value": value}
        chosen = {"type": "static_select", "selected_option": option}
    return {
        "type": "block_actions",
        "team": {"id": TEAM, "domain": "example"},
        "user": {"id": user, "username": "ana", "name": "ana", "team_id": team},
        "api_app_id": "A000000001",
        "token": "legacy-verification-token",
        "container": {
            "type": "message",
            "message_ts": "1699999999.000100",
            "channel_id": channel,
            "is_ephemeral": False,
        },
        "trigger_id": "12466734323.1395872398",
        "channel": {"id": channel, "name": "crm-dq"},
        "message": {"type": "message", "text": "…", "ts": "1699999999.000100"},
        "response_url": "https://hooks.slack.com/actions/T1/2/3",
        "actions": [{"action_id": action_id, "block_id": "acts", "action_ts": f"{at:.6f}", **chosen}],
        **more,
    }


def sent(view: dict[str, Any], reason: str | None, *, user: str = "U000000000", team: str = TEAM) -> dict[str, Any]:
    """A form that was opened, as it comes back."""
    [block] = [block for block in view["blocks"] if block["type"] == "input"]
    written = {"type": "plain_text_input", "value": reason}
    return {
        "type": "view_submission",
        "team": {"id": TEAM, "domain": "example"},
        "user": {"id": user, "name": "ana", "team_id": team},
        "trigger_id": "12466734323.1395872398",
        "view": {
            "id": "V000000001",
            "type": "modal",
            "callback_id": view["callback_id"],
            "private_metadata": view["private_metadata"],
            "state": {"values": {block["block_id"]: {block["element"]["action_id"]: written}}},
        },
        "response_urls": [],
    }


def form(payload: object) -> bytes:
    """The body in which Slack sends it."""
    return urlencode({"payload": payload if isinstance(payload, str) else json.dumps(payload)}).encode()


def signed(body: bytes, at: int, secret: str = SIGNING_SECRET) -> dict[str, str]:
    """The headers with which Slack sends it."""
    found = hmac.new(secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": str(at),
        "X-Slack-Signature": f"v0={found}",
    }
