"""What was seen (Measurement, Evidence) and what it amounts to (Outcome, CheckResult). Measure, then judge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from observer.checks.spec import CheckSpec, TablePlan
from observer.contracts.model import Scalar


class Outcome(StrEnum):
    """FAILED: the data is bad. ERRORED: we could not look. SKIPPED: there was nothing to look at, and why is said."""

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What the engine saw for one check. None is "not measured", never zero."""

    check_id: str
    rows_tested: int | None = None
    rows_failed: int | None = None
    #: The value of checks that compare one: a count of rows, the value of a query, an age in seconds.
    value: int | float | None = None
    #: The verdict of checks that only say yes or no (schema, a custom expectation).
    holds: bool | None = None
    #: What was seen, in words, where a number does not say it ("no such column", "INTEGER", "2026-11-22T05:54:00Z").
    seen: str | None = None
    #: What proves the check without looking at rows ("primary key of the source").
    proven_by: str | None = None
    #: Why we could not look. Holds no value of any row.
    error: str | None = None
    #: Why there was nothing to look at.
    skipped: str | None = None


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """A check, what was seen, and what it amounts to."""

    spec: CheckSpec
    measurement: Measurement
    outcome: Outcome
    #: "312 of 8,800 rows (3.5 %)", "2 h 14 min old".
    observed: str
    #: "present", "0 to 100", "at most 0.5 %", "at most 15 min old".
    expected: str


@dataclass(frozen=True, kw_only=True)
class Offender:
    """A value that breaks a rule, with how often it occurs. Never made for a restricted column."""

    value: Scalar
    rows: int
    #: The nearest allowed value, when one is near.
    suggestion: str | None = None


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A part of the rows that explains failures: `column` = `value`."""

    column: str
    value: Scalar
    rows_tested: int
    rows_failed: int
    #: Part of all failures that lie here, 0..1.
    share: float
    #: Failure rate here divided by the failure rate of all rows tested.
    lift: float


@dataclass(frozen=True, kw_only=True)
class MonthCount:
    """Rows tested and failed among those created in one month ("2017-03")."""

    month: str
    rows_tested: int
    rows_failed: int


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Why a check failed and which rows: gathered only for checks that did not pass."""

    check_id: str
    #: Physical names of the key columns, in order; empty when the table has no key.
    key_columns: tuple[str, ...] = ()
    #: Keys of failing rows, at most the limit asked for, in key order.
    keys: tuple[tuple[Scalar, ...], ...] = ()
    #: Same length as `keys` where the contract has `recordUrl`; else empty.
    urls: tuple[str, ...] = ()
    offenders: tuple[Offender, ...] = ()
    #: How many different offending values there are in all; None when not counted.
    offenders_total: int | None = None
    #: Best explanation first; empty when no segment stands out.
    segments: tuple[Segment, ...] = ()
    months: tuple[MonthCount, ...] = ()
    #: Why something above is missing ("values not shown: the field is restricted").
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ValueCount:
    """One bar of a distribution."""

    value: Scalar
    rows: int
    allowed: bool


@dataclass(frozen=True, kw_only=True)
class FieldProfile:
    """How full a column is, and for a field with allowed values, which values it holds."""

    object: str
    property: str
    rows: int
    #: Rows that are neither null nor a placeholder.
    filled: int
    #: Most frequent first; empty for fields without an enum and for restricted fields.
    values: tuple[ValueCount, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SourceColumn:
    """A column as the source declares it."""

    name: str
    #: The source's own name for its type ("character varying(255)"); empty when it has none (CSV).
    type: str
    nullable: bool = True


@dataclass(frozen=True, kw_only=True)
class TableShape:
    """A table as the source declares it, at the instant of the run."""

    object: str
    physical_name: str
    #: Only contracted columns, in contract order; those that the table lacks are in `missing`.
    columns: tuple[SourceColumn, ...]
    #: False: the source types values, not columns (SQLite): what a column is declared as proves nothing of its values.
    types_bind: bool = True
    missing: tuple[str, ...] = ()
    #: Columns that the table has and the contract does not name; their values are never read.
    others: tuple[str, ...] = ()
    #: Column sets that the source itself keeps unique (primary key, unique constraint or index over whole columns).
    unique_keys: tuple[tuple[str, ...], ...] = ()
    #: About how many rows there are, by the source's own statistics; None when it keeps none. For progress only.
    rows_estimate: int | None = None
    #: Rows: those read, soft-deleted ones too, until the run has counted the live ones; None when not counted.
    rows: int | None = None
    #: The source's clock when the run's instant was taken; aware, UTC.
    source_time: datetime | None = None
    #: Why the table could not be read at all; its checks are ERRORED with this.
    error: str | None = None
    #: What was assumed in reading it ("read as cp1252, separated by ';'"). Holds no value of any row.
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TableFile:
    """A table of a snapshot on disk: one Parquet file, columns under their physical names."""

    plan: TablePlan
    shape: TableShape
    #: Absolute path of the Parquet file; None when the table could not be read (then `shape.error` says why).
    path: str | None
    bytes: int = 0
    seconds: float = 0.0
