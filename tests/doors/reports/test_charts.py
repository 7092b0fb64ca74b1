"""Geometry of the charts."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from observer.checks.measure import MonthCount
from observer.reports.charts import BAR_WIDTH, CHART_HEIGHT, CHART_WIDTH, add_months, bar, column_chart, ring, slices

counts = st.integers(0, 10**9)
months = st.lists(
    st.builds(
        lambda year, month, failed: MonthCount(
            month=f"{year:04}-{month:02}", rows_tested=failed + 1, rows_failed=failed
        ),
        st.integers(1, 9999),
        st.integers(1, 12),
        st.integers(0, 1000),
    ),
    max_size=30,
    unique_by=lambda m: m.month,
)


@given(counts, counts)
def test_a_bar_is_full_only_for_everything_and_absent_only_for_nothing(one: int, two: int) -> None:
    part, whole = sorted((one, two))
    length = bar(part, whole)
    assert 0 <= length <= BAR_WIDTH
    assert (length == 0) is (part == 0)
    assert (length == BAR_WIDTH) is (part == whole and whole > 0)


@given(st.lists(counts, min_size=1, max_size=5).filter(any))
def test_a_stacked_bar_is_exactly_full(numbers: list[int]) -> None:
    parts = slices([(str(n), number) for n, number in enumerate(numbers)])
    assert sum(p.width for p in parts) == pytest.approx(BAR_WIDTH, abs=0.1)
    assert all(p.width > 0 for p in parts)


def test_a_stacked_bar_of_nothing_has_no_parts() -> None:
    assert slices([("passed", 0)]) == ()


@given(months)
@example(
    [
        MonthCount(month="0001-01", rows_tested=1, rows_failed=0),
        MonthCount(month="0001-02", rows_tested=1, rows_failed=0),
        MonthCount(month="0049-01", rows_tested=2, rows_failed=1),
    ]
)
def test_columns_stay_inside_the_chart_and_lose_no_failure(series: list[MonthCount]) -> None:
    chart = column_chart(series)
    if chart is None:
        tested = sum(m.rows_tested for m in series)
        few = sum(m.rows_failed for m in series) <= tested * 0.05
        most = sum(sorted((m.rows_tested for m in series), reverse=True)[:2])
        # Months too far apart to draw each are drawn as years.
        years = {m.month[:4] for m in series}
        assert few or most >= tested * 0.95 or len(years) < 3, "failures over three years and more must be drawn"
        return
    assert chart.outside + sum(c.failed for c in chart.columns) == sum(m.rows_failed for m in series)
    assert all(c.x >= 0 and c.x + c.width <= CHART_WIDTH and 0 <= c.y <= CHART_HEIGHT for c in chart.columns)
    assert all((c.height > 0) is (c.failed > 0) for c in chart.columns)
    labels = [c.label for c in chart.columns]
    assert labels == sorted(set(labels))


def test_months_without_rows_are_gaps() -> None:
    chart = column_chart([MonthCount(month=m, rows_tested=9, rows_failed=9) for m in ("2024-02", "2023-11")])
    assert chart is not None
    assert [c.label for c in chart.columns] == ["2023-11", "2023-12", "2024-01", "2024-02"]


def test_many_months_are_drawn_as_years() -> None:
    chart = column_chart([MonthCount(month=m, rows_tested=9, rows_failed=9) for m in ("2010-02", "2023-11", "2023-12")])
    assert chart is not None
    assert (chart.period, len(chart.columns), chart.highest) == ("year", 14, 18)


def test_a_stray_date_does_not_squeeze_the_others_and_is_said() -> None:
    usual = [MonthCount(month=f"2024-{m:02}", rows_tested=100, rows_failed=5) for m in range(1, 13)]
    stray = MonthCount(month="2099-01", rows_tested=3, rows_failed=2)
    chart = column_chart([*usual, stray])
    assert chart is not None
    assert (chart.period, len(chart.columns), chart.outside) == ("month", 12, 2)


def test_months_of_several_checks_add_up() -> None:
    one = [MonthCount(month="2024-01", rows_tested=5, rows_failed=1)]
    two = [
        MonthCount(month="2024-01", rows_tested=7, rows_failed=2),
        MonthCount(month="2023-01", rows_tested=1, rows_failed=0),
    ]
    assert [(m.month, m.rows_tested, m.rows_failed) for m in add_months([one, two])] == [
        ("2023-01", 1, 0),
        ("2024-01", 12, 3),
    ]


def test_a_ring_is_filled_by_the_score() -> None:
    assert ring(0).filled == 0
    assert ring(100).filled == ring(100).around
