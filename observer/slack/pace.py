"""How fast Slack may be called, and how long it may take: `Pace` sleeps until a call may go, `Wait` for its end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")
#: Calls that came to no end and are waited for no more; with so many, no other is begun.
_MOST_HANGING = 4


class Pace:
    """Buckets by name. For one thread at a time."""

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        """`clock` is monotonic, in seconds, as is what `sleep` is given."""
        self._clock = clock
        self._sleep = sleep
        #: When each bucket is full again.
        self._full: dict[str, float] = {}

    def wait(self, bucket: str, every: timedelta, *, burst: int = 1) -> None:
        """Return when one more may go: one per `every` in the long run, `burst` at once."""
        step = every.total_seconds()
        now = self._clock()
        # Those that are full are forgotten: there are as many as channels.
        self._full = {name: full for name, full in self._full.items() if full > now}
        full = self._full.get(bucket, now)
        early = full - (burst - 1) * step - now
        if early > 0:
            self._sleep(early)
        self.went(bucket, every)

    def went(self, bucket: str, every: timedelta) -> None:
        """One went, whether or not it was waited for."""
        self._full[bucket] = max(self._full.get(bucket, 0.0), self._clock()) + every.total_seconds()


class Wait:
    """Waits for calls as a whole: a server that answers one byte at a time meets every timeout between bytes."""

    def __init__(self) -> None:
        self._hanging: list[threading.Thread] = []

    def for_end_of(self, call: Callable[[], T], *, seconds: float) -> T:
        """What it returns or raises. Raises TimeoutError when it takes longer; it may do its work all the same."""
        self._hanging = [thread for thread in self._hanging if thread.is_alive()]
        if len(self._hanging) >= _MOST_HANGING:
            raise TimeoutError
        ends: SimpleQueue[tuple[T | None, Exception | None]] = SimpleQueue()

        def attempt() -> None:
            try:
                ends.put((call(), None))
            except Exception as error:  # noqa: BLE001  # it is raised where it is waited for
                ends.put((None, error))

        thread = threading.Thread(target=attempt, name="slack", daemon=True)
        thread.start()
        try:
            # The socket's own timeout is as long, and says more.
            answer, error = ends.get(timeout=seconds + 0.1)
        except Empty:
            self._hanging.append(thread)
            raise TimeoutError from None
        if error is not None:
            raise error
        return answer  # type: ignore[return-value]  # with no error there is an answer
