"""Reading plain values out of a document whose shape may be wrong: what does not fit is absent, never an exception."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from observer.contracts.model import Path, Scalar
from observer.contracts.problems import Problem


class Findings:
    """Collects the problems of one file in the order in which they are met."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def error(self, rule: str, path: Path, message: str, fix: str) -> None:
        self.problems.append(Problem(rule=rule, message=message, fix=fix, path=path, file=self.file))


def text_of(element: Mapping[str, Any], key: str) -> str:
    """The text at `key`; "" when there is none."""
    value = element.get(key)
    return value if isinstance(value, str) else ""


def flag_of(element: Mapping[str, Any], key: str) -> bool:
    return element.get(key) is True


def whole_of(element: Mapping[str, Any], key: str) -> int | None:
    value = element.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def scalar_of(element: Mapping[str, Any], key: str) -> Scalar:
    value = element.get(key)
    return value if is_scalar(value) else None


def mapping_of(element: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = element.get(key)
    return value if isinstance(value, dict) else {}


def list_of(element: Mapping[str, Any], key: str) -> list[Any]:
    value = element.get(key)
    return value if isinstance(value, list) else []


def texts_of(element: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(v for v in list_of(element, key) if isinstance(v, str))


def entries(element: Mapping[str, Any], key: str, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Each mapping in the list at `key`, with its path."""
    for index, entry in enumerate(list_of(element, key)):
        if isinstance(entry, dict):
            yield (*path, key, index), entry


def is_scalar(value: object) -> TypeGuard[Scalar]:
    return value is None or isinstance(value, (str, int, float, bool))


def as_list(value: object) -> list[Any]:
    """A single value counts as a list of one."""
    return value if isinstance(value, list) else [value]


def slug(text: str) -> str:
    """ "E-mail is missing" → "e-mail-is-missing"."""
    return re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")
