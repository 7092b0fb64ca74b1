"""The key of a row as text: the same whichever database gave it. Pure.

In: values of key columns, or what a person wrote. Out: text to keep and to find the row by. Where a key column is
restricted, the text is a keyed digest, from which the value cannot be told; it differs between contracts and objects,
so that rows of two tables cannot be matched by it either.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from hashlib import blake2b
from typing import Any
from uuid import UUID

_PERSON = b"crm-observer key"
#: Bytes of a digest: two of 10^12 keys are alike with a chance of one in 10^14.
DIGEST_BYTES = 16


def text_of(value: Any) -> str:
    """One value of a key: whole numbers without a fraction, times with a zone in UTC, bytes in hex, text as it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Decimal) and value.is_finite():
        return str(int(value)) if value == value.to_integral_value() else format(value, "f").rstrip("0")
    if isinstance(value, datetime):
        return value.isoformat() if value.tzinfo is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, UUID):
        return str(value)
    return str(value)


def key_text(values: Sequence[Any]) -> str | None:
    """A key of one column as its text, of several as a compact JSON list; None when one of them is null."""
    if len(values) == 1:
        return None if values[0] is None else text_of(values[0])
    if any(value is None for value in values):
        return None
    return json.dumps([text_of(value) for value in values], ensure_ascii=False, separators=(",", ":"))


def parts_of(text: str, columns: int) -> tuple[str, ...]:
    """The texts of the key columns. A key of several may be written as a JSON list, or with commas.

    Raises ValueError: there are not as many.
    """
    if columns == 1:
        return (text,)
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    parts = tuple(map(text_of, given)) if isinstance(given, list) else tuple(part.strip() for part in text.split(","))
    if len(parts) != columns or (isinstance(given, list) and None in given):
        raise ValueError(f"the key has {columns} columns: write their values as [1, 2], or as 1,2")
    return parts


@dataclass(frozen=True, kw_only=True)
class Keys:
    """How the keys of one object are kept."""

    contract: str
    object: str
    #: How many columns the key has.
    columns: int
    #: Given where a key column is restricted: then keys are kept as digests under it.
    secret: bytes | None = None

    def kept(self, text: str) -> str:
        """The text of `key_text` as it is kept: 32 hex digits where the key is restricted."""
        return text if self.secret is None else _digest(self.secret, [self.contract, self.object, text])

    @property
    def fingerprint(self) -> str | None:
        """Tells one secret from another, and nothing of it; None where keys are kept as they are."""
        return None if self.secret is None else _digest(self.secret, [self.contract, self.object])

    def of(self, given: str) -> str:
        """The key that a person wrote, as it is kept. A digest is taken for what it is.

        Raises ValueError: it has not as many parts as the key has columns.
        """
        if self.secret is not None and len(given) == 2 * DIGEST_BYTES and set(given) <= set("0123456789abcdef"):
            return given
        text = key_text(parts_of(given, self.columns))
        assert text is not None, "a part that was written is no null"
        return self.kept(text)


def _digest(secret: bytes, said: list[str]) -> str:
    # A key of BLAKE2 has at most 64 bytes.
    key = secret if len(secret) <= 64 else blake2b(secret).digest()
    digest = blake2b(key=key, digest_size=DIGEST_BYTES, person=_PERSON)
    digest.update(json.dumps(said).encode())
    return digest.hexdigest()
