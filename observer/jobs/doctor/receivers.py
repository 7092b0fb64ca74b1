"""Who is told: lineage, webhook, Alertmanager. Asked whether they are there; nothing is sent. In: settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from observer.errors import ObserverError
from observer.jobs.doctor.findings import Finding, bad, broken, good, none, warning
from observer.receivers.alertmanager import ping_alertmanager
from observer.receivers.posting import Poster
from observer.receivers.webhook import ping_webhook
from observer.runs.deliveries import Failure
from observer.settings import Settings

_WAITS = "notices wait in the outbox until it is back"


class LineageReceiver(Protocol):
    """What is asked of lineage."""

    @property
    def configured(self) -> bool: ...

    def describe(self) -> str: ...

    def ping(self) -> Failure | None: ...


def look_at_lineage(opened: Callable[[], LineageReceiver]) -> Finding:
    """Whether the receiver of events is there."""
    try:
        receiver = opened()
    except ObserverError as error:
        return broken("lineage", error)
    if not receiver.configured:
        return none("lineage", "off: no OpenLineage transport is configured")
    failure = receiver.ping()
    if failure is not None:
        remedy = "check OPENLINEAGE_URL and the receiver; events wait in the outbox until it is back"
        return warning("lineage", f"{receiver.describe()}: {failure.detail}", remedy)
    return good("lineage", receiver.describe())


def look_at_webhook(settings: Settings) -> Finding:
    """Whether it answers at all, and whether it can know that notices are ours."""
    url = settings.webhook.url
    if url is None:
        return none("webhook", "off: no address is given")
    try:
        place = Poster(url).place
    except ValueError as error:
        return bad("webhook", str(error), "correct `url` of `[webhook]` (OBSERVER_WEBHOOK_URL)")
    failure = ping_webhook(settings.webhook)
    if failure is not None:
        return warning("webhook", failure.detail, f"check `url` of `[webhook]` and the receiver; {_WAITS}")
    if settings.webhook.secret is None:
        remedy = "set OBSERVER_WEBHOOK_SECRET, here and there, so that nobody else can send notices"
        return warning("webhook", f"{place} answers, and notices are not signed", remedy)
    return good("webhook", f"{place} answers; notices are signed")


def look_at_alertmanager(settings: Settings) -> Finding:
    """Whether it takes alerts."""
    url = settings.alertmanager.url
    if url is None:
        return none("alertmanager", "off: no address is given")
    try:
        place = Poster(url).place
    except ValueError as error:
        return bad("alertmanager", str(error), "correct `url` of `[alertmanager]` (OBSERVER_ALERTMANAGER_URL)")
    failure = ping_alertmanager(settings.alertmanager)
    if failure is not None:
        return warning("alertmanager", failure.detail, f"check `url` of `[alertmanager]`; {_WAITS}")
    return good("alertmanager", f"{place} is ready")
