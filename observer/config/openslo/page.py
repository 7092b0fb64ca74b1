"""One YAML document with its places: every value is reached as an Element, which knows where it stands.

What does not fit is absent, never an exception: shapes.py has said so already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from observer.config.yaml_text import Places
from observer.contracts.model import Path
from observer.contracts.problems import Level, Problem


@dataclass(frozen=True, eq=False)
class Page:
    """A document of a file. All pages of one load share one list of problems."""

    file: str
    places: Places
    problems: list[Problem]
    #: Where the objects begin in which an error was said: () for that of the whole page, (index,) for one of a list.
    broken: set[Path] = field(default_factory=set)


@dataclass(frozen=True, eq=False)
class Element:
    """A value, and where it stands; `value` is None when nothing stands there."""

    page: Page
    path: Path
    value: Any

    @property
    def is_broken(self) -> bool:
        """Whether an error was said of the object that this is, or is part of."""
        return self._object in self.page.broken

    @property
    def _object(self) -> Path:
        return self.path[:1] if self.path and isinstance(self.path[0], int) else ()

    def at(self, key: str) -> Element:
        """What stands at `key`."""
        return Element(self.page, (*self.path, key), self.mapping.get(key))

    def has(self, key: str) -> bool:
        return key in self.mapping

    @property
    def mapping(self) -> Mapping[str, Any]:
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> tuple[Element, ...]:
        """The entries of a list."""
        entries = self.value if isinstance(self.value, list) else []
        return tuple(Element(self.page, (*self.path, index), entry) for index, entry in enumerate(entries))

    @property
    def text(self) -> str | None:
        return self.value if isinstance(self.value, str) and self.value else None

    @property
    def number(self) -> int | float | None:
        return self.value if isinstance(self.value, (int, float)) and not isinstance(self.value, bool) else None

    @property
    def name(self) -> str:
        """`metadata.name`; "" when there is none."""
        return self.at("metadata").at("name").text or ""

    def error(self, rule: str, message: str, fix: str) -> None:
        self.page.broken.add(self._object)
        self._say(rule, message, fix, Level.ERROR)

    def warning(self, rule: str, message: str, fix: str) -> None:
        self._say(rule, message, fix, Level.WARNING)

    def _say(self, rule: str, message: str, fix: str, level: Level) -> None:
        line, column = self.page.places.of(self.path)
        self.page.problems.append(
            Problem(
                rule=rule,
                message=message,
                fix=fix,
                level=level,
                file=self.page.file,
                line=line,
                column=column,
                path=self.path,
            )
        )
