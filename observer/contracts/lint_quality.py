"""Lint of quality rules: arguments that fit the metric, operands that can hold, columns that exist, runnable SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from observer.contracts.lint_doors import Doors
from observer.contracts.lint_types import fits
from observer.contracts.model import (
    Comparison,
    Contract,
    CustomRule,
    LogicalType,
    Metric,
    MetricRule,
    Operator,
    Path,
    Property,
    QualityRule,
    SchemaObject,
    SqlRule,
    Unit,
)
from observer.contracts.problems import Problem

_BETWEEN = (Operator.MUST_BE_BETWEEN, Operator.MUST_NOT_BE_BETWEEN)
_OF_OBJECT = (Metric.ROW_COUNT,)
_OF_PROPERTY = (Metric.NULL_VALUES, Metric.MISSING_VALUES, Metric.INVALID_VALUES)


def rule(
    found: QualityRule, contract: Contract, obj: SchemaObject, prop: Property | None, doors: Doors
) -> Iterator[Problem]:
    """Everything wrong with one rule of `obj` (of `prop`, when it stands there)."""
    match found:
        case MetricRule():
            yield from _level(found, prop)
            yield from _arguments(found, obj, prop, doors)
            yield from _when(found, obj)
            yield from _operands(found.comparison, found.path)
            yield from _counts(found)
        case SqlRule():
            yield from _operands(found.comparison, found.path)
            if found.comparison.unit is Unit.PERCENT:
                message = "a query gives a value, not a share of rows"
                fix = "remove `unit`, and let the query give percent itself"
                yield _problem("percent", (*found.path, "unit"), message, fix)
            if complaint := doors.query(found.query, contract, obj, prop):
                yield _problem("sql", (*found.path, "query"), complaint.message, complaint.fix)
        case CustomRule():
            yield from _expectation(found, obj, prop, doors)


def _level(found: MetricRule, prop: Property | None) -> Iterator[Problem]:
    path = (*found.path, "metric")
    if prop is None and found.metric in _OF_PROPERTY:
        message = f"{found.metric} is a metric of a property"
        yield _problem("metric-level", path, message, "move the rule to a property")
    if prop is not None and found.metric in _OF_OBJECT:
        message = f"{found.metric} is a metric of an object"
        yield _problem("metric-level", path, message, "move the rule to `quality` of the object")


def _arguments(found: MetricRule, obj: SchemaObject, prop: Property | None, doors: Doors) -> Iterator[Problem]:
    path: Path = (*found.path, "arguments")
    kind = prop.logical_type if prop else LogicalType.UNSET
    match found.metric:
        case Metric.MISSING_VALUES:
            if not found.missing_values:
                fix = "add arguments: {missingValues: [null, '', n/a]}, or use nullValues"
                yield _problem("missing-values-argument", found.path, "missingValues does not say what is missing", fix)
        case Metric.INVALID_VALUES:
            given = (found.valid_values is not None) + (found.pattern is not None)
            if given != 1:
                message = "invalidValues has " + (
                    "both validValues and pattern" if given else "no validValues and no pattern"
                )
                fix = (
                    "write two rules" if given else "add arguments: {validValues: [first, second]} or {pattern: '^…$'}"
                )
                yield _problem("invalid-values-argument", path if given else found.path, message, fix)
            elif found.valid_values is not None and not [v for v in found.valid_values if v is not None]:
                message = "validValues allows no value"
                yield _problem("invalid-values-argument", (*path, "validValues"), message, "name the allowed values")
            if found.pattern is not None and (complaint := doors.pattern(found.pattern)):
                yield _problem("pattern", (*path, "pattern"), complaint.message, complaint.fix)
        case Metric.DUPLICATE_VALUES:
            yield from _duplicate_columns(found, obj, prop)
        case _:
            pass
    for key, values in (("missingValues", found.missing_values), ("validValues", found.valid_values or ())):
        for value in values:
            if not fits(value, kind):
                message = f"`{value}` is no {kind}"
                fix = "put quotes around it" if kind is LogicalType.STRING else "correct it, or the logicalType"
                yield _problem("argument-type", (*path, key, values.index(value)), message, fix)


def _duplicate_columns(found: MetricRule, obj: SchemaObject, prop: Property | None) -> Iterator[Problem]:
    path = (*found.path, "arguments", "properties")
    if prop is None and not found.properties:
        message = "duplicateValues on an object does not say which properties identify a row"
        fix = "add arguments: {properties: [first_name, last_name]}"
        yield _problem("duplicate-values-argument", found.path, message, fix)
    if prop is not None and found.properties:
        message = "duplicateValues on a property compares that property alone"
        fix = "move the rule to `quality` of the object"
        yield _problem("duplicate-values-argument", path, message, fix)
    for name in found.properties:
        yield from unknown_column(name, obj, path)


def _when(found: MetricRule, obj: SchemaObject) -> Iterator[Problem]:
    for condition in found.when:
        path = (*found.path, "arguments", "when", condition.column)
        yield from unknown_column(condition.column, obj, path)
        column = obj.property(condition.column)
        for value in condition.values:
            if column and not fits(value, column.logical_type):
                message = f"`{value}` is no {column.logical_type}, and {condition.column} is"
                yield _problem("when-type", path, message, f"write {column.logical_type.one}")


def _operands(comparison: Comparison, path: Path) -> Iterator[Problem]:
    path = (*path, comparison.operator.value)
    numbers = [v for v in comparison.operands if isinstance(v, (int, float)) and not isinstance(v, bool)]
    count = 2 if comparison.operator in _BETWEEN else 1
    if len(numbers) != count or len(comparison.operands) != count:
        wanted = "two numbers" if count == 2 else "a number"
        yield _problem("operand", path, f"{comparison.operator} compares with {wanted}", f"write {wanted}")
    elif count == 2 and numbers[0] >= numbers[1]:
        message = f"{numbers[0]} is not below {numbers[1]}"
        yield _problem("between-reversed", path, message, "write the smaller number first")


def _counts(found: MetricRule) -> Iterator[Problem]:
    """Metrics count rows: whole, not negative; or percent of rows: 0 to 100."""
    comparison = found.comparison
    path = (*found.path, comparison.operator.value)
    numbers = [v for v in comparison.operands if isinstance(v, (int, float)) and not isinstance(v, bool)]
    if comparison.unit is Unit.PERCENT:
        if found.metric is Metric.ROW_COUNT:
            message = "rowCount is a number of rows, of which there is no percentage"
            yield _problem("percent", (*found.path, "unit"), message, "remove `unit`")
        elif any(not 0 <= n <= 100 for n in numbers):
            yield _problem("percent", path, "a share of rows lies between 0 and 100", "correct the number")
    elif any(n != int(n) for n in numbers):
        message = "rows are counted in whole numbers"
        yield _problem("row-operand", path, message, "add `unit: percent`, or write a whole number")
    elif any(n < 0 for n in numbers):
        yield _problem("row-operand", path, "no number of rows is negative", "write 0 or more")
    if comparison.operator is Operator.MUST_BE_LESS_THAN and numbers[:1] == [0]:
        yield _problem("row-operand", path, "nothing is less than 0 rows", "write mustBe: 0")


def _expectation(found: CustomRule, obj: SchemaObject, prop: Property | None, doors: Doors) -> Iterator[Problem]:
    path: Path = (*found.path, "implementation")
    kwargs: Mapping[str, object] = found.kwargs
    columns = {key: value for key, value in kwargs.items() if key.startswith("column")}
    if prop is not None and not columns and found.expectation.startswith("expect_column_"):
        kwargs = {"column": prop.name, **kwargs}
    if complaint := doors.expectation(found.expectation, kwargs):
        yield _problem("expectation", path, complaint.message, complaint.fix)
        return
    for key, value in columns.items():
        for name in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(name, str) and not any(name in (p.name, p.physical_name) for p in obj.properties):
                yield from unknown_column(name, obj, (*path, "kwargs", key))


def unknown_column(name: str, obj: SchemaObject, path: Path) -> Iterator[Problem]:
    """A problem, unless the object has a property of this name."""
    if obj.property(name) is None:
        names = ", ".join(p.name for p in obj.properties[:12])
        more = ", …" if len(obj.properties) > 12 else ""
        message = f"object `{obj.name}` has no property `{name}`"
        yield _problem("unknown-column", path, message, f"name one of {names}{more}")


def _problem(rule_name: str, path: Path, message: str, fix: str) -> Problem:
    return Problem(rule=rule_name, message=message, fix=fix, path=path)
