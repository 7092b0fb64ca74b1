"""The trust score and the scorecard of fields."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.checks.measure import CheckResult, Outcome
from observer.checks.score import (
    Looked,
    broken_by_damage,
    damage,
    field_scores,
    health,
    score_parts,
    trust_score,
    weight,
)
from observer.checks.score import score_of as score_of_parts
from observer.contracts.model import Severity
from tests.fakes import audits
from tests.fakes.sales_checks import check, required

ROWS = 1000


def with_failures(failed: int, severity: Severity = Severity.ERROR, *, critical: bool = False) -> CheckResult:
    return required("leads", "email", ROWS, failed, severity=severity, critical=critical)


ERRORED = required("leads", "email", 0, error="no such column")
SKIPPED = required("leads", "email", 0)
severities = st.sampled_from(Severity)
judged = st.builds(
    lambda failed, severity, critical: with_failures(failed, severity, critical=critical),
    st.integers(0, ROWS),
    severities,
    st.booleans(),
)
results = st.lists(st.one_of(judged, st.just(ERRORED), st.just(SKIPPED)), max_size=12)


def score_of(some: list[CheckResult]) -> int:
    score = trust_score(some)
    assert score is not None
    return score


def test_everything_that_holds_is_100() -> None:
    assert trust_score([with_failures(0), with_failures(0, Severity.INFO)]) == 100


@pytest.mark.parametrize("nothing", [[], [SKIPPED], [ERRORED], [ERRORED, SKIPPED]])
def test_nothing_judged_is_no_score_and_never_100(nothing: list[CheckResult]) -> None:
    assert trust_score(nothing) is None


def test_a_lead_can_redo_the_formula_by_hand() -> None:
    # weights 6 (critical error) + 2 + 1 (warning) + 2 (errored) = 11
    # kept: 6 × ½ × ¾ (a quarter of the rows is bad) + 2 + 1 × ½ × ½ + 0 = 4.5, of 11 = 40.9 %
    some = [
        with_failures(250, critical=True),
        with_failures(0),
        with_failures(500, Severity.WARNING),
        ERRORED,
        SKIPPED,
    ]
    assert [weight(r.spec) for r in some[:3]] == [6, 2, 1]
    assert trust_score(some) == 40


def test_one_bad_row_in_a_million_is_not_100() -> None:
    assert trust_score([with_failures(0)] * 10_000 + [with_failures(1)]) == 99


def test_a_broken_check_without_counts_keeps_nothing() -> None:
    table_check = next(r for r in audits.sales_audit().results if r.spec.rule_name == "freshness")
    assert health(table_check) == 0


def test_a_skipped_check_has_no_health() -> None:
    with pytest.raises(ValueError, match="was skipped"):
        health(SKIPPED)


@given(results)
def test_the_score_is_within_its_bounds_or_absent(some: list[CheckResult]) -> None:
    score = trust_score(some)
    assert score is None or 0 <= score <= 100


@given(results)
def test_only_a_run_in_which_all_that_was_judged_passed_has_100(some: list[CheckResult]) -> None:
    counted = [r for r in some if r.outcome is not Outcome.SKIPPED]
    all_passed = bool(counted) and all(r.outcome is Outcome.PASSED for r in counted)
    assert (trust_score(some) == 100) is all_passed


@given(results, st.integers(0, ROWS), st.integers(0, ROWS), severities, st.booleans())
def test_more_failures_never_raise_the_score(
    others: list[CheckResult], one: int, two: int, severity: Severity, critical: bool
) -> None:
    fewer, more = sorted((one, two))
    better = [*others, with_failures(fewer, severity, critical=critical)]
    worse = [*others, with_failures(more, severity, critical=critical)]
    assert score_of(worse) <= score_of(better)


@given(results, st.integers(0, ROWS))
def test_losing_sight_of_a_check_never_raises_the_score(others: list[CheckResult], failed: int) -> None:
    seen = with_failures(failed)
    unseen = replace(seen, outcome=Outcome.ERRORED)
    before, after = trust_score([*others, seen]), trust_score([*others, unseen])
    assert before is not None
    assert after is None or after <= before


@given(results)
def test_a_skipped_check_changes_nothing(some: list[CheckResult]) -> None:
    assert trust_score([*some, SKIPPED]) == trust_score(some)


@given(results)
def test_the_order_of_the_checks_changes_nothing(some: list[CheckResult]) -> None:
    assert trust_score(some) == trust_score(some[::-1])


@given(st.integers(1, ROWS), st.integers(1, ROWS), severities, st.booleans())
def test_more_failed_rows_never_do_less_damage(one: int, two: int, severity: Severity, critical: bool) -> None:
    fewer, more = sorted((one, two))
    assert damage(with_failures(fewer, severity, critical=critical)) <= damage(
        with_failures(more, severity, critical=critical)
    )


def test_what_passed_or_could_not_be_seen_does_no_damage() -> None:
    assert [damage(r) for r in (with_failures(0), ERRORED, SKIPPED)] == [0, 0, 0]


def test_a_stale_table_harms_all_of_its_rows() -> None:
    stale = next(r for r in audits.sales_audit().results if r.spec.rule_name == "freshness")
    assert damage(stale, table_rows=8800) == 17_600
    assert damage(stale) == 2


def test_a_broken_yes_no_check_is_never_harmless() -> None:
    wrong_type = next(r for r in audits.sales_audit().results if r.spec.rule_name == "physical-type")
    assert damage(wrong_type, table_rows=7) == 2


def test_broken_checks_come_most_damage_first() -> None:
    ranked = broken_by_damage(audits.sales_audit())
    assert [r.spec.rule_name for r in ranked[:3]] == ["freshness", "products.product", "required"]
    assert all(r.outcome in {Outcome.FAILED, Outcome.WARNED} for r in ranked)


def test_fields_come_most_damage_first_then_unseen_ones_then_sound_ones() -> None:
    scores = field_scores(audits.sales_audit())
    assert [s.damage for s in scores] == sorted((s.damage for s in scores), reverse=True)
    harmless = [s for s in scores if not s.damage]
    assert [bool(s.errored) for s in harmless] == sorted((bool(s.errored) for s in harmless), reverse=True)


def test_a_field_score_says_what_is_wrong_with_the_field() -> None:
    score = next(s for s in field_scores(audits.sales_audit()) if s.property == "account" and s.object != "accounts")
    assert (score.checks, score.broken, score.errored) == (2, 1, 0)
    assert score.rows_failed == 1425
    assert score.completeness == Fraction(7375, 8800)
    assert score.damage == 2850
    assert score.owner == "ana@example.com"


def test_rows_of_one_field_are_not_added_up_over_its_checks() -> None:
    score = next(s for s in field_scores(audits.sales_audit()) if s.property == "contact_email")
    assert (score.broken, score.rows_failed) == (2, 212)


def test_a_field_of_which_nothing_was_seen_has_no_score() -> None:
    score = next(s for s in field_scores(audits.sales_audit()) if s.property == "regional_office")
    assert (score.score, score.rows_failed, score.completeness) == (None, None, None)


def test_the_same_field_name_in_two_tables_is_two_fields() -> None:
    products = [s.object for s in field_scores(audits.sales_audit()) if s.property == "product"]
    assert sorted(products) == ["products", "sales_pipeline"]


def test_more_rows_failed_than_tested_cannot_make_the_score_negative() -> None:
    odd = check("t", "c", "odd", with_failures(1).spec.rule, "odd", 10, 40)
    assert trust_score([odd]) == 0


@given(results)
def test_the_parts_of_a_score_give_the_score(some: list[CheckResult]) -> None:
    looked = [
        Looked(
            outcome=result.outcome,
            severity=result.spec.severity,
            critical=result.spec.critical,
            rows_tested=result.measurement.rows_tested,
            rows_failed=result.measurement.rows_failed,
        )
        for result in some
    ]
    parts = score_parts(looked)
    assert score_of_parts(parts) == trust_score(some)
    assert [part.outcome for part in parts] == [Outcome.PASSED, Outcome.FAILED, Outcome.ERRORED, Outcome.SKIPPED]
    assert sum(part.checks for part in parts) == len(some)
    assert all(0 <= part.counts <= part.weight for part in parts)
    assert parts[-1].weight == 0
