"""What went wrong with one attempt → Failure: a reason for metrics, words for a person, and whether to try again.

No words of the receiver are repeated: an answer may quote the request, and that holds what it was authorised with.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import requests
import urllib3.exceptions

from observer.runs.deliveries import Failure, Reason

#: The event itself is refused: the same event again is refused again.
_FOR_GOOD = (400, 413, 415, 422)
#: Nobody may make us wait longer.
_LONGEST_WISH = timedelta(hours=1)


class NotConfirmed(Exception):
    """Kafka did not confirm the message."""

    def __init__(self, detail: str, *, timed_out: bool) -> None:
        super().__init__(detail)
        self.timed_out = timed_out


def explained(error: BaseException, place: str) -> Failure:
    """`place` is where it was sent, as it may be shown."""
    for one in _chain(error):
        failure = _known(one, place)
        if failure is not None:
            return failure
    return Failure(reason=Reason.UNEXPECTED, detail=f"{place}: {type(error).__name__}")


def misled(answer: Any) -> Failure | None:
    """A redirected POST arrives as a GET, without the event, and is answered as if all were well."""
    if not isinstance(answer, requests.Response) or answer.request.method == "POST":
        return None
    status = answer.history[0].status_code if answer.history else answer.status_code
    detail = f"the receiver sends elsewhere ({_status(status)}), where the event does not arrive: correct its URL"
    return Failure(reason=Reason.REFUSED, detail=detail)


def answered(response: requests.Response, place: str) -> Failure | None:
    """None for an answer that says that all is well."""
    status = response.status_code
    detail = f"{place} answered {_status(status)}"
    wish = _wish(response.headers.get("Retry-After"))
    if status == 429:
        return Failure(reason=Reason.RATE_LIMITED, detail=detail, retry_after=wish)
    if status == 408:
        return Failure(reason=Reason.TIMEOUT, detail=detail, retry_after=wish)
    if status >= 500:
        return Failure(reason=Reason.SERVER_ERROR, detail=detail, retry_after=wish)
    if status >= 300:
        return Failure(reason=Reason.REFUSED, detail=detail, can_retry=status not in _FOR_GOOD)
    return None


def _known(error: BaseException, place: str) -> Failure | None:
    match error:
        case requests.HTTPError(response=requests.Response() as response):
            return answered(response, place)
        case requests.exceptions.RetryError():
            return Failure(reason=Reason.SERVER_ERROR, detail=f"{place} answered with errors, again and again")
        case requests.Timeout() | urllib3.exceptions.TimeoutError() | TimeoutError():
            return Failure(reason=Reason.TIMEOUT, detail=f"{place} did not answer in time")
        case requests.exceptions.SSLError():
            return Failure(reason=Reason.UNREACHABLE, detail=f"{place}: its certificate is not trusted, or none")
        case requests.TooManyRedirects():
            return Failure(reason=Reason.REFUSED, detail=f"{place} redirects in a circle")
        case requests.ConnectionError() | requests.exceptions.ChunkedEncodingError():
            return _broken(error, place)
        case requests.RequestException():
            return Failure(reason=Reason.UNEXPECTED, detail=f"{place}: its answer is not understood")
        case NotConfirmed(timed_out=timed_out):
            reason = Reason.TIMEOUT if timed_out else Reason.UNREACHABLE
            return Failure(reason=reason, detail=f"{place}: {error}")
        case OSError():
            return Failure(reason=Reason.UNREACHABLE, detail=f"{place}: {error.strerror or type(error).__name__}")
    return None


def _broken(error: BaseException, place: str) -> Failure:
    """A connection that did not come about, hung, or carried something else than HTTP."""
    inner = list(_chain(error))
    # urllib3 counts a connection that was refused among those that timed out.
    refused = any(isinstance(one, urllib3.exceptions.NewConnectionError) for one in inner)
    if not refused and any(isinstance(one, urllib3.exceptions.TimeoutError | TimeoutError) for one in inner):
        return Failure(reason=Reason.TIMEOUT, detail=f"{place} did not answer in time")
    gone = any(isinstance(one, http.client.RemoteDisconnected) for one in inner)
    if not gone and any(isinstance(one, http.client.HTTPException) for one in inner):
        return Failure(reason=Reason.UNEXPECTED, detail=f"{place} answered something that is not HTTP")
    return Failure(reason=Reason.UNREACHABLE, detail=f"{place} cannot be reached, or hung up")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it was raised from, and what it holds: `requests` wraps those of `urllib3`."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        held = [a for a in (*one.args, getattr(one, "reason", None)) if isinstance(a, BaseException)]
        waiting += [one.__cause__, *held, one.__context__]


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


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
