"""Text of unknown origin becomes text that is safe to show."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.reports.visible import LONGEST, shown_value, visible

anything = st.text(st.characters(exclude_categories=()))


@given(anything)
def test_nothing_unsafe_is_left(text: str) -> None:
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", visible(text))


@given(anything)
def test_showing_twice_is_showing_once(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(anything)
def test_a_shown_value_is_never_empty_nor_long(text: str) -> None:
    assert 0 < len(shown_value(text)) <= LONGEST


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "(null)"),
        ("", "(empty)"),
        ("   ", "(3 spaces)"),
        (True, "true"),
        (0, "0"),
        (1.5, "1.5"),
        ("Köln", "Köln"),
    ],
)
def test_values_that_look_like_nothing_get_a_name(value: str | None, text: str) -> None:
    assert shown_value(value) == text


def test_an_escape_sequence_is_readable() -> None:
    assert visible("\x1b[31mred\u202e") == r"\x1b[31mred\u202e"
