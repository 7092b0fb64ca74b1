"""What a workspace of our own Slack knows, takes and refuses: channels, people, messages. No HTTP in here."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.slack_rules import Refused, called_by, called_by_markup, check_blocks, check_metadata

TOKEN = "xoxb-canary-4711"
APP_TOKEN = "xapp-canary-4711"
ALL_SCOPES = frozenset(
    [
        "chat:write",
        "users:read",
        "users:read.email",
        "usergroups:read",
        "channels:history",
        "groups:history",
        "channels:read",
        "groups:read",
    ]
)


@dataclass
class Channel:
    id: str
    name: str
    archived: bool = False
    #: Whether the app is in it.
    joined: bool = True
    private: bool = False


@dataclass
class Standing:
    """A message."""

    channel: str
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    metadata: dict[str, Any]
    thread: str | None = None
    broadcast: bool = False
    #: What it was before each edit, oldest first.
    before: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)

    @property
    def called(self) -> list[str]:
        """Whom it calls."""
        return called_by(self.blocks) + called_by_markup(self.text)


@dataclass
class SlackWorkspace:
    """One workspace, one app."""

    token: str = TOKEN
    scopes: frozenset[str] = ALL_SCOPES
    channels: dict[str, Channel] = field(default_factory=dict)
    users: list[dict[str, Any]] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)
    messages: list[Standing] = field(default_factory=list)
    views: list[dict[str, Any]] = field(default_factory=list)
    ephemeral: list[dict[str, Any]] = field(default_factory=list)
    #: (method, arguments) of every request that was authorised, in order.
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    #: What was refused.
    refusals: list[str] = field(default_factory=list)
    #: One message per second and channel, by `clock`.
    paced: bool = False
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    socket_url: str = "ws://127.0.0.1:9/"
    _last: dict[str, float] = field(default_factory=dict)
    _count: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    # --- what a test says ---------------------------------------------------------------------------------------

    def has_channel(self, name: str, **how: Any) -> Channel:
        """`#crm-dq` → a channel with an id."""
        channel = Channel(id=f"C{len(self.channels):09d}", name=name.removeprefix("#"), **how)
        self.channels[channel.id] = channel
        return channel

    def has_user(self, email: str, **how: Any) -> str:
        """Their id."""
        user = {"id": f"U{len(self.users):09d}", "team_id": "T000000001", "profile": {"email": email}, **how}
        self.users.append(user)
        return str(user["id"])

    def has_group(self, handle: str, **how: Any) -> str:
        """Its id."""
        self.groups.append({"id": f"S{len(self.groups):09d}", "handle": handle, "date_delete": 0, **how})
        return str(self.groups[-1]["id"])

    def called(self, method: str) -> list[dict[str, Any]]:
        """Arguments of every call of it."""
        return [arguments for name, arguments in self.calls if name == method]

    @property
    def parents(self) -> list[Standing]:
        """Messages that are in no thread."""
        return [message for message in self.messages if message.thread is None]

    def replies(self, parent: Standing) -> list[Standing]:
        """In its thread."""
        return [m for m in self.messages if m.thread == parent.ts and m.channel == parent.channel]

    def duplicates(self) -> list[str]:
        """Incidents and notices that stand in more than one message."""
        told: Counter[str] = Counter()
        for message in self.messages:
            payload = message.metadata.get("event_payload", {})
            told.update(",".join(map(str, payload.values())).split(",") if payload else ())
        return [each for each, times in told.items() if times > 1]

    # --- what it answers ----------------------------------------------------------------------------------------

    def answer(self, method: str, said: dict[str, Any], token: str) -> dict[str, Any]:
        """Of a call. Raises Refused."""
        with self._lock:
            if method == "apps.connections.open":
                if token != APP_TOKEN:
                    raise Refused("invalid_auth")
                return {"url": self.socket_url}
            if not token:
                raise Refused("not_authed")
            if token != self.token:
                raise Refused("invalid_auth")
            self.calls.append((method, said))
            handle = getattr(self, "_" + re.sub(r"[^a-z]", "_", method.lower()), None)
            if handle is None:
                raise Refused("unknown_method")
            needed = _SCOPES.get(method)
            if needed and not needed & self.scopes:
                raise Refused("missing_scope", min(needed))
            answer: dict[str, Any] = handle(said)
            return answer

    def _auth_test(self, said: dict[str, Any]) -> dict[str, Any]:
        return {"team": "Example", "user": "observer", "team_id": "T000000001", "user_id": "U0BOT00000"}

    def _chat_postmessage(self, said: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(said)
        if self.paced:
            now = self.clock()
            if now - self._last.get(channel.id, -1e9) < 0.999:
                raise Refused("ratelimited")
            self._last[channel.id] = now
        text, blocks, metadata = self._content(said, most=40_000)
        thread = said.get("thread_ts")
        if thread and not any(m.ts == thread and m.channel == channel.id for m in self.messages):
            raise Refused("thread_not_found")
        self._count += 1
        ts = f"{int(self.now())}.{self._count:06d}"
        broadcast = bool(said.get("reply_broadcast")) and bool(thread)
        self.messages.append(Standing(channel.id, ts, text, blocks, metadata, thread, broadcast))
        return {"channel": channel.id, "ts": ts, "message": {"text": text}}

    def _chat_update(self, said: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(said, by_name=False)
        text, blocks, metadata = self._content(said, most=4_000)
        message = self._message(channel, said["ts"])
        message.before.append((message.text, message.blocks))
        message.text, message.blocks = text, blocks
        message.metadata = metadata or message.metadata
        return {"channel": channel.id, "ts": message.ts, "text": text}

    def _chat_postephemeral(self, said: dict[str, Any]) -> dict[str, Any]:
        self._channel(said)
        self._content(said, most=40_000)
        self.ephemeral.append(said)
        return {"message_ts": f"{int(self.now())}.000001"}

    def _conversations_history(self, said: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(said, by_name=False)
        return self._page(said, [m for m in self.messages if m.channel == channel.id and (not m.thread or m.broadcast)])

    def _conversations_replies(self, said: dict[str, Any]) -> dict[str, Any]:
        channel = self._channel(said, by_name=False)
        parent = self._message(channel, said["ts"], code="thread_not_found")
        return self._page(said, [parent, *self.replies(parent)], newest_first=False)

    def _conversations_list(self, said: dict[str, Any]) -> dict[str, Any]:
        return {"channels": [{"id": c.id, "name": c.name} for c in self.channels.values() if not c.archived]}

    def _conversations_info(self, said: dict[str, Any]) -> dict[str, Any]:
        found = self.channels.get(said["channel"])
        if found is None or (found.private and not found.joined):
            raise Refused("channel_not_found")
        return {"channel": {"id": found.id, "is_member": found.joined, "is_archived": found.archived}}

    def _users_lookupbyemail(self, said: dict[str, Any]) -> dict[str, Any]:
        for user in self.users:
            if user["profile"]["email"].lower() == said["email"].lower():
                return {"user": user}
        raise Refused("users_not_found")

    def _users_info(self, said: dict[str, Any]) -> dict[str, Any]:
        for user in self.users:
            if user["id"] == said["user"]:
                return {"user": user}
        raise Refused("user_not_found")

    def _usergroups_list(self, said: dict[str, Any]) -> dict[str, Any]:
        return {"usergroups": self.groups}

    def _views_open(self, said: dict[str, Any]) -> dict[str, Any]:
        view = _decoded(said["view"])
        if not said.get("trigger_id") or said["trigger_id"] == "old":
            raise Refused("expired_trigger_id")
        if len(view["title"]["text"]) > 24 or len(view.get("private_metadata", "")) > 3000:
            raise Refused("invalid_arguments")
        check_blocks(view["blocks"])
        self.views.append(view)
        return {"view": {"id": f"V{len(self.views):09d}", **view}}

    def _channel(self, said: dict[str, Any], *, by_name: bool = True) -> Channel:
        wanted = said.get("channel", "")
        found = self.channels.get(wanted)
        if found is None and by_name:
            found = next((c for c in self.channels.values() if c.name == wanted.removeprefix("#")), None)
        if found is None and any(user["id"] == wanted for user in self.users):
            # By somebody's id: the conversation with them alone.
            found = Channel(id=f"D{wanted[1:]}", name="")
        if found is None:
            raise Refused("channel_not_found")
        if found.archived:
            raise Refused("is_archived")
        if not found.joined:
            raise Refused("channel_not_found" if found.private else "not_in_channel")
        return found

    def _content(self, said: dict[str, Any], *, most: int) -> tuple[str, list[dict[str, Any]], dict[str, Any]]:
        text, blocks = said.get("text", ""), _decoded(said.get("blocks", []))
        if not text and not blocks:
            raise Refused("no_text")
        if len(text) > most:
            raise Refused("msg_too_long")
        check_blocks(blocks)
        metadata = _decoded(said.get("metadata") or {})
        if metadata:
            check_metadata(metadata)
        return text, blocks, metadata

    def _message(self, channel: Channel, ts: str, code: str = "message_not_found") -> Standing:
        for message in self.messages:
            if message.channel == channel.id and message.ts == ts:
                return message
        raise Refused(code)

    def _page(self, said: dict[str, Any], found: list[Standing], *, newest_first: bool = True) -> dict[str, Any]:
        since = float(said.get("oldest", 0))
        found = [m for m in found if float(m.ts) >= since]
        start, limit = int(said.get("cursor") or 0), int(said.get("limit", 100))
        page = (found[::-1] if newest_first else found)[start : start + limit]
        more = str(start + limit) if start + limit < len(found) else ""
        told = [{"type": "message", "ts": m.ts, "text": m.text, "thread_ts": m.thread} for m in page]
        if str(said.get("include_all_metadata", "")).lower() in ("1", "true"):
            told = [{**each, "metadata": m.metadata} for each, m in zip(told, page, strict=True)]
        return {"messages": told, "has_more": bool(more), "response_metadata": {"next_cursor": more}}


_SCOPES = {
    "chat.postMessage": {"chat:write"},
    "chat.update": {"chat:write"},
    "users.lookupByEmail": {"users:read.email"},
    "users.info": {"users:read"},
    "usergroups.list": {"usergroups:read"},
    "conversations.history": {"channels:history"},
    "conversations.replies": {"channels:history"},
    "conversations.list": {"channels:read"},
    "conversations.info": {"channels:read"},
}


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
