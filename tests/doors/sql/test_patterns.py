"""Patterns mean the same on every engine, and what the engines cannot run is told before."""

from __future__ import annotations

import re

import duckdb
import psycopg
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from observer.contracts.formats import STRING_FORMATS
from observer.contracts.patterns import pattern_for
from observer.sql.patterns import MAX_LENGTH, _is_common, problem_with_pattern

#: (pattern, text, whether ECMA-262's `test` finds it)
MEANING = [
    (r"b", "abc", True),
    (r"^b", "abc", False),
    (r"^abc$", "abc\n", False),
    (r"^a.c$", "a\nc", False),
    (r"^a.c$", "abc", True),
    (r"^\d+$", "123", True),
    (r"^\d+$", "١٢٣", False),
    (r"^\w+$", "naïve", False),
    (r"^[\w-]+$", "a-b_9", True),
    (r"^\S+@\S+$", "a@b", True),
    (r"^\S+@\S+$", "a @b", False),
    (r"^[^\s]+$", "a\tb", False),
    (r"^\u00e9$", "é", True),
    (r"^[\u0061-\u0063]+$", "abc", True),
    (r"^\x41$", "A", True),
    (r"^(?<year>\d{4})-(?:0[1-9]|1[0-2])$", "2026-01", True),
    (r"^a\/b$", "a/b", True),
    (r"^\$\.\[\]$", "$.[]", True),
    (r"^[a$.]+$", "a$.", True),
    (r"^a{2,3}?$", "aaa", True),
    (r"\bcat\b", "a cat sat", True),
    (r"\bcat\b", "concat", False),
    (r"^[[]$", "[", True),
    (r"", "anything", True),
    (r"^$", "", True),
]


@pytest.mark.parametrize(("pattern", "text", "found"), MEANING)
def test_duckdb_reads_it_as_ecma_262_does(pattern: str, text: str, found: bool) -> None:
    assert problem_with_pattern(pattern) is None
    row = duckdb.execute("select regexp_matches(?, ?)", [text, pattern_for(pattern, "duckdb")]).fetchone()
    assert row == (found,)


def test_postgresql_reads_it_as_ecma_262_does(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        for pattern, text, found in MEANING:
            row = connection.execute("select %s::text ~ %s::text", [text, pattern_for(pattern, "postgres")]).fetchone()
            assert row == (found,), pattern


@pytest.mark.parametrize(("pattern", "text", "found"), MEANING)
def test_python_reads_it_as_ecma_262_does_for_sqlite(pattern: str, text: str, found: bool) -> None:
    assert (re.search(pattern_for(pattern, "sqlite"), text) is not None) is found


def test_mysql_reads_it_as_ecma_262_does(mariadb_url: str) -> None:
    from urllib.parse import unquote, urlsplit

    import pymysql

    url = urlsplit(mariadb_url)
    connection = pymysql.connect(
        host=url.hostname or "127.0.0.1",
        port=url.port or 3306,
        user=unquote(url.username or "root"),
        password=unquote(url.password or ""),
        charset="utf8mb4",
    )
    with connection, connection.cursor() as cursor:
        for pattern, text, found in MEANING:
            cursor.execute(
                "select cast(%s as char) collate utf8mb4_bin regexp %s", [text, pattern_for(pattern, "mysql")]
            )
            assert cursor.fetchone() == (int(found),), pattern


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r"^(?=.*\d).+$", "look-around"),
        (r"^(?!x).+$", "look-around"),
        (r"(?<=a)b", "look-around"),
        (r"(?<!a)b", "look-around"),
        (r"(a)\1", "back-reference"),
        (r"(?<x>a)\k<x>", "back-reference"),
        (r"[", "cannot be run"),
        (r"(a", "cannot be run"),
        (r"a)", "cannot be run"),
        (r"*a", "cannot be run"),
        (r"a++", "cannot be run"),
        (r"a{5000}", "cannot be run"),
        (r"[z-a]", "cannot be run"),
        (r"[]a]", "class of its own"),
        ("a" * (MAX_LENGTH + 1), "limit"),
    ],
)
def test_what_cannot_be_run_is_told_with_a_remedy(pattern: str, message: str) -> None:
    complaint = problem_with_pattern(pattern)
    assert complaint is not None
    assert message in complaint.message
    assert complaint.fix


@pytest.mark.parametrize("pattern", [r"[(?=]", r"\(\?=", r"\\1", r"[\\1]"])
def test_what_only_looks_forbidden_is_allowed(pattern: str) -> None:
    assert problem_with_pattern(pattern) is None


@pytest.mark.parametrize("pattern", STRING_FORMATS.values(), ids=STRING_FORMATS.keys())
def test_the_patterns_of_the_formats_can_be_run(pattern: str) -> None:
    assert problem_with_pattern(pattern) is None


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab1.^$*+?()[]{}|\\-dwsSWbB,:=<! _@", max_size=14))
def test_what_is_passed_without_the_engine_compiles_in_it(pattern: str) -> None:
    assume(_is_common(pattern))
    duckdb.execute("select regexp_matches('', ?)", [pattern])


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.text(max_size=20), st.text(alphabet="\\cuxkpPdDb[]^{}()?<>0aF", max_size=8)))
def test_no_pattern_makes_it_raise(pattern: str) -> None:
    complaint = problem_with_pattern(pattern)
    assert complaint is None or complaint.fix
