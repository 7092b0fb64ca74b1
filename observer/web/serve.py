"""The web server in a thread of its own. In: an app and an address. Out: answers, until it is stopped."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from observer.errors import WebError

#: What is under way when the server stops may take so many seconds.
GRACE_SECONDS = 3
_START_SECONDS = 10.0
#: How often the date in answers is set.
_TICK_SECONDS = 1.0


class _Server(uvicorn.Server):
    """Says when it answers, and rests when nobody asks."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._to_end = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self.settled.set()

    async def main_loop(self) -> None:
        """Uvicorn's own looks ten times a second whether to end; all else that it does is due once."""
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._to_end.wait(), _TICK_SECONDS)

    def end(self) -> None:
        """From any thread."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._to_end.set)


class WebServer:
    """`start()` binds and serves, `stop()` ends it. Handles no signals, writes no access log."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        """`port` 0 is any free one; the real one is `port` after `start()`."""
        self._host = host
        self._port = port
        self._server = _Server(
            uvicorn.Config(
                app,
                http="h11",
                loop="asyncio",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that is bound; what was asked for before `start()`."""
        return self._port

    @property
    def url(self) -> str:
        """Where to call it from this machine."""
        named = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104  # not bound here
        host = f"[{named}]" if ":" in named else named
        return f"http://{host}:{self._port}"

    def start(self) -> None:
        """Returns when it answers. Raises WebError: the address cannot be bound."""
        listening = self._bound()
        self._port = listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, args=(listening,), name="web", daemon=True)
        self._thread.start()
        self._server.settled.wait(_START_SECONDS)
        if not self._server.started:
            self.stop()
            raise WebError("the web server did not start", fix="look in the log for what it said")

    def stop(self) -> None:
        """Take no more requests and let what is under way end, or give it up. May be called twice."""
        self._server.end()
        if self._thread is not None:
            # A request that waits for the state longer than the grace is left to its thread.
            self._thread.join(GRACE_SECONDS + 2)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self, listening: socket.socket) -> None:
        try:
            self._server.run(sockets=[listening])
        finally:
            listening.close()
            self._server.settled.set()

    def _bound(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        if not 0 <= self._port <= 65_535:
            raise WebError(f"{self._port} is no port", fix="set `port` of `[web]` (OBSERVER_WEB_PORT) below 65536")
        everywhere = self._host == "::" and socket.has_dualstack_ipv6()
        place = f"{self._host}, port {self._port}"
        try:
            return socket.create_server((self._host, self._port), family=family, dualstack_ipv6=everywhere)
        except (OSError, UnicodeError) as fault:
            match getattr(fault, "errno", None):
                case errno.EADDRINUSE:
                    problem = f"{place} is taken by another program"
                    remedy = "stop that program, or set another `port` of `[web]` (OBSERVER_WEB_PORT)"
                case errno.EACCES:
                    problem = f"this user may not serve on {place}"
                    remedy = "choose a `port` of `[web]` (OBSERVER_WEB_PORT) above 1023"
                case _:
                    problem = f"{place} is no address of this machine"
                    remedy = "set `host` of `[web]` (OBSERVER_WEB_HOST) to 127.0.0.1, or 0.0.0.0 for every network"
            raise WebError(problem, fix=remedy) from fault
