"""What cannot run is found before anything runs, so that it costs only itself: missing columns, patterns that are not
valid here, columns that stayed text. Reasons are for people; none holds a value of a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from rapidfuzz import process

from observer.checks import rules
from observer.checks.spec import CheckSpec
from observer.gx import dialect_words as words
from observer.gx.asking import reason
from observer.gx.bench import Bench
from observer.gx.kinds import NUMERIC, TIMES, Kind
from observer.gx.relations import Relation

_PATTERN_KINDS = frozenset({Kind.TEXT, Kind.UUID, Kind.INTEGER, Kind.OTHER})


def unrunnable(spec: CheckSpec, bench: Bench, table: str, known_columns: Mapping[str, tuple[str, ...]]) -> str | None:
    """Why the check cannot run; None when it can. `known_columns` are the columns that each table has."""
    if table in bench.errors:
        return bench.errors[table]
    relation = bench.relations[table]
    when = (condition.column for condition in spec.when)
    for column in (*rules.columns_of(spec.rule), *when):
        if column not in relation.kinds:
            return _no_column(column, table, known_columns.get(table, tuple(relation.kinds)))
    if isinstance(spec.rule, rules.References):
        return _target(spec.rule, bench, known_columns)
    return _kind(spec, relation) or _pattern(spec.rule, bench)


def did_you_mean(column: str, columns: Iterable[str]) -> str:
    """ "; did you mean `email`?" where one of the columns has nearly that name."""
    near = process.extractOne(column, list(columns), processor=str.casefold, score_cutoff=70)
    return f"; did you mean `{near[0]}`?" if near else ""


def _no_column(column: str, table: str, columns: Iterable[str]) -> str:
    return f"column `{column}` is not in table `{table}`{did_you_mean(column, columns)}"


def _target(rule: rules.References, bench: Bench, known_columns: Mapping[str, tuple[str, ...]]) -> str | None:
    table = rule.to_table
    if table in bench.errors:
        return f"the table `{table}` that it points into cannot be read: {bench.errors[table]}"
    if table not in bench.relations:
        return f"the table `{table}` that it points into is not part of the plan"
    relation = bench.relations[table]
    if relation.rows_error is not None:
        return f"the table `{table}` that it points into cannot be read: {relation.rows_error}"
    missing = [column for column in rule.to_columns if column not in relation.kinds]
    return _no_column(missing[0], table, known_columns.get(table, tuple(relation.kinds))) if missing else None


def _kind(spec: CheckSpec, relation: Relation) -> str | None:
    """Rules about values need values of their kind."""
    rule = spec.rule
    match rule:
        case rules.InRange(column=column):
            wanted, noun = NUMERIC | TIMES | {Kind.TIME}, "numbers or times"
        case rules.MultipleOf(column=column):
            wanted, noun = NUMERIC, "numbers"
        case rules.Fresh() | rules.Kept() | rules.Lag():
            wrong = [c for c in rules.columns_of(rule) if relation.kinds[c] not in TIMES]
            if not wrong:
                return None
            column, wanted, noun = wrong[0], TIMES, "times"
        case rules.MatchesPattern(column=column) | rules.LengthInRange(column=column):
            wanted, noun = _PATTERN_KINDS, "text"
        case _:
            return None
    if relation.kinds[column] in wanted:
        return None
    if column in relation.untyped:
        return f"`{column}` {relation.untyped[column]}; see its type check"
    return f"`{column}` is {relation.kinds[column].value} in the source, and this check reads {noun}"


def _pattern(rule: rules.Rule, bench: Bench) -> str | None:
    if not isinstance(rule, rules.MatchesPattern):
        return None
    try:
        bench.fetch(sa.select(words.matches(sa.literal("a", sa.Text()), rule.pattern, bench.dialect)))
    except sa.exc.SQLAlchemyError as error:
        return f"pattern {rule.pattern!r} is not valid here: {reason(error)}"
    except Exception as error:  # noqa: BLE001  # SQLite's REGEXP is Python's re, whose errors pass through the driver
        return f"pattern {rule.pattern!r} is not valid here: {type(error).__name__}"
    return None
