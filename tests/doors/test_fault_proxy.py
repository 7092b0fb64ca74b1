"""The proxy that misbehaves on purpose: each fault looks to a client as the real one does."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.fakes.fault_proxy import FaultProxy


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while chunk := self.request.recv(65_536):
            self.request.sendall(chunk)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A reset connection is what these tests are about."""


@pytest.fixture(scope="module")
def echo() -> Iterator[int]:
    with _Server(("127.0.0.1", 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


@pytest.fixture
def proxy(echo: int) -> Iterator[FaultProxy]:
    with FaultProxy(echo) as opened:
        yield opened


def dial(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def ask(client: socket.socket, said: bytes) -> bytes:
    client.sendall(said)
    return hear(client, len(said))


def hear(client: socket.socket, size: int) -> bytes:
    heard = b""
    while len(heard) < size and (chunk := client.recv(size - len(heard))):
        heard += chunk
    return heard


def test_without_a_fault_bytes_pass_both_ways_on_many_connections(proxy: FaultProxy) -> None:
    big = bytes(range(256)) * 2_000
    with closing(dial(proxy)) as one, closing(dial(proxy)) as two:
        assert ask(one, b"a") == b"a"
        assert ask(two, b"b") == b"b"
        sender = threading.Thread(target=one.sendall, args=(big,))
        sender.start()
        assert hear(one, len(big)) == big
        sender.join()
        assert (proxy.accepted, proxy.connections) == (2, 2)


def test_a_client_that_leaves_ends_its_connection(proxy: FaultProxy) -> None:
    with closing(dial(proxy)) as client:
        ask(client, b"a")
    deadline = time.monotonic() + 5
    while proxy.connections and time.monotonic() < deadline:
        time.sleep(0.01)
    assert proxy.connections == 0


def test_refused_connections_are_refused_open_ones_are_reset_and_healing_brings_the_port_back(
    proxy: FaultProxy,
) -> None:
    with closing(dial(proxy)) as client:
        ask(client, b"a")
        proxy.refuse()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    with pytest.raises(ConnectionRefusedError):
        dial(proxy)

    proxy.pass_through()
    with closing(dial(proxy)) as client:
        assert ask(client, b"b") == b"b"


def test_a_hanging_server_takes_connections_and_says_nothing_until_it_is_healed(proxy: FaultProxy) -> None:
    with closing(dial(proxy)) as old:
        ask(old, b"a")
        proxy.hang()
        with closing(dial(proxy)) as new:
            for client in (old, new):
                client.sendall(b"x")
                client.settimeout(0.1)
                with pytest.raises(TimeoutError):
                    client.recv(1)
            proxy.pass_through()
            for client in (old, new):
                client.settimeout(5)
                assert client.recv(1) == b"x", "nothing was lost"


def test_a_stream_is_cut_after_so_many_bytes_of_the_server(proxy: FaultProxy) -> None:
    with closing(dial(proxy)) as client:
        ask(client, b"before")
        proxy.cut(after=1_000)
        assert ask(client, b"x" * 900) == b"x" * 900
        client.sendall(b"y" * 900)
        with pytest.raises(ConnectionResetError):
            hear(client, 900)
    with closing(dial(proxy)) as client:
        assert ask(client, b"x" * 1_000) == b"x" * 1_000, "every connection has its own bytes"


def test_a_slow_server_drips(proxy: FaultProxy) -> None:
    with closing(dial(proxy)) as client:
        ask(client, b"a")
        proxy.slow(bytes_per_second=2_000)
        began = time.monotonic()
        assert ask(client, b"x" * 400) == b"x" * 400
        assert time.monotonic() - began > 0.15


def test_a_server_that_is_gone_is_a_reset(echo: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = probe.getsockname()[1]
    with FaultProxy(nobody) as proxy, pytest.raises(ConnectionError), closing(dial(proxy)) as client:
        client.sendall(b"x")
        if client.recv(1) == b"":
            raise ConnectionResetError


def test_at_its_end_nothing_is_left(echo: int) -> None:
    before = threading.active_count()
    with FaultProxy(echo) as proxy:
        client = dial(proxy)
        ask(client, b"a")
        proxy.hang()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    client.close()
    assert threading.active_count() <= before + 1, "the echo server's own thread may be on its way out"
