r"""Patterns: ECMA-262 in the contract → what the regular expression engine of a database has to be given. Pure.

What engines read differently is rewritten to mean the same everywhere: `\d` is 0-9, `\w` is A-Z a-z 0-9 _, `\s` is
ASCII white space, `.` is anything but a line break, `$` is the very end. What remains: `\b` follows the engine's own
idea of a word, and PostgreSQL has no `\p{…}`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache

_PIECE = re.compile(
    r"\\u\{[0-9A-Fa-f]{1,6}\}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\c[A-Za-z]|\\[pP]\{[^}]*\}|\\k<[^>]*>|\\.|\[\^?|\]"
    r"|\(\?<[A-Za-z_$][\w$]*>|\(\?[^)]?|.",
    re.DOTALL,
)
_SPACES = r" \t\n\r\f\v"
#: `$` of most engines also matches before a line break that ends the text.
_VERY_END = {"postgres": r"\Z", "postgresql": r"\Z", "mysql": r"\z", "mariadb": r"\z", "sqlite": r"\Z"}


@cache
def pattern_for(pattern: str, dialect: str | None) -> str:
    """The pattern as the engine of this dialect has to be given it.

    Dialects by SQLAlchemy's or sqlglot's name; None, and those not known here, are RE2. SQLite is Python's `re`.
    """
    return "".join(_translated(pattern, dialect or "duckdb"))


def _translated(pattern: str, dialect: str) -> Iterator[str]:
    in_class = False
    for piece in pieces(pattern):
        was_in_class, in_class = in_class, inside(piece, in_class)
        yield _one(piece, dialect, in_class=was_in_class and in_class)


def _one(piece: str, dialect: str, *, in_class: bool) -> str:
    code = re.fullmatch(r"\\[ux]\{?([0-9A-Fa-f]+)\}?", piece)
    if code and int(code[1], 16) <= sys.maxunicode:
        return _character(int(code[1], 16))
    if piece.startswith("\\c") and len(piece) == 3:
        return _character(ord(piece[2].upper()) - 64)
    if piece in ("\\d", "\\w", "\\s"):
        inner = {"\\d": "0-9", "\\w": "A-Za-z0-9_", "\\s": _SPACES}[piece]
        return inner if in_class else f"[{inner}]"
    if piece in ("\\D", "\\W", "\\S") and not in_class:
        return f"[^{_one(piece.lower(), dialect, in_class=True)}]"
    if piece == "\\/":
        return "/"
    if in_class:
        return "\\[" if piece == "[" and dialect != "duckdb" else piece
    if piece == ".":
        return r"[^\n\r]"
    if piece == "$":
        return _VERY_END.get(dialect, "$")
    if piece.startswith("(?<") and len(piece) > 3:
        return "("
    if piece == "\\b" and dialect in ("postgres", "postgresql"):
        return r"\y"
    return piece


def _character(code: int) -> str:
    """The character itself, escaped where it would be syntax."""
    text = chr(code)
    return "\\" + text if text in "\\^$.|?*+()[]{}-/" else text


def pieces(pattern: str) -> Iterator[str]:
    """The pattern cut into escapes, brackets, group openers and single characters."""
    for found in _PIECE.finditer(pattern):
        yield found.group()


def inside(piece: str, in_class: bool) -> bool:
    """Whether what follows `piece` stands in a character class."""
    if in_class:
        return piece != "]"
    return piece in ("[", "[^")
