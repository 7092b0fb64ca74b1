"""`changeLimits` of a schema object → ChangeLimits: {deletedRows: {mustBeLessThan: 1, unit: percent}, …}. Strict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from observer.config.custom_properties import CustomValues
from observer.config.odcs_schema import nearest, shown
from observer.config.reading import Findings, as_list
from observer.contracts.change_limits import ChangeKind, ChangeLimit
from observer.contracts.model import Comparison, Operator, Path, Severity, Unit

_BETWEEN = (Operator.MUST_BE_BETWEEN, Operator.MUST_NOT_BE_BETWEEN)
_FORM = "write {deletedRows: {mustBeLessThan: 1, unit: percent, severity: error}}"


def change_limits(custom: CustomValues) -> tuple[ChangeLimit, ...]:
    """Those that can be read; every other is a problem."""
    found = custom.get("changeLimits")
    if found is None:
        return ()
    value, path = found
    if not isinstance(value, dict) or not value:
        custom.findings.error("change-limits", path, "changeLimits names no kind of change", _FORM)
        return ()
    limits = (_limit(str(name), limit, (*path, name), custom.findings) for name, limit in value.items())
    return tuple(limit for limit in limits if limit is not None)


def _limit(name: str, value: object, path: Path, findings: Findings) -> ChangeLimit | None:
    kinds = list(ChangeKind)
    if name not in kinds:
        near = nearest(name, kinds)
        fix = f"write `{near}`" if near else f"write one of {', '.join(kinds)}"
        return _refuse(findings, path, f"changeLimits knows no `{name}`", fix)
    if not isinstance(value, dict) or not value:
        return _refuse(findings, path, f"the limit of {name} cannot be read", _FORM)
    known = (*Operator, "unit", "severity")
    for key in value:
        if key not in known:
            near = nearest(str(key), known)
            return _refuse(findings, (*path, key), f"a limit knows no `{key}`", f"write `{near}`" if near else _FORM)
    severity = value.get("severity")
    if "severity" in value and severity not in list(Severity):
        return _refuse(
            findings, (*path, "severity"), f"severity {shown(severity)} is unknown", "write error or warning"
        )
    comparison = _comparison(ChangeKind(name), value, path, findings)
    if comparison is None and any(key in value for key in (*Operator, "unit")):
        return None
    return ChangeLimit(
        kind=ChangeKind(name),
        comparison=comparison,
        severity=Severity(severity) if isinstance(severity, str) else None,
        path=path,
    )


def _comparison(kind: ChangeKind, value: Mapping[str, Any], path: Path, findings: Findings) -> Comparison | None:
    given = [operator for operator in Operator if operator in value]
    if not given:
        return _refuse(findings, path, "`unit` without an operator", _FORM) if "unit" in value else None
    if len(given) > 1:
        return _refuse(findings, (*path, given[1]), "a limit has one operator", f"keep `{given[0]}`")
    operator, at = given[0], (*path, given[0])
    unit = value.get("unit", "rows")
    if unit not in list(Unit):
        return _refuse(findings, (*path, "unit"), f"unit {shown(unit)} is unknown", "write rows or percent")
    if kind is ChangeKind.SCHEMA_DRIFT and unit == Unit.PERCENT:
        return _refuse(findings, (*path, "unit"), "columns are counted, not their share", "remove `unit`")
    operands = as_list(value[operator])
    numbers = [n for n in operands if isinstance(n, int | float) and not isinstance(n, bool)]
    count = 2 if operator in _BETWEEN else 1
    if len(operands) != count or len(numbers) != count:
        wanted = "two numbers" if count == 2 else "a number"
        return _refuse(findings, at, f"{operator} compares with {wanted}", f"write {wanted}")
    if count == 2 and numbers[0] >= numbers[1]:
        return _refuse(findings, at, f"{numbers[0]} is not below {numbers[1]}", "write the smaller number first")
    if unit == Unit.ROWS and any(n != int(n) for n in numbers):
        return _refuse(findings, at, "rows are counted in whole numbers", "add `unit: percent`, or a whole number")
    if kind is not ChangeKind.ROW_COUNT_CHANGE and any(n < 0 or (unit == Unit.PERCENT and n > 100) for n in numbers):
        message = "a share lies between 0 and 100" if unit == Unit.PERCENT else "a count is never negative"
        return _refuse(findings, at, message, "correct the number")
    if operator is Operator.MUST_BE_LESS_THAN and numbers == [0] and kind is not ChangeKind.ROW_COUNT_CHANGE:
        return _refuse(findings, at, "nothing is less than 0", "write mustBe: 0")
    return Comparison(operator=operator, operands=tuple(numbers), unit=Unit(unit))


def _refuse(findings: Findings, path: Path, message: str, fix: str) -> None:
    findings.error("change-limits", path, message, fix)
