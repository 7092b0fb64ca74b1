"""Everything that presses of buttons need, put together: settings and ports in, one thing to start and to stop out."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import time

from observer.settings import SlackSettings
from observer.slack.answering import ActPort, Answering, GetPort, MayAct
from observer.slack.ports import OnTrouble
from observer.slack.press_calls import PressCalls
from observer.slack.presses import Press
from observer.slack.signatures import Signatures
from observer.slack.socket_mode import SocketMode


class Buttons:
    """Presses of one workspace. Any daemon may take them, leading or not: acts are idempotent."""

    def __init__(
        self,
        settings: SlackSettings,
        act: ActPort,
        get: GetPort,
        *,
        may_act: MayAct,
        on_trouble: OnTrouble,
        zone: str = "UTC",
        morning: time = time(9),
    ) -> None:
        """`act` writes an action, `get` reads an incident; both raise ObserverError. `zone`, `morning`: of a snooze
        until tomorrow.
        """
        calls = PressCalls(settings)
        self._answering = Answering(calls, act, get, may_act=may_act, on_trouble=on_trouble, zone=zone, morning=morning)
        self._socket = (
            SocketMode(calls, settings.app_token, self.take, on_trouble=on_trouble) if settings.app_token else None
        )
        #: For the route over HTTP; None: there is none, for nothing is signed.
        self.signatures = Signatures(settings.signing_secret) if settings.signing_secret else None
        self._stops = ExitStack()

    def take(self, press: Press) -> bool:
        """Have it answered soon; False: it cannot be taken now. Never waits."""
        return self._answering.take(press)

    def start(self) -> None:
        """Returns at once. Connects when there is an app token."""
        self._stops.callback(self._answering.close)
        if self._socket is not None:
            self._socket.start()
            self._stops.callback(self._socket.stop)

    def stop(self) -> None:
        """Take no more, and let what is under way end. May be called twice."""
        self._stops.close()
