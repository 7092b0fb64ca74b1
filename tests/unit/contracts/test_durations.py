"""Durations: every unit that ODCS writes, and none that could mean two things."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.contracts.durations import UNIT_NAMES, BadDuration, parse_duration, parse_span


@pytest.mark.parametrize(
    ("value", "unit", "span"),
    [
        (90, "s", timedelta(seconds=90)),
        (15, "min", timedelta(minutes=15)),
        (1.5, "h", timedelta(minutes=90)),
        (1, "hr", timedelta(hours=1)),
        (2, "Days", timedelta(days=2)),
        (1, "week", timedelta(days=7)),
        (1, "mo", timedelta(days=30)),
        (3, "yr", timedelta(days=1095)),
        (1, " d ", timedelta(days=1)),
    ],
)
def test_a_number_and_a_unit_are_a_time_span(value: float, unit: str, span: timedelta) -> None:
    assert parse_duration(value, unit) == span


@pytest.mark.parametrize(
    ("value", "unit", "message", "fix"),
    [
        (15, "m", "minutes or months", "min or mo"),
        (15, "M", "minutes or months", "min or mo"),
        (15, None, "missing", "add `unit`"),
        (15, "", "missing", "add `unit`"),
        (15, "fortnight", "unknown", "write one of"),
        (0, "d", "positive", "greater than 0"),
        (-1, "d", "positive", "greater than 0"),
        (True, "d", "positive", "greater than 0"),
        ("15", "d", "positive", "greater than 0"),
        (None, "d", "positive", "greater than 0"),
        (10**300, "y", "too long", "million years"),
    ],
)
def test_what_is_no_duration_is_refused_with_a_remedy(value: object, unit: object, message: str, fix: str) -> None:
    with pytest.raises(BadDuration, match=message) as caught:
        parse_duration(value, unit)
    assert fix in caught.value.fix


@given(st.integers(1, 10_000), st.sampled_from(UNIT_NAMES))
def test_twice_as_many_units_are_twice_as_long(value: int, unit: str) -> None:
    assert parse_duration(2 * value, unit) == 2 * parse_duration(value, unit)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90s", timedelta(seconds=90)),
        ("15min", timedelta(minutes=15)),
        (" 1.5 h ", timedelta(minutes=90)),
        ("7D", timedelta(days=7)),
        ("0s", timedelta()),
    ],
)
def test_a_span_is_written_as_a_number_and_its_unit(text: str, span: timedelta) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize(
    "text", ["", "soon", "15", "5m", "0m", "-5min", "1e3s", "1h30min", "9" * 300 + "y", "5 lightyears"]
)
def test_what_is_no_span_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(BadDuration) as caught:
        parse_span(text)
    assert caught.value.fix
