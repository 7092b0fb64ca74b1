"""Whether a request over HTTP comes from Slack: its signature over the raw body, within five minutes, once.

https://docs.slack.dev/authentication/verifying-requests-from-slack/
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import StrEnum

from slack_sdk.signature import Clock, SignatureVerifier

#: Older requests are refused (`SignatureVerifier`); a signature is remembered for as long on either side of now.
WINDOW_SECONDS = 300
_REMEMBERED_SECONDS = 2 * WINDOW_SECONDS
#: So many presses in ten minutes nobody makes.
_MOST_REMEMBERED = 10_000


class Standing(StrEnum):
    """What a signature says of a request."""

    #: By Slack, and seen for the first time.
    NEW = "new"
    #: By Slack, and taken before: to be answered as if all were well, and not to be taken again.
    TAKEN = "taken"
    #: Not signed, not by Slack, or too old.
    FOREIGN = "foreign"


class _Clock(Clock):
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def now(self) -> float:
        return self._now()


class Signatures:
    """Judges requests; may be asked by many threads. Raises ValueError when made with an empty secret."""

    def __init__(self, secret: str, *, now: Callable[[], float] = time.time) -> None:
        self._verifier = SignatureVerifier(secret, _Clock(now))
        self._now = now
        self._taken: dict[str, float] = {}
        self._lock = threading.Lock()

    def judge(self, body: bytes, timestamp: str | None, signature: str | None) -> Standing:
        """Of the raw body, and of the headers X-Slack-Request-Timestamp and X-Slack-Signature."""
        if not self._is_by_slack(body, timestamp, signature):
            return Standing.FOREIGN
        with self._lock:
            return Standing.TAKEN if signature in self._taken else Standing.NEW

    def take(self, signature: str) -> bool:
        """Remember one that was judged NEW; False: another thread was faster."""
        now = self._now()
        with self._lock:
            if signature in self._taken:
                return False
            while self._taken:
                oldest = next(iter(self._taken))
                if now - self._taken[oldest] <= _REMEMBERED_SECONDS and len(self._taken) < _MOST_REMEMBERED:
                    break
                del self._taken[oldest]
            self._taken[signature] = now
            return True

    def give_back(self, signature: str) -> None:
        """It could not be taken after all: the same request may come again."""
        with self._lock:
            self._taken.pop(signature, None)

    def _is_by_slack(self, body: bytes, timestamp: str | None, signature: str | None) -> bool:
        # The library converts what it is given without looking at it: what it could not convert is not Slack's.
        if timestamp is None or signature is None or not signature.isascii() or len(signature) > 200:
            return False
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
            return False
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except UnicodeDecodeError:
            return False
