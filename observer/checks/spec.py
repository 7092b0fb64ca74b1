"""CheckSpec, the one list: suites are generated from it, results matched to it, reports speak of it."""

from __future__ import annotations

from dataclasses import dataclass

from observer.checks.rules import Rule
from observer.contracts.model import Comparison, Condition, Dimension, Operator, Scalar, Severity, Unit

NO_ROW_FAILS = Comparison(operator=Operator.MUST_BE, operands=(0,), unit=Unit.ROWS)


@dataclass(frozen=True, kw_only=True)
class CheckSpec:
    """One thing to look at, with everything that is needed to judge it and to tell somebody."""

    #: `contract.object.property.rule`: stable across runs and contract versions; the same data gives the same id.
    id: str
    contract: str
    contract_version: str
    #: Name of the schema object.
    object: str
    #: Name of the property; None for a check of the whole object.
    property: str | None
    #: Short name of the rule, the last part of the id ("required", "enum", "email_missing").
    rule_name: str
    #: One sentence in the present tense: "email is present".
    statement: str
    dimension: Dimension
    severity: Severity
    rule: Rule
    #: What the count of failed rows (or the observed value) is compared with.
    threshold: Comparison = NO_ROW_FAILS
    #: Only rows that meet all of these are tested (columns are physical names).
    when: tuple[Condition, ...] = ()
    owner: str | None = None
    steward: str | None = None
    consumers: tuple[str, ...] = ()
    critical: bool = False
    #: True when a column it reads is restricted: no value of it may be shown.
    restricted: bool = False


@dataclass(frozen=True, kw_only=True)
class LiveRows:
    """Which rows of a table exist: those whose `column` holds none of `deleted_values`; with none given, is null."""

    column: str
    deleted_values: tuple[Scalar, ...]

    @property
    def deleted_texts(self) -> tuple[str, ...]:
        """What a flag of a deleted row is as text in lower case, however the source stores it; sorted.

        Databases write the truth value true as `true`, `t` or `1`, and the number 1 as `1` or `1.0`.
        """
        texts = {str(value).lower() for value in self.deleted_values if value is not None}
        for same in (("true", "t", "1"), ("false", "f", "0")):
            # `t` alone is a word of the source's own.
            texts |= set(same) if texts & {same[0], same[2]} else set()
        return tuple(sorted(texts | {f"{text}.0" for text in texts if text.isdecimal()}))


@dataclass(frozen=True, kw_only=True)
class TablePlan:
    """A table that a run reads: the columns it needs and how its rows are told apart. All names are physical."""

    contract: str
    #: Name of the schema object.
    object: str
    #: As written in the contract, perhaps qualified (`sales.leads`).
    physical_name: str
    #: Contracted columns to read, in contract order; for a table read only as a target, just the needed ones.
    columns: tuple[str, ...]
    key: tuple[str, ...]
    #: Columns whose values may not be shown or kept.
    restricted: frozenset[str] = frozenset()
    live_rows: LiveRows | None = None
    #: Column → logical type as declared, for text-stored sources ("" when none is declared).
    logical_types: tuple[tuple[str, str], ...] = ()
    #: Column → values that mean "nothing was entered".
    placeholders: tuple[tuple[str, tuple[str, ...]], ...] = ()
    #: Link to a record, with names of properties in braces; None when the contract has none.
    record_url: str | None = None
    #: (placeholder in `record_url`, column) pairs.
    url_columns: tuple[tuple[str, str], ...] = ()
    #: First column of the event time, by which failures are counted per month; None when there is none.
    event_time: str | None = None
    #: First column of the update time, else of the event time: its newest value is the table's watermark.
    update_time: str | None = None
    #: Columns of the event time; the first that is not null counts.
    event_times: tuple[str, ...] = ()
    #: Columns of the update time alone; the first that is not null counts.
    update_times: tuple[str, ...] = ()
    #: Zone of naive times per column.
    timezones: tuple[tuple[str, str], ...] = ()
    #: True when it belongs to another contract and is read only as the target of a relationship.
    target_only: bool = False


@dataclass(frozen=True, kw_only=True)
class ContractPlan:
    """Everything one run of one contract reads and checks."""

    contract: str
    contract_version: str
    tables: tuple[TablePlan, ...]
    checks: tuple[CheckSpec, ...]

    def table(self, object_name: str) -> TablePlan:
        """The plan of the contract's own object. Raises KeyError when there is none."""
        for table in self.tables:
            if table.object == object_name and table.contract == self.contract:
                return table
        raise KeyError(object_name)
