r"""Patterns: ECMA-262 in the contract → what the regular expression engines of databases run.

The common ground is RE2 (DuckDB), which knows no look-around and no back-references. What the engines read differently
is rewritten to mean the same everywhere: `\d` is 0-9, `\w` is A-Z a-z 0-9 _, `\s` is ASCII white space, `.` is anything
but a line break, `$` is the very end. What remains: `\b` follows the engine's own idea of a word, and PostgreSQL has no
`\p{…}`.
"""

from __future__ import annotations

import functools
import re
import sys
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from observer.contracts.problems import Complaint

if TYPE_CHECKING:
    import duckdb

MAX_LENGTH = 2_000
_PIECE = re.compile(
    r"\\u\{[0-9A-Fa-f]{1,6}\}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\c[A-Za-z]|\\[pP]\{[^}]*\}|\\k<[^>]*>|\\.|\[\^?|\]"
    r"|\(\?<[A-Za-z_$][\w$]*>|\(\?[^)]?|.",
    re.DOTALL,
)
_LOOKS = ("(?=", "(?!", "(?<")
_SPACES = r" \t\n\r\f\v"


@functools.cache
def _engine() -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect(":memory:", config={"threads": 1})


@functools.cache
def problem_with_pattern(pattern: str) -> Complaint | None:
    """Why the pattern cannot be run, or None. Compiled by the engine that will run it."""
    if len(pattern) > MAX_LENGTH:
        message = f"the pattern has {len(pattern):,} characters, the limit is {MAX_LENGTH:,}"
        return Complaint(message, "use an enum or a relationship for a list of values")
    if complaint := _unrunnable(pattern):
        return complaint
    translated = pattern_for(pattern, "duckdb")
    if _is_common(translated):
        return None
    import duckdb

    try:
        _engine().execute("SELECT regexp_matches('', ?)", [translated])
    except duckdb.Error as error:
        said = str(error).split("\n")[0].split("Error: ", 1)[-1].strip().rstrip(".")
        return Complaint(f"the pattern cannot be run: {said}", "correct it; test it with RE2 (Go) syntax")
    return None


def _unrunnable(pattern: str) -> Complaint | None:
    """Syntax that ECMA-262 has and databases lack, or read otherwise."""
    in_class, opener = False, ""
    for piece in _pieces(pattern):
        if piece == "]" and opener:
            message = f"`{opener}]` is a class of its own in ECMA-262, and the start of a longer one to databases"
            return Complaint(message, r"write a ] in a class as \]")
        opener = piece if not in_class and piece in ("[", "[^") else ""
        in_class = _inside(piece, in_class)
        if in_class:
            continue
        if piece in _LOOKS:
            return Complaint(
                f"look-around `{piece}…)` cannot be run by the databases",
                "write two rules, one pattern each, or put a condition into `arguments.when`",
            )
        if re.fullmatch(r"\\[1-9]|\\k<.*>", piece):
            return Complaint(
                f"back-reference `{piece}` cannot be run by the databases",
                "write the repeated part out, or use `type: sql`",
            )
    return None


#: Syntax that Python's `re` and RE2 read alike; a repetition stays below RE2's limit and is not repeated itself.
_COMMON = re.compile(
    r"""(?: [\w\ @%&=~`'"<>,;:!/\#-]              # literals
          | \\[.^$*+?()\[\]{}|\-\\tnrfv]            # escaped syntax
          | \\[dwsDWS] | \.
          | \[\^?(?:[\w\ @%&=~`'"<>,;:!/\#.*+?()|${}-]|\\[.^$*+?()\[\]{}|\-\\tnrfvdws])+\]
        ) (?:[*+?]|\{[0-9]{1,2}(?:,[0-9]{0,2})?\})? \??(?![*+?{])
      | (?:\(\?:|[(^$|]|\\[bB])(?![*+?{])
      | \)(?:[*+?]\??|(?![*+?{]))""",
    re.VERBOSE | re.ASCII,
)


def _is_common(pattern: str) -> bool:
    """Whether the pattern surely compiles, told without loading the engine, which costs a third of lint's time."""
    end = 0
    for found in _COMMON.finditer(pattern):
        if found.start() != end:
            return False
        end = found.end()
    if end != len(pattern) or pattern.count("{") > 6:
        return False
    try:
        with warnings.catch_warnings(action="error"):
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError, Warning):
        return False
    return True


def pattern_for(pattern: str, dialect: str | None) -> str:
    """The pattern as the engine of this dialect (sqlglot's name; None is RE2) has to be given it."""
    return "".join(_translated(pattern, dialect or "duckdb"))


def _translated(pattern: str, dialect: str) -> Iterator[str]:
    in_class = False
    for piece in _pieces(pattern):
        was_in_class, in_class = in_class, _inside(piece, in_class)
        yield _one(piece, dialect, in_class=was_in_class and in_class)


def _one(piece: str, dialect: str, *, in_class: bool) -> str:
    code = re.fullmatch(r"\\[ux]\{?([0-9A-Fa-f]+)\}?", piece)
    if code and int(code[1], 16) <= sys.maxunicode:
        return _character(int(code[1], 16))
    if piece.startswith("\\c"):
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
        return {"postgres": r"\Z", "mysql": r"\z", "sqlite": r"\Z"}.get(dialect, "$")
    if piece.startswith("(?<") and len(piece) > 3:
        return "("
    if piece == "\\b" and dialect == "postgres":
        return r"\y"
    return piece


def _character(code: int) -> str:
    """The character itself, escaped where it would be syntax."""
    text = chr(code)
    return "\\" + text if text in "\\^$.|?*+()[]{}-/" else text


def _pieces(pattern: str) -> Iterator[str]:
    for found in _PIECE.finditer(pattern):
        yield found.group()


def _inside(piece: str, in_class: bool) -> bool:
    """Whether what follows `piece` stands in a character class."""
    if in_class:
        return piece != "]"
    return piece in ("[", "[^")
