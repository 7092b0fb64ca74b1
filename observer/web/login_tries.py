"""Slows guessing down. In: failed logins by address. Out: how long that address waits before it may try again.

Whoever has an address of IPv6 has all those that share its first 64 bits: they wait together.
"""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from observer.web.sessions import now_utc

#: Anybody mistypes; after so many the waits begin.
FREE_TRIES = 5
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=2), timedelta(minutes=5)
#: What is forgotten after.
_FORGET = timedelta(hours=1)
#: Remembered at once; those that failed longest ago are forgotten first.
_MOST_ADDRESSES = 10_000


@dataclass(frozen=True)
class _Failures:
    count: int
    last: datetime

    @property
    def wait(self) -> timedelta:
        over = self.count - FREE_TRIES
        return timedelta() if over < 0 else min(_FIRST_WAIT * 2 ** min(over, 10), _LONGEST_WAIT)


class LoginTries:
    """Of this process. Thread-safe."""

    def __init__(self, clock: Callable[[], datetime] = now_utc) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, address: str) -> timedelta:
        """Nothing before that is looked at, so that a right guess is not seen either; zero: go on."""
        with self._lock:
            found = self._failures.get(_place(address))
            now = self._clock()
            return timedelta() if found is None else max(found.last + found.wait - now, timedelta())

    def failed(self, address: str) -> None:
        """One more."""
        with self._lock:
            now = self._clock()
            place = _place(address)
            before = self._failures.pop(place, None)
            count = before.count if before is not None and now - before.last < _FORGET else 0
            self._failures[place] = _Failures(count + 1, now)
            if len(self._failures) > _MOST_ADDRESSES:
                self._failures.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Whoever knows the token has no past."""
        with self._lock:
            self._failures.pop(_place(address), None)


def _place(address: str) -> str:
    """As one household or machine has it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((int(found), 64), strict=False))
