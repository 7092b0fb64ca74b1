"""One entry of `quality` → a rule of the model. What cannot be executed becomes a problem, and no rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from observer.config.odcs_schema import nearest, shown
from observer.config.reading import Findings, as_list, entries, is_scalar, list_of, mapping_of, slug, text_of
from observer.config.yaml_text import read_yaml
from observer.contracts.model import (
    Comparison,
    Condition,
    CustomRule,
    Dimension,
    Metric,
    MetricRule,
    Operator,
    Path,
    QualityRule,
    Scalar,
    Severity,
    SqlRule,
    Unit,
)

_DIMENSIONS = {
    "accuracy": Dimension.VALIDITY,
    "completeness": Dimension.COMPLETENESS,
    "conformity": Dimension.VALIDITY,
    "consistency": Dimension.CONSISTENCY,
    "coverage": Dimension.COMPLETENESS,
    "timeliness": Dimension.FRESHNESS,
    "uniqueness": Dimension.UNIQUENESS,
}
_ENGINES = ("greatexpectations", "great-expectations", "great_expectations")
_ARGUMENTS = {
    Metric.NULL_VALUES: ("when",),
    Metric.MISSING_VALUES: ("missingValues", "when"),
    Metric.INVALID_VALUES: ("validValues", "pattern", "when"),
    Metric.DUPLICATE_VALUES: ("properties", "when"),
    Metric.ROW_COUNT: ("when",),
}


def read_quality(element: Mapping[str, Any], path: Path, findings: Findings) -> tuple[QualityRule, ...]:
    """Every executable rule in `element.quality`."""
    rules = (_rule(entry, at, findings) for at, entry in entries(element, "quality", path))
    return tuple(rule for rule in rules if rule is not None)


def _rule(entry: Mapping[str, Any], path: Path, findings: Findings) -> QualityRule | None:
    kind = entry.get("type", "library")
    severity = _severity(entry, path, findings)
    schedule = entry.get("schedule")
    common: dict[str, Any] = {
        "id": text_of(entry, "id") or slug(text_of(entry, "name")) or f"quality-{int(path[-1]) + 1}",
        "description": text_of(entry, "description"),
        "dimension": _DIMENSIONS.get(text_of(entry, "dimension")),
        "severity": severity,
        "schedule": schedule if isinstance(schedule, str) else None,
        "path": path,
    }
    if kind == "text":
        fix = (
            "write it as a library metric, as `type: sql` or as a Great Expectations rule, or move it to `description`"
        )
        findings.error("text-rule", (*path, "type"), "a `type: text` rule cannot be executed", fix)
        return None
    if "metric" in entry and kind in ("sql", "custom"):
        fix = "keep `metric`, or keep `type` with its query or implementation"
        findings.error("two-kinds", (*path, "metric"), f"the rule is a metric and `type: {kind}` at once", fix)
        return None
    if kind == "custom":
        return _custom(entry, path, common, findings)
    if kind == "sql":
        comparison = _comparison(entry, path, findings)
        query = entry.get("query")
        if comparison is None or not isinstance(query, str):
            return None
        return SqlRule(query=query, comparison=comparison, **common)
    return _metric(entry, path, common, findings)


def _severity(entry: Mapping[str, Any], path: Path, findings: Findings) -> Severity:
    given = entry.get("severity")
    if given is None or not isinstance(given, str):
        return Severity.ERROR
    if given in list(Severity):
        return Severity(given)
    strong = given.lower() in ("critical", "blocker", "high", "fatal", "major", "error")
    near = "error" if strong else nearest(given, list(Severity)) or "warning"
    message = f"severity {shown(given)} is unknown; there are error, warning and info"
    findings.error("severity", (*path, "severity"), message, f"write `{near}`")
    return Severity.ERROR


def _comparison(entry: Mapping[str, Any], path: Path, findings: Findings) -> Comparison | None:
    given = [operator for operator in Operator if operator.value in entry]
    unit_text = entry.get("unit")
    unit = Unit.ROWS
    if isinstance(unit_text, str):
        try:
            unit = Unit(unit_text)
        except ValueError:
            near = "percent" if unit_text.strip().lower() in ("%", "pct", "percentage", "percents") else "rows"
            message = f"unit {shown(unit_text)} is unknown; there are rows and percent"
            findings.error("unit", (*path, "unit"), message, f"write `{near}`")
    if not given:
        return None
    operands = as_list(entry[given[0].value])
    if len(given) > 1 or not all(is_scalar(operand) for operand in operands):
        return None
    return Comparison(operator=given[0], operands=tuple(operands), unit=unit)


def _metric(entry: Mapping[str, Any], path: Path, common: dict[str, Any], findings: Findings) -> MetricRule | None:
    if "metric" not in entry:
        if "query" in entry or "implementation" in entry:
            kind = "sql" if "query" in entry else "custom"
            findings.error("missing-key", path, "`type` is missing", f"add `type: {kind}`")
        else:
            names = ", ".join(Metric)
            findings.error("missing-key", path, "`metric` is missing", f"add `metric`, one of {names}")
        return None
    try:
        metric = Metric(entry["metric"])
    except (ValueError, TypeError):
        return None
    if "rule" in entry and entry["rule"] != metric.value:
        message, fix = "`rule` is the old name of `metric` and differs from it", "remove `rule`"
        findings.error("two-kinds", (*path, "rule"), message, fix)
    comparison = _comparison(entry, path, findings)
    arguments, at = mapping_of(entry, "arguments"), (*path, "arguments")
    for key in arguments:
        if key not in _ARGUMENTS[metric]:
            near = nearest(key, _ARGUMENTS[metric])
            known = " and ".join(_ARGUMENTS[metric])
            fix = f"write `{near}`" if near else f"remove it; {metric} takes {known}"
            findings.error("metric-argument", (*at, key), f"{metric} takes no argument `{key}`", fix)
    pattern = arguments.get("pattern")
    if pattern is not None and not isinstance(pattern, str):
        findings.error("metric-argument", (*at, "pattern"), "pattern is no text", "write one pattern in single quotes")
    if comparison is None:
        return None
    return MetricRule(
        metric=metric,
        comparison=comparison,
        missing_values=_values(arguments, "missingValues", at, findings) or (),
        valid_values=_values(arguments, "validValues", at, findings),
        pattern=pattern if isinstance(pattern, str) else None,
        properties=_names(arguments, at, findings),
        when=_conditions(arguments, at, findings),
        **common,
    )


def _values(arguments: Mapping[str, Any], key: str, path: Path, findings: Findings) -> tuple[Scalar, ...] | None:
    if key not in arguments:
        return None
    values = arguments[key]
    if not isinstance(values, list) or not all(is_scalar(v) for v in values):
        fix = f"write {key}: [first, second]"
        findings.error("metric-argument", (*path, key), f"{key} is no list of values", fix)
        return None
    return tuple(values)


def _names(arguments: Mapping[str, Any], path: Path, findings: Findings) -> tuple[str, ...]:
    names = list_of(arguments, "properties") if isinstance(arguments.get("properties"), list) else None
    if "properties" in arguments and (not names or not all(isinstance(n, str) for n in names)):
        fix = "write properties: [first_name, last_name]"
        findings.error("metric-argument", (*path, "properties"), "properties is no list of names", fix)
        return ()
    return tuple(names or ())


def _conditions(arguments: Mapping[str, Any], path: Path, findings: Findings) -> tuple[Condition, ...]:
    if "when" not in arguments:
        return ()
    when, at = arguments["when"], (*path, "when")
    fix = "write when: {stage: [Won, Lost]}, {stage: Won}, {stage: null} or {stage: {not: [Won]}}"
    if not isinstance(when, dict) or not when:
        findings.error("when", at, "`when` names no property", fix)
        return ()
    conditions = []
    for column, wanted in when.items():
        negated = isinstance(wanted, dict)
        values = as_list(wanted["not"] if negated and set(wanted) == {"not"} else wanted)
        if not values or not all(is_scalar(v) for v in values):
            findings.error("when", (*at, column), f"the condition on {column} cannot be read", fix)
            continue
        conditions.append(Condition(column=column, values=tuple(values), negated=negated))
    return tuple(conditions)


def _custom(entry: Mapping[str, Any], path: Path, common: dict[str, Any], findings: Findings) -> CustomRule | None:
    engine = entry.get("engine")
    if not isinstance(engine, str):
        return None
    if engine.lower() not in _ENGINES:
        message = f"engine {shown(engine)} cannot be executed here"
        fix = "write the rule for `engine: greatExpectations`, as a library metric or as `type: sql`"
        findings.error("engine", (*path, "engine"), message, fix)
        return None
    at = (*path, "implementation")
    fix = "write implementation: {type: expect_…, kwargs: {…}}"
    implementation = entry.get("implementation")
    if isinstance(implementation, str):
        document = read_yaml(implementation.encode(), findings.file)
        if document.problems:
            findings.error("implementation", at, f"the text is {document.problems[0].message}", fix)
            return None
        implementation = document.value
    if not isinstance(implementation, dict) or not isinstance(implementation.get("type"), str):
        findings.error("implementation", at, "the expectation is not named", fix)
        return None
    for key in set(implementation) - {"type", "kwargs", "meta"}:
        findings.error("implementation", (*at, key), f"`{key}` is not understood", "put arguments under `kwargs`")
    kwargs = implementation.get("kwargs") or {}
    if not isinstance(kwargs, dict):
        findings.error("implementation", (*at, "kwargs"), "kwargs is no mapping", fix)
        return None
    return CustomRule(expectation=implementation["type"], kwargs=dict(kwargs), **common)
