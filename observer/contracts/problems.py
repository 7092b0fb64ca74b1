"""What is wrong with an input file, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from observer.contracts.model import Path


class Level(StrEnum):
    """An error stops the file from being used; a warning says what makes it weak."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One finding about an input file, printed as `file:line:col: path: problem. Fix: …`."""

    #: Stable name of the lint rule, e.g. `unknown-column`; one invalid file per rule stands in tests/data/invalid/.
    rule: str
    message: str
    fix: str
    level: Level = Level.ERROR
    file: str = ""
    #: 1-based; 0 when the whole file is meant.
    line: int = 0
    column: int = 0
    path: Path = ()

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        where = f" {path_text(self.path)}:" if self.path else ""
        mark = "" if self.level is Level.ERROR else "warning: "
        return f"{place}:{where} {mark}{self.message}. Fix: {self.fix}. [{self.rule}]"


@dataclass(frozen=True, kw_only=True)
class ProblemReport:
    """What is wrong in a set of files."""

    #: Errors and warnings, by place.
    problems: tuple[Problem, ...]
    #: Every file that was looked at.
    files: tuple[str, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.level is Level.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.level is Level.WARNING)


def sort_problems(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """By place; what is said twice of one place is said once."""
    unique = dict.fromkeys(problems)
    return tuple(sorted(unique, key=lambda p: (p.file, p.line, p.column, p.level is Level.WARNING, p.rule, p.message)))


@dataclass(frozen=True)
class Complaint:
    """What a door (SQL parser, regex engine, expectation schemas) has against a piece of a contract."""

    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.message}. Fix: {self.fix}."


def path_text(path: Path) -> str:
    """`("schema", 0, "name")` → `schema[0].name`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
