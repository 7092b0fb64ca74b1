"""One property → the drafts of its checks: type, presence, uniqueness, allowed values, options, quality rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from observer.checks import rules
from observer.checks.drafts import Draft
from observer.checks.spec import NO_ROW_FAILS
from observer.checks.words import comparison_text, list_text, threshold_text, value_text
from observer.contracts.formats import INTEGER_FORMATS, STRING_FORMATS, strptime_format
from observer.contracts.model import (
    Condition,
    CustomRule,
    Dimension,
    LogicalType,
    Metric,
    MetricRule,
    Property,
    QualityRule,
    SchemaObject,
    SqlRule,
)

_TIMES = (LogicalType.DATE, LogicalType.TIMESTAMP, LogicalType.TIME)
_TEXT = (LogicalType.STRING, LogicalType.UNSET)


def drafts(obj: SchemaObject, prop: Property, dialect: str | None) -> Iterator[Draft]:
    """Every check of the property but its relationships, in the order in which reports show them."""
    yield from _type(prop)
    yield from _presence(obj, prop)
    yield from _allowed_values(prop)
    yield from _options(prop)
    for rule in prop.quality:
        yield quality_draft(obj, prop, rule, dialect)


def zone_of(prop: Property) -> str | None:
    """Zone in which the column's naive values are read; None when it carries one or none is declared."""
    return None if prop.options.timezone else prop.options.default_timezone


def _type(prop: Property) -> Iterator[Draft]:
    time = prop.logical_type in _TIMES
    yield Draft(
        name="type",
        rule=rules.HasType(
            column=prop.physical_name,
            logical_type=prop.logical_type,
            timezone=prop.options.timezone if prop.logical_type is LogicalType.TIMESTAMP else None,
            format=strptime_format(prop.options.format) if time and prop.options.format else None,
        ),
        dimension=Dimension.VALIDITY,
        statement=f"{prop.name} exists" + (f" and holds {prop.logical_type.one}" if prop.logical_type else ""),
    )
    if prop.physical_type:
        yield Draft(
            name="physical_type",
            rule=rules.HasPhysicalType(column=prop.physical_name, physical_type=prop.physical_type),
            dimension=Dimension.VALIDITY,
            statement=f"{prop.name} is stored as {prop.physical_type}",
        )


def _presence(obj: SchemaObject, prop: Property) -> Iterator[Draft]:
    key = obj.primary_key
    if prop.required or prop in key:
        placeholders = prop.placeholders if prop.logical_type in _TEXT else ()
        yield Draft(
            name="required",
            rule=rules.Present(column=prop.physical_name, placeholders=placeholders),
            dimension=Dimension.COMPLETENESS,
            statement=f"{prop.name} is present"
            + (f" ({list_text(placeholders)} count as missing)" if placeholders else ""),
        )
    if prop.unique or key == (prop,):
        yield Draft(
            name="unique",
            rule=rules.Unique(columns=(prop.physical_name,)),
            dimension=Dimension.UNIQUENESS,
            statement=f"{prop.name} is unique",
            when=entered(prop),
        )


def _allowed_values(prop: Property) -> Iterator[Draft]:
    machine = prop.state_machine
    values = prop.enum if prop.enum is not None else machine.states if machine else None
    if values is not None:
        yield Draft(
            name="enum" if prop.enum is not None else "states",
            rule=rules.InSet(column=prop.physical_name, values=values),
            dimension=Dimension.VALIDITY,
            statement=f"{prop.name} is one of {list_text(values)}",
            when=entered(prop),
        )


def _options(prop: Property) -> Iterator[Draft]:
    opts, column, name = prop.options, prop.physical_name, prop.name

    def draft(rule_name: str, rule: rules.Rule, says: str) -> Draft:
        return Draft(
            name=rule_name,
            rule=rule,
            dimension=Dimension.VALIDITY,
            statement=f"{name} {says}",
            when=entered(prop),
        )

    if opts.pattern is not None:
        yield draft("pattern", rules.MatchesPattern(column=column, pattern=opts.pattern), "matches its pattern")
    if opts.format in STRING_FORMATS and prop.logical_type in _TEXT:
        rule = rules.MatchesPattern(column=column, pattern=STRING_FORMATS[opts.format], format=opts.format)
        yield draft("format", rule, f"has the format {opts.format}")
    if opts.format in INTEGER_FORMATS and prop.logical_type is LogicalType.INTEGER:
        low, high = INTEGER_FORMATS[opts.format]
        yield draft("format", rules.InRange(column=column, minimum=low, maximum=high), f"fits {opts.format}")
    if opts.minimum is not None or opts.maximum is not None:
        rule_ = rules.InRange(column=column, minimum=opts.minimum, maximum=opts.maximum)
        yield draft("range", rule_, _range_text(opts.minimum, opts.maximum, "at least", "at most"))
    if opts.exclusive_minimum is not None or opts.exclusive_maximum is not None:
        low_, high_ = opts.exclusive_minimum, opts.exclusive_maximum
        rule_ = rules.InRange(
            column=column, minimum=low_, maximum=high_, exclusive_minimum=True, exclusive_maximum=True
        )
        yield draft("exclusive_range", rule_, _range_text(low_, high_, "more than", "less than"))
    if opts.min_length is not None or opts.max_length is not None:
        length = rules.LengthInRange(column=column, minimum=opts.min_length, maximum=opts.max_length)
        says = _range_text(opts.min_length, opts.max_length, "at least", "at most").removeprefix("is ")
        yield draft("length", length, f"has {says} characters")
    if opts.multiple_of is not None:
        says = f"is a multiple of {value_text(opts.multiple_of)}"
        yield draft("multiple_of", rules.MultipleOf(column=column, factor=opts.multiple_of), says)


