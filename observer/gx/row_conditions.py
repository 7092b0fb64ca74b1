"""A check's `when` → the row condition of an expectation, as GX serialises its own condition objects.

GX allows ANDs inside an OR, never an OR inside an AND, and no null in a list of values; so what a contract
says is written out as an OR of ANDs.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from typing import Any

from observer.contracts.model import Condition, Scalar

Json = dict[str, Any]


def row_condition(when: Sequence[Condition], untested_when_null: Collection[str] = ()) -> Json:
    """All of `when` hold. A null column value is none of the values, unless null is listed.

    `untested_when_null` are columns in which the rule tests no nulls anyway: their conditions need not let nulls in.
    """
    ways = list(itertools.product(*(_alternatives(c, c.column not in untested_when_null) for c in when)))
    alternatives = [_all_of([part for parts in way for part in parts]) for way in ways]
    return alternatives[0] if len(alternatives) == 1 else {"type": "or", "conditions": alternatives}


def _all_of(parts: list[Json]) -> Json:
    return parts[0] if len(parts) == 1 else {"type": "and", "conditions": parts}


def _alternatives(condition: Condition, nulls_count: bool) -> list[list[Json]]:
    """OR of ANDs."""
    groups = _alike([v for v in condition.values if v is not None])
    with_null = None in condition.values
    column = condition.column
    if condition.negated:
        unlike = [_compare(column, group, negated=True) for group in groups]
        present = [*unlike, _nullity(column, is_null=False)]
        if with_null or not unlike:
            return [present]
        return [unlike, [_nullity(column, is_null=True)]] if nulls_count else [unlike]
    ways = [[_compare(column, group, negated=False)] for group in groups]
    return [*ways, [_nullity(column, is_null=True)]] if with_null else ways


def _alike(values: list[Scalar]) -> list[list[Scalar]]:
    """Values that can stand in one list: of one type; GX takes truth values one by one only."""
    groups: dict[object, list[Scalar]] = {}
    for value in values:
        groups.setdefault(("bool", value) if isinstance(value, bool) else type(value), []).append(value)
    return list(groups.values())


def _compare(column: str, values: list[Scalar], *, negated: bool) -> Json:
    operator: str
    parameter: object
    if len(values) == 1:
        operator, parameter = ("!=" if negated else "=="), values[0]
    else:
        operator, parameter = ("NOT_IN" if negated else "IN"), values
    return {"type": "comparison", "column": {"name": column}, "operator": operator, "parameter": parameter}


def _nullity(column: str, *, is_null: bool) -> Json:
    return {"type": "nullity", "column": {"name": column}, "is_null": is_null}
