"""Text of unknown origin → text that is safe to show: nothing in it moves a cursor, hides or reorders what is read.

Escaping for a medium (HTML, XML, CSV) comes after this and belongs to that report.
"""

from __future__ import annotations

import re

from observer.contracts.model import Scalar

#: C0 and C1 controls, line separators, and the marks that reorder text (bidirectional overrides and isolates).
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
#: Longest value shown; the whole value is in the database.
LONGEST = 80


def visible(text: str) -> str:
    """The text with every unsafe character written as its escape: an escape sequence reads `\\x1b[31m`."""
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape", "surrogatepass").decode("ascii"), text)


def web_link(url: str | None) -> str | None:
    """Only web links become links: a record's own text could hold `javascript:`."""
    return url if url and url.lower().startswith(("https://", "http://")) else None


def shown_value(value: Scalar) -> str:
    """A value of the data for a reader: `(null)`, `(empty)`, and long ones cut with "…"."""
    if value is None:
        return "(null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = visible(str(value))
    if not text.strip():
        return f"({len(text)} spaces)" if text else "(empty)"
    return f"{text[: LONGEST - 1]}…" if len(text) > LONGEST else text
