# mypy: disable-error-code="misc,untyped-decorator"
# GX publishes no types, so its base classes and decorators are Any.
"""What the checks count, as GX metrics of our engine: GX's own where it has none for a database or means something
else than the contract does, and ours where no built-in says it.

Registered for `BenchEngine` only; stock GX in the same process keeps its own. Importing this module registers them.
A condition is what is true of a *failing* row among those in scope.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.expectations.metrics.column_aggregate_metric_provider import ColumnAggregateMetricProvider
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    MulticolumnMapMetricProvider,
)
from great_expectations.expectations.metrics.metric_provider import metric_partial

from observer.contracts.model import LogicalType
from observer.gx import conditions
from observer.gx import dialect_words as words
from observer.gx.dialect_words import CannotSay, Sql
from observer.gx.engine import BenchEngine
from observer.gx.kinds import BY_VALUE, NATIVE, NUMERIC, TIMES, Kind
from observer.gx.readable import readable
from observer.gx.relations import Relation

Failing = Callable[..., Sql]


def _map(failing: Failing, domain: MetricDomainTypes) -> Any:
    """The function that GX registers, made of one that gives the condition of a failing row.

    `failing(engine, relation, columns, **value_kwargs)`; columns are names.
    """

    @metric_partial(engine=BenchEngine, partial_fn_type=MetricPartialFunctionTypes.MAP_CONDITION_FN, domain_type=domain)
    def condition(
        cls: Any,
        execution_engine: BenchEngine,
        metric_domain_kwargs: Any,
        metric_value_kwargs: Any,
        metrics: Any,
        runtime_configuration: Any,
    ) -> Any:
        relation = execution_engine.relation(metric_domain_kwargs)
        _, compute, accessor = execution_engine.get_compute_domain(metric_domain_kwargs, domain_type=domain)
        names = accessor.get("column_list") or [accessor["column"]]
        values = {key: value for key, value in metric_value_kwargs.items() if value is not None}
        failed = failing(execution_engine, relation, list(names), **values)
        if getattr(cls, "filter_column_isnull", False) and domain is MetricDomainTypes.COLUMN:
            failed = sa.and_(words.column(names[0]).is_not(None), failed)
        return failed, compute, accessor

    return classmethod(condition)


def _column(failing: Failing) -> Any:
    return _map(failing, MetricDomainTypes.COLUMN).__func__


def _columns(failing: Failing) -> Any:
    return _map(failing, MetricDomainTypes.MULTICOLUMN).__func__


# --- presence and values --------------------------------------------------------------------------------------


def _one_value(condition: Callable[..., Sql]) -> Any:
    """The metric of a rule about one value: `condition(relation, column, dialect, **value_kwargs)`."""

    def failing(engine: BenchEngine, relation: Relation, names: list[str], **values: Any) -> Sql:
        return condition(relation, names[0], engine.speaks, **values)

    return _column(failing)


class ValuesFilled(ColumnMapMetricProvider):
    condition_metric_name = "crm_values.filled"
    condition_value_keys = ("placeholders",)
    filter_column_isnull = False
    _condition = _one_value(conditions.unfilled)


class ValuesInSet(ColumnMapMetricProvider):
    condition_metric_name = "column_values.in_set"
    condition_value_keys = ("value_set",)
    _condition = _one_value(conditions.outside_set)


class ValuesBetween(ColumnMapMetricProvider):
    condition_metric_name = "column_values.between"
    condition_value_keys = ("min_value", "max_value", "strict_min", "strict_max")
    _condition = _one_value(conditions.outside_range)


class ValuesMatchRegex(ColumnMapMetricProvider):
    condition_metric_name = "column_values.match_regex"
    condition_value_keys = ("regex",)
    _condition = _one_value(conditions.unlike)


class ValueLengthsBetween(ColumnMapMetricProvider):
    condition_metric_name = "column_values.value_length.between"
    condition_value_keys = ("min_value", "max_value", "strict_min", "strict_max")
    _condition = _one_value(conditions.wrong_length)


class ValuesAreMultiples(ColumnMapMetricProvider):
    condition_metric_name = "crm_values.multiples"
    condition_value_keys = ("factor",)
    _condition = _one_value(conditions.not_a_multiple)


# --- types ------------------------------------------------------------------------------------------------------


def _of_another_type(
    engine: BenchEngine,
    relation: Relation,
    names: list[str],
    logical_type: str,
    timezone: bool | None = None,
    format: str | None = None,
) -> Sql:
    column, kind, logical = words.column(names[0]), relation.kinds[names[0]], LogicalType(logical_type)
    if timezone is not None and names[0] in relation.zoned:
        carries = words.column(relation.zoned[names[0]])
        return sa.not_(carries) if timezone else carries
    if kind in NATIVE[logical]:
        zoned = {Kind.TIMESTAMP: False, Kind.TIMESTAMP_TZ: True}.get(kind)
        return sa.literal_column("1 = 1" if None not in (timezone, zoned) and timezone is not zoned else "1 = 0")
    if kind not in BY_VALUE.get(logical, ()) and engine.speaks != "sqlite":
        return sa.literal_column("1 = 1")
    return sa.not_(readable(column, kind, logical, engine.speaks, timezone=timezone, form=format))


class ValuesHoldType(ColumnMapMetricProvider):
    condition_metric_name = "crm_values.hold_type"
    condition_value_keys = ("logical_type", "timezone", "format")
    _condition = _column(_of_another_type)


# --- references -------------------------------------------------------------------------------------------------


def _without_target(
    engine: BenchEngine, relation: Relation, names: list[str], to_table: str, to_columns: Any = (), to_column: str = ""
) -> Sql:
    target = engine.relations[to_table]
    pairs = list(zip(names, list(to_columns) or [to_column], strict=True))
    here, there = [], []
    for name, to_name in pairs:
        left, right = words.column(name), target.column(to_name)
        if not _alike(relation.kinds[name], target.kinds[to_name]):
            left, right = words.as_text(left, engine.speaks), words.as_text(right, engine.speaks)
        here.append(left)
        there.append(right)
    known = sa.select(*there).where(*(column.is_not(None) for column in there))
    if len(here) == 1:
        return here[0].not_in(known)
    if engine.speaks == "duckdb":
        row = sa.select(sa.func.row(*there)).where(*(column.is_not(None) for column in there))
        return sa.func.row(*here).not_in(row)
    return sa.tuple_(*here).not_in(known)


def _alike(left: Kind, right: Kind) -> bool:
    return left is right or {left, right} <= NUMERIC or {left, right} <= TIMES


class ValuesExistIn(ColumnMapMetricProvider):
    condition_metric_name = "crm_values.exist_in"
    condition_value_keys = ("to_table", "to_column")
    _condition = _column(_without_target)


class TuplesExistIn(MulticolumnMapMetricProvider):
    condition_metric_name = "crm_tuples.exist_in"
    condition_domain_keys = ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if")
    condition_value_keys = ("to_table", "to_columns")
    _condition = _columns(_without_target)


# --- times ------------------------------------------------------------------------------------------------------


def first_time(
    engine: BenchEngine, relation: Relation, names: list[str], zones: Sequence[str | None]
) -> tuple[Sql, Kind]:
    """The first of the columns that is not null, and of what kind it is then. `zones`: one per column, or none."""
    kinds = {relation.kinds[name] for name in names}
    if not kinds <= TIMES:
        wrong = next(name for name in names if relation.kinds[name] not in TIMES)
        raise CannotSay(f"`{wrong}` is {relation.kinds[wrong].value}, not a time")
    columns: list[Sql] = [words.column(name) for name in names]
    if len(kinds) == 1 and (len(set(zones)) <= 1 or kinds == {Kind.TIMESTAMP_TZ}):
        # SQLite's coalesce wants two.
        return sa.func.coalesce(*columns) if len(columns) > 1 else columns[0], kinds.pop()
    mixed = [
        words.as_utc(column, relation.kinds[name], zone, engine.speaks)
        for column, name, zone in zip(columns, names, zones or [None] * len(names), strict=True)
    ]
    return sa.func.coalesce(*mixed), Kind.TIMESTAMP_TZ


def _too_old(
    engine: BenchEngine, relation: Relation, names: list[str], min_value: Any, timezones: Sequence[str | None] = ()
) -> Sql:
    moment, kind = first_time(engine, relation, names, timezones)
    return moment < conditions.bound(min_value, kind, engine.speaks)


def newest_time(engine: BenchEngine, relation: Relation, names: list[str], zones: Sequence[str | None]) -> Sql:
    """The newest of the first times; `infinity` is none."""
    moment, kind = first_time(engine, relation, names, zones)
    finite = words.is_finite_time(moment, kind, engine.speaks)
    return sa.func.max(moment if finite is None else sa.case((finite, moment)))


def _largest(engine: BenchEngine, relation: Relation, name: str) -> Sql:
    if relation.kinds[name] in TIMES:
        return newest_time(engine, relation, [name], ())
    return sa.func.max(words.column(name))


class ColumnMax(ColumnAggregateMetricProvider):
    metric_name = "column.max"

    @metric_partial(
        engine=BenchEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.COLUMN,
    )
    def _max(
        cls: Any,
        execution_engine: BenchEngine,
        metric_domain_kwargs: Any,
        metric_value_kwargs: Any,
        metrics: Any,
        runtime_configuration: Any,
    ) -> Any:
        relation = execution_engine.relation(metric_domain_kwargs)
        _, compute, accessor = execution_engine.get_compute_domain(
            metric_domain_kwargs, domain_type=MetricDomainTypes.COLUMN
        )
        return _largest(execution_engine, relation, accessor["column"]), compute, accessor


class TimesAfter(MulticolumnMapMetricProvider):
    condition_metric_name = "crm_times.after"
    condition_domain_keys = ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if")
    condition_value_keys = ("min_value", "timezones")
    _condition = _columns(_too_old)


def _too_late(
    engine: BenchEngine,
    relation: Relation,
    names: list[str],
    seconds: float,
    since_timezone: str | None = None,
    until_timezone: str | None = None,
) -> Sql:
    zones = (since_timezone, until_timezone)
    kinds = [relation.kinds[name] for name in names]
    if not set(kinds) <= TIMES:
        wrong = next(name for name in names if relation.kinds[name] not in TIMES)
        raise CannotSay(f"`{wrong}` is {relation.kinds[wrong].value}, not a time")
    since, until = (words.column(name) for name in names)
    one_clock = kinds[0] is kinds[1] and (kinds[0] is Kind.TIMESTAMP_TZ or zones == (None, None))
    if not one_clock and engine.speaks in ("duckdb", "postgresql"):
        since, until = (
            words.as_utc(column, kind, zone, engine.speaks)
            for column, kind, zone in zip((since, until), kinds, zones, strict=True)
        )
    elif not one_clock and (Kind.TIMESTAMP_TZ in kinds or zones[0] != zones[1]):
        raise CannotSay(f"times of different zones cannot be compared in {engine.speaks}")
    return words.later_by_more(until, since, seconds, engine.speaks)


class TimeFollowsWithin(MulticolumnMapMetricProvider):
    condition_metric_name = "crm_times.follow_within"
    condition_domain_keys = ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if")
    condition_value_keys = ("seconds", "since_timezone", "until_timezone")
    _condition = _columns(_too_late)
