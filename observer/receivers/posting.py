"""One POST of a notice: a body in, landed or Failure out. No words of the receiver are repeated: they may quote ours.

Guarantee: it ends in time however the receiver behaves, follows no redirect, and trusts no certificate that this
machine does not.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

import requests

from observer import __version__
from observer.runs.deliveries import Failure, Reason

#: For the connection, and between two bytes of the answer.
TIMEOUT_SECONDS = 10.0
#: For one attempt as a whole: a receiver that answers one byte at a time meets no other limit.
PATIENCE_SECONDS = 20.0
#: Attempts that were given up and still hang; with so many no other is begun.
MOST_HANGING = 3
#: Statuses below 500 after which the same notice may land later: their cause is time, or a setting somebody mends.
_LATER = frozenset({401, 403, 407, 408, 425, 429})
_LONGEST_WISH = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What came back."""

    status: int
    retry_after: timedelta | None = None


class Poster:
    """Posts to one receiver, of which only scheme and host are ever shown: a path may be a secret."""

    def __init__(self, url: str, *, patience: float = PATIENCE_SECONDS) -> None:
        """Raises ValueError: no http(s) URL with a host."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the address is no http or https URL with a host")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self.place = f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")
        self._patience = patience
        self._hanging: list[threading.Thread] = []

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Failure | None:
        """None when it was taken (2xx). Never raises."""
        answered = self._asked("POST", url, body, headers)
        return answered if isinstance(answered, Failure) else self._failure(answered)

    def ask(self, url: str, method: str = "GET") -> Failure | int:
        """The status, whatever it is. Never raises."""
        answered = self._asked(method, url, None, {})
        return answered if isinstance(answered, Failure) else answered.status

    def _asked(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answered | Failure:
        """The attempt in a thread of its own, which is left behind when it takes too long."""
        self._hanging = [thread for thread in self._hanging if thread.is_alive()]
        if len(self._hanging) >= MOST_HANGING:
            return Failure(reason=Reason.TIMEOUT, detail=f"{self.place} still holds up earlier attempts")
        ends: SimpleQueue[Answered | Failure] = SimpleQueue()

        def attempt() -> None:
            try:
                ends.put(_sent(method, url, body, headers))
            except Exception as error:  # noqa: BLE001  # it goes on as a Failure
                ends.put(_explained(error, self.place))

        thread = threading.Thread(target=attempt, name="post", daemon=True)
        try:
            thread.start()
            return ends.get(timeout=self._patience)
        except RuntimeError:  # the machine gives no more threads
            return Failure(reason=Reason.UNEXPECTED, detail=f"{self.place}: no thread could be started")
        except Empty:
            self._hanging.append(thread)
            return Failure(reason=Reason.TIMEOUT, detail=f"{self.place} did not answer to its end in time")

    def _failure(self, answered: Answered) -> Failure | None:
        status, wish = answered.status, answered.retry_after
        detail = f"{self.place} answered {_words(status)}"
        if 200 <= status < 300:
            return None
        if status < 400:
            detail = f"{self.place} sends elsewhere ({_words(status)}), which is not followed: correct the URL"
            return Failure(reason=Reason.REFUSED, detail=detail)
        if status == 429:
            return Failure(reason=Reason.RATE_LIMITED, detail=detail, retry_after=wish)
        if status == 408:
            return Failure(reason=Reason.TIMEOUT, detail=detail, retry_after=wish)
        if status >= 500:
            return Failure(reason=Reason.SERVER_ERROR, detail=detail, retry_after=wish)
        return Failure(reason=Reason.REFUSED, detail=detail, can_retry=status in _LATER, retry_after=wish)


def _sent(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answered:
    # Streamed, and closed unread: nothing in the answer but its status matters, however long it is.
    with requests.request(
        method,
        url,
        data=body,
        headers={"User-Agent": f"crm-observer/{__version__}", **headers},
        timeout=TIMEOUT_SECONDS,
        allow_redirects=False,
        stream=True,
    ) as answer:
        return Answered(status=answer.status_code, retry_after=_wish(answer.headers.get("Retry-After")))


def _explained(error: Exception, place: str) -> Failure:
    match error:
        case requests.exceptions.SSLError():
            return Failure(reason=Reason.UNREACHABLE, detail=f"{place}: its certificate is not trusted, or none")
        case requests.ConnectTimeout():
            return Failure(reason=Reason.UNREACHABLE, detail=f"{place} cannot be reached in time")
        case requests.Timeout():
            return Failure(reason=Reason.TIMEOUT, detail=f"{place} did not answer in time")
        case requests.ConnectionError() | OSError() if not isinstance(error, requests.exceptions.InvalidURL):
            return Failure(reason=Reason.UNREACHABLE, detail=f"{place} cannot be reached, or hung up")
    return Failure(reason=Reason.UNEXPECTED, detail=f"{place}: {type(error).__name__}")


def _words(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _wish(text: str | None) -> timedelta | None:
    """`Retry-After`, in seconds or as a date; None for what is neither."""
    if text is None:
        return None
    try:
        if text.strip().isdecimal():
            wait = timedelta(seconds=int(text))
        else:
            until = parsedate_to_datetime(text)
            wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - datetime.now(UTC)
    except OverflowError:  # so far ahead that no clock can say it
        return _LONGEST_WISH
    except (ValueError, TypeError):
        return None
    return min(max(wait, timedelta()), _LONGEST_WISH)
