r"""Which patterns of a contract can be run: a pattern in, a complaint with its remedy or None out.

The common ground is RE2 (DuckDB), which knows no look-around and no back-references.
"""

from __future__ import annotations

import functools
import re
import warnings
from typing import TYPE_CHECKING

from observer.contracts.patterns import inside, pattern_for, pieces
from observer.contracts.problems import Complaint

if TYPE_CHECKING:
    import duckdb

MAX_LENGTH = 2_000
_LOOKS = ("(?=", "(?!", "(?<")


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
    for piece in pieces(pattern):
        if piece == "]" and opener:
            message = f"`{opener}]` is a class of its own in ECMA-262, and the start of a longer one to databases"
            return Complaint(message, r"write a ] in a class as \]")
        opener = piece if not in_class and piece in ("[", "[^") else ""
        in_class = inside(piece, in_class)
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
