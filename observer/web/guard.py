"""Around every request: who may ask, how much may be sent, and what each answer says to browsers.

In: an ASGI app. Out: one that refuses foreign Host headers and large bodies, answers HEAD as GET, sets security headers
on every answer, and turns a fault that nobody foresaw into an answer without traceback.
"""

from __future__ import annotations

import traceback
from collections.abc import Collection, Mapping

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from observer.settings import is_loopback
from observer.web.problems import Refusal, Tell, Trouble

#: No request carries more than a few words.
MOST_BODY_BYTES = 16 * 1024
#: But these do: a press of a button brings the whole message along.
LARGER_BODIES: Mapping[str, int] = {"/slack/interactions": 512 * 1024}
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
#: Probes and Prometheus call a server by its address; Slack signs what it sends.
BY_ANY_NAME = frozenset({"/healthz", "/readyz", "/metrics", "/slack/interactions"})
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

log = structlog.get_logger("observer")


def hosts_served(bound_to: str, others: Collection[str] = ()) -> frozenset[str] | None:
    """Names by which this server may be called; None is any.

    On loopback only its own names are served: a foreign site can make its name point to 127.0.0.1, but not make a
    browser send another Host header than that name. Whoever binds to a network chose to be called by its names.
    """
    if not is_loopback(bound_to) and not others:
        return None
    return frozenset({bound_to.lower(), *(name.lower() for name in others)}) | _LOOPBACK_NAMES


class Guard:
    """ASGI middleware, outermost."""

    def __init__(
        self,
        app: ASGIApp,
        hosts: frozenset[str] | None = None,
        by_any_name: frozenset[str] = frozenset(),
        most_body: int = MOST_BODY_BYTES,
        tell: Tell = lambda request, trouble: trouble.as_problem(),
    ) -> None:
        """`hosts`: names by which it may be called, None is any; `by_any_name`: paths for which they do not matter."""
        self._app = app
        self._hosts = hosts
        self._by_any_name = by_any_name
        self._most_body = most_body
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        if is_head:
            scope = {**scope, "method": "GET"}
        begun = False

        async def guarded_send(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            elif is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        received, most = 0, LARGER_BODIES.get(scope["path"], self._most_body)

        async def bounded_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise _too_large(most)
            return message

        try:
            self._refuse_strangers(scope["path"], Headers(scope=scope), most)
            await self._app(scope, bounded_receive, guarded_send)
        except Refusal as refusal:
            if begun:
                raise
            told = Trouble(status=refusal.status, detail=refusal.detail, fix=refusal.fix, headers=refusal.headers)
            await self._answer(scope, told)(scope, receive, guarded_send)
        except Exception as fault:
            # The text of a fault nobody foresaw could hold a value; its kind and place cannot.
            place = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)[-3:]]
            log.error("request_broke", kind=type(fault).__name__, place=place)
            if begun:
                raise
            told = Trouble(
                status=500,
                detail="this request met a fault of the program",
                fix="report it with the log's `request_broke`",
            )
            await self._answer(scope, told)(scope, receive, guarded_send)

    def _answer(self, scope: Scope, told: Trouble) -> Response:
        try:
            return self._tell(Request(scope), told)
        except Exception as fault:  # noqa: BLE001  # drawing the page is what broke
            log.error("page_broke", kind=type(fault).__name__)
            return told.as_problem()

    def _refuse_strangers(self, path: str, headers: Headers, most: int) -> None:
        hosts = None if path in self._by_any_name else self._hosts
        if hosts is not None and _host_name(headers.get("host", "")) not in hosts:
            raise Refusal(
                421,
                "this server is not called by that name",
                fix=f"call it {' or '.join(sorted(hosts))}; behind a proxy, let that send such a Host header",
            )
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > most:
            raise _too_large(most)


def _too_large(most: int) -> Refusal:
    return Refusal(413, f"the body is larger than {most:,} bytes", fix="send less")


def _host_name(header: str) -> str:
    """`[::1]:8484` → `::1`, `localhost:8484` → `localhost`."""
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0] if header.count(":") == 1 else header
