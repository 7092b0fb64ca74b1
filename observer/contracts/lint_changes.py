"""Lint of what may change between two snapshots: a limit for a check that there is not limits nothing."""

from __future__ import annotations

from collections.abc import Iterator

from observer.contracts.change_limits import ChangeKind
from observer.contracts.model import SchemaObject
from observer.contracts.problems import Problem

_BY_KEY = (ChangeKind.DELETED_ROWS, ChangeKind.CHANGED_ROWS, ChangeKind.INVALID_WRITES, ChangeKind.TRANSITIONS)


def limits(obj: SchemaObject) -> Iterator[Problem]:
    """Every limit of the object has a check to limit."""
    moves = any(p.state_machine is not None for p in obj.properties)
    choices = moves or any(p.enum is not None or p.quality for p in obj.properties)
    for limit in obj.change_limits:
        if limit.kind in _BY_KEY and not obj.primary_key:
            message = f"{limit.kind} of `{obj.name}` cannot be seen: rows without a primary key are not found again"
            yield _problem(limit.path, message, "add `primaryKey: true` to a property")
        elif limit.kind is ChangeKind.TRANSITIONS and not moves:
            message = f"no property of `{obj.name}` has a stateMachine"
            yield _problem(limit.path, message, "remove the limit, or add a stateMachine")
        elif limit.kind is ChangeKind.NEW_VALUES and not choices:
            message = f"no property of `{obj.name}` has allowed values"
            yield _problem(limit.path, message, "remove the limit, or add an `enum`")


def _problem(path: tuple[str | int, ...], message: str, fix: str) -> Problem:
    return Problem(rule="change-limits", message=message, fix=fix, path=path)
