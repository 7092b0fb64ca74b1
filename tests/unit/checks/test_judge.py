"""Measure, then judge: exact thresholds, and nothing unknown is ever green."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.checks import rules
from observer.checks.judge import judge, meets
from observer.checks.measure import Measurement, Outcome
from observer.contracts.model import Comparison, LogicalType, Operator, Severity, Unit
from tests.fakes.specs import SPEC


def comparison(operator: Operator, *operands: float, unit: Unit = Unit.ROWS) -> Comparison:
    return Comparison(operator=operator, operands=operands, unit=unit)


def seen(**more: object) -> Measurement:
    return Measurement(check_id=SPEC.id, **more)  # type: ignore[arg-type]  # fields check themselves


@pytest.mark.parametrize(
    ("operator", "operands", "true_for", "false_for"),
    [
        (Operator.MUST_BE, (5,), [5], [4, 6]),
        (Operator.MUST_NOT_BE, (5,), [4, 6], [5]),
        (Operator.MUST_BE_GREATER_THAN, (5,), [6], [5]),
        (Operator.MUST_BE_GREATER_OR_EQUAL_TO, (5,), [5], [4]),
        (Operator.MUST_BE_LESS_THAN, (5,), [4], [5]),
        (Operator.MUST_BE_LESS_OR_EQUAL_TO, (5,), [5], [6]),
        (Operator.MUST_BE_BETWEEN, (1, 5), [1, 3, 5], [0, 6]),
        (Operator.MUST_NOT_BE_BETWEEN, (1, 5), [0, 6], [1, 3, 5]),
    ],
)
def test_every_operator_means_what_its_name_says(operator, operands, true_for, false_for):
    assert all(meets(comparison(operator, *operands), v) for v in true_for)
    assert not any(meets(comparison(operator, *operands), v) for v in false_for)


def test_a_decimal_threshold_counts_as_it_is_written():
    tenth = comparison(Operator.MUST_BE_LESS_OR_EQUAL_TO, 0.1, unit=Unit.PERCENT)
    assert meets(tenth, Fraction(1, 10))
    assert not meets(tenth, Fraction(1, 10) + Fraction(1, 10**12))


@given(st.integers(1, 10**9), st.data())
def test_more_bad_rows_never_turn_a_broken_check_green(tested, draw):
    failed = draw.draw(st.integers(0, tested - 1))
    limit = draw.draw(st.decimals(0, 100, places=3))
    spec = replace(SPEC, threshold=comparison(Operator.MUST_BE_LESS_OR_EQUAL_TO, float(limit), unit=Unit.PERCENT))
    before = judge(spec, seen(rows_tested=tested, rows_failed=failed)).outcome
    after = judge(spec, seen(rows_tested=tested, rows_failed=failed + 1)).outcome
    assert not (before is Outcome.FAILED and after is Outcome.PASSED)


@pytest.mark.parametrize(
    ("severity", "outcome"),
    [(Severity.ERROR, Outcome.FAILED), (Severity.WARNING, Outcome.WARNED), (Severity.INFO, Outcome.WARNED)],
)
def test_severity_decides_between_failing_and_warning(severity, outcome):
    assert judge(replace(SPEC, severity=severity), seen(rows_tested=10, rows_failed=1)).outcome is outcome


def test_no_failed_row_passes():
    result = judge(SPEC, seen(rows_tested=8800, rows_failed=0))
    assert (result.outcome, result.observed, result.expected) == (Outcome.PASSED, "0 of 8,800 rows", "present")


def test_a_zero_row_table_is_never_green():
    result = judge(SPEC, seen(rows_tested=0, rows_failed=0))
    assert result.outcome is Outcome.SKIPPED
    assert result.measurement.skipped == "the table has no rows"


@pytest.mark.parametrize("failed", [0, None])
def test_rows_out_of_scope_are_never_green(failed):
    spec = replace(SPEC, rule=rules.InSet(column="a", values=("x",)))
    result = judge(spec, seen(rows_tested=0, rows_failed=failed))
    assert (result.outcome, result.observed) == (Outcome.SKIPPED, "nothing to test")
    assert result.measurement.skipped == "no row is in the scope of this check"


@pytest.mark.parametrize("counts", [{}, {"rows_tested": 5}, {"rows_failed": 5}])
def test_missing_counts_are_errors_and_never_zero(counts):
    result = judge(SPEC, seen(**counts))
    assert result.outcome is Outcome.ERRORED
    assert result.measurement.error == "the engine gave no counts"
    assert result.observed == "not measured"


def test_a_reason_not_to_look_is_an_error_even_beside_counts():
    assert judge(SPEC, seen(rows_tested=5, rows_failed=0, error="no such column")).outcome is Outcome.ERRORED


def test_what_was_skipped_stays_skipped():
    assert judge(SPEC, seen(skipped="nothing changed")).outcome is Outcome.SKIPPED


def test_a_proven_check_says_what_proves_it():
    result = judge(SPEC, seen(rows_tested=10, rows_failed=0, proven_by="the primary key of the source"))
    assert result.observed == "0 of 10 rows, proven by the primary key of the source"


FRESH = replace(
    SPEC,
    rule=rules.Fresh(columns=("updated_at",), limit=timedelta(minutes=15)),
    threshold=comparison(Operator.MUST_BE_LESS_OR_EQUAL_TO, 900),
)


@pytest.mark.parametrize(
    ("age", "outcome", "observed"),
    [
        (900, Outcome.PASSED, "15 min old"),
        (901, Outcome.FAILED, "15 min 1 s old"),
        (-299, Outcome.PASSED, "4 min 59 s in the future"),
        (-301, Outcome.FAILED, "5 min 1 s in the future"),
        (None, Outcome.ERRORED, "not measured"),
        (float("nan"), Outcome.ERRORED, "not measured"),
    ],
)
def test_freshness_is_an_age_and_the_future_is_not_fresh(age, outcome, observed):
    result = judge(FRESH, seen(value=age))
    assert (result.outcome, result.observed) == (outcome, observed)


def test_a_table_without_any_time_is_not_fresh():
    assert judge(FRESH, seen(rows_tested=0, seen="no time")).outcome is Outcome.SKIPPED


def test_freshness_names_the_newest_time():
    assert judge(FRESH, seen(value=60, seen="2026-11-22T05:00:00Z")).observed.endswith("(newest 2026-11-22T05:00:00Z)")


def test_yes_no_checks_take_the_verdict():
    spec = replace(SPEC, rule=rules.HasType(column="a", logical_type=LogicalType.DATE))
    missing = judge(spec, seen(holds=False, seen="no such column"))
    assert (missing.outcome, missing.observed, missing.expected) == (Outcome.FAILED, "no such column", "type date")
    assert judge(spec, seen(holds=True, seen="DATE")).outcome is Outcome.PASSED
    assert judge(spec, seen(holds=True)).observed == "holds"
    assert judge(spec, seen(holds=False)).observed == "does not hold"


def test_a_percentage_is_of_the_rows_tested():
    spec = replace(SPEC, threshold=comparison(Operator.MUST_BE_LESS_THAN, 0.5, unit=Unit.PERCENT))
    assert judge(spec, seen(rows_tested=1000, rows_failed=4)).outcome is Outcome.PASSED
    assert judge(spec, seen(rows_tested=1000, rows_failed=5)).outcome is Outcome.FAILED


def test_seen_and_counts_stand_together():
    result = judge(SPEC, seen(rows_tested=10, rows_failed=3, seen="text"))
    assert result.observed == "text: 3 of 10 rows (30.0 %)"


def test_an_observed_value_is_compared():
    spec = replace(SPEC, rule=rules.SqlValue(query="…"), threshold=comparison(Operator.MUST_BE, 3))
    assert judge(spec, seen(value=3)).outcome is Outcome.PASSED
    assert judge(spec, seen(value=3.5)).observed == "3.5"


def test_the_newest_time_of_a_restricted_column_is_not_kept_but_its_age_is():
    fresh = rules.Fresh(columns=("born_at",), limit=timedelta(minutes=15))
    limit = comparison(Operator.MUST_BE_LESS_OR_EQUAL_TO, 900)
    measured = seen(value=600, seen="1987-06-05T04:03:02Z")
    shown = judge(replace(SPEC, rule=fresh, threshold=limit, restricted=True), measured)
    assert (shown.outcome, shown.observed, shown.measurement.seen) == (Outcome.PASSED, "10 min old", None)
    assert "newest 1987" in judge(replace(SPEC, rule=fresh, threshold=limit), measured).observed
