"""A check before it has an id and an owner: what the planners make, and `plan.py` completes."""

from __future__ import annotations

from dataclasses import dataclass

from observer.checks.rules import Rule
from observer.checks.spec import NO_ROW_FAILS
from observer.contracts.model import Comparison, Condition, Dimension, Severity


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The last part of the id, the rule and how it is judged."""

    name: str
    rule: Rule
    dimension: Dimension
    statement: str
    severity: Severity = Severity.ERROR
    threshold: Comparison = NO_ROW_FAILS
    when: tuple[Condition, ...] = ()
