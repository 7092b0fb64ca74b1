"""`changeLimits` of a schema object → ChangeLimits: {deletedRows: {mustBeLessThan: 1, unit: percent}, …}. Strict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from observer.config.custom_properties import CustomValues
from observer.config.odcs_schema import nearest, shown
from observer.config.reading import as_list
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
    limits = []
    for name, limit in value.items():
        try:
            limits.append(_limit(str(name), limit, (*path, name)))
        except _Bad as bad:
            custom.findings.error("change-limits", bad.path, bad.message, bad.fix)
    return tuple(limits)


class _Bad(Exception):
    """A limit that cannot be read."""

    def __init__(self, path: Path, message: str, fix: str) -> None:
        super().__init__(message)
        self.path, self.message, self.fix = path, message, fix


def _limit(name: str, value: object, path: Path) -> ChangeLimit:
    kinds = list(ChangeKind)
    if name not in kinds:
        near = nearest(name, kinds)
        fix = f"write `{near}`" if near else f"write one of {', '.join(kinds)}"
        raise _Bad(path, f"changeLimits knows no `{name}`", fix)
    if not isinstance(value, dict) or not value:
        raise _Bad(path, f"the limit of {name} cannot be read", _FORM)
    known = (*Operator, "unit", "severity")
    for key in value:
        if key not in known:
            near = nearest(str(key), known)
            raise _Bad((*path, key), f"a limit knows no `{key}`", f"write `{near}`" if near else _FORM)
    severity = value.get("severity")
    if "severity" in value and severity not in list(Severity):
        raise _Bad((*path, "severity"), f"severity {shown(severity)} is unknown", "write error or warning")
    return ChangeLimit(
        kind=ChangeKind(name),
        comparison=_comparison(ChangeKind(name), value, path),
        severity=Severity(severity) if isinstance(severity, str) else None,
        path=path,
    )


def _comparison(kind: ChangeKind, value: Mapping[str, Any], path: Path) -> Comparison | None:
    given = [operator for operator in Operator if operator in value]
    if not given and "unit" in value:
        raise _Bad(path, "`unit` without an operator", _FORM)
    if not given:
        return None
    if len(given) > 1:
        raise _Bad((*path, given[1]), "a limit has one operator", f"keep `{given[0]}`")
    operator, at = given[0], (*path, given[0])
    unit = value.get("unit", "rows")
    if unit not in list(Unit):
        raise _Bad((*path, "unit"), f"unit {shown(unit)} is unknown", "write rows or percent")
    if kind is ChangeKind.SCHEMA_DRIFT and unit == Unit.PERCENT:
        raise _Bad((*path, "unit"), "columns are counted, not their share", "remove `unit`")
    operands = as_list(value[operator])
    numbers = [n for n in operands if isinstance(n, int | float) and not isinstance(n, bool)]
    count = 2 if operator in _BETWEEN else 1
    if len(operands) != count or len(numbers) != count:
        wanted = "two numbers" if count == 2 else "a number"
        raise _Bad(at, f"{operator} compares with {wanted}", f"write {wanted}")
    if count == 2 and numbers[0] >= numbers[1]:
        raise _Bad(at, f"{numbers[0]} is not below {numbers[1]}", "write the smaller number first")
    if unit == Unit.ROWS and any(n != int(n) for n in numbers):
        raise _Bad(at, "rows are counted in whole numbers", "add `unit: percent`, or a whole number")
    if kind is not ChangeKind.ROW_COUNT_CHANGE and any(n < 0 or (unit == Unit.PERCENT and n > 100) for n in numbers):
        message = "a share lies between 0 and 100" if unit == Unit.PERCENT else "a count is never negative"
        raise _Bad(at, message, "correct the number")
    if operator is Operator.MUST_BE_LESS_THAN and numbers == [0] and kind is not ChangeKind.ROW_COUNT_CHANGE:
        raise _Bad(at, "nothing is less than 0", "write mustBe: 0")
    return Comparison(operator=operator, operands=tuple(numbers), unit=Unit(unit))
