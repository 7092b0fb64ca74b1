"""What a time-to-fill level reads: its plan, narrowed to the columns that are needed, and where each of them stands.

In: an indicator and the plan of its contract. Out: physical names. Nothing is asked of a source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from observer.checks.rules import HasType, columns_of
from observer.checks.spec import CheckSpec, ContractPlan, TablePlan
from observer.slo.model import FillColumn, HistoryTable, TimeToFill


@dataclass(frozen=True, kw_only=True)
class ChangesPlan:
    """A table with one row per change of the field; all are physical names."""

    table: TablePlan
    key: str
    field: str
    field_name: str
    value: str
    changed_at: str
    types: tuple[CheckSpec, ...]
    #: The checks of P, about the value of a change.
    checks: tuple[CheckSpec, ...]


@dataclass(frozen=True, kw_only=True)
class CohortPlan:
    """What is read for one indicator."""

    #: For the shapes of tables: just what is read.
    plan: ContractPlan
    table: TablePlan
    #: How its columns are declared.
    types: tuple[CheckSpec, ...]
    #: P: all of them hold.
    checks: tuple[CheckSpec, ...]
    #: The column that says when the field was filled.
    filled_at: str | None = None
    changes: ChangesPlan | None = None
    #: The column whose newest value says as of when a copied table is true.
    as_of: str | None = None

    @property
    def restricted(self) -> bool:
        """Keys are kept as digests alone."""
        return not self.table.restricted.isdisjoint(self.table.key)


def cohort_plan(indicator: TimeToFill, plan: ContractPlan) -> CohortPlan:
    """Raises KeyError: the plan is of another contract than the indicator was read with."""
    whole = plan.table(indicator.object)
    by_id = {spec.id: spec for spec in plan.checks}
    checks = tuple(by_id[check_id] for check_id in indicator.checks)
    history = indicator.history
    filled_at = dict(whole.url_columns)[history.property] if isinstance(history, FillColumn) else None
    wanted = {*whole.key, *whole.event_times, *whole.update_times, *_read_by(checks)}
    as_of = dict(whole.url_columns)[indicator.as_of] if indicator.as_of else None
    wanted |= {name for name in (filled_at, as_of) if name}
    table = _narrowed(whole, wanted)
    changes = _changes(indicator, history, plan, checks) if isinstance(history, HistoryTable) else None
    tables = [table]
    if changes is not None and changes.table.object == table.object:
        # Changes may stand beside what they change.
        tables = [_narrowed(whole, {*table.columns, *changes.table.columns})]
    elif changes is not None:
        tables = [table, _narrowed(plan.table(changes.table.object), set(changes.table.columns))]
    return CohortPlan(
        plan=replace(plan, tables=tuple(tables), checks=(*_types(plan, table), *checks)),
        table=table,
        types=_types(plan, table),
        checks=checks,
        filled_at=filled_at,
        changes=changes,
        as_of=as_of,
    )


def _read_by(checks: tuple[CheckSpec, ...]) -> Iterator[str]:
    for spec in checks:
        yield from columns_of(spec.rule)
        yield from (condition.column for condition in spec.when)


def _types(plan: ContractPlan, table: TablePlan) -> tuple[CheckSpec, ...]:
    return tuple(
        spec
        for spec in plan.checks
        if isinstance(spec.rule, HasType) and spec.object == table.object and spec.rule.column in table.columns
    )


def _narrowed(table: TablePlan, wanted: set[str]) -> TablePlan:
    if table.live_rows is not None:
        wanted = {*wanted, table.live_rows.column}
    return replace(table, columns=tuple(name for name in table.columns if name in wanted))


def _changes(
    indicator: TimeToFill, history: HistoryTable, plan: ContractPlan, checks: tuple[CheckSpec, ...]
) -> ChangesPlan:
    whole = plan.table(history.object)
    names = dict(whole.url_columns)
    value = names[history.value]
    columns = {names[history.key], names[history.field], value, names[history.changed_at]}
    home = plan.table(indicator.object)
    field = dict(home.url_columns)[indicator.property]
    # A change holds the field's own values, whatever the column of changes is declared as.
    types = {**dict(whole.logical_types), value: dict(home.logical_types).get(field, "")}
    empty = {**dict(whole.placeholders), value: dict(home.placeholders).get(field, ())}
    table = replace(_narrowed(whole, columns), logical_types=tuple(types.items()), placeholders=tuple(empty.items()))
    own = [spec for spec in _types(plan, table) if columns_of(spec.rule) != (value,)]
    said = [
        replace(_about(s, value), object=table.object) for s in _types(plan, home) if columns_of(s.rule) == (field,)
    ]
    return ChangesPlan(
        table=table,
        types=(*own, *said),
        key=names[history.key],
        field=names[history.field],
        field_name=history.field_name,
        value=value,
        changed_at=names[history.changed_at],
        checks=tuple(_about(spec, value) for spec in checks),
    )


def _about(spec: CheckSpec, column: str) -> CheckSpec:
    """The same check of another column: its conditions speak of the field alone."""
    when = tuple(replace(condition, column=column) for condition in spec.when)
    return replace(spec, rule=replace(spec.rule, column=column), when=when)  # type: ignore[arg-type]  # rules of one value have a column
