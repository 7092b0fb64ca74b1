"""What answers to presses need of Slack's Web API. Arguments in, plain values out, or CallFailed.

Guarantee: one call is one request, made by any thread; nothing that is raised or logged holds a token.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web import SlackResponse

from observer.settings import SlackSettings
from observer.slack.failures import CHANNEL_GONE, CallFailed, no_answer, refusal

#: The client writes whole requests to its log.
_SILENT = logging.Logger("observer.slack.presses", level=logging.CRITICAL + 1)
#: Whoever pressed waits.
_PATIENCE_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class Home:
    """The workspace whose bot we are, by Slack's ids."""

    team: str
    #: Of an Enterprise organisation; "" without one.
    enterprise: str


class PressCalls:
    """May be used by several threads at once."""

    def __init__(self, settings: SlackSettings) -> None:
        self._client = WebClient(
            token=settings.token,
            base_url=settings.api_url,
            timeout=_PATIENCE_SECONDS,
            retry_handlers=[],
            logger=_SILENT,
        )

    def home(self) -> Home:
        """Where we are at home."""
        said = self._call(self._client.auth_test)
        return Home(team=str(said.get("team_id") or ""), enterprise=str(said.get("enterprise_id") or ""))

    def user(self, user: str) -> Mapping[str, Any]:
        """The user object; empty when Slack sends none."""
        found = self._call(self._client.users_info, user=user).get("user")
        return found if isinstance(found, dict) else {}

    def open_form(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        """Show the form to whoever pressed."""
        self._call(self._client.views_open, trigger_id=trigger_id, view=dict(view))

    def whisper(self, channel: str, user: str, text: str) -> None:
        """Say something in a channel that only one person sees."""
        self._call(self._client.chat_postEphemeral, channel=channel, user=user, **_plain(text))

    def say_directly(self, user: str, text: str) -> None:
        """Say something to one person, in their own conversation with us."""
        self._call(self._client.chat_postMessage, channel=user, **_plain(text))

    def is_in(self, channel: str) -> bool:
        """Whether the app is in a channel (by id) that is not archived."""
        try:
            found = self._call(self._client.conversations_info, channel=channel).get("channel") or {}
        except CallFailed as failed:
            if failed.code not in CHANNEL_GONE:
                raise
            return False
        return bool(found.get("is_member")) and not found.get("is_archived")

    def socket_url(self, app_token: str) -> str:
        """Where a connection for Socket Mode is opened, once. It is a secret."""
        return str(self._call(self._client.apps_connections_open, app_token=app_token).get("url") or "")

    @staticmethod
    def _call(method: Callable[..., SlackResponse], **arguments: Any) -> SlackResponse:
        # Raised outside of the handlers, so that what it came from (requests, headers) hangs on to nothing.
        try:
            return method(**arguments)
        except SlackApiError as error:
            failed = refusal(error.response)
        except (SlackRequestError, OSError, HTTPException, ValueError) as error:
            failed = no_answer(error)
        raise failed


def _plain(text: str) -> dict[str, Any]:
    """https://docs.slack.dev/messaging/formatting-message-text#escaping: nothing in it is markup."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    block = {"type": "section", "text": {"type": "plain_text", "text": text[:3000], "emoji": False}}
    return {"text": escaped[:4000], "blocks": [block]}
