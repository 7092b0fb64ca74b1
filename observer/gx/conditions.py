"""What is true of a row that breaks a rule about one value: the one meaning of each rule, in each database's own SQL.

In: a relation, the rule's column and what the rule asks for. Out: the condition of a failing row. The suites count with
it (`metrics.py` registers it with Great Expectations), and so do the cohorts of a service level, which import none of
that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from observer.checks import rules
from observer.contracts.model import Condition
from observer.gx import dialect_words as words
from observer.gx.dialect_words import CannotSay, Sql
from observer.gx.kinds import NUMERIC, TIMES, Kind
from observer.gx.multiples import no_multiple
from observer.gx.relations import Relation


def failing(rule: rules.Rule, relation: Relation, dialect: str, when: Sequence[Condition] = ()) -> Sql:
    """True of a row that the rule tests and that breaks it; never null. Only `Present` fails in a null.

    Raises:
        CannotSay: the database has no words for it, or the rule is not about one value.
    """
    asked, nulls = _asked(rule, relation, dialect)
    column = words.column(rules.columns_of(rule)[0])
    scope = [met(condition) for condition in when]
    if not nulls:
        scope.append(column.is_not(None))
    return sa.func.coalesce(sa.and_(*scope, asked), sa.false())


def _asked(rule: rules.Rule, relation: Relation, dialect: str) -> tuple[Sql, bool]:
    """The condition, and whether nulls are tested."""
    match rule:
        case rules.Present(column=column, placeholders=placeholders):
            return unfilled(relation, column, dialect, placeholders=placeholders), True
        case rules.InSet(column=column, values=values):
            return outside_set(relation, column, dialect, value_set=[v for v in values if v is not None]), False
        case rules.MatchesPattern(column=column, pattern=pattern):
            return unlike(relation, column, dialect, regex=pattern), False
        case rules.InRange(column=column, minimum=low, maximum=high):
            return outside_range(
                relation,
                column,
                dialect,
                min_value=low,
                max_value=high,
                strict_min=rule.exclusive_minimum,
                strict_max=rule.exclusive_maximum,
            ), False
        case rules.LengthInRange(column=column, minimum=low, maximum=high):
            return wrong_length(relation, column, dialect, min_value=low, max_value=high), False
        case rules.MultipleOf(column=column, factor=factor):
            return not_a_multiple(relation, column, dialect, factor=factor), False
    raise CannotSay(f"{type(rule).__name__} is not about one value of one row")


def met(condition: Condition) -> Sql:
    """True of a row that meets a `when`: a null is none of the values, unless null is listed."""
    column = words.column(condition.column)
    values = [value for value in condition.values if value is not None]
    with_null = None in condition.values
    if condition.negated:
        unlike_all = sa.and_(sa.true(), *(column != sa.literal(value) for value in values))
        if with_null:
            return sa.and_(column.is_not(None), unlike_all)
        return sa.or_(column.is_(None), unlike_all)
    ways = [column == sa.literal(value) for value in values]
    return sa.or_(sa.false(), *ways, *([column.is_(None)] if with_null else []))


def unfilled(relation: Relation, name: str, dialect: str, *, placeholders: Sequence[Any] = ()) -> Sql:
    """Null, or a placeholder."""
    column, kind = words.column(name), relation.kinds[name]
    values = [v for p in placeholders if (v := words.value_literal(p, kind)) is not None]
    if kind in TIMES or not values:
        return column.is_(None)
    return sa.or_(column.is_(None), words.among(_compared(column, kind, dialect), values))


def outside_set(relation: Relation, name: str, dialect: str, *, value_set: Sequence[Any] = ()) -> Sql:
    """None of the values."""
    column, kind = words.column(name), relation.kinds[name]
    if kind in (*TIMES, Kind.TIME):
        moments = [words.time_literal(words.parse_bound(str(v), kind), kind, dialect) for v in value_set]
        return column.not_in(moments)
    values = [v for given in value_set if (v := words.value_literal(given, kind)) is not None]
    return sa.not_(words.among(_compared(column, kind, dialect), values))


def _compared(column: Sql, kind: Kind, dialect: str) -> Sql:
    """The column as it compares with literals of `value_literal`."""
    return column if kind in (*NUMERIC, Kind.BOOLEAN, Kind.TEXT) else words.as_text(column, dialect)


def outside_range(
    relation: Relation,
    name: str,
    dialect: str,
    *,
    min_value: Any = None,
    max_value: Any = None,
    strict_min: bool = False,
    strict_max: bool = False,
) -> Sql:
    """Beyond a bound. NaN is outside every range."""
    column, kind = words.column(name), relation.kinds[name]
    low, high = (None if v is None else bound(v, kind, dialect) for v in (min_value, max_value))
    inside = _between(column, low, high, strict_min, strict_max)
    if (number := words.is_number(column, kind, dialect)) is not None and max_value is None:
        # Databases take NaN for the largest number of all.
        inside.append(number)
    return sa.not_(sa.and_(*inside))


def _between(
    value: Sql, low: Sql | int | None, high: Sql | int | None, strict_min: bool, strict_max: bool
) -> list[Sql]:
    """What is true of a value within the bounds that are given."""
    inside: list[Sql] = []
    if low is not None:
        inside.append(value > low if strict_min else value >= low)
    if high is not None:
        inside.append(value < high if strict_max else value <= high)
    return inside


def bound(value: Any, kind: Kind, dialect: str) -> Sql:
    """A bound of a range as it compares with a column of the kind."""
    if kind in (*TIMES, Kind.TIME):
        moment = value if isinstance(value, datetime) else words.parse_bound(str(value), kind)
        return words.time_literal(moment, kind, dialect)
    number = words.value_literal(value, kind) if kind in NUMERIC else None
    if number is None:
        raise CannotSay(f"a range needs numbers or times, and the column is {kind.value}")
    return sa.literal(number)


def unlike(relation: Relation, name: str, dialect: str, *, regex: str) -> Sql:
    """The pattern is not found."""
    column, kind = words.column(name), relation.kinds[name]
    text = column if kind is Kind.TEXT else words.as_text(column, dialect)
    return sa.not_(words.matches(text, regex, dialect))


def wrong_length(
    relation: Relation,
    name: str,
    dialect: str,
    *,
    min_value: Any = None,
    max_value: Any = None,
    strict_min: bool = False,
    strict_max: bool = False,
) -> Sql:
    """Longer or shorter, in characters."""
    column, kind = words.column(name), relation.kinds[name]
    size = words.length(column if kind is Kind.TEXT else words.as_text(column, dialect), dialect)
    low, high = (None if v is None else int(v) for v in (min_value, max_value))
    return sa.not_(sa.and_(*_between(size, low, high, strict_min, strict_max)))


def not_a_multiple(relation: Relation, name: str, dialect: str, *, factor: Any) -> Sql:
    """No whole multiple of the factor."""
    column, kind = words.column(name), relation.kinds[name]
    if kind not in NUMERIC:
        raise CannotSay(f"a multiple needs numbers, and the column is {kind.value}")
    return no_multiple(column, kind, factor, dialect)
