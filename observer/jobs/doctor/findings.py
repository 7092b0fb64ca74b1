"""One line of the doctor: a door, how it is, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from observer.errors import ObserverError


class Health(StrEnum):
    """How a door is: the mark that stands before its line."""

    GOOD = "✓"
    WARNING = "!"
    BAD = "✗"
    #: Not tried, or nothing to try.
    NONE = "–"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line: a door, how it is, and what to do."""

    door: str
    health: Health
    found: str
    remedy: str | None = None


def good(door: str, found: str) -> Finding:
    """All is well."""
    return Finding(door=door, health=Health.GOOD, found=found)


def none(door: str, found: str) -> Finding:
    """Not tried, or nothing to try."""
    return Finding(door=door, health=Health.NONE, found=found)


def warning(door: str, found: str, remedy: str) -> Finding:
    """It works, and could be better."""
    return Finding(door=door, health=Health.WARNING, found=found, remedy=remedy)


def bad(door: str, found: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(door=door, health=Health.BAD, found=found, remedy=remedy)


def broken(door: str, error: ObserverError) -> Finding:
    """It does not work, as an error says."""
    return bad(door, error.message, error.fix)


def counted(number: int, word: str) -> str:
    """`1 table`, `3 tables`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
