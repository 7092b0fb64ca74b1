"""The server itself: real sockets, real HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from observer.errors import WebError
from observer.runs.standing import Standing
from observer.settings import WebSettings
from observer.web.app import create_app
from observer.web.serve import WebServer
from tests.fakes.web_desk import FakeDesk


class SlowDesk(FakeDesk):
    """A state that does not answer until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.let = threading.Event()

    def standing(self) -> Standing:
        self.asked.set()
        assert self.let.wait(30)
        return super().standing()


@pytest.fixture
def desk() -> Iterator[SlowDesk]:
    found = SlowDesk()
    yield found
    found.let.set()


@pytest.fixture
def server(desk: SlowDesk) -> Iterator[WebServer]:
    with WebServer(create_app(desk, WebSettings()), "127.0.0.1", 0) as found:
        yield found


def _first_line(server: WebServer, request: bytes) -> bytes:
    """What comes back first for these bytes; nothing when the server breaks the connection off."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line, suppress(ConnectionError):
        line.sendall(request)
        return line.recv(65536).partition(b"\r\n")[0]
    return b""


def test_it_serves_on_the_port_it_tells_and_not_after_its_stop(server: WebServer) -> None:
    assert server.port != 0
    answer = httpx.get(f"{server.url}/healthz")
    assert answer.json() == {"role": "leader"}
    assert "server" not in answer.headers
    foreign = httpx.get(f"{server.url}/healthz", headers={"Host": "evil.example.com"})
    assert foreign.status_code == 421
    server.stop()
    server.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/healthz")


def test_health_is_answered_while_the_state_hangs(server: WebServer, desk: SlowDesk) -> None:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        asking = threading.Thread(target=httpx.get, args=(f"{server.url}/api/contracts",), kwargs={"timeout": 30})
        asking.start()
        assert desk.asked.wait(30)
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 200
        assert client.get("/metrics").status_code == 200
        desk.let.set()
        asking.join(30)


def test_what_is_under_way_is_answered_before_it_stops(server: WebServer, desk: SlowDesk) -> None:
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(httpx.get(f"{server.url}/api/contracts", timeout=30)))
    asking.start()
    assert desk.asked.wait(30)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    desk.let.set()
    stopping.join(30)
    asking.join(30)
    assert [answer.status_code for answer in answers] == [200]


def test_what_is_no_http_is_refused_and_hurts_nobody(server: WebServer) -> None:
    assert b"400" in _first_line(server, b"\x16\x03\x01 this is no http\r\n\r\n")
    endless = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200_000
    assert b"200" not in _first_line(server, endless)
    assert httpx.get(f"{server.url}/healthz").status_code == 200


def test_a_port_that_is_taken_is_told_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(WebError, match=f"127.0.0.1, port {port} is taken by another program.*OBSERVER_WEB_PORT"):
            WebServer(create_app(FakeDesk(), WebSettings()), "127.0.0.1", port).start()


@pytest.mark.parametrize(("host", "port"), [("203.0.113.1", 0), ("no such host", 0), ("a" * 70, 0)])
def test_an_address_that_is_none_of_this_machine_is_told(host: str, port: int) -> None:
    with pytest.raises(WebError, match=r"is no address of this machine.*OBSERVER_WEB_HOST"):
        WebServer(create_app(FakeDesk(), WebSettings()), host, port).start()


def test_it_speaks_ipv6() -> None:
    if not socket.has_ipv6:
        pytest.skip("this Python has no IPv6")
    with WebServer(create_app(FakeDesk(), WebSettings(host="::1")), "::1", 0) as server:
        assert httpx.get(f"{server.url}/healthz").status_code == 200


def test_on_every_network_it_is_called_by_any_name() -> None:
    with WebServer(create_app(FakeDesk(), WebSettings(host="0.0.0.0")), "0.0.0.0", 0) as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        answer = httpx.get(f"{server.url}/healthz", headers={"Host": f"observer-1:{server.port}"})
        assert answer.status_code == 200
