"""A TCP proxy that can be made to misbehave: stands between a client and a real server on the loopback.

In: where the server listens. Out: a port of its own. A fault holds for open connections and new ones alike, until the
next one is set; `pass_through()` heals everything that was not cut.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Self

_CHUNK = 65_536
#: How soon a connection notices that the fault was changed.
_LOOK_SECONDS = 0.02
#: Closing with it sends RST: the other side sees "connection reset" at once.
_RESET = struct.pack("ii", 1, 0)


class _Mode(Enum):
    PASS = "pass"
    REFUSE = "refuse"
    HANG = "hang"
    CUT = "cut"
    SLOW = "slow"


@dataclass(frozen=True)
class _Fault:
    mode: _Mode
    #: CUT: bytes from the server that are still let through. SLOW: bytes per second.
    amount: int = 0


class FaultProxy:
    """Use as a context manager; every connection and thread is gone at its end."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._server = (host, port)
        self._fault = _Fault(_Mode.PASS)
        self._lock = threading.Lock()
        self._pairs: set[_Pair] = set()
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        #: Connections that were accepted so far.
        self.accepted = 0
        self.port = 0

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deafen()
        self.reset_connections()
        for thread in self._threads:
            thread.join(5)

    def pass_through(self) -> None:
        """Everything is as if there were no proxy."""
        self._set(_Fault(_Mode.PASS))

    def refuse(self) -> None:
        """Nobody listens: new connections are refused, open ones are reset."""
        self._set(_Fault(_Mode.REFUSE))
        self.reset_connections()

    def hang(self) -> None:
        """Connections are accepted and stay open, and not a byte passes."""
        self._set(_Fault(_Mode.HANG))

    def cut(self, after: int) -> None:
        """Each connection is reset when so many more bytes have come from the server."""
        with self._lock:
            for pair in self._pairs:
                pair.passed = 0
        self._set(_Fault(_Mode.CUT, after))

    def slow(self, bytes_per_second: int) -> None:
        """The server's bytes drip."""
        self._set(_Fault(_Mode.SLOW, bytes_per_second))

    def reset_connections(self) -> None:
        """Open connections are reset now; new ones are as the fault says."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            pair.reset()

    @property
    def connections(self) -> int:
        """How many are open."""
        with self._lock:
            return len(self._pairs)

    def _set(self, fault: _Fault) -> None:
        self._fault = fault
        if fault.mode is _Mode.REFUSE:
            self._deafen()
        elif self._listener is None:
            self._listen()

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._start(self._accept, listener)

    def _deafen(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._server, timeout=5)
        except OSError:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            client.close()
            return
        pair = _Pair(client, server)
        with self._lock:
            self._pairs.add(pair)
        upwards = self._start(self._pump, pair, client, server)
        self._pump(pair, server, client)
        upwards.join()
        with self._lock:
            self._pairs.discard(pair)
        pair.close()

    def _pump(self, pair: _Pair, source: socket.socket, target: socket.socket) -> None:
        """Carry bytes one way until a side ends."""
        from_server = source is pair.server
        with suppress(OSError, ValueError):  # the other side is gone, or the pair was reset
            while not pair.over.is_set():
                if self._fault.mode is _Mode.HANG:
                    pair.over.wait(_LOOK_SECONDS)
                    continue
                if not select.select([source], [], [], _LOOK_SECONDS)[0]:
                    continue
                fault = self._fault  # it may have been set while we waited
                if fault.mode is _Mode.HANG:
                    continue
                dripping = fault.mode is _Mode.SLOW and from_server
                chunk = source.recv(max(1, int(fault.amount * _LOOK_SECONDS)) if dripping else _CHUNK)
                if not chunk:
                    break
                if from_server and fault.mode is _Mode.CUT and pair.passed + len(chunk) > fault.amount:
                    pair.carry(target, chunk[: max(0, fault.amount - pair.passed)])
                    pair.reset()
                    return
                pair.passed += len(chunk) if from_server else 0
                pair.carry(target, chunk)
                if dripping:
                    pair.over.wait(_LOOK_SECONDS)
        pair.end()

    def _start(self, target: object, *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]  # a callable
        self._threads.append(thread)
        thread.start()
        return thread


class _Pair:
    """Two sockets that belong together."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.over = threading.Event()
        #: Bytes from the server since the fault was set.
        self.passed = 0

    def carry(self, target: socket.socket, chunk: bytes) -> None:
        """Send it all, however slowly the target reads."""
        while chunk and not self.over.is_set():
            if select.select([], [target], [], _LOOK_SECONDS)[1]:
                chunk = chunk[target.send(chunk) :]

    def end(self) -> None:
        """Both sides learn that it is over."""
        self.over.set()
        for each in (self.client, self.server):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Both sides see a reset."""
        self.over.set()
        for each in (self.client, self.server):
            with suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.close()

    def close(self) -> None:
        for each in (self.client, self.server):
            with suppress(OSError):
                each.close()
