"""Who is logged in, kept by the browser alone: signed values in cookies, nothing in the state, nothing in memory.

In: names of people. Out: what a cookie holds, and the same read back. Two daemons with one token read each other's.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

#: After so long somebody has to log in again.
LASTS = timedelta(hours=12)
#: A cookie holds 4,096 bytes; letters may take six of them, signed and encoded.
_MOST_SAID = 400


@dataclass(frozen=True, kw_only=True)
class Session:
    """Somebody who logged in."""

    person: str
    #: Tells one login from another; forms are bound to it.
    id: str


def now_utc() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one page leaves for the next to say."""

    sentence: str
    #: Something changed.
    done: bool


class Sessions:
    """Signs and reads. The key follows from the token, so that another token ends every session."""

    def __init__(self, token: str | None, clock: Callable[[], datetime] = now_utc) -> None:
        """`token` None: nobody can log in, and forms of visitors whom a proxy names hold within this process."""
        secret = token.encode() if token else secrets.token_bytes(32)
        self._key = hmac.digest(secret, b"crm-observer: sessions of pages", hashlib.sha256)
        self._clock = clock

    def begin(self, person: str) -> str:
        """What the cookie of a new session holds."""
        until = int((self._clock() + LASTS).timestamp())
        return self._signed("session").dumps([person, secrets.token_urlsafe(16), until])

    def read(self, cookie: str) -> Session | None:
        """None: it is not ours, was changed, or is over."""
        match self._loaded("session", cookie):
            case [str(person), str(id), int(until)] if self._clock().timestamp() < until:
                return Session(person=person, id=id)
            case _:
                return None

    def form_token(self, bound_to: str) -> str:
        """What every form of that session carries: a foreign site can neither read nor guess it."""
        return hmac.new(self._key, f"form\0{bound_to}".encode(), hashlib.sha256).hexdigest()

    def is_form_token(self, given: str, bound_to: str) -> bool:
        """In constant time."""
        return hmac.compare_digest(given.encode(), self.form_token(bound_to).encode())

    def say(self, sentence: str, *, done: bool) -> str:
        """A sentence for the next page, as a cookie holds it. `done`: something changed."""
        return self._signed("said").dumps([sentence[:_MOST_SAID], done])

    def said(self, cookie: str) -> Said | None:
        """That sentence; None: it is none of ours."""
        match self._loaded("said", cookie):
            case [str(sentence), bool(done)]:
                return Said(sentence=sentence, done=done)
            case _:
                return None

    def _loaded(self, what: str, cookie: str) -> object:
        try:
            return self._signed(what).loads(cookie)
        except BadData:
            return None

    def _signed(self, what: str) -> URLSafeSerializer:
        kwargs = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        return URLSafeSerializer(self._key, salt=what, signer_kwargs=kwargs)
