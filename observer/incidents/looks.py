"""Results, alerts and troubles → looks. Pure.

A check that ERRORED is a finding of its own (BLIND), which the platform owner is told of; what was found of that check
before stays as it is, for nobody could look. A SKIPPED check had nothing to look at: it tells of no data, good or bad.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from observer.checks.audit import ContractAudit
from observer.checks.change_rules import ChangeRule, InvalidWrites
from observer.checks.expected import expected_text
from observer.checks.judge import observed_text
from observer.checks.measure import CheckResult, Measurement, Outcome
from observer.checks.rules import Fresh
from observer.checks.spec import CheckSpec
from observer.checks.words import number_text, percent_text
from observer.contracts.model import Contract, Severity
from observer.incidents.findings import Answerable, Finding, Grade, Hides, Look, Source
from observer.slo.alerts import Alert, AlertKind
from observer.slo.burn import Urgency
from observer.slo.model import Slo
from observer.slo.standing import OpenAlert

_CHECKED = (Source.CHECK, Source.CHANGE)
#: The door through which everything is looked at.
SOURCE = "source"
_GRADES = {Severity.ERROR: Grade.ERROR, Severity.WARNING: Grade.WARNING, Severity.INFO: Grade.INFO}


def answerable_of(contract: Contract, table: str | None = None, property_name: str | None = None) -> Answerable:
    """Who answers for a property, a table or a whole contract."""
    obj = contract.object(table) if table else None
    prop = obj.property(property_name) if obj and property_name else None
    return Answerable(
        owner=prop.owner if prop else None,
        steward=prop.steward if prop else None,
        contract_owner=contract.owner,
        contract_steward=contract.steward,
        consumers=prop.consumers if prop else (),
    )


def check_fingerprint(check_id: str) -> str:
    """Of a check that looked and did not pass."""
    return f"check:{check_id}"


def blind_fingerprint(check_id: str) -> str:
    """Of a check that could not look."""
    return f"blind:{check_id}"


def unreachable_fingerprint(contract: str, table: str | None = None) -> str:
    """Of a table that cannot be read, or of a contract none of whose tables can."""
    return f"unreachable:{contract}.{table}" if table else f"unreachable:{contract}"


def level_fingerprint(slo: str, alert: str) -> str:
    """Of one alert of a level (`Alert.name`)."""
    return f"level:{slo}:{alert}"


def trouble_fingerprint(door: str) -> str:
    """Of a door of the daemon's own."""
    return f"trouble:{door}"


def finding_of(result: CheckResult, contract: Contract) -> Finding | None:
    """The finding of one result; None when it passed or had nothing to look at."""
    spec, seen = result.spec, result.measurement
    if result.outcome in (Outcome.PASSED, Outcome.SKIPPED):
        return None
    blind = result.outcome is Outcome.ERRORED
    looked = Source.CHANGE if isinstance(spec.rule, ChangeRule) else Source.CHECK
    return Finding(
        fingerprint=blind_fingerprint(spec.id) if blind else check_fingerprint(spec.id),
        source=Source.BLIND if blind else looked,
        grade=Grade.ERROR if blind else _GRADES[spec.severity],
        contract=spec.contract,
        table=spec.object,
        property=spec.property,
        subject=spec.id,
        statement=spec.statement,
        observed=f"could not look: {seen.error}" if blind else _shown(spec, seen, result.observed),
        expected=result.expected,
        rows_failed=None if blind else seen.rows_failed,
        rows_tested=None if blind else seen.rows_tested,
        restricted=spec.restricted,
        hides=Hides.NONE if blind else _hides(spec),
        sums=isinstance(spec.rule, InvalidWrites) and not blind,
        answerable=answerable_of(contract, spec.object, spec.property),
    )


def _hides(spec: CheckSpec) -> Hides:
    if isinstance(spec.rule, Fresh):
        return Hides.FIELDS
    return Hides.NONE if spec.property is None else Hides.SUMS


def finding_if(spec: CheckSpec, contract: Contract, outcome: Outcome) -> Finding | None:
    """What would be found if the check had this outcome: for asking who would be told. It has no counts."""
    seen = Measurement(check_id=spec.id, error="not looked at" if outcome is Outcome.ERRORED else None)
    words = "not looked at"
    return finding_of(
        CheckResult(spec=spec, measurement=seen, outcome=outcome, observed=words, expected=expected_text(spec)),
        contract,
    )


def _shown(spec: CheckSpec, seen: Measurement, observed: str) -> str:
    # What was seen in words may hold a value of the column; counts and ages hold none.
    return observed_text(spec, replace(seen, seen=None)) if spec.restricted else observed


def look_of_results(results: Iterable[CheckResult], contract: Contract, *, at: datetime) -> Look:
    """What a glance, or a part of a run, tells: only of the checks that it looked at."""
    findings, covered = [], set[str]()
    for result in results:
        found = finding_of(result, contract)
        findings += [found] if found else []
        if result.outcome is not Outcome.ERRORED:
            covered.add(blind_fingerprint(result.spec.id))
            if result.outcome is not Outcome.SKIPPED or _is_quiet(result):
                covered.add(check_fingerprint(result.spec.id))
    return Look(at=at, findings=tuple(findings), covered=frozenset(covered))


