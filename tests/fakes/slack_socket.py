"""The other end of Socket Mode on loopback: a WebSocket server that sends envelopes and remembers what is answered.

It pings nobody, and takes one connection after the other; `drops()` cuts all of them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10


class SlackSocket:
    """Where `apps.connections.open` points."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listening.getsockname()[1]}/link?ticket=canary-ticket"
        #: Answers to envelopes, in order.
        self.answers: list[dict[str, Any]] = []
        self.connections = 0
        self._open: list[socket.socket] = []
        self._count = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def is_connected(self) -> bool:
        return bool(self._open)

    def sends(self, kind: str, payload: dict[str, Any]) -> str:
        """An envelope on the newest connection; its id."""
        self._count += 1
        name = f"envelope-{self._count}"
        self._send(self._open[-1], {"type": kind, "envelope_id": name, "payload": payload})
        return name

    def asks_to_reconnect(self) -> None:
        """As Slack does every few hours."""
        self._send(self._open[-1], {"type": "disconnect", "reason": "refresh_requested"})

    def drops(self) -> None:
        """The network fails."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.drops()
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream, suppress(OSError, struct.error, ValueError):
            key = b""
            while (line := stream.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                key = value.strip() if name.lower() == b"sec-websocket-key" else key
            accept = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode()  # by RFC 6455
            head = f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            connection.sendall(head.encode())
            self._open.append(connection)
            self.connections += 1
            self._send(connection, {"type": "hello"})
            try:
                while True:
                    opcode, body = _frame(stream.read)
                    if opcode == _TEXT:
                        self.answers.append(json.loads(body))
                    elif opcode == _PING:
                        connection.sendall(bytes([0x80 | _PONG, len(body)]) + body)
                    elif opcode == _CLOSE:
                        return
            finally:
                self._open.remove(connection)

    @staticmethod
    def _send(connection: socket.socket, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        long = bytes([127]) + struct.pack("!Q", len(body))
        connection.sendall(bytes([0x80 | _TEXT]) + (bytes([len(body)]) if len(body) < 126 else long) + body)


def _frame(read: Any) -> tuple[int, bytes]:
    """One frame of a client: opcode and body. Raises ValueError or struct.error at the end of the stream."""
    first, second = read(2)
    size = second & 0x7F
    if size >= 126:
        [size] = struct.unpack("!H" if size == 126 else "!Q", read(2 if size == 126 else 8))
    mask = read(4)
    body = read(size)
    return first & 0x0F, bytes(byte ^ mask[place % 4] for place, byte in enumerate(body))


@contextmanager
def slack_socket() -> Iterator[SlackSocket]:
    """Gone when its block ends."""
    server = SlackSocket()
    try:
        yield server
    finally:
        server.close()
