"""Numbers as people say them; no rounding hides that something is broken."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.checks.words import (
    duration_text,
    list_text,
    number_text,
    percent_text,
    rows_text,
    value_text,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1480, "1,480"), (3.0, "3"), (0.5, "0.5"), (1234.56789, "1,234.5679"), (0.00001, "1e-05"), (-2, "-2")],
)
def test_numbers_read_well(value, text):
    assert number_text(value) == text


@given(st.integers(1, 10**9), st.data())
def test_a_share_never_rounds_to_nothing_or_to_everything(whole, draw):
    part = draw.draw(st.integers(0, whole))
    text = percent_text(part, whole)
    assert (text == "0.0 %") == (part == 0)
    assert (text == "100.0 %") == (part == whole)


def test_shares_at_the_edges():
    assert percent_text(1, 1_000_000) == "<0.1 %"
    assert percent_text(999_999, 1_000_000) == ">99.9 %"
    assert rows_text(312, 8800) == "312 of 8,800 rows (3.5 %)"


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(days=3, hours=4, minutes=5), "3 d 4 h"),
        (timedelta(hours=2, minutes=14), "2 h 14 min"),
        (45, "45 s"),
        (0, "0 s"),
        (-60, "-1 min"),
        (timedelta(days=1000), "1,000 d"),
    ],
)
def test_durations_show_their_two_largest_units(span, text):
    assert duration_text(span) == text


def test_lists_are_sentences():
    assert list_text(["new", "working", "qualified"]) == "new, working or qualified"
    assert list_text(["a", "b"], word="and") == "a and b"
    assert list_text([]) == ""
    assert list_text(["", None, True, False, 3]) == "an empty text, null, true, false or 3"
    assert list_text([str(n) for n in range(23)]).endswith("7 … (23 in all)")


def test_values_are_shown_as_written():
    assert [value_text(v) for v in (None, True, "x", 1000)] == ["null", "true", "x", "1,000"]