def _is_quiet(result: CheckResult) -> bool:
    """Whether nothing at all was written: so nothing wrong was, which ends what was said of earlier writes."""
    return isinstance(result.spec.rule, InvalidWrites) and result.measurement.rows_tested == 0


def look_of_run(audit: ContractAudit, *, at: datetime) -> Look:
    """What a full run tells of a contract. Tables that could not be read are findings of their own; when all could not
    for one reason, the contract is one finding."""
    look = look_of_results(audit.results, audit.contract, at=at)
    lost = {table.object: table.error for table in audit.tables if table.error is not None}
    if lost and len(lost) == len(audit.tables) and len(set(lost.values())) == 1:
        unreachable = [_unreachable(audit.contract, None, *set(lost.values()))]
    else:
        unreachable = [_unreachable(audit.contract, table, error) for table, error in lost.items()]
    places = (None, *(table.object for table in audit.tables))
    covered = {unreachable_fingerprint(audit.contract.id, place) for place in places}
    return replace(look, findings=(*look.findings, *unreachable), covered=look.covered | covered)


def last_well(look: Look, well: Mapping[str, datetime]) -> Look:
    """The look, whose findings of checks say when they were last looked at and found well. `well`: by fingerprint.

    What could not be looked at has no bad record; an alert that is not open has no say on when records went bad.
    """
    findings = (_last_well(finding, well.get(finding.fingerprint), look.at) for finding in look.findings)
    return replace(look, findings=tuple(findings))


def _last_well(finding: Finding, good_at: datetime | None, at: datetime) -> Finding:
    # A clock may have been set back in between.
    knows = good_at is not None and good_at <= at
    return replace(finding, good_at=good_at) if knows and finding.source in _CHECKED else finding


def _unreachable(contract: Contract, table: str | None, error: str) -> Finding:
    return Finding(
        fingerprint=unreachable_fingerprint(contract.id, table),
        source=Source.BLIND,
        grade=Grade.ERROR,
        contract=contract.id,
        table=table,
        subject=table or contract.id,
        statement=f"{table or 'every table'} of {contract.id} can be read",
        observed=f"could not look: {error}",
        hides=Hides.ALL,
        answerable=answerable_of(contract, table),
    )


def look_of_level(
    slo: Slo, alerts: Sequence[OpenAlert], contract: Contract, *, at: datetime, names: Iterable[str]
) -> Look:
    """What an evaluation of a level tells. `names`: the alerts it was asked for, open or not (`Alert.name`)."""
    findings = tuple(_of_alert(slo, opened, contract) for opened in alerts)
    return Look(at=at, findings=findings, covered=frozenset(level_fingerprint(slo.name, name) for name in names))


def _of_alert(slo: Slo, opened: OpenAlert, contract: Contract) -> Finding:
    alert = opened.alert
    return Finding(
        fingerprint=level_fingerprint(slo.name, alert.name),
        source=Source.LEVEL,
        grade=Grade.URGENT if alert.urgency is Urgency.PAGE else Grade.WARNING,
        contract=contract.id,
        table=slo.object,
        property=slo.property,
        subject=slo.name,
        statement=slo.display_name or slo.name,
        observed=_alert_text(alert),
        expected=f"{number_text(slo.target * 100)} %",
        rows_failed=int(alert.bad),
        rows_tested=int(alert.eligible),
        budget_left=alert.left,
        since=opened.since,
        answerable=answerable_of(contract, slo.object, slo.property),
    )


def _alert_text(alert: Alert) -> str:
    counts = f"{number_text(alert.bad)} of {number_text(alert.eligible)}"
    if alert.kind is AlertKind.UNKNOWN:
        return f"{counts} could not be judged"
    share = f" ({percent_text(int(alert.bad), int(alert.eligible))})" if alert.eligible >= 1 else ""
    if alert.rule is None or alert.burn is None:
        return f"the budget is nearly spent: {counts} bad{share}"
    return f"the budget burns {number_text(round(alert.burn, 1))} times too fast ({alert.rule.name}): {counts} bad"


def look_of_door(door: str, reason: str | None, *, at: datetime, contract: str | None = None) -> Look:
    """A door of the daemon's own works (None), or why not. `reason` holds no secret and no value of a record."""
    fingerprint = trouble_fingerprint(door)
    found = () if reason is None else (_trouble(fingerprint, door, reason, contract),)
    return Look(at=at, findings=found, covered=frozenset({fingerprint}))


def _trouble(fingerprint: str, door: str, reason: str, contract: str | None) -> Finding:
    return Finding(
        fingerprint=fingerprint,
        source=Source.TROUBLE,
        grade=Grade.ERROR,
        contract=contract,
        subject=door,
        statement=f"{door} works",
        observed=reason,
        hides=Hides.EVERYTHING if door == SOURCE else Hides.NONE,
    )
