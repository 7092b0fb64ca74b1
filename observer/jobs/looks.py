"""What runs, glances, evaluations of levels and the doors of the daemon showed → looks.

What could be looked at before and cannot be now is told only when it could not be the time before either: a glance is
taken every minute, and a source that hesitates once is nobody's trouble.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from observer.checks.audit import Audit
from observer.checks.measure import CheckResult, Measurement
from observer.checks.spec import CheckSpec
from observer.contracts.model import Contract
from observer.incidents.findings import Finding, Grade, Hides, Look, Source
from observer.incidents.looks import (
    answerable_of,
    blind_fingerprint,
    check_fingerprint,
    last_well,
    level_fingerprint,
    look_of_door,
    look_of_level,
    look_of_results,
    look_of_run,
)
from observer.runs.ticks import Tick
from observer.slo.alerts import AlertKind
from observer.slo.burn import RULES
from observer.slo.model import Slo
from observer.slo.standing import SloStanding

#: Every alert that a level can have, whatever its policy says now.
ALERTS = (*(f"{AlertKind.BURN}-{rule.name}" for rule in RULES), str(AlertKind.SPENT), str(AlertKind.UNKNOWN))


def glance_fingerprint(name: str) -> str:
    """Of a check that could not be glanced at, or of a contract none of whose tables could.

    Not that of a run which could not look: a glance that sees does not prove that a run will.
    """
    return f"glance:{name}"


def uncounted_fingerprint(slo: str) -> str:
    """Of a level that could not be counted."""
    return f"uncounted:{slo}"


def level_fingerprints(slo: str) -> frozenset[str]:
    """Everything that can be found of a level."""
    return frozenset({uncounted_fingerprint(slo), *(level_fingerprint(slo, name) for name in ALERTS)})


def look_of_audit(audit: Audit, well: Mapping[str, datetime]) -> Look:
    """What the run of one contract told. `well`: check id → when it was last found well (`Proofs.well_before`)."""
    (part,) = audit.contracts
    well_by_fingerprint = {check_fingerprint(check): at for check, at in well.items()}
    return last_well(look_of_run(part, at=audit.started_at), well_by_fingerprint)


def look_of_glance(ticks: Iterable[Tick], specs: Mapping[str, CheckSpec], contract: Contract, *, at: datetime) -> Look:
    """What a glance at a contract told. `specs` by check id.

    When nothing at all could be seen, for one reason, that is one finding for the whole contract.
    """
    ticks = tuple(ticks)
    reasons = {tick.error for tick in ticks}
    if len(reasons) == 1 and (error := reasons.pop()) is not None:
        return Look(at=at, findings=(_out_of_sight(contract, error),))
    seen = look_of_results([_result(tick, specs[tick.check_id]) for tick in ticks], contract, at=at)
    names = {blind_fingerprint(tick.check_id): glance_fingerprint(tick.check_id) for tick in ticks}
    return Look(
        at=at,
        findings=tuple(replace(f, fingerprint=names.get(f.fingerprint, f.fingerprint)) for f in seen.findings),
        covered=frozenset(names.get(name, name) for name in seen.covered) | {glance_fingerprint(contract.id)},
    )


def _result(tick: Tick, spec: CheckSpec) -> CheckResult:
    seen = Measurement(check_id=tick.check_id, value=tick.value, error=tick.error)
    return CheckResult(
        spec=spec, measurement=seen, outcome=tick.outcome, observed=tick.observed, expected=tick.expected
    )


def _out_of_sight(contract: Contract, error: str) -> Finding:
    return Finding(
        fingerprint=glance_fingerprint(contract.id),
        source=Source.BLIND,
        grade=Grade.ERROR,
        contract=contract.id,
        subject=contract.id,
        statement=f"the tables of {contract.id} can be glanced at",
        observed=f"could not look: {error}",
        hides=Hides.ALL,
        answerable=answerable_of(contract),
    )


def look_of_standing(standing: SloStanding, contract: Contract, *, at: datetime) -> Look:
    """What an evaluation of a level told: its alerts, and whether it could be counted at all."""
    slo, trouble = standing.slo, standing.ledger.trouble
    look = look_of_level(slo, standing.ledger.alerts, contract, at=at, names=ALERTS)
    after = {level_fingerprint(slo.name, each.alert.name): standing.bad_after(each) for each in standing.ledger.alerts}
    look = replace(look, findings=tuple(replace(each, good_at=after[each.fingerprint]) for each in look.findings))
    if trouble is None:
        return replace(look, covered=look.covered | {uncounted_fingerprint(slo.name)})
    return replace(look, findings=(*look.findings, _uncounted(slo, contract, trouble)))


def _uncounted(slo: Slo, contract: Contract, trouble: str) -> Finding:
    return Finding(
        fingerprint=uncounted_fingerprint(slo.name),
        source=Source.BLIND,
        grade=Grade.ERROR,
        contract=contract.id,
        table=slo.object,
        property=slo.property,
        subject=slo.name,
        statement=f"{slo.display_name or slo.name}: can be counted",
        observed=f"could not look: {trouble}",
        answerable=answerable_of(contract, slo.object, slo.property),
    )


def look_of_doors(doors: Mapping[str, str | None], contracts: Collection[str], *, at: datetime) -> Look:
    """Door → why it does not work, None when it does. `run of crm-leads` is a door of that contract."""
    looks = [look_of_door(door, reason, at=at, contract=contract_of(door, contracts)) for door, reason in doors.items()]
    return Look(
        at=at,
        findings=tuple(finding for look in looks for finding in look.findings),
        covered=frozenset().union(*(look.covered for look in looks)),
    )


def contract_of(door: str, contracts: Collection[str]) -> str | None:
    """The contract that a door is of; None: it is of none, or of one that is no longer watched."""
    name = door.partition(" of ")[2]
    return name if name in contracts else None


def blind(look: Look) -> frozenset[str]:
    """Fingerprints of what it could not look at."""
    return frozenset(finding.fingerprint for finding in look.findings if finding.is_blind)


def without_first_blindness(look: Look, blind_before: Collection[str]) -> Look:
    """The look, without what could not be looked at just this once: of that it says nothing, not that it is over."""
    once = blind(look).difference(blind_before)
    kept = tuple(finding for finding in look.findings if finding.fingerprint not in once)
    return replace(look, findings=kept, covered=look.covered - once)
