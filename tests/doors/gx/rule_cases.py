"""A case: rows of one table, and what its checks say of them wherever they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa

from observer.checks import rules
from observer.checks.spec import CheckSpec, TablePlan
from observer.contracts.model import Condition, LogicalType
from tests.doors.gx.crm import AT_LEAST_ONE, check, table_plan

EVERYWHERE = ("snapshot", "duckdb", "sqlite", "postgresql", "mariadb")
#: Where NaN, infinity and times that never end can be stored.
BOUNDLESS = ("snapshot", "duckdb", "postgresql")
ZONED = ("snapshot", "duckdb", "postgresql")
#: (tested, failed) of a check of rows, the value of one that compares it, or a piece of the reason why it cannot run.
Want = tuple[int, int] | int | float | bool | str | None


@dataclass(frozen=True, kw_only=True)
class Case:
    """Rows of one table, and what its checks say of them."""

    name: str
    columns: Mapping[str, tuple[pa.DataType, Sequence[Any]]]
    says: Sequence[tuple[str, rules.Rule, Want]]
    when: Mapping[str, tuple[Condition, ...]] | None = None
    more: Mapping[str, Any] | None = None
    where: Sequence[str] = EVERYWHERE

    @property
    def rows(self) -> pa.Table:
        return pa.table({name: pa.array(values, kind) for name, (kind, values) in self.columns.items()})

    @property
    def table(self) -> TablePlan:
        return table_plan(list(self.columns), name=self.name, **(self.more or {}))

    def checks(self) -> list[CheckSpec]:
        return [
            check(
                name,
                rule,
                table=self.name,
                when=(self.when or {}).get(name, ()),
                threshold=AT_LEAST_ONE if isinstance(rule, rules.RowCount | rules.SqlValue) else NONE,
            )
            for name, rule, _ in self.says
        ]


NONE = check("x", rules.RowCount()).threshold
TEXT, WHOLE, FLOAT, DAY = pa.string(), pa.int64(), pa.float64(), pa.date32()
TIME, INSTANT, MONEY = pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.decimal128(12, 2)
HOUR = timedelta(hours=1)


def is_not(column: str, *values: Any) -> tuple[Condition, ...]:
    return (Condition(column=column, values=values, negated=True),)


def is_one(column: str, *values: Any) -> tuple[Condition, ...]:
    return (Condition(column=column, values=values),)


def holds(column: str, logical: str, zone: bool | None = None, form: str | None = None) -> rules.HasType:
    return rules.HasType(column=column, logical_type=LogicalType(logical), timezone=zone, format=form)
