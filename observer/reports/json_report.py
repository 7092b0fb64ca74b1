"""Audit → `report.json`, for programs. Its JSON Schema is docs/report.schema.json; `FORMAT` changes when that breaks.

Keys stand in one fixed order, checks in the order of the plan. Null is "not measured", never zero. Numbers that JSON
lacks (NaN, the infinities) are text.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

from observer.checks.audit import Audit, ContractAudit, count_outcomes
from observer.checks.measure import CheckResult, Evidence, FieldProfile, TableShape
from observer.checks.score import FieldScore, field_scores, trust_score
from observer.contracts.model import Scalar
from observer.reports.disclosure import showable
from observer.reports.failures import FOLDER, failure_files
from observer.reports.sentences import summary_line

FORMAT = "crm-observer/report/1"
#: How many keys stand in the report itself; the failures file has as many as the run gathered.
SAMPLE_KEYS = 10

Json = dict[str, object]


def render_json(audit: Audit) -> str:
    """The JSON text, UTF-8 when written, ending in a newline."""
    audit = showable(audit)
    files = failure_files(audit)
    report: Json = {
        "format": FORMAT,
        "run": {
            "id": audit.run_id,
            "source": audit.source,
            "started_at": _time(audit.started_at),
            "finished_at": _time(audit.finished_at),
            "version": audit.version,
        },
        "summary": _summary(audit),
        "contracts": [_contract(part) for part in audit.contracts],
        "tables": [_table(part, table) for part in audit.contracts for table in part.tables],
        "fields": [_field(score) for score in field_scores(audit)],
        "checks": [
            _check(result, evidence.get(result.spec.id), files)
            for part in audit.contracts
            for evidence in [{e.check_id: e for e in part.evidence}]
            for result in part.results
        ],
    }
    return json.dumps(report, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _summary(audit: Audit) -> Json:
    return {
        **{outcome.value: count for outcome, count in count_outcomes(audit.results).items()},
        "tables": sum(len(part.tables) for part in audit.contracts),
        "rows": audit.rows,
        "seconds": round(audit.seconds, 3),
        "trust_score": trust_score(audit.results),
        "text": summary_line(audit),
    }


def _contract(part: ContractAudit) -> Json:
    contract = part.contract
    return {
        "id": contract.id,
        "name": contract.name,
        "version": contract.version,
        "file": contract.file,
        "digest": contract.digest,
        "execution": part.execution,
        "one_instant": part.one_instant,
    }


def _table(part: ContractAudit, table: TableShape) -> Json:
    return {
        "contract": part.contract.id,
        "object": table.object,
        "physical_name": table.physical_name,
        "rows": table.rows,
        "source_time": _time(table.source_time) if table.source_time else None,
        "missing_columns": list(table.missing),
        "notes": list(table.notes),
        "error": table.error,
        "profiles": [_profile(p) for p in part.profiles if p.object == table.object],
    }


def _profile(profile: FieldProfile) -> Json:
    return {
        "property": profile.property,
        "rows": profile.rows,
        "filled": profile.filled,
        "values": [{"value": _scalar(v.value), "rows": v.rows, "allowed": v.allowed} for v in profile.values],
    }


def _field(score: FieldScore) -> Json:
    return {
        "contract": score.contract,
        "object": score.object,
        "property": score.property,
        "owner": score.owner,
        "critical": score.critical,
        "checks": score.checks,
        "broken": score.broken,
        "errored": score.errored,
        "rows_failed": score.rows_failed,
        "completeness": None if score.completeness is None else round(float(score.completeness), 6),
        "damage": score.damage,
        "trust_score": score.score,
    }


def _check(result: CheckResult, evidence: Evidence | None, files: dict[str, str]) -> Json:
    spec, seen = result.spec, result.measurement
    return {
        "id": spec.id,
        "contract": spec.contract,
        "contract_version": spec.contract_version,
        "object": spec.object,
        "property": spec.property,
        "dimension": spec.dimension.value,
        "rule": spec.rule_name,
        "statement": spec.statement,
        "severity": spec.severity.value,
        "critical": spec.critical,
        "restricted": spec.restricted,
        "outcome": result.outcome.value,
        "rows_tested": seen.rows_tested,
        "rows_failed": seen.rows_failed,
        "value": _scalar(seen.value),
        "observed": result.observed,
        "expected": result.expected,
        "proven_by": seen.proven_by,
        "error": seen.error,
        "skipped": seen.skipped,
        "owner": spec.owner,
        "steward": spec.steward,
        "consumers": list(spec.consumers),
        "sample_keys": _keys(evidence)[:SAMPLE_KEYS] if evidence else [],
        "failures_file": _failures_file(result, evidence, files),
        "evidence": _evidence(evidence) if evidence else None,
    }


def _keys(evidence: Evidence) -> list[Json]:
    return [
        {name: _scalar(value) for name, value in zip(evidence.key_columns, key, strict=True)} for key in evidence.keys
    ]


def _failures_file(result: CheckResult, evidence: Evidence | None, files: dict[str, str]) -> Json | None:
    if evidence is None or evidence.check_id not in files:
        return None
    return {
        "path": f"{FOLDER}/{files[evidence.check_id]}",
        "keys": len(evidence.keys),
        "rows_failed": result.measurement.rows_failed,
    }


def _evidence(evidence: Evidence) -> Json:
    return {
        "offenders": [
            {"value": _scalar(o.value), "rows": o.rows, "suggestion": o.suggestion} for o in evidence.offenders
        ],
        "offenders_total": evidence.offenders_total,
        "segments": [
            {
                "column": s.column,
                "value": _scalar(s.value),
                "rows_tested": s.rows_tested,
                "rows_failed": s.rows_failed,
                "share": round(s.share, 6),
                "lift": round(s.lift, 4),
            }
            for s in evidence.segments
        ],
        "months": [
            {"month": m.month, "rows_tested": m.rows_tested, "rows_failed": m.rows_failed} for m in evidence.months
        ],
        "sample_urls": list(evidence.urls[:SAMPLE_KEYS]),
        "notes": list(evidence.notes),
    }


def _scalar(value: Scalar) -> Scalar:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
