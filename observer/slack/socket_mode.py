"""Presses by Socket Mode: a connection that we open, so that nobody needs to reach us. In: envelopes. Out: Presses.

Guarantee: an envelope is acknowledged as soon as its press is taken; one that is not is given by Slack to another
connection, or told to whoever pressed as having failed. A connection that is lost is opened again, at growing
intervals, until `stop()`.
"""

from __future__ import annotations

import logging
import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from observer.slack.failures import CallFailed
from observer.slack.ports import OnTrouble
from observer.slack.press_calls import PressCalls
from observer.slack.presses import NotAPress, Press, UnfitReason, press_of

DOOR = "slack buttons"
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
#: How often it is seen whether the connection stands.
_BEAT_SECONDS = 2.0
#: The library sees only by missing signs of life that the other end has gone, and is busy with reading until then.
_PING_SECONDS = 2.0
_STOP_SECONDS = 5.0

log = structlog.get_logger("observer")


class SocketMode:
    """`start()` returns at once; `stop()` ends it and may be called twice."""

    def __init__(
        self,
        calls: PressCalls,
        app_token: str,
        on_press: Callable[[Press], bool],
        *,
        on_trouble: OnTrouble,
        beat: float = _BEAT_SECONDS,
        first_wait: float = _FIRST_WAIT,
        ping: float = _PING_SECONDS,
    ) -> None:
        """`on_press` takes a press at once; False: it cannot now. `beat`: how often it is seen whether the connection
        stands; `first_wait`: before the second attempt to open it; `ping`: how often Slack is asked for a sign
        of life, four of which may be missing. All in seconds.
        """
        self._calls = calls
        self._app_token = app_token
        self._on_press = on_press
        self._on_trouble = on_trouble
        self._beat = beat
        self._first_wait = first_wait
        self._ping = ping
        self._ends = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Connect, and stay connected, in a thread of its own."""
        self._thread = threading.Thread(target=self._stay_connected, name="slack-socket", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more presses."""
        self._ends.set()
        if self._thread is not None:
            # A connection that hangs is left to its daemon thread.
            self._thread.join(_STOP_SECONDS)

    def _stay_connected(self) -> None:
        link = _QuietClient(self._app_token, self._calls, self._ping)
        link.socket_mode_request_listeners.append(self._listen)
        attempts, begun = 0, 0.0
        try:
            while not self._ends.is_set():
                if link.is_connected():
                    attempts = 0 if time.monotonic() - begun > _LONGEST_WAIT else attempts
                    self._ends.wait(self._beat)
                    continue
                # One that is lost again and again is opened ever more slowly, as one that cannot be opened.
                if attempts:
                    wait = min(self._first_wait * 2 ** min(attempts - 1, 10), _LONGEST_WAIT)
                    self._ends.wait(wait + wait * random.random() / 2)  # noqa: S311  # no secret
                attempts += 1
                self._connect(link)
                begun = time.monotonic()
        finally:
            link.close()

    def _connect(self, link: SocketModeClient) -> None:
        if self._ends.is_set():
            return
        reason, patience = None, timedelta()
        try:
            link.connect_to_new_endpoint()
        except CallFailed as failed:
            reason, patience = str(failed), failed.failure.retry_after or patience
        except Exception as error:  # noqa: BLE001  # the library lets any fault of its parsing through; it is tried again
            reason = type(error).__name__
        else:
            # Of a connection that did not come about the library only writes into its log.
            reason = None if link.is_connected() else "Slack cannot be reached"
        self._on_trouble(DOOR, reason and f"no connection for presses (Socket Mode): {reason}")
        self._ends.wait(min(patience.total_seconds(), _LONGEST_WAIT))

    def _listen(self, link: BaseSocketModeClient, request: SocketModeRequest) -> None:
        answer: dict[str, Any] = {"envelope_id": request.envelope_id}
        if request.type == "interactive":
            try:
                press = press_of(request.payload)
            except NotAPress as why:
                log.warning("press_refused", reason=str(why))
            except UnfitReason as unfit:
                answer["payload"] = unfit.answer
            else:
                if press is not None and not self._on_press(press):
                    return
        link.send_socket_mode_response(answer)


class _QuietClient(SocketModeClient):
    """Opens connections when it is told to; what it would log may hold the ticket of a connection."""

    def __init__(self, app_token: str, calls: PressCalls, ping: float) -> None:
        self._calls = calls
        quiet = logging.getLogger("observer.slack.socket_mode")
        quiet.setLevel(logging.CRITICAL + 1)
        super().__init__(
            app_token,
            logger=quiet,
            auto_reconnect_enabled=False,
            ping_interval=ping,
            receive_buffer_size=16 * 1024,
            concurrency=1,
        )

    def issue_new_wss_url(self) -> str:
        """The library's own sleeps in here when Slack asks for patience; who calls this waits anyway."""
        return self._calls.socket_url(self.app_token)

    def close(self) -> None:
        """At once; the library's own waits for what the other end may yet send."""
        self.current_session_state.terminated = True
        session = self.current_session
        if session is not None and session.sock is not None:
            with suppress(OSError):
                session.sock.shutdown(socket.SHUT_RDWR)
        super().close()
