"""The kinds of rule a check can hold. Columns are physical names; bounds are as the contract wrote them.

To add a kind: a dataclass here, a planner line in `plan.py`, words in `expected.py`, an expectation in `gx/suites.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from observer.checks.change_rules import (
    ChangedRows,
    ChangeRule,
    DeletedRows,
    InvalidWrites,
    RowCountChange,
    SchemaDrift,
)
from observer.contracts.model import LogicalType, Scalar
from observer.contracts.schedules import Calendar


@dataclass(frozen=True, kw_only=True)
class HasType:
    """The column exists and holds the declared type. Tested: values that are not null.

    A column that the source stores in a native type of that kind passes by its type alone; one stored as text
    (CSV files, SQLite) is read value by value; one of another kind fails in every row.
    """

    column: str
    logical_type: LogicalType
    #: True: must carry a zone; False: must not; None: either.
    timezone: bool | None = None
    #: How text is to be read, as strptime directives ("%d/%m/%Y", "%g" is milliseconds); None is ISO 8601.
    format: str | None = None


@dataclass(frozen=True, kw_only=True)
class HasPhysicalType:
    """The source's own column type is the declared one (`varchar(255)`). A yes/no check on the schema."""

    column: str
    physical_type: str


@dataclass(frozen=True, kw_only=True)
class Present:
    """Not null and no placeholder. Tested: all rows."""

    column: str
    placeholders: tuple[Scalar, ...] = ()


@dataclass(frozen=True, kw_only=True)
class InSet:
    """One of the allowed values. Tested: values that are not null and no placeholder."""

    column: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, kw_only=True)
class MatchesPattern:
    """The pattern is found in the value (unanchored, as in ECMA-262 `test`). Tested: values that are not null.

    `format` names the format the pattern stands for, when it stands for one (`email`).
    """

    column: str
    pattern: str
    format: str | None = None


@dataclass(frozen=True, kw_only=True)
class InRange:
    """Within bounds; None is unbounded. Tested: values that are not null.

    Bounds of dates and timestamps are ISO 8601 text. NaN is outside every range.
    """

    column: str
    minimum: Scalar = None
    maximum: Scalar = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False


@dataclass(frozen=True, kw_only=True)
class LengthInRange:
    """Length in characters within both bounds, inclusive. Tested: values that are not null."""

    column: str
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, kw_only=True)
class MultipleOf:
    """A whole multiple of `factor`. Tested: values that are not null."""

    column: str
    factor: int | float


@dataclass(frozen=True, kw_only=True)
class Unique:
    """No two rows share the values. One column: tested are its values that are not null; several: rows in
    which not all are null. Every row of a duplicate group counts as failed."""

    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class References:
    """The values exist in the target table among its live rows. Tested: rows in which no column is null."""

    columns: tuple[str, ...]
    #: Physical name of the target table.
    to_table: str
    to_columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RowCount:
    """Number of live rows, compared with a threshold."""


@dataclass(frozen=True, kw_only=True)
class SqlValue:
    """One read-only SELECT that gives one number, compared with a threshold.

    `dialect` is sqlglot's name for the SQL it is written in; None is the source's own.
    """

    query: str
    dialect: str | None = None
    #: What `{object}` and `{property}` in the query stand for: physical names.
    table: str = ""
    column: str = ""


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """An expectation of GX itself, its own verdict taken."""

    type: str
    kwargs: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Fresh:
    """The newest time is at most `limit` old by the source's clock. The first column that is not null counts."""

    columns: tuple[str, ...]
    limit: timedelta
    #: Zone in which naive values are read; None when the columns carry one.
    timezone: str | None = None
    #: A zone per column, where they are not the same.
    timezones: tuple[str | None, ...] = ()
    #: Only its open hours count towards the age; None counts every hour.
    calendar: Calendar | None = None

    def age(self, newest: datetime, now: datetime) -> timedelta:
        """How old the newest row is at `now`, in open time; negative when it lies ahead."""
        return self.calendar.age(newest, now) if self.calendar else now - newest

    def oldest(self, now: datetime) -> datetime:
        """The earliest newest time that is still fresh at `now`."""
        return self.calendar.back(now, self.limit) if self.calendar else now - self.limit


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Retention: no row is older than `limit` by the source's clock. Tested: rows with a time."""

    columns: tuple[str, ...]
    limit: timedelta
    timezone: str | None = None
    #: A zone per column, where they are not the same.
    timezones: tuple[str | None, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Lag:
    """Latency: `until` is at most `limit` after `since`. Tested: rows in which both are set."""

    since: str
    until: str
    limit: timedelta
    since_timezone: str | None = None
    until_timezone: str | None = None


#: What a suite of Great Expectations says about one state of a table.
SuiteRule = (
    HasType
    | HasPhysicalType
    | Present
    | InSet
    | MatchesPattern
    | InRange
    | LengthInRange
    | MultipleOf
    | Unique
    | References
    | RowCount
    | SqlValue
    | Expectation
    | Fresh
    | Kept
    | Lag
)
Rule = SuiteRule | ChangeRule


def columns_of(rule: Rule) -> tuple[str, ...]:
    """Physical names of the columns that the rule reads in its own table; for a query, those it can be told to read."""
    match rule:
        case Unique(columns=columns) | References(columns=columns) | Fresh(columns=columns) | Kept(columns=columns):
            return columns
        case Lag(since=since, until=until):
            return (since, until)
        case Expectation(kwargs=kwargs):
            return tuple(v for key, v in kwargs.items() if key.startswith("column") and isinstance(v, str)) + tuple(
                name for key, v in kwargs.items() if key.startswith("column") and isinstance(v, list) for name in v
            )
        case RowCount() | SqlValue():
            return ()
        case DeletedRows() | ChangedRows() | InvalidWrites() | RowCountChange() | SchemaDrift():
            return ()
    return (rule.column,)
