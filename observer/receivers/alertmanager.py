"""Incidents as alerts of an Alertmanager, API v2, so that PagerDuty, e-mail or Teams come by its routes.

One alert per incident. Its labels never change while it goes on, but for `severity`: when that does, what was said
before is ended and begun anew. An Alertmanager forgets alerts when it starts again, so `resend` tells it all again.
https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from observer.errors import NoSuchIncident
from observer.incidents.brief import Brief
from observer.incidents.events import EventKind, IncidentEvent, Told
from observer.incidents.findings import Grade
from observer.incidents.incident import Incident
from observer.receivers.plain_text import text_of
from observer.receivers.pointing import Briefs, told_by
from observer.receivers.posting import PATIENCE_SECONDS, Poster
from observer.runs.deliveries import Delivery, Failure, Reason
from observer.settings import AlertmanagerSettings

ALERTNAME = "CRMDataQuality"
SEVERITIES = {Grade.URGENT: "page", Grade.ERROR: "error", Grade.WARNING: "warning", Grade.INFO: "info"}
#: What goes on is said to go on for so long: whoever falls silent meanwhile has not resolved anything.
GOES_ON = timedelta(days=30)
_BATCH = 100
_OFF = Failure(reason=Reason.NOT_CONFIGURED, detail="no Alertmanager is configured")

Alert = dict[str, Any]


class AlertmanagerSender:
    """Without a URL it is off: whatever waits keeps waiting. May be used by several threads."""

    def __init__(
        self,
        settings: AlertmanagerSettings,
        briefs: Briefs,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """`patience`, in seconds, is for one attempt as a whole. Raises ValueError: no http or https URL."""
        self._base = (settings.url or "").rstrip("/")
        self._briefs = briefs
        self._now = now
        self._poster = Poster(settings.url, patience=patience) if settings.url else None
        # What was read first must arrive first: else an incident that ended meanwhile would be begun again.
        self._order = threading.Lock()
        #: Incident → how many events were known, and the alerts that were made of them.
        self._drawn: dict[str, tuple[int, list[Alert]]] = {}

    def send(self, delivery: Delivery) -> Failure | None:
        """None when it landed. Raises StoreError alone."""
        with self._order:
            brief = told_by(delivery, self._briefs)
            if isinstance(brief, Failure):
                return brief
            log = self._briefs.log(brief.id)
            alerts = alerts_of(brief, log)
            self._drawn[brief.id] = log[-1].seq, alerts
            return self._post(alerts)

    def resend(self, incidents: Iterable[Incident]) -> Failure | None:
        """Tell of all of these again, those that are over as over; what nobody was told of yet is passed over.

        For a beat every few minutes, with every live incident. None when all of it landed. Raises StoreError alone.
        """
        with self._order:
            known, self._drawn = self._drawn, {}
            now, due = self._now(), []
            for incident in incidents:
                if not _is_told(incident, now):
                    continue
                drawn = known.get(incident.id)
                if drawn is None or drawn[0] < incident.seq:
                    drawn = self._draw(incident)
                if drawn is not None:
                    self._drawn[incident.id] = drawn
                    due += drawn[1]
            for begin in range(0, len(due), _BATCH):
                failure = self._post(due[begin : begin + _BATCH])
                if failure is not None:
                    return failure
            return None

    def _draw(self, incident: Incident) -> tuple[int, list[Alert]] | None:
        try:
            log = self._briefs.log(incident.id)
            return log[-1].seq, alerts_of(self._briefs.of(incident.id), log)
        except NoSuchIncident:  # it was forgotten since
            return None

    def _post(self, alerts: Sequence[Alert]) -> Failure | None:
        if self._poster is None:
            return _OFF
        until = _time(self._now() + GOES_ON)
        body = json.dumps([{"endsAt": until, **alert} for alert in alerts]).encode()
        return self._poster.post(f"{self._base}/api/v2/alerts", body, {"Content-Type": "application/json"})


def ping_alertmanager(settings: AlertmanagerSettings) -> Failure | None:
    """None when it answers that it is ready; sends nothing. Raises ValueError: no http or https URL."""
    if settings.url is None:
        return _OFF
    poster = Poster(settings.url)
    status = poster.ask(f"{settings.url.rstrip('/')}/-/ready")
    if isinstance(status, Failure) or status == 200:
        return status if isinstance(status, Failure) else None
    return Failure(reason=Reason.SERVER_ERROR, detail=f"{poster.place} answered {status} to /-/ready")


def alerts_of(brief: Brief, log: Sequence[IncidentEvent]) -> list[Alert]:
    """Those of an incident that was told of: as it is, and as it was called before, ended. Those that go on have no
    `endsAt`. Pure.
    """
    told = [(event.at, event.told) for event in log if event.told is not None]
    begun = max(event.at for event in log if event.kind in (EventKind.OPENED, EventKind.REOPENED))
    grades = _spells([(at, said) for at, said in told if at >= begun] or told[-1:])
    severity = SEVERITIES[grades[-1][0] if grades else brief.grade]
    alert: Alert = {
        "labels": _labels(brief, severity),
        "annotations": _annotations(brief),
        "startsAt": _time(brief.begins),
    }
    if brief.links.incident:
        alert["generatorURL"] = brief.links.incident
    if brief.resolved_at is not None:
        alert["endsAt"] = _time(brief.resolved_at)
    before = {SEVERITIES[grade]: until for grade, until in grades[:-1] if until is not None}
    before.pop(severity, None)
    return [
        alert,
        *(
            {**alert, "labels": _labels(brief, earlier), "endsAt": _time(max(until, brief.begins))}
            for earlier, until in before.items()
        ),
    ]


def _spells(told: Iterable[tuple[datetime, Told]]) -> list[tuple[Grade, datetime | None]]:
    """Grades in the order in which they were told, each with the time at which another took its place."""
    spells: list[tuple[Grade, datetime | None]] = []
    for at, said in told:
        if not spells or spells[-1][0] is not said.grade:
            if spells:
                spells[-1] = spells[-1][0], at
            spells.append((said.grade, None))
    return spells


def _is_told(incident: Incident, now: datetime) -> bool:
    """Whether somebody was told of its present opening, and not only by a digest that is yet to leave."""
    told = incident.told
    return told is not None and incident.first_told_at is not None and told.not_before <= now


def _labels(brief: Brief, severity: str) -> dict[str, str]:
    group = brief.group
    named = {"contract": group.contract, "table": group.table, "owner": group.owner}
    return {
        "alertname": ALERTNAME,
        "incident": brief.id,
        **{name: text for name, text in named.items() if text},
        "severity": severity,
    }


def _annotations(brief: Brief) -> dict[str, str]:
    said = {
        "summary": brief.title,
        "description": text_of(brief),
        "link": brief.links.incident,
        "table_link": brief.links.table,
        "run_link": brief.links.run,
        "acknowledged_by": brief.acknowledged_by,
        "snoozed_until": _time(brief.snoozed_until) if brief.snoozed_until else "",
        "snoozed_by": brief.snoozed_by,
        "said_fixed_by": brief.said_fixed_by,
        "resolution": brief.resolution.value if brief.resolution else "",
        "news": "\n".join(brief.news),
    }
    return {name: text for name, text in said.items() if text}


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
