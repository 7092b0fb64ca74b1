"""Incidents for people: what the state knows of one, put together. In: the state. Out: a Brief, as things stand now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from observer.checks.measure import Segment
from observer.incidents.brief import MOST_KEYS, MOST_POINTS, Brief, Links, Proof, RecordKey, brief_of
from observer.incidents.events import IncidentEvent, Told
from observer.incidents.findings import Source
from observer.incidents.incident import Incident
from observer.incidents.muting import Mutes, mutes_of
from observer.incidents.policy import Policy
from observer.reports.sentences import segment_text
from observer.reports.slo_words import budget_text, counted_noun
from observer.reports.visible import shown_value, visible
from observer.slo.standing import SloStanding
from observer.store import Store
from observer.store.proofs import KeptProof

_PROVEN = (Source.CHECK, Source.CHANGE)


class Briefs:
    """Thread-safe; every answer is read anew."""

    def __init__(
        self,
        store: Store,
        policy: Callable[[], Policy],
        *,
        levels: Callable[[], Sequence[SloStanding]] = tuple,
        page: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`page` is the address of the pages (`https://observer.example.com`); None: there are none to link to."""
        self._store = store
        self._policy = policy
        self._levels = levels
        self._page = page

    def of(self, incident_id: str) -> Brief:
        """By id, or enough of its first characters. Raises NoSuchIncident, AmbiguousIncident, StoreError."""
        incident = self._store.incidents.get(incident_id)
        policy, now = self._policy(), datetime.now(UTC)
        return self._brief(incident, None, self._mutes([incident], policy, now), policy, now)

    def of_notice(self, incident_id: str, seq: int) -> Brief | None:
        """What the notice tells, of the incident as it stands now; None when the state knows neither any more."""
        return self.of_notices([(incident_id, seq)]).get((incident_id, seq))

    def of_notices(self, notices: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Brief]:
        """The same of many (incident, seq), for little more than one costs; those that the state does not know are
        left out.
        """
        known = self._store.incidents.at_notices(notices).items()
        found = {key: (incident, event.told) for key, (incident, event) in known if event.told is not None}
        if not found:
            return {}
        policy, now = self._policy(), datetime.now(UTC)
        mutes = self._mutes([incident for incident, _ in found.values()], policy, now)
        return {name: self._brief(incident, told, mutes, policy, now) for name, (incident, told) in found.items()}

    def log(self, incident_id: str) -> tuple[IncidentEvent, ...]:
        """Everything that happened to it, oldest first."""
        return self._store.incidents.log(incident_id)

    def _mutes(self, incidents: Sequence[Incident], policy: Policy, now: datetime) -> Mutes:
        """Of these as they are given, among all others that live."""
        told = {incident.id for incident in incidents}
        others = [other for other in self._store.incidents.live() if other.id not in told]
        return mutes_of([*others, *incidents], policy, now)

    def _brief(self, incident: Incident, told: Told | None, mutes: Mutes, policy: Policy, now: datetime) -> Brief:
        proofs = self._proofs(incident, now)
        return brief_of(
            incident,
            policy=policy,
            now=now,
            told=told,
            mutes=mutes.reasons.get(incident.id),
            hidden=mutes.hidden_by[incident.id],
            proofs={name: _proof(kept) for name, kept in proofs.items()},
            budgets=self._budgets(incident),
            links=self._links(incident, [kept.run_id for kept in proofs.values()]),
        )

    def _proofs(self, incident: Incident, now: datetime) -> Mapping[str, KeptProof]:
        """By fingerprint, of what goes on; of what is over, what was kept before its end."""
        going_on = [held for held in incident.held.values() if held.ended is None]
        told = sorted(going_on or incident.held.values(), key=lambda held: -held.finding.grade.weight)
        checks = {h.finding.subject: h.finding.fingerprint for h in told if h.finding.source in _PROVEN}
        asked = list(checks)[: 2 * MOST_POINTS]
        found = self._store.proofs.of(asked, by=now if going_on else incident.resolved_at or now)
        return {checks[check]: kept for check, kept in found.items()}

    def _budgets(self, incident: Incident) -> tuple[str, ...]:
        group = incident.group
        mine = [
            each
            for each in self._levels()
            if each.slo.indicator.contract == group.contract and each.slo.object == group.table
        ]
        return tuple(
            f"{visible(each.slo.display_name or each.slo.name)}: {budget_text(each.budget, counted_noun(each.slo))}"
            for each in mine
        )

    def _links(self, incident: Incident, runs: Sequence[str]) -> Links:
        page = self._page()
        if page is None:
            return Links()
        base, group = page.rstrip("/"), incident.group
        contract, table = quote(group.contract, safe=""), quote(group.table, safe="")
        return Links(
            incident=f"{base}/incidents/{incident.id}",
            run=f"{base}/runs/{max(runs)}" if runs else None,
            table=f"{base}/contracts/{contract}/tables/{table}" if group.contract and group.table else None,
        )


def _proof(kept: KeptProof) -> Proof:
    evidence = kept.result.evidence or {}
    columns, keys, urls = (evidence.get(name) or () for name in ("key_columns", "keys", "urls"))
    segments = [Segment(**segment) for segment in (evidence.get("segments") or ())[:1]]
    return Proof(
        run_id=kept.run_id,
        keys=tuple(
            RecordKey(
                text=", ".join(
                    f"{visible(column)} {shown_value(part)}" for column, part in zip(columns, key, strict=True)
                ),
                url=urls[place] if place < len(urls) else None,
            )
            for place, key in enumerate(keys[:MOST_KEYS])
        ),
        segment=segment_text(segments[0], kept.result.rows_failed) if segments else None,
    )
