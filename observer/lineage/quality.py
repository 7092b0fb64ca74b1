"""Results of checks → OpenLineage's words for quality: assertions and metrics of a dataset, tests of a run.

What the specification has no word for is decided so:

- ERRORED (we could not look) is `success: false` and `fail`, never a success: `params.outcome` says "errored" and
  `actual` says "not measured". Whoever counts only what succeeded is right; whoever wants to know why finds it.
- SKIPPED (there was nothing to look at) is no assertion, since the facet has no third state; as a test it is `skip`.
- WARNED is `success: false` with severity `warn`, as the specification has it.

No value of a row is sent: not the newest time that a freshness check saw, not the observed extreme of a custom
expectation, of a restricted column not even the result of a query. Counts, ages, types and names of columns are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from openlineage.client.facet_v2 import data_quality_assertions_dataset as assertions
from openlineage.client.facet_v2 import data_quality_metrics_input_dataset as metrics
from openlineage.client.facet_v2 import test_run

from observer.checks import change_rules as changes
from observer.checks import rules
from observer.checks.measure import CheckResult, FieldProfile, Outcome, TableShape
from observer.checks.words import duration_text, number_text, rows_text
from observer.contracts.model import Contract, SchemaObject, Severity
from observer.lineage.words import PRODUCER

_CLASSES: dict[type[Any], str] = {
    rules.Present: "not_null",
    rules.Unique: "unique",
    rules.InSet: "accepted_values",
    rules.References: "relationships",
    rules.RowCount: "row_count",
    rules.Fresh: "freshness",
    rules.SqlValue: "custom_sql",
    rules.HasType: "data_type",
    rules.Kept: "retention",
    rules.Lag: "latency",
}
_SEVERITIES = {Severity.ERROR: "error", Severity.WARNING: "warn", Severity.INFO: "info"}
_STATUSES = {Outcome.PASSED: "pass", Outcome.SKIPPED: "skip"}


def assertions_of(
    results: Iterable[CheckResult], obj: SchemaObject | None
) -> assertions.DataQualityAssertionsDatasetFacet:
    """Of the checks of one table, all that were not skipped."""
    return assertions.DataQualityAssertionsDatasetFacet(
        assertions=[_assertion(r, obj) for r in results if r.outcome is not Outcome.SKIPPED], producer=PRODUCER
    )


def tests_of(results: Iterable[CheckResult], contract: Contract) -> test_run.TestRunFacet:
    """Every check of the run."""
    return test_run.TestRunFacet(
        tests=[
            test_run.TestExecution(
                name=r.spec.id,
                status=_STATUSES.get(r.outcome, "fail"),
                severity=_SEVERITIES[r.spec.severity],
                type=class_of(r.spec.rule),
                description=r.spec.statement,
                expected=r.expected,
                actual=actual_of(r),
                params=_params(r) | _place(r, contract),
            )
            for r in results
        ],
        producer=PRODUCER,
    )


def metrics_of(
    shape: TableShape, profiles: Iterable[FieldProfile], obj: SchemaObject, size: int | None
) -> metrics.DataQualityMetricsInputDatasetFacet:
    """Rows and bytes of a table, and per column how many values there are. Never a value, nor the least or greatest.

    A column whose contract knows placeholders (`n/a`) has no `nullCount`: nulls and placeholders were counted together.
    """
    columns = {}
    for profile in profiles:
        prop = obj.property(profile.property)
        if profile.object == shape.object and prop is not None:
            columns[prop.physical_name] = metrics.ColumnMetrics(
                count=profile.filled, nullCount=None if prop.placeholders else profile.rows - profile.filled
            )
    return metrics.DataQualityMetricsInputDatasetFacet(
        columnMetrics=columns, rowCount=shape.rows, bytes=size, producer=PRODUCER
    )


def class_of(rule: object) -> str:
    """What kind of test it is: dbt's and the specification's words where there are such, else the rule's own name."""
    if isinstance(rule, rules.Expectation):
        return rule.type
    named = _CLASSES.get(type(rule))
    return named or re.sub(r"(?<!^)(?=[A-Z])", "_", type(rule).__name__).lower()


def actual_of(result: CheckResult) -> str:
    """What was seen, without any value of a row."""
    seen, spec = result.measurement, result.spec
    if seen.error is not None or seen.skipped is not None:
        return result.observed
    counted = seen.rows_tested and seen.rows_failed is not None
    counts = f"{rows_text(seen.rows_failed or 0, seen.rows_tested or 0)} failed" if counted else ""
    verdict = "holds" if result.outcome is Outcome.PASSED else "does not hold"
    match spec.rule:
        case rules.Fresh() if seen.value is not None:
            ahead = seen.value < 0
            return f"{duration_text(abs(seen.value))} {'in the future' if ahead else 'old'}"
        case changes.RowCountChange() | changes.SchemaDrift():
            return result.observed
        case rules.HasType() | rules.HasPhysicalType() if seen.seen and not counts:
            return seen.seen
        case rules.Expectation():
            # The value that it compares may be the least or the greatest of a column.
            return counts or verdict
    if counts or seen.value is None or spec.restricted:
        return counts or verdict
    return number_text(seen.value)


def _assertion(result: CheckResult, obj: SchemaObject | None) -> assertions.Assertion:
    spec = result.spec
    prop = obj.property(spec.property) if obj and spec.property else None
    return assertions.Assertion(
        assertion=class_of(spec.rule),
        success=result.outcome is Outcome.PASSED,
        column=prop.physical_name if prop else spec.property,
        severity=_SEVERITIES[spec.severity],
        name=spec.id,
        description=spec.statement,
        expected=result.expected,
        actual=actual_of(result),
        params=_params(result),
    )


def _params(result: CheckResult) -> dict[str, Any]:
    spec, seen = result.spec, result.measurement
    params = {
        "outcome": result.outcome.value,
        "dimension": spec.dimension.value,
        "owner": spec.owner,
        "rowsTested": seen.rows_tested,
        "rowsFailed": seen.rows_failed,
        "provenBy": seen.proven_by,
        "reason": seen.error or seen.skipped,
    }
    return {name: value for name, value in params.items() if value is not None}


def _place(result: CheckResult, contract: Contract) -> dict[str, str]:
    obj = contract.object(result.spec.object)
    prop = obj.property(result.spec.property) if obj and result.spec.property else None
    place = {"table": obj.physical_name if obj else result.spec.object}
    return place | ({"column": prop.physical_name} if prop else {})
