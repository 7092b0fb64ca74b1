"""ContractPlan → the standard GX 1.x suite JSON of one table: text in the repository, and what the runner runs.

The same plan gives the same bytes. One expectation per check, in plan order, so that a diff reads like a review.
Nothing here imports Great Expectations. Built-in expectations wherever one says it; the `crm` ones are
ours (`expectations.py`), and plain GX leaves them out with a line in its log.
"""

from __future__ import annotations

import json
import math
import re
from fractions import Fraction
from typing import Any

from observer.checks import rules
from observer.checks.change_rules import ChangeRule
from observer.checks.expected import allowed_text
from observer.checks.spec import CheckSpec, ContractPlan
from observer.contracts.model import Comparison, Operator, Severity, Unit
from observer.gx.row_conditions import row_condition

Kwargs = dict[str, Any]

#: Severity of a check → severity of an expectation.
SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "warning", Severity.INFO: "info"}

NOTES = "Written by `observer generate` from the contract. Change the contract, not this file."


def suite_name(plan: ContractPlan, object_name: str) -> str:
    """`crm-leads.leads`: the suite's name, and its file's without `.json`."""
    return f"{plan.contract}.{object_name}"


def suite_text(plan: ContractPlan, object_name: str) -> str:
    """The suite of one schema object as JSON text that ends with a newline.

    Raises:
        KeyError: the plan has no such object.
    """
    table = plan.table(object_name)
    document = {
        "name": suite_name(plan, object_name),
        "notes": NOTES,
        "meta": {
            "contract": plan.contract,
            "contract_version": plan.contract_version,
            "object": object_name,
            "table": table.physical_name,
        },
        "expectations": [expectation(spec) for spec in plan.checks if spec.object == object_name],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def expectation(spec: CheckSpec) -> dict[str, Any]:
    """One expectation of a suite: what GX reads (type, kwargs, severity) and what people read (meta)."""
    kind, kwargs = expectation_for(spec)
    meta = {
        "check": spec.id,
        "statement": spec.statement,
        "dimension": spec.dimension.value,
        "owner": spec.owner,
        "threshold": allowed_text(spec),
    }
    return {"type": kind, "kwargs": kwargs, "severity": SEVERITIES[spec.severity], "meta": meta}


def parameter_name(spec: CheckSpec) -> str:
    """Name of the suite parameter that carries the oldest time allowed (Fresh, Kept): it depends on the clock."""
    return "oldest_" + re.sub(r"\W", "_", spec.id)


def expectation_for(spec: CheckSpec) -> tuple[str, Kwargs]:
    """Rule kind → expectation type and its keyword arguments. This is the one table of it."""
    rule = spec.rule
    assert not isinstance(rule, ChangeRule), "a suite sees one snapshot, and a change takes two"
    kind: str
    kwargs: Kwargs
    match rule:
        case rules.Present(column=column, placeholders=()):
            kind, kwargs = "expect_column_values_to_not_be_null", {"column": column}
        case rules.Present(column=column, placeholders=placeholders):
            kind, kwargs = "expect_crm_values_to_be_filled", {"column": column, "placeholders": list(placeholders)}
        case rules.InSet(column=column, values=values):
            kind = "expect_column_values_to_be_in_set"
            kwargs = {"column": column, "value_set": [v for v in values if v is not None]}
        case rules.MatchesPattern(column=column, pattern=pattern):
            kind, kwargs = "expect_column_values_to_match_regex", {"column": column, "regex": pattern}
        case rules.InRange(minimum=low, maximum=high) if _beyond_doubles(low) or _beyond_doubles(high):
            kind, kwargs = "expect_crm_values_to_be_between", _range(rule)
        case rules.InRange():
            kind, kwargs = "expect_column_values_to_be_between", _range(rule)
        case rules.LengthInRange(column=column, minimum=low, maximum=high):
            kind = "expect_column_value_lengths_to_be_between"
            kwargs = {"column": column} | _given(min_value=low, max_value=high)
        case rules.MultipleOf(column=column, factor=factor):
            kind, kwargs = "expect_crm_values_to_be_multiples_of", {"column": column, "factor": factor}
        case rules.Unique(columns=(column,)):
            kind, kwargs = "expect_column_values_to_be_unique", {"column": column}
        case rules.Unique(columns=columns):
            kind, kwargs = "expect_compound_columns_to_be_unique", {"column_list": list(columns)}
        case rules.References(columns=(column,), to_table=to_table, to_columns=(to_column,)):
            kind = "expect_crm_values_to_exist_in"
            kwargs = {"column": column, "to_table": to_table, "to_column": to_column}
        case rules.References(columns=columns, to_table=to_table, to_columns=to_columns):
            kind = "expect_crm_value_tuples_to_exist_in"
            kwargs = {"column_list": list(columns), "to_table": to_table, "to_columns": list(to_columns)}
        case rules.HasType(column=column, logical_type=logical, timezone=zone, format=form):
            kind = "expect_crm_values_to_hold_type"
            kwargs = {"column": column, "logical_type": logical.value} | _given(timezone=zone, format=form)
        case rules.HasPhysicalType(column=column, physical_type=physical):
            kind, kwargs = "expect_column_values_to_be_of_type", {"column": column, "type_": physical}
        case rules.RowCount():
            kind, kwargs = "expect_table_row_count_to_be_between", _between(spec.threshold)
        case rules.SqlValue(query=query):
            kind, kwargs = "expect_crm_query_value_to_be_between", {"query": query} | _between(spec.threshold)
        case rules.Fresh(columns=(column,)):
            kind = "expect_column_max_to_be_between"
            kwargs = {"column": column, "min_value": {"$PARAMETER": parameter_name(spec)}}
        case rules.Fresh(columns=columns):
            kind = "expect_crm_newest_time_to_be_after"
            kwargs = {"column_list": list(columns), "min_value": {"$PARAMETER": parameter_name(spec)}}
        case rules.Kept(columns=(column,)):
            kind = "expect_column_values_to_be_between"
            kwargs = {"column": column, "min_value": {"$PARAMETER": parameter_name(spec)}}
        case rules.Kept(columns=columns):
            kind = "expect_crm_times_to_be_after"
            kwargs = {"column_list": list(columns), "min_value": {"$PARAMETER": parameter_name(spec)}}
        case rules.Lag(since=since, until=until, limit=limit, since_timezone=a, until_timezone=b):
            kind = "expect_crm_time_to_follow_within"
            kwargs = {"column_list": [since, until], "seconds": _plain(limit.total_seconds())}
            kwargs |= _given(since_timezone=a, until_timezone=b)
        case rules.Expectation():
            kind, kwargs = rule.type, dict(rule.kwargs)
    arguments: Kwargs = {**kwargs}
    if spec.when:
        arguments["row_condition"] = row_condition(spec.when, untested_nulls(rule))
    if (mostly := mostly_of(spec.threshold)) is not None and kind not in WITHOUT_MOSTLY:
        arguments.setdefault("mostly", mostly)
    return kind, arguments


#: Expectations that judge one value, not a share of rows.
WITHOUT_MOSTLY = frozenset(
    {
        "expect_table_row_count_to_be_between",
        "expect_crm_query_value_to_be_between",
        "expect_column_max_to_be_between",
        "expect_crm_newest_time_to_be_after",
        "expect_column_values_to_be_of_type",
    }
)


def untested_nulls(rule: rules.Rule) -> tuple[str, ...]:
    """Columns whose nulls the rule never tests."""
    match rule:
        case rules.Unique(columns=(_,)) | rules.References() | rules.Lag() | rules.Kept(columns=(_,)):
            return rules.columns_of(rule)
        case rules.HasType() | rules.InSet() | rules.MatchesPattern() | rules.InRange() | rules.LengthInRange():
            return rules.columns_of(rule)
        case rules.MultipleOf(column=column):
            return (column,)
    return ()


def mostly_of(threshold: Comparison) -> float | None:
    """GX's `mostly` for "at most (or less than) x percent"; None where it cannot say the threshold."""
    if threshold.unit is not Unit.PERCENT:
        return None
    limit = Fraction(str(threshold.operands[0]))
    share = float(max(1 - limit / 100, Fraction(0)))
    if threshold.operator is Operator.MUST_BE_LESS_OR_EQUAL_TO:
        return share if limit else None
    if threshold.operator is Operator.MUST_BE_LESS_THAN and 0 < limit <= 100 and share < 1:
        return math.nextafter(share, 2)
    return None


def _range(rule: rules.InRange) -> Kwargs:
    kwargs: Kwargs = {"column": rule.column} | _given(min_value=rule.minimum, max_value=rule.maximum)
    if rule.exclusive_minimum and rule.minimum is not None:
        kwargs["strict_min"] = True
    if rule.exclusive_maximum and rule.maximum is not None:
        kwargs["strict_max"] = True
    return kwargs


def _beyond_doubles(bound: object) -> bool:
    """GX's own expectation takes every number for a double."""
    return isinstance(bound, int) and abs(bound) > 2**53


def _between(threshold: Comparison) -> Kwargs:
    """Bounds of a value; none for the two negations, which GX has no words for (`meta.threshold` says them)."""
    first, *rest = threshold.operands
    match threshold.operator:
        case Operator.MUST_BE:
            return {"min_value": first, "max_value": first}
        case Operator.MUST_BE_GREATER_THAN:
            return {"min_value": first, "strict_min": True}
        case Operator.MUST_BE_GREATER_OR_EQUAL_TO:
            return {"min_value": first}
        case Operator.MUST_BE_LESS_THAN:
            return {"max_value": first, "strict_max": True}
        case Operator.MUST_BE_LESS_OR_EQUAL_TO:
            return {"max_value": first}
        case Operator.MUST_BE_BETWEEN:
            return {"min_value": first, "max_value": rest[0]}
    return {}


def _given(**values: object) -> Kwargs:
    return {key: value for key, value in values.items() if value is not None}


def _plain(number: float) -> int | float:
    return int(number) if number.is_integer() else number
