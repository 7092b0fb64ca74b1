"""Every notice as signed JSON to one address. Deliveries in, landed or Failure out.

Guarantee: a notice landed only when the receiver answered 2xx; it may come twice, with the same `X-Observer-Delivery`.
What it tells is the incident as it stands when it is sent.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from http import HTTPStatus

from observer.receivers.document import document_of
from observer.receivers.pointing import Briefs, told_by
from observer.receivers.posting import PATIENCE_SECONDS, Poster
from observer.runs.deliveries import Delivery, Failure, Reason
from observer.settings import WebhookSettings

_OFF = Failure(reason=Reason.NOT_CONFIGURED, detail="no webhook is configured")


def signature_of(body: bytes, secret: str, at: int) -> str:
    """Value of `X-Observer-Signature`: HMAC-SHA256 of `at.body`; `at` in seconds since 1970, to refuse what is old."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


class WebhookSender:
    """Without a URL it is off: whatever waits keeps waiting."""

    def __init__(
        self,
        settings: WebhookSettings,
        briefs: Briefs,
        *,
        now: Callable[[], float] = time.time,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """`patience`, in seconds, is for one attempt as a whole. Raises ValueError: no http or https URL."""
        self._url = settings.url
        self._secret = settings.secret
        self._briefs = briefs
        self._now = now
        self._poster = Poster(settings.url, patience=patience) if settings.url else None

    def send(self, delivery: Delivery) -> Failure | None:
        """None when it landed. Raises StoreError alone."""
        if self._poster is None or self._url is None:
            return _OFF
        brief = told_by(delivery, self._briefs)
        if isinstance(brief, Failure):
            return brief
        body = json.dumps(document_of(brief, delivery.key), ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", "X-Observer-Delivery": delivery.key}
        if self._secret:
            headers["X-Observer-Signature"] = signature_of(body, self._secret, int(self._now()))
        return self._poster.post(self._url, body, headers)


def ping_webhook(settings: WebhookSettings) -> Failure | None:
    """None when it answers, whatever it says: it is asked what it takes, and sent nothing. Raises ValueError."""
    if settings.url is None:
        return _OFF
    poster = Poster(settings.url)
    status = poster.ask(settings.url, "OPTIONS")
    if isinstance(status, Failure):
        return status
    # 501: it is there, and takes POST alone.
    if status < HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.NOT_IMPLEMENTED:
        return None
    return Failure(reason=Reason.SERVER_ERROR, detail=f"{poster.place} answered {status}")
