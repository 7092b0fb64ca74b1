"""Work done side by side under names: one piece that takes long holds up no other, and none is begun twice.

In: a name and a call. Out: which have ended, and what they met.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A piece of work that is over."""

    name: str
    #: What it raised; None when it went well.
    error: Exception | None


class Lanes:
    """For one thread, but for `close`; the work itself is done by others."""

    def __init__(self, count: int, name: str) -> None:
        """As many pieces are done at once; further ones wait in line."""
        self._threads = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._under_way: dict[str, Future[None]] = {}
        self._closed = False
        self._closing = threading.Lock()

    @property
    def busy(self) -> Collection[str]:
        """What is under way, or waits in line."""
        return self._under_way.keys()

    def begin(self, name: str, work: Callable[[], None]) -> None:
        """Let it be done; nothing once it is closed. Raises ValueError: it is under way."""
        if name in self._under_way:
            raise ValueError(f"{name} is under way")
        with self._closing:
            if not self._closed:
                self._under_way[name] = self._threads.submit(work)

    def ended(self, *, wait_for: Collection[str] = (), patience: float = 0) -> tuple[Ended, ...]:
        """Those that have ended and were not told yet; waits up to `patience` seconds for those that are named."""
        wait([future for name, future in self._under_way.items() if name in wait_for], timeout=patience)
        over = [name for name, future in self._under_way.items() if future.done()]
        return tuple(Ended(name=name, error=_error(self._under_way.pop(name))) for name in over)

    def close(self) -> None:
        """Begin nothing more; what is under way ends by itself. For any thread."""
        with self._closing:
            self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)


def _error(future: Future[None]) -> Exception | None:
    error = None if future.cancelled() else future.exception()
    if error is not None and not isinstance(error, Exception):
        raise error
    return error
