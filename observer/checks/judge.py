"""Measurement + Threshold → Outcome. Pure, exact: counts are integers, shares are Fractions."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from observer.checks import change_rules as changes
from observer.checks import rules
from observer.checks.expected import expected_text
from observer.checks.measure import CheckResult, Measurement, Outcome
from observer.checks.spec import CheckSpec
from observer.checks.words import duration_text, number_text, rows_text
from observer.contracts.model import Comparison, Operator, Scalar, Severity, Unit

#: A newest time this far ahead of the source's clock is no sign of freshness but of a wrong clock or a bad row.
CLOCK_SKEW = timedelta(minutes=5)


def meets(comparison: Comparison, value: Fraction | int | float) -> bool:
    """True when the value (rows, percent or an observed number) satisfies the comparison; both `Between`s include
    their ends. Decimal operands count as they are written: 0.1 is one tenth."""
    seen = _exact(value)
    first, *rest = (_exact(operand) for operand in comparison.operands)
    match comparison.operator:
        case Operator.MUST_BE:
            return seen == first
        case Operator.MUST_NOT_BE:
            return seen != first
        case Operator.MUST_BE_GREATER_THAN:
            return seen > first
        case Operator.MUST_BE_GREATER_OR_EQUAL_TO:
            return seen >= first
        case Operator.MUST_BE_LESS_THAN:
            return seen < first
        case Operator.MUST_BE_LESS_OR_EQUAL_TO:
            return seen <= first
        case Operator.MUST_BE_BETWEEN:
            return first <= seen <= rest[0]
        case Operator.MUST_NOT_BE_BETWEEN:
            return not first <= seen <= rest[0]


def _exact(number: Scalar | Fraction) -> Fraction:
    return number if isinstance(number, Fraction) else Fraction(str(number))


def judge(spec: CheckSpec, seen: Measurement) -> CheckResult:
    """What the measurement amounts to. What was not measured is ERRORED; what had no rows to test is SKIPPED."""
    if spec.restricted and seen.value is not None:
        # An age may be shown; the newest time in words is a value of the column.
        seen = replace(seen, seen=None)
    if seen.error is None and seen.skipped is None:
        skipped = _untestable(spec, seen)
        seen = replace(seen, skipped=skipped, error=None if skipped else _unmeasured(spec, seen))
    if seen.error is not None:
        outcome = Outcome.ERRORED
    elif seen.skipped is not None:
        outcome = Outcome.SKIPPED
    elif _holds(spec, seen):
        outcome = Outcome.PASSED
    else:
        outcome = Outcome.FAILED if spec.severity is Severity.ERROR else Outcome.WARNED
    return CheckResult(
        spec=spec, measurement=seen, outcome=outcome, observed=observed_text(spec, seen), expected=expected_text(spec)
    )


def _compares_value(spec: CheckSpec) -> bool:
    counts = rules.RowCount | changes.RowCountChange | changes.SchemaDrift
    return isinstance(spec.rule, rules.SqlValue | rules.Fresh | counts)


def _unmeasured(spec: CheckSpec, seen: Measurement) -> str | None:
    if seen.holds is not None:
        return None
    if _compares_value(spec):
        if seen.value is None:
            return "the engine gave no value"
        if isinstance(seen.value, float) and not math.isfinite(seen.value):
            return f"the value is {seen.value}, which cannot be compared"
        return None
    return "the engine gave no counts" if seen.rows_tested is None or seen.rows_failed is None else None


def _untestable(spec: CheckSpec, seen: Measurement) -> str | None:
    if seen.holds is not None or seen.value is not None or seen.rows_tested != 0:
        return None
    if isinstance(spec.rule, rules.Present) and not spec.when:
        return "the table has no rows"
    return "no row is in the scope of this check"


def _holds(spec: CheckSpec, seen: Measurement) -> bool:
    if seen.holds is not None:
        return seen.holds
    if _compares_value(spec):
        assert seen.value is not None
        if isinstance(spec.rule, rules.Fresh) and seen.value < -CLOCK_SKEW.total_seconds():
            return False
        return meets(spec.threshold, seen.value)
    assert seen.rows_failed is not None and seen.rows_tested
    if spec.threshold.unit is Unit.PERCENT:
        return meets(spec.threshold, Fraction(seen.rows_failed * 100, seen.rows_tested))
    return meets(spec.threshold, seen.rows_failed)


def observed_text(spec: CheckSpec, seen: Measurement) -> str:
    """What was seen, in words: counts, a value, an age; "not measured" when nothing was."""
    if seen.error is not None:
        return "not measured"
    if seen.skipped is not None:
        return "nothing to test"
    if seen.value is not None and isinstance(spec.rule, rules.Fresh):
        age = f"{duration_text(seen.value)} old" if seen.value >= 0 else f"{duration_text(-seen.value)} in the future"
        return f"{age} (newest {seen.seen})" if seen.seen else age
    if seen.value is not None and isinstance(spec.rule, changes.RowCountChange | changes.SchemaDrift):
        return seen.seen or number_text(seen.value)
    if seen.value is not None:
        return number_text(seen.value)
    counts = rows_text(seen.rows_failed, seen.rows_tested) if seen.rows_tested and seen.rows_failed is not None else ""
    text = seen.seen or counts or ("holds" if seen.holds else "does not hold")
    if seen.seen and counts and seen.rows_failed:
        text = f"{seen.seen}: {counts}"
    return f"{text}, proven by {seen.proven_by}" if seen.proven_by else text
