"""What it is to ask a database: a query goes in, rows come out, and an error is said without any value."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from observer.gx.dialect_words import CannotSay

#: All rows of a query, read to their end.
Fetch = Callable[[sa.Executable], Sequence[sa.Row[Any]]]


def reason(error: Exception) -> str:
    """What the database said, in one line and without any value: whatever it quotes is blanked."""
    origin: BaseException = error
    while (
        not isinstance(origin, CannotSay) and (inner := getattr(origin, "orig", None) or origin.__cause__) is not None
    ):
        origin = inner
    if isinstance(origin, CannotSay):
        return str(origin)
    line = next((text for text in str(origin).splitlines() if text.strip()), type(origin).__name__)
    return re.sub(r"'[^']*'|\"[^\"]*\"", "…", line).strip()