def _range_text(low: object, high: object, above: str, below: str) -> str:
    parts = [f"{word} {bound}" for word, bound in ((above, low), (below, high)) if bound is not None]
    return f"is {' and '.join(parts)}"


def entered(prop: Property) -> tuple[Condition, ...]:
    """Placeholders count as missing, so the rules about values do not test them."""
    if not prop.placeholders or prop.logical_type not in _TEXT:
        return ()
    return (Condition(column=prop.physical_name, values=prop.placeholders, negated=True),)


# --- quality rules --------------------------------------------------------------------------------------------


def quality_draft(obj: SchemaObject, prop: Property | None, rule: QualityRule, dialect: str | None) -> Draft:
    """The check of one ODCS quality rule.

    Raises:
        TypeError: a kind of rule that cannot be executed; lint refuses it first.
    """
    match rule:
        case MetricRule():
            return _metric(obj, prop, rule)
        case SqlRule():
            return Draft(
                name=rule.id,
                rule=rules.SqlValue(
                    query=rule.query,
                    dialect=dialect,
                    table=obj.physical_name,
                    column=prop.physical_name if prop else "",
                ),
                dimension=rule.dimension or Dimension.CONSISTENCY,
                severity=rule.severity,
                threshold=rule.comparison,
                statement=rule.description or f"the query {rule.id} gives {comparison_text(rule.comparison)}",
            )
        case CustomRule():
            return Draft(
                name=rule.id,
                rule=rules.Expectation(type=rule.expectation, kwargs=_physical_kwargs(obj, prop, rule.kwargs)),
                dimension=rule.dimension or Dimension.VALIDITY,
                severity=rule.severity,
                statement=rule.description or _expectation_text(rule),
            )
    raise TypeError(f"{type(rule).__name__} cannot be executed")


def _expectation_text(rule: CustomRule) -> str:
    """`expect_column_pair_values_to_be_equal` → "column pair values to be equal (closed_at, opened_at)"."""
    words = rule.expectation.removeprefix("expect_").replace("_", " ")
    names = [v for key, value in rule.kwargs.items() if key.startswith("column") for v in _listed(value)]
    return f"{words} ({', '.join(names)})" if names else words


def _listed(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


def _metric(obj: SchemaObject, prop: Property | None, rule: MetricRule) -> Draft:
    column = prop.physical_name if prop else ""
    name = prop.name if prop else obj.name
    kind: rules.Rule
    match rule.metric:
        case Metric.NULL_VALUES:
            kind, dimension = rules.Present(column=column), Dimension.COMPLETENESS
            good, bad = f"{name} is present", f"{name} is null in"
        case Metric.MISSING_VALUES:
            texts = tuple(v for v in rule.missing_values if v is not None)
            kind, dimension = rules.Present(column=column, placeholders=texts), Dimension.COMPLETENESS
            good, bad = f"{name} is present", f"{name} is missing in"
        case Metric.INVALID_VALUES if rule.valid_values is not None:
            kind, dimension = rules.InSet(column=column, values=rule.valid_values), Dimension.VALIDITY
            allowed = list_text(rule.valid_values)
            good, bad = f"{name} is one of {allowed}", f"{name} is none of {allowed} in"
        case Metric.INVALID_VALUES:
            kind, dimension = rules.MatchesPattern(column=column, pattern=rule.pattern or ""), Dimension.VALIDITY
            good, bad = f"{name} matches its pattern", f"{name} does not match its pattern in"
        case Metric.DUPLICATE_VALUES:
            columns = rule.properties or ((prop.name,) if prop else ())
            kind = rules.Unique(columns=tuple(p.physical_name if (p := obj.property(c)) else c for c in columns))
            named, dimension = list_text(columns, word="and"), Dimension.UNIQUENESS
            good = f"{named} together are unique" if len(columns) > 1 else f"{named} is unique"
            bad = f"{named} is repeated in"
        case Metric.ROW_COUNT:
            kind, dimension, bad = rules.RowCount(), Dimension.VOLUME, f"{name} has"
            good = f"{name} has exactly 0 rows"
    when = tuple(_physical(obj, condition) for condition in rule.when)
    if prop and rule.metric in (Metric.INVALID_VALUES, Metric.DUPLICATE_VALUES):
        when = (*entered(prop), *when)
    sentence = good if rule.comparison == NO_ROW_FAILS else f"{bad} {threshold_text(rule.comparison)}"
    return Draft(
        name=rule.id,
        rule=kind,
        dimension=rule.dimension or dimension,
        severity=rule.severity,
        threshold=rule.comparison,
        when=when,
        statement=rule.description or sentence + _when_text(rule.when),
    )


def _physical_kwargs(obj: SchemaObject, prop: Property | None, kwargs: Mapping[str, object]) -> Mapping[str, object]:
    """Arguments that name columns speak of properties in the contract and of columns in the suite."""

    def physical(name: object) -> object:
        found = obj.property(name) if isinstance(name, str) else None
        return found.physical_name if found else name

    named = {
        key: [physical(v) for v in value] if isinstance(value, list) else physical(value)
        for key, value in kwargs.items()
        if key.startswith("column")
    }
    implied = {"column": prop.physical_name} if prop and not named else {}
    return {**implied, **kwargs, **named}


def _physical(obj: SchemaObject, condition: Condition) -> Condition:
    prop = obj.property(condition.column)
    return (
        condition
        if prop is None
        else Condition(column=prop.physical_name, values=condition.values, negated=condition.negated)
    )


def _when_text(conditions: tuple[Condition, ...]) -> str:
    parts = [f"{c.column} is {'not ' if c.negated else ''}{list_text(c.values)}" for c in conditions]
    return f" when {' and '.join(parts)}" if parts else ""
