"""Briefs of a world of incidents on a fake clock, as a receiver asks for them; and deliveries that point at notices."""

from __future__ import annotations

from observer.errors import NoSuchIncident
from observer.incidents.brief import Brief, Links, Proof, RecordKey, brief_of
from observer.incidents.events import IncidentEvent
from observer.incidents.incident import Incident
from observer.incidents.muting import mutes_of
from observer.incidents.telling import Notice
from observer.runs.deliveries import Delivery
from tests.unit.incidents.timeline import World

PAGES = "https://observer.example.com"


class WorldBriefs:
    """What `jobs.briefs.Briefs` is, in memory."""

    def __init__(self, world: World, **proofs: Proof) -> None:
        """`proofs` by the name of the field."""
        self.world = world
        self._proofs = proofs

    def of(self, incident_id: str) -> Brief:
        return self._brief(self._incident(incident_id), None)

    def of_notice(self, incident_id: str, seq: int) -> Brief | None:
        notice = next((n for n in self.world.notices if n.key == f"{incident_id}:{seq}"), None)
        return self._brief(self._incident(incident_id), notice)

    def log(self, incident_id: str) -> tuple[IncidentEvent, ...]:
        return tuple(event for event in self.world.log if event.incident == incident_id)

    def _incident(self, incident_id: str) -> Incident:
        for incident in self.world.incidents:
            if incident.id == incident_id:
                return incident
        raise NoSuchIncident(f"there is no incident {incident_id}", fix="see `observer incidents`")

    def _brief(self, incident: Incident, notice: Notice | None) -> Brief:
        mutes = mutes_of(self.world.incidents, self.world.policy, self.world.now)
        fields = {h.finding.property: fingerprint for fingerprint, h in incident.held.items()}
        return brief_of(
            incident,
            policy=self.world.policy,
            now=self.world.now,
            told=notice.told if notice else None,
            mutes=mutes.reasons.get(incident.id),
            proofs={fields[name]: proof for name, proof in self._proofs.items() if name in fields},
            budgets=("Leads have an email: 11 of 25 bad leads left",),
            links=Links(incident=f"{PAGES}/incidents/{incident.id}", table=f"{PAGES}/tables/leads"),
        )


def delivery_of(notice: Notice, receiver: str = "webhook") -> Delivery:
    """The delivery of a notice, as the outbox gives it."""
    seq = int(notice.key.rpartition(":")[2])
    return Delivery(
        id=1,
        receiver=receiver,
        key=notice.key,
        line=notice.line,
        payload={"incident": notice.line, "seq": seq},
        created_at=notice.incident.begins,
        attempts=0,
    )


def key_of(text: str) -> Proof:
    """A finding with one record to look at."""
    return Proof(
        run_id="r1", keys=(RecordKey(text=text, url=f"https://crm.example.com/{text[3:]}"),), segment="web: all"
    )
