"""How fast Slack may be called: `Pace.wait(…)` sleeps until it may. Clock and sleep are given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta


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
        self._full[bucket] = max(full, now) + step
