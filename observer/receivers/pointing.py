"""Deliveries only point at a notice; what it tells is read when it is sent: delivery → Brief."""

from __future__ import annotations

from typing import Protocol

from observer.errors import NoSuchIncident
from observer.incidents.brief import Brief
from observer.incidents.events import IncidentEvent
from observer.runs.deliveries import Delivery, Failure, Reason


class Briefs(Protocol):
    """Incidents for people, as things stand now. Each raises NoSuchIncident and StoreError."""

    def of(self, incident_id: str) -> Brief: ...

    def of_notice(self, incident_id: str, seq: int) -> Brief | None: ...

    def log(self, incident_id: str) -> tuple[IncidentEvent, ...]: ...


def told_by(delivery: Delivery, briefs: Briefs) -> Brief | Failure:
    """What the notice tells. Raises StoreError: the state cannot be read; then nobody is to blame for the delivery."""
    incident, seq = delivery.payload.get("incident"), delivery.payload.get("seq")
    if not isinstance(incident, str) or not isinstance(seq, int):
        return Failure(reason=Reason.UNEXPECTED, detail="what is stored points at no notice", can_retry=False)
    try:
        brief = briefs.of_notice(incident, seq)
    except NoSuchIncident:
        brief = None
    gone = f"the state knows nothing of incident {incident} any more"
    return brief or Failure(reason=Reason.UNEXPECTED, detail=gone, can_retry=False)
