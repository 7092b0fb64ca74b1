"""Expectations of Great Expectations are judged by the schemas that it ships, without importing it."""

from __future__ import annotations

import pytest

from observer.config.expectations import problem_with_expectation


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("expect_column_values_to_be_between", {"column": "a", "min_value": 1, "strict_max": True, "mostly": 0.9}),
        ("expect_column_values_to_be_in_set", {"column": "a", "value_set": ["x", "y"]}),
        ("expect_table_row_count_to_be_between", {"min_value": 1}),
        ("expect_compound_columns_to_be_unique", {"column_list": ["a", "b"]}),
        ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "a", "column_B": "b", "or_equal": True}),
    ],
)
def test_what_fits_the_schema_is_accepted(name: str, kwargs: dict[str, object]) -> None:
    assert problem_with_expectation(name, kwargs) is None


@pytest.mark.parametrize(
    ("name", "kwargs", "message", "fix"),
    [
        (
            "expect_column_values_to_be_uniq",
            {},
            "has no `expect_column_values_to_be_uniq`",
            "expect_column_values_to_be_unique",
        ),
        ("ExpectColumnValuesToBeUnique", {"column": "a"}, "has no", "expect_column_values_to_be_unique"),
        ("expect_column_values_to_be_between", {"column": "a", "minValue": 1}, "no argument `minValue`", "`min_value`"),
        ("expect_column_values_to_be_unique", {}, "needs `column`", "column"),
        ("expect_column_values_to_be_unique", {"column": 3}, "column: `3` does not fit", "type"),
        ("expect_column_values_to_be_unique", {"column": "a", "mostly": 2}, "mostly", "type"),
        ("expect_column_values_to_be_unique", {"column": "a", "row_condition": "x"}, "row_condition", "when"),
        ("expect_column_values_to_be_unique", {"column": "a", "result_format": "COMPLETE"}, "result_format", "run"),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT 1"}, "free SQL", "type: sql"),
        ("expect_query_results_to_match_comparison", {}, "free SQL", "type: sql"),
        ("expect_table_row_count_to_equal_other_table", {"other_table_name": "x"}, "other data", "type: sql"),
    ],
)
def test_what_does_not_fit_is_told_with_a_remedy(name: str, kwargs: dict[str, object], message: str, fix: str) -> None:
    complaint = problem_with_expectation(name, kwargs)
    assert complaint is not None
    assert message in complaint.message
    assert fix in complaint.fix
