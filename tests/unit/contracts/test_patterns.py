"""What a pattern becomes for each engine; that it then means the same is tested on the engines in tests/doors/sql."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.contracts.patterns import pattern_for, pieces


@pytest.mark.parametrize(
    ("pattern", "dialect", "expected"),
    [
        (r"^\d+$", None, r"^[0-9]+$"),
        (r"^\d+$", "duckdb", r"^[0-9]+$"),
        (r"^\d+$", "postgresql", r"^[0-9]+\Z"),
        (r"^\d+$", "mariadb", r"^[0-9]+\z"),
        (r"^\d+$", "sqlite", r"^[0-9]+\Z"),
        (r"^[\w-]+\W$", "duckdb", r"^[A-Za-z0-9_-]+[^A-Za-z0-9_]$"),
        (r"a.c", "duckdb", r"a[^\n\r]c"),
        (r"[.$]", "postgres", r"[.$]"),
        (r"\.\$", "postgres", r"\.\$"),
        (r"\u00e9\x41\u{1F600}", "duckdb", "éA😀"),
        (r"\x2e", "duckdb", r"\."),
        (r"\cJ", "duckdb", "\n"),
        (r"(?<year>\d)(?:x)", "mysql", "([0-9])(?:x)"),
        (r"\bx\b", "postgres", r"\yx\y"),
        (r"\bx\b", "duckdb", r"\bx\b"),
        (r"a\/b", "sqlite", "a/b"),
        (r"[[]", "sqlite", r"[\[]"),
        ("\\u", "duckdb", "\\u"),
        ("\\c", "duckdb", "\\c"),
    ],
)
def test_each_engine_is_given_its_own_words(pattern: str, dialect: str | None, expected: str) -> None:
    assert pattern_for(pattern, dialect) == expected


@given(st.text(alphabet="\\cuxkpdwsb[]^${}()?<>.aF0|*+\n", max_size=30))
def test_the_pieces_of_a_pattern_are_the_pattern(pattern: str) -> None:
    assert "".join(pieces(pattern)) == pattern


@given(st.text(alphabet="abc019 _-@", max_size=20), st.sampled_from(["duckdb", "postgres", "mysql", "sqlite", None]))
def test_plain_text_stays_as_it_is(pattern: str, dialect: str | None) -> None:
    assert pattern_for(pattern, dialect) == pattern
