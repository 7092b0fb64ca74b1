"""Between values and rows of the state. In: results of a run, or rows. Out: rows, or records."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from observer.checks.audit import Audit, ContractAudit, count_outcomes, run_outcome
from observer.checks.measure import CheckResult, Outcome, TableShape
from observer.checks.rules import Fresh
from observer.checks.score import trust_score
from observer.contracts.model import Dimension, Severity
from observer.store.evidence import evidence_document, storable_text
from observer.store.records import ContractVersion, RecordedCheck, RunRow, SnapshotRecord

#: A row of any of our tables; SQLAlchemy cannot know its columns' types.
AnyRow = Row[Any]


def run_values(audit: Audit, *, error: str | None, by_slot: bool = False) -> dict[str, object]:
    """The row of `runs` for an audit."""
    counts = count_outcomes(audit.results)
    return {
        "id": audit.run_id,
        "kind": "run" if by_slot else "audit",
        "source": storable_text(audit.source),
        "started_at": audit.started_at,
        "finished_at": audit.finished_at,
        "outcome": run_outcome(audit.results, error=error).value,
        **{outcome.value: count for outcome, count in counts.items()},
        "rows": audit.rows,
        "trust_score": trust_score(audit.results),
        "execution": ", ".join(dict.fromkeys(c.execution for c in audit.contracts)) or "none",
        "version": audit.version,
        "error": None if error is None else storable_text(error),
    }


def table_values(part: ContractAudit, table: TableShape) -> dict[str, object]:
    """The row of `run_tables` for one table, without run and position."""
    ages = [
        result.measurement.value
        for result in part.results
        if result.spec.object == table.object
        and isinstance(result.spec.rule, Fresh)
        and result.measurement.value is not None
    ]
    return {
        "contract": part.contract.id,
        "object": table.object,
        "rows": table.rows,
        "freshness_seconds": float(min(ages)) if ages else None,
    }


def check_values(part: ContractAudit, result: CheckResult) -> dict[str, object]:
    """The row of `check_results` for one result, without run and position."""
    spec, seen = result.spec, result.measurement
    return {
        "check_id": spec.id,
        "contract": spec.contract,
        "object": spec.object,
        "property": spec.property,
        "rule": spec.rule_name,
        "statement": storable_text(spec.statement),
        "dimension": spec.dimension.value,
        "severity": spec.severity.value,
        "outcome": result.outcome.value,
        "rows_tested": seen.rows_tested,
        "rows_failed": seen.rows_failed,
        "value": None if seen.value is None else float(seen.value),
        "seen": None if seen.seen is None else storable_text(seen.seen),
        "observed": storable_text(result.observed),
        "expected": storable_text(result.expected),
        "owner": spec.owner,
        "error": next((storable_text(why) for why in (seen.error, seen.skipped) if why is not None), None),
        "evidence": evidence_document(part, result),
    }


def run_row(row: AnyRow, contracts: tuple[str, ...]) -> RunRow:
    """A row of `runs` → record."""
    fields = dict(row._mapping)
    return RunRow(**{**fields, "outcome": Outcome(fields["outcome"]), "contracts": contracts})


def contract_version(row: AnyRow) -> ContractVersion:
    """A row of `contract_versions` → record."""
    return ContractVersion(**_without(row, "id"))


def snapshot_record(row: AnyRow) -> SnapshotRecord:
    """A row of `snapshots` → record."""
    return SnapshotRecord(**_without(row, "id", "run_id", "removed_at"))


def recorded_check(row: AnyRow) -> RecordedCheck:
    """A row of `check_results` → record."""
    fields = _without(row, "run_id", "position")
    fields["dimension"] = Dimension(fields["dimension"])
    fields["severity"] = Severity(fields["severity"])
    fields["outcome"] = Outcome(fields["outcome"])
    return RecordedCheck(**fields)


def _without(row: AnyRow, *names: str) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in names}
