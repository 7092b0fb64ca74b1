"""Keys are one text whichever database gave them, and digests where they are restricted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.slo.keys import Keys, key_text, parts_of, text_of

SECRET = b"s" * 32


def keys(columns: int = 1, secret: bytes | None = None, contract: str = "crm", object: str = "leads") -> Keys:
    return Keys(contract=contract, object=object, columns=columns, secret=secret)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((5, 5.0, Decimal("5.00"), "5", Decimal("5")), "5"),
        ((Decimal("12345678901234567890123456789012345678.50"),), "12345678901234567890123456789012345678.5"),
        ((UUID("6F1C0000-0000-4000-8000-00000000000A"),), "6f1c0000-0000-4000-8000-00000000000a"),
        ((True, 1), "1"),
        ((b"\x01\xff", bytearray(b"\x01\xff"), "01ff"), "01ff"),
        ((date(2026, 1, 2),), "2026-01-02"),
        (
            (
                datetime(2026, 1, 2, 3, tzinfo=UTC),
                datetime(2026, 1, 2, 5, tzinfo=timezone(timedelta(hours=2))),
            ),
            "2026-01-02T03:00:00Z",
        ),
    ],
)
def test_equal_values_have_one_text(values: tuple[object, ...], text: str) -> None:
    assert {text_of(value) for value in values} == {text}


def test_a_null_is_no_key() -> None:
    assert key_text([None]) is None
    assert key_text(["a", None]) is None


@given(st.lists(st.text(), min_size=2, max_size=4))
def test_a_key_of_several_columns_is_taken_apart_again(values: list[str]) -> None:
    text = key_text(values)
    assert text is not None
    assert list(parts_of(text, len(values))) == values
    assert keys(len(values)).of(text) == text


def test_people_write_a_key_of_several_columns_with_commas() -> None:
    assert keys(2).of("acme, 5") == keys(2).of('["acme", 5]') == '["acme","5"]'
    for wrong in ("acme", "a,b,c", "[1]", "[1, null]"):
        with pytest.raises(ValueError, match="2 columns"):
            keys(2).of(wrong)


def test_a_restricted_key_is_a_digest_of_its_own_object_and_secret() -> None:
    kept = keys(secret=SECRET).kept("5")
    assert len(kept) == 32
    assert keys(secret=SECRET).of("5") == kept == keys(secret=SECRET).of(kept)
    others = [
        keys(secret=b"t" * 100).kept("5"),
        keys(secret=SECRET, object="people").kept("5"),
        keys(secret=SECRET, contract="erp").kept("5"),
        keys(secret=SECRET).kept("6"),
    ]
    assert len({kept, *others}) == 5
