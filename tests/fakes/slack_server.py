"""A Slack of our own: an HTTP server on loopback that takes what the real one takes, and remembers it.

It enforces the vendor's limits (see `slack_rules`), scopes, membership and, with `paced`, the rate. It can be told to
misbehave, once or for good: `slack.next("chat.postMessage", Hangs())`, `Drips()`, `Late(0.5)`, `Drops()`,
`DropsAfter()`, `Says("is_archived")`, `Status(500)`, `TooFast(7)`, `Garbage()`; `slack.dies()` and `slack.revives()`.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.slack_rules import Refused
from tests.fakes.slack_workspace import SlackWorkspace


@dataclass(frozen=True)
class Hangs:
    """It reads, and says nothing until the server is closed."""


@dataclass(frozen=True)
class Late:
    """It does what it should, and answers so late."""

    seconds: float


@dataclass(frozen=True)
class Drips:
    """It begins an answer, byte by byte, and comes to no end."""


@dataclass(frozen=True)
class Drops:
    """It closes the connection before it did anything."""


@dataclass(frozen=True)
class DropsAfter:
    """It does what it should, and closes the connection without an answer."""


@dataclass(frozen=True)
class Does:
    """Something else happens, before or after it did what it should; there is no answer."""

    what: Callable[[], object]
    after: bool


@dataclass(frozen=True)
class Says:
    """An error of its own."""

    code: str
    more: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Status:
    """Something before Slack answers."""

    code: int
    body: str = "<html>upstream</html>"


@dataclass(frozen=True)
class TooFast:
    """429."""

    retry_after: int


@dataclass(frozen=True)
class Garbage:
    """200, and no JSON."""

    body: str = "<html>welcome to the hotel</html>"


Misdeed = Hangs | Drips | Late | Drops | DropsAfter | Does | Says | Status | TooFast | Garbage


@dataclass
class SlackServer(SlackWorkspace):
    """A workspace that is reached by HTTP, and how it behaves."""

    port: int = 0
    _next: dict[str, list[Misdeed]] = field(default_factory=lambda: defaultdict(list))
    _always: dict[str, Misdeed] = field(default_factory=dict)
    _open: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/"

    def next(self, method: str, *misdeeds: Misdeed) -> None:
        """The next calls of the method go like that, one after the other."""
        self._next[method] += misdeeds

    def always(self, method: str, misdeed: Misdeed | None) -> None:
        """Until told otherwise; `*` is any method."""
        if misdeed is None:
            self._always.pop(method, None)
        else:
            self._always[method] = misdeed

    def misdeed(self, method: str) -> Misdeed | None:
        """What is due for this call."""
        with self._lock:
            if self._next[method]:
                return self._next[method].pop(0)
            return self._always.get(method, self._always.get("*"))

    def dies(self) -> None:
        """Nobody listens."""
        if self._server is None or self._thread is None:
            return
        self._open.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = None

    def revives(self) -> None:
        """On the same port, with all it knew."""
        self._open.clear()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()


def _handler(slack: SlackServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            address = urlsplit(self.path)
            method = address.path.removeprefix("/api/")
            pairs = {**parse_qs(address.query), **({} if body.startswith("{") else parse_qs(body))}
            said = {name: values[0] for name, values in pairs.items()}
            said |= json.loads(body) if body.startswith("{") else {}
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            misdeed = slack.misdeed(method)
            if isinstance(misdeed, Hangs):
                slack._open.wait(30)
            if isinstance(misdeed, Drips):
                self.send_response(200)
                self.end_headers()
                while not slack._open.wait(0.02):
                    self.wfile.write(b" ")
            if isinstance(misdeed, Hangs | Drips | Drops):
                self.close_connection = True
                return None
            if isinstance(misdeed, Does) and not misdeed.after:
                misdeed.what()
                self.close_connection = True
                return None
            if isinstance(misdeed, Garbage):
                return self._say(200, misdeed.body)
            if isinstance(misdeed, Status):
                return self._say(misdeed.code, misdeed.body)
            if isinstance(misdeed, TooFast):
                return self._tell({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(misdeed.retry_after)})
            if isinstance(misdeed, Says):
                return self._tell({"ok": False, "error": misdeed.code, **dict(misdeed.more)})
            try:
                answer = {"ok": True, **slack.answer(method, said, token)}
            except Refused as refused:
                slack.refusals.append(f"{method}: {refused}")
                if refused.code == "ratelimited":
                    return self._tell({"ok": False, "error": refused.code}, 429, {"Retry-After": "1"})
                needed = {"needed": refused.why} if refused.code == "missing_scope" else {}
                return self._tell({"ok": False, "error": refused.code, **needed})
            if isinstance(misdeed, Does):
                misdeed.what()
            if isinstance(misdeed, DropsAfter | Does):
                self.close_connection = True
                return None
            if isinstance(misdeed, Late):
                slack._open.wait(misdeed.seconds)
            return self._tell(answer)

        do_GET = do_POST

        def _tell(self, answer: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> None:
            scopes = {"X-OAuth-Scopes": ",".join(sorted(slack.scopes))}
            self._say(status, json.dumps(answer), {"Content-Type": "application/json", **scopes, **(headers or {})})

        def _say(self, status: int, body: str, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {**(headers or {}), "Content-Length": str(len(body.encode()))}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(body.encode())
            except OSError:
                # Whoever asked has gone.
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """A test says itself what it saw."""

    return Handler


@contextmanager
def slack_server(**how: Any) -> Iterator[SlackServer]:
    """A workspace with the channel `#crm-dq`, on a loopback port."""
    slack = SlackServer(**how)
    slack.has_channel("#crm-dq")
    slack.revives()
    try:
        yield slack
    finally:
        slack.dies()
