"""The incidents half of a desk: a world of incidents on a fake clock, read and acted on as pages do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from observer.errors import AmbiguousIncident, NoSuchIncident, NotAllowed
from observer.incidents.acting import Action, Answer, act
from observer.incidents.brief import Brief, Proof, RecordKey, brief_of
from observer.incidents.events import EventKind, IncidentEvent
from observer.incidents.findings import Answerable, Finding, Grade
from observer.incidents.incident import Incident
from observer.incidents.muting import mutes_of
from observer.incidents.permission import may_act
from observer.store import IncidentRow
from tests.unit.incidents.timeline import World, broken, clock, stale

#: May not act where `may_act` is `*@example.com`.
STRANGER = "mallory@elsewhere.example"
#: When the morning ends.
HALF_PAST_ELEVEN = clock("11:30")


class IncidentsOfAWorld:
    """Answers `incidents`, `brief`, `incident_log`, `may_act` and `act` of a desk."""

    def __init__(self, world: World, *, proofs: Mapping[str, Proof] | None = None, budgets: Sequence[str] = ()) -> None:
        self.world = world
        self.proofs = proofs or {}
        self.budgets = budgets
        self.may_act_patterns: tuple[str, ...] = ("*@example.com",)

    def rows(
        self, *, limit: int, open_only: bool, contract: str | None, table: str | None, owner: str | None
    ) -> tuple[IncidentRow, ...]:
        found = [
            self._row(incident)
            for incident in self.world.incidents
            if (incident.is_open or not open_only)
            and contract in (None, incident.group.contract)
            and table in (None, incident.group.table)
            and owner in (None, incident.group.owner)
        ]
        return tuple(sorted(found, key=lambda row: row.begins, reverse=True)[:limit])

    def brief(self, id: str) -> Brief:
        incident = self._one(id)
        mutes = mutes_of(self.world.incidents, self.world.policy, self.world.now)
        return brief_of(
            incident,
            policy=self.world.policy,
            now=self.world.now,
            mutes=mutes.reasons.get(incident.id),
            hidden=mutes.hidden_by[incident.id],
            proofs=self.proofs,
            budgets=self.budgets,
        )

    def log(self, id: str) -> tuple[IncidentEvent, ...]:
        found = self._one(id)
        return tuple(event for event in self.world.log if event.incident == found.id)

    def may_act(self, person: str) -> bool:
        return may_act(person, self.may_act_patterns)

    def act(self, id: str, action: Action) -> Answer:
        if not self.may_act(action.by):
            raise NotAllowed(f"{action.by} may not act on incidents", fix="ask whoever runs the observer")
        answer = act(self._one(id), action, self.world.now)
        self.world.log += answer.events
        return answer

    def _one(self, id: str) -> Incident:
        found = [incident for incident in self.world.incidents if id and incident.id.startswith(id)]
        if not found:
            raise NoSuchIncident(f"no incident begins with `{id}`", fix="take an id from `observer incidents`")
        if len(found) > 1:
            raise AmbiguousIncident(f"several incidents begin with `{id}`", fix="give more of the id")
        return found[0]

    def _row(self, incident: Incident) -> IncidentRow:
        opening = next(e for e in self.world.log if e.incident == incident.id and e.kind is EventKind.OPENED)
        return IncidentRow(
            id=incident.id,
            group=incident.group,
            status=incident.status,
            grade=incident.gravest,
            opened_at=incident.opened_at,
            begins=incident.begins,
            resolved_at=incident.resolved_at,
            resolution=incident.resolution,
            acknowledged_by=incident.acknowledged_by,
            snoozed_until=incident.snooze.until if incident.snooze else None,
            going_on=sum(held.ended is None for held in incident.held.values()),
            reason=opening.reason,
            told=incident.told is not None,
        )


def a_morning() -> IncidentsOfAWorld:
    """Half past eleven: one incident in each state that pages know."""
    world = World()
    email = broken(rows=312, rows_tested=8_800, observed="312 of 8,800 rows (3.5 %)", expected="no row")
    phone = broken("phone", rows=40, rows_tested=8_800, grade=Grade.WARNING, expected="at most 0.1 % of the rows")
    deals = Answerable(owner="ben@example.com", consumers=("forecast", "commissions"))
    stage = broken("stage", table="deals", rows=1_000, rows_tested=1_000, grade=Grade.URGENT, answerable=deals)
    fresh = stale("accounts")
    name = broken("name", table="accounts", rows=9)
    old = broken("owner", table="tasks", rows=3)
    world.at("08:00").sees(old)
    world.waits_until("08:10")
    world.at("08:30").sees(of=[old])
    world.at("09:00").sees(email, phone)
    world.at("09:05").sees(fresh, name)
    world.at("09:10").sees(stage)
    world.waits_until("09:20")
    world.at("09:40").sees(email, of=[phone])
    world.waits_until("11:30")
    proofs = {
        email.fingerprint: Proof(
            run_id="0199a000-0000-7000-8000-000000000001",
            keys=tuple(
                RecordKey(text=f"id {n}", url=f"https://crm.example.com/leads/{n}") for n in range(4_711, 4_716)
            ),
            segment="289 of 312 failures have source = webform (3.1 × the usual rate)",
        )
    }
    return IncidentsOfAWorld(world, proofs=proofs, budgets=("Leads have an email within 5 minutes: 11 of 25 left",))


def of_the_finding(finding: Finding) -> IncidentsOfAWorld:
    """One incident of one finding, told."""
    world = World()
    world.at("09:00").sees(finding)
    world.waits_until("09:02")
    return IncidentsOfAWorld(world)
