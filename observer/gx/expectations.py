# mypy: disable-error-code="misc,untyped-decorator"
# GX publishes no types, so its base classes and decorators are Any.
"""The expectations of our own: only what no built-in of GX says. Importing this module registers them with GX."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar, Literal

import sqlalchemy as sa
from great_expectations.core.suite_parameters import SuiteParameterDict
from great_expectations.expectations.core import ExpectColumnValuesToNotBeNull
from great_expectations.expectations.expectation import (
    BatchExpectation,
    ColumnMapExpectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from observer.gx import metrics
from observer.gx.dialect_words import CannotSay
from observer.gx.engine import BenchEngine


class ExpectCrmValuesToBeFilled(ExpectColumnValuesToNotBeNull):
    """Neither null nor a placeholder; every row is tested."""

    placeholders: list[Any] = []  # noqa: RUF012  # pydantic copies it per instance
    map_metric: ClassVar[str] = metrics.ValuesFilled.condition_metric_name
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "placeholders")


class ExpectCrmValuesToBeBetween(ColumnMapExpectation):
    """As GX's own, with whole numbers beyond 2^53 as they are."""

    min_value: Any = None
    max_value: Any = None
    strict_min: bool = False
    strict_max: bool = False
    map_metric: ClassVar[str] = metrics.ValuesBetween.condition_metric_name
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "min_value", "max_value", "strict_min", "strict_max")


class ExpectCrmValuesToBeMultiplesOf(ColumnMapExpectation):
    """Whole multiples of `factor`."""

    factor: float
    map_metric: ClassVar[str] = metrics.ValuesAreMultiples.condition_metric_name
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "factor")


class ExpectCrmValuesToHoldType(ColumnMapExpectation):
    """Values of the ODCS logical type."""

    logical_type: str
    timezone: bool | None = None
    format: str | None = None
    map_metric: ClassVar[str] = metrics.ValuesHoldType.condition_metric_name
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "logical_type", "timezone", "format")


class ExpectCrmValuesToExistIn(ColumnMapExpectation):
    """Values that exist in another table."""

    to_table: str
    to_column: str
    map_metric: ClassVar[str] = metrics.ValuesExistIn.condition_metric_name
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "to_table", "to_column")


class ExpectCrmValueTuplesToExistIn(MulticolumnMapExpectation):
    """Combinations of values that exist in another table; tested where none of them is null."""

    to_table: str
    to_columns: list[str]
    ignore_row_if: Literal["all_values_are_missing", "any_value_is_missing", "never"] = "any_value_is_missing"
    map_metric: ClassVar[str] = metrics.TuplesExistIn.condition_metric_name
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "to_table", "to_columns")


class ExpectCrmTimesToBeAfter(MulticolumnMapExpectation):
    """The first of the columns that is not null is not before `min_value`."""

    min_value: Any
    timezones: list[str | None] | None = None
    map_metric: ClassVar[str] = metrics.TimesAfter.condition_metric_name
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "min_value", "timezones")


class ExpectCrmTimeToFollowWithin(MulticolumnMapExpectation):
    """The second column is at most `seconds` after the first; tested where both are set."""

    seconds: float
    since_timezone: str | None = None
    until_timezone: str | None = None
    ignore_row_if: Literal["all_values_are_missing", "any_value_is_missing", "never"] = "any_value_is_missing"
    map_metric: ClassVar[str] = metrics.TimeFollowsWithin.condition_metric_name
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "seconds", "since_timezone", "until_timezone")


class NewestTime(TableMetricProvider):
    """The newest of the first times that are not null."""

    metric_name = "crm_times.newest"
    value_keys = ("column_list", "timezones")

    @metric_value(engine=BenchEngine)
    def _newest(
        cls: Any,
        execution_engine: BenchEngine,
        metric_domain_kwargs: Any,
        metric_value_kwargs: Any,
        metrics: Any,
        runtime_configuration: Any,
    ) -> Any:
        relation = execution_engine.relation(metric_domain_kwargs)
        return newest(execution_engine, relation, metric_value_kwargs["column_list"], metric_value_kwargs["timezones"])


class QueryValue(TableMetricProvider):
    """What one SELECT gives: a single value."""

    metric_name = "crm_query.value"
    value_keys = ("query",)

    @metric_value(engine=BenchEngine)
    def _value(
        cls: Any,
        execution_engine: BenchEngine,
        metric_domain_kwargs: Any,
        metric_value_kwargs: Any,
        metrics: Any,
        runtime_configuration: Any,
    ) -> Any:
        return query_value(execution_engine, metric_value_kwargs["query"])


class ExpectCrmNewestTimeToBeAfter(BatchExpectation):
    """The newest time is not before `min_value`."""

    column_list: list[str]
    min_value: Any | SuiteParameterDict = None
    timezones: list[str | None] | None = None
    metric_dependencies: ClassVar[tuple[str, ...]] = ("crm_times.newest",)
    success_keys: ClassVar[tuple[str, ...]] = ("column_list", "min_value", "timezones")
    args_keys: ClassVar[tuple[str, ...]] = ("column_list", "min_value")

    def _validate(self, metrics: Any, runtime_configuration: Any = None, execution_engine: Any = None) -> Any:
        return self._validate_metric_value_between("crm_times.newest", metrics, runtime_configuration, execution_engine)


class ExpectCrmQueryValueToBeBetween(BatchExpectation):
    """The value of a query lies within bounds."""

    query: str
    min_value: Any = None
    max_value: Any = None
    strict_min: bool = False
    strict_max: bool = False
    metric_dependencies: ClassVar[tuple[str, ...]] = ("crm_query.value",)
    success_keys: ClassVar[tuple[str, ...]] = ("query", "min_value", "max_value", "strict_min", "strict_max")
    args_keys: ClassVar[tuple[str, ...]] = ("query", "min_value", "max_value")

    def _validate(self, metrics: Any, runtime_configuration: Any = None, execution_engine: Any = None) -> Any:
        return self._validate_metric_value_between("crm_query.value", metrics, runtime_configuration, execution_engine)


def newest(engine: BenchEngine, relation: Any, columns: list[str], zones: list[str | None] | None) -> Any:
    """Newest of the first times that are not null; None when there is no time at all."""
    moment = metrics.newest_time(engine, relation, columns, zones or ())
    return engine.execute_query(sa.select(moment).select_from(relation.rows)).scalar()


def query_value(engine: BenchEngine, query: str) -> Any:
    """The one number of one row, or None. Raises CannotSay when it gives anything else."""
    rows = engine.execute_query(sa.text(query.replace(":", "\\:"))).fetchall()
    if len(rows) != 1 or len(rows[0]) != 1:
        raise CannotSay(f"the query gives {len(rows)} rows of {len(rows[0]) if rows else 0} columns, not one value")
    value = rows[0][0]
    if isinstance(value, str):
        try:
            return Decimal(value)
        except ArithmeticError:
            raise CannotSay("the query gave text, not a number") from None
    if value is not None and not isinstance(value, int | float | Decimal):
        raise CannotSay(f"the query gave a {type(value).__name__}, not a number")
    return value
