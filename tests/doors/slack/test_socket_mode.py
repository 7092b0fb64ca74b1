"""Presses by Socket Mode: acknowledged when taken, through every way in which a connection can end."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from observer.incidents.acting import Act
from observer.settings import SlackSettings
from observer.slack.modals import reason_form
from observer.slack.press_calls import PressCalls
from observer.slack.presses import Press, press_of
from observer.slack.socket_mode import DOOR, SocketMode
from tests.doors.slack.test_answering import eventually
from tests.fakes.slack_payloads import pressed, sent
from tests.fakes.slack_server import SlackServer, TooFast
from tests.fakes.slack_socket import SlackSocket, slack_socket
from tests.fakes.slack_workspace import APP_TOKEN, TOKEN


@dataclass
class End:
    """Our end of it, and what it took and told."""

    taken: list[Press] = field(default_factory=list)
    told: list[str | None] = field(default_factory=list)
    full: bool = False

    def take(self, press: Press) -> bool:
        if not self.full:
            self.taken.append(press)
        return not self.full

    def hear(self, door: str, reason: str | None) -> None:
        assert door == DOOR
        self.told.append(reason)


@pytest.fixture
def socket(slack: SlackServer) -> Iterator[SlackSocket]:
    with slack_socket() as socket:
        slack.socket_url = socket.url
        yield socket


def opened(slack: SlackServer, end: End, app_token: str = APP_TOKEN) -> SocketMode:
    settings = SlackSettings(token=TOKEN, api_url=slack.url)
    calls = PressCalls(settings)
    mode = SocketMode(calls, app_token, end.take, on_trouble=end.hear, beat=0.02, first_wait=0.02, ping=0.1)
    mode.start()
    return mode


@pytest.fixture
def end() -> End:
    return End()


@pytest.fixture
def connected(slack: SlackServer, socket: SlackSocket, end: End) -> Iterator[SlackSocket]:
    mode = opened(slack, end)
    eventually(lambda: socket.is_connected and end.told)
    yield socket
    mode.stop()
    mode.stop()


def test_what_comes_is_taken_and_acknowledged_and_a_lost_connection_is_opened_again(
    connected: SlackSocket, end: End, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    first = connected.sends("interactive", {**pressed(), "message": {"text": "x" * 100_000}})
    eventually(lambda: connected.answers)
    assert connected.answers == [{"envelope_id": first}]
    assert [press.act for press in end.taken] == [Act.ACKNOWLEDGE]
    connected.drops()
    eventually(lambda: connected.connections == 2 and connected.is_connected)
    connected.sends("interactive", pressed(Act.SNOOZE, arg="4h"))
    eventually(lambda: len(end.taken) == 2)
    connected.asks_to_reconnect()
    eventually(lambda: connected.connections == 3)
    connected.sends("interactive", pressed(Act.WAKE))
    eventually(lambda: len(end.taken) == 3)
    assert end.told[0] is None and set(end.told) == {None}
    assert "canary" not in caplog.text


def test_what_is_no_press_is_acknowledged_so_that_it_does_not_come_again(connected: SlackSocket, end: End) -> None:
    names = [
        connected.sends("interactive", {"type": "shortcut"}),
        connected.sends("events_api", {"event": {}}),
        connected.sends("interactive", {**pressed(), "user": {"id": "<!channel>"}}),
    ]
    eventually(lambda: len(connected.answers) == 3)
    assert [answer["envelope_id"] for answer in connected.answers] == names
    assert end.taken == []


def test_a_form_without_a_reason_is_answered_in_its_acknowledgement(connected: SlackSocket, end: End) -> None:
    press = press_of(pressed(Act.EXPECTED))
    assert press is not None
    connected.sends("interactive", sent(reason_form(press, about="x"), ""))
    eventually(lambda: connected.answers)
    assert connected.answers[0]["payload"]["errors"] == {"reason": "Say why."}
    assert end.taken == []


def test_one_that_cannot_be_taken_is_not_acknowledged(connected: SlackSocket, end: End) -> None:
    end.full = True
    connected.sends("interactive", pressed())
    after = connected.sends("events_api", {})
    eventually(lambda: connected.answers)
    assert connected.answers == [{"envelope_id": after}]


def test_a_token_that_is_refused_is_trouble_and_tried_again(slack: SlackServer, socket: SlackSocket, end: End) -> None:
    mode = opened(slack, end, "xapp-revoked")
    eventually(lambda: len(end.told) >= 2)
    reason = "Slack says invalid_auth: give the daemon a new token, and start it again"
    assert end.told[0] == f"no connection for presses (Socket Mode): {reason}"
    mode.stop()
    assert not socket.connections


def test_what_comes_and_goes_is_trouble_until_it_stands(slack: SlackServer, socket: SlackSocket, end: End) -> None:
    slack.socket_url = "ws://127.0.0.1:1/?ticket=canary"
    slack.next("apps.connections.open", TooFast(0))
    mode = opened(slack, end)
    eventually(lambda: len(end.told) >= 2)
    assert [reason is not None and reason.rpartition(": ")[2] for reason in end.told[:2]] == [
        "Slack asks for a slower pace",
        "Slack cannot be reached",
    ]
    slack.socket_url = socket.url
    eventually(lambda: end.told[-1] is None)
    mode.stop()
