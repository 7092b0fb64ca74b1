"""A thin door over Slack's Web API. Arguments in, plain values out, or CallFailed.

Guarantee: one call is one request. The client's own retries are off: one of them repeats a request whose answer was
lost, and a message that had landed would stand there twice. Nothing that is raised, shown or logged holds the token.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from observer.runs.deliveries import Failure, Reason
from observer.settings import SlackSettings
from observer.slack import limits
from observer.slack.failures import CallFailed, header_of, no_answer, refusal
from observer.slack.messages import Message
from observer.slack.pace import Pace, Wait

#: The client writes whole requests to its log.
_SILENT = logging.Logger("observer.slack.silent", level=logging.CRITICAL + 1)
#: Of the scopes that we need, and for what.
SCOPES: Mapping[str, str] = {
    "chat:write": "messages",
    "users:read": "people",
    "users:read.email": "people by their email addresses",
    "usergroups:read": "groups of people",
    "channels:history": "finding a message again after a crash, in public channels",
    "groups:history": "finding a message again after a crash, in private channels",
    "channels:read": "finding a message again after a crash, by the name of a public channel",
    "groups:read": "finding a message again after a crash, by the name of a private channel",
}


@dataclass(frozen=True, kw_only=True)
class Landed:
    """Where a message stands, by Slack's names."""

    channel: str
    ts: str


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A message of ours that stands somewhere."""

    ts: str
    #: `event_payload` of its metadata.
    payload: Mapping[str, Any]
    event: str


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """What `auth.test` tells."""

    team: str
    bot: str
    scopes: frozenset[str]


class SlackCalls:
    """Calls in the name of the app. For one thread at a time."""

    def __init__(
        self,
        settings: SlackSettings,
        *,
        patience: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`patience`: seconds that one call may take. `clock` is monotonic, in seconds."""
        self._client = WebClient(token=settings.token, base_url=settings.api_url, retry_handlers=[], logger=_SILENT)
        self._patience = patience
        self._clock = clock
        self._until = float("inf")
        self._pace = Pace(clock, sleep)
        self._wait = Wait()
        #: Channels by the names by which they were called.
        self._ids: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"SlackCalls({self._client.base_url})"

    def hurry(self, within: float) -> None:
        """From now on, no call is begun after so many seconds, nor waits for longer."""
        self._until = self._clock() + within

    def post(self, channel: str, message: Message, *, thread: str | None = None, broadcast: bool = False) -> Landed:
        """A new message, in a channel (by id or name) or in a thread of it."""
        known = self._ids.get(channel, channel)
        self._pace.wait(known, limits.PER_CHANNEL)
        more: dict[str, Any] = {"thread_ts": thread, "reply_broadcast": True if broadcast else None} if thread else {}
        said = self._call(
            self._client.chat_postMessage,
            channel=channel,
            text=message.text,
            blocks=list(message.blocks),
            metadata=dict(message.metadata),
            unfurl_links=False,
            unfurl_media=False,
            mrkdwn=False,
            parse="none",
            link_names=False,
            **more,
        )
        landed = Landed(channel=str(said.get("channel") or channel), ts=str(said.get("ts")))
        if landed.channel != known:
            # From now on both of its names share one pace.
            self._ids[channel] = landed.channel
            self._pace.went(landed.channel, limits.PER_CHANNEL)
        return landed

    def update(self, landed: Landed, message: Message) -> None:
        """Edit a message of ours."""
        self._pace.wait("chat.update", limits.TIER_3, burst=10)
        self._call(
            self._client.chat_update,
            channel=landed.channel,
            ts=landed.ts,
            text=message.text,
            blocks=list(message.blocks),
            metadata=dict(message.metadata),
            parse="none",
            link_names=False,
        )

    def seen_in(self, channel: str, since: datetime, *, thread: str | None = None) -> Iterator[Seen]:
        """Messages with metadata in a channel (by id), or in a thread of it, since then; newest pages first."""
        asked: dict[str, Any] = {
            "channel": channel,
            "oldest": f"{since.timestamp():.6f}",
            "inclusive": True,
            "include_all_metadata": True,
            "limit": limits.PAGE,
        }
        method = self._client.conversations_replies if thread else self._client.conversations_history
        for page in self._pages(method, **asked, **({"ts": thread} if thread else {})):
            for message in page.get("messages") or ():
                metadata = message.get("metadata") or {}
                yield Seen(
                    ts=str(message.get("ts")),
                    payload=metadata.get("event_payload") or {},
                    event=str(metadata.get("event_type") or ""),
                )

    def channel_id(self, name: str) -> str | None:
        """Of a channel by its name, `#` or not; None: the app sees none of that name."""
        wanted = name.removeprefix("#")
        # Each kind needs a scope of its own, and most channels are public.
        for kind in ("public_channel", "private_channel"):
            for page in self._pages(self._client.conversations_list, types=kind, limit=1_000):
                for channel in page.get("channels") or ():
                    if channel.get("name") == wanted:
                        return str(channel.get("id"))
        return None

    def user_by_email(self, email: str) -> Mapping[str, Any]:
        """The user object. Raises CallFailed with code `users_not_found`."""
        return self._call(self._client.users_lookupByEmail, email=email).get("user") or {}

    def user(self, user_id: str) -> Mapping[str, Any]:
        """The user object. Raises CallFailed with code `user_not_found`."""
        return self._call(self._client.users_info, user=user_id).get("user") or {}

    def groups(self) -> tuple[Mapping[str, Any], ...]:
        """All groups of people that are not disabled."""
        return tuple(self._call(self._client.usergroups_list).get("usergroups") or ())

    def workspace(self) -> Workspace:
        """Who the token is, and what it may do."""
        said = self._call(self._client.auth_test)
        scopes = header_of(said, "x-oauth-scopes")
        return Workspace(
            team=str(said.get("team") or ""),
            bot=str(said.get("user") or ""),
            scopes=frozenset(scope.strip() for scope in scopes.split(",") if scope.strip()),
        )

    def _pages(self, method: Callable[..., SlackResponse], **asked: Any) -> Iterator[SlackResponse]:
        cursor = ""
        while True:
            self._pace.wait(method.__name__, limits.TIER_3, burst=10)
            page = self._call(method, **asked, **({"cursor": cursor} if cursor else {}))
            yield page
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return

    def _call(self, method: Callable[..., SlackResponse], **arguments: Any) -> SlackResponse:
        left = min(self._patience, self._until - self._clock())
        if left <= 0:
            raise CallFailed(Failure(reason=Reason.TIMEOUT, detail="Slack took too long over the calls before"))
        # The client is typed for whole seconds; the socket takes any.
        self._client.timeout = left  # type: ignore[assignment]  # see above
        # Raised outside of the handlers, so that what it came from (requests, headers) hangs on to nothing.
        try:
            return self._wait.for_end_of(lambda: method(**arguments), seconds=left)
        except SlackApiError as error:
            failed = refusal(error.response)
        except Exception as error:  # noqa: BLE001  # whatever it is, it may quote the request, and with it the token
            failed = no_answer(error)
        raise failed
