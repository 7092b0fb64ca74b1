"""Names of column types: one type by two names is the same, two types are not."""

from __future__ import annotations

import pytest

from observer.sql.types import same_type


@pytest.mark.parametrize(
    ("declared", "stored", "dialect"),
    [
        ("varchar(255)", "character varying(255)", "postgres"),
        ("VARCHAR (255)", "varchar(255)", "postgres"),
        ("int", "integer", "postgres"),
        ("timestamptz", "timestamp with time zone", "postgres"),
        ("numeric(12,2)", "decimal(12, 2)", "postgres"),
        ("double", "DOUBLE", "duckdb"),
        ("TEXT", "text", "sqlite"),
        ("weird_enum", "WEIRD_ENUM", "postgres"),
    ],
)
def test_one_type_by_two_names_is_the_same(declared, stored, dialect):
    assert same_type(declared, stored, dialect=dialect)


@pytest.mark.parametrize(
    ("declared", "stored"),
    [
        ("varchar(255)", "character varying(80)"),
        ("int", "bigint"),
        ("timestamp", "timestamp with time zone"),
        ("text", ""),
        ("numeric(12,2)", "numeric(12,4)"),
    ],
)
def test_two_types_are_not_the_same(declared, stored):
    assert not same_type(declared, stored, dialect="postgres")


def test_a_name_that_no_parser_knows_is_compared_as_text():
    assert same_type("my type((", "MY  TYPE((", dialect="postgres")
    assert not same_type("my type((", "other", dialect="postgres")
