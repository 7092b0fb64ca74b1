"""Which findings say nothing now, and why: hidden by a stale or unreachable table, silenced, snoozed, excused. Pure.

A finding that was hidden is told only when it is seen again after what hid it is over: what a stale table showed is
old. When nothing looks at it any more, it is told after a day (`Waits.remembered`) at the latest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from observer.incidents.events import Verdict
from observer.incidents.findings import Hides
from observer.incidents.incident import Held, Incident
from observer.incidents.policy import Policy


class Mute(StrEnum):
    """Why a finding is not told."""

    HIDDEN = "hidden"
    EXCUSED = "excused"
    SILENCED = "silenced"
    SNOOZED = "snoozed"


@dataclass(frozen=True)
class _Hider:
    incident: str
    held: Held

    @property
    def rank(self) -> tuple[bool, datetime, str]:
        """Of a finding that was in several incidents, the last word is what counts."""
        return self.held.ended is None, self.held.seen_at, self.incident

    def hides(self, other: Held, policy: Policy, now: datetime) -> bool:
        if not other.finding.is_hidden_by(self.held.finding):
            return False
        lately = timedelta() <= now - self.held.seen_at < policy.waits.remembered
        return self.held.ended is None or (lately and other.seen_at < self.held.seen_at)


@dataclass(frozen=True)
class Mutes:
    """Everything that is muted at one time, over all incidents together."""

    #: Incident → fingerprint → why.
    reasons: dict[str, dict[str, Mute]] = field(default_factory=dict)
    #: Incident → how many findings, of any incident, are hidden by its own.
    hidden_by: Counter[str] = field(default_factory=Counter)

    def loud(self, incident: Incident, policy: Policy, now: datetime) -> tuple[Held, ...]:
        """What is to be told of an incident, by fingerprint."""
        muted = self.reasons.get(incident.id, {})
        return tuple(
            held
            for fingerprint, held in sorted(incident.held.items())
            if fingerprint not in muted and held.is_there(policy.waits, now)
        )


def mutes_of(incidents: Iterable[Incident], policy: Policy, now: datetime) -> Mutes:
    """What is muted now. A hidden finding counts once for every incident that hides it."""
    incidents = list(incidents)
    newest: dict[str, _Hider] = {}
    for incident in incidents:
        for fingerprint, held in incident.held.items():
            if held.finding.hides is Hides.NONE:
                continue
            hider, known = _Hider(incident.id, held), newest.get(fingerprint)
            if known is None or hider.rank > known.rank:
                newest[fingerprint] = hider
    #: By place; what hides nothing but sums apart, for there may be thousands.
    hiders: dict[tuple[str | None, str | None, bool], list[_Hider]] = {}
    for hider in newest.values():
        judged = hider.held.judged
        if judged is None or judged.verdict is not Verdict.FALSE_POSITIVE:
            found = hider.held.finding
            place = found.contract, found.table, found.hides is Hides.SUMS
            hiders.setdefault(place, []).append(hider)
    #: By place of what is hidden: once for all that is held of it.
    around: dict[tuple[str | None, str | None, bool], list[_Hider]] = {}
    mutes = Mutes()
    for incident in incidents:
        muted = mutes.reasons.setdefault(incident.id, {})
        for fingerprint, held in incident.held.items():
            if not held.is_there(policy.waits, now):
                continue
            at = held.finding.contract, held.finding.table, held.finding.sums
            near = around.get(at)
            if near is None:
                near = around[at] = [hider for place in _around(*at) for hider in hiders.get(place, ())]
            by = {hider.incident for hider in near if hider.hides(held, policy, now)}
            if by:
                mutes.hidden_by.update(by)
            why = Mute.HIDDEN if by else _own_reason(incident, held, policy, now)
            if why is not None:
                muted[fingerprint] = why
    return mutes


def _around(contract: str | None, table: str | None, sums: bool) -> set[tuple[str | None, str | None, bool]]:
    """Where that which hides a finding may be: at its table, its contract, or the source."""
    return {(contract, table, sums), (contract, table, False), (contract, None, False), (None, None, False)}


def _own_reason(incident: Incident, held: Held, policy: Policy, now: datetime) -> Mute | None:
    if held.is_excused(held.finding, growth=policy.growth):
        return Mute.EXCUSED
    if any(silence.covers(held.finding, now) for silence in policy.silences):
        return Mute.SILENCED
    snooze = incident.snooze
    if snooze is not None and now < snooze.until and held.finding.grade.weight <= snooze.grade.weight:
        return Mute.SNOOZED
    return None
