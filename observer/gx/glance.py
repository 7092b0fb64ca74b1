"""A glance at a table in the source: its newest time and how many rows it has. Great Expectations plays no part.

In: a plan and a source's engine with the tables' shapes. Out: one Measurement per freshness or volume check, under the
ids that a full run judges. The newest time is asked per column, so that an index over it answers at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from observer.checks.measure import Measurement, TableShape
from observer.checks.rules import Fresh, HasType, RowCount, columns_of
from observer.checks.spec import CheckSpec, ContractPlan, TablePlan
from observer.gx import dialect_words as words
from observer.gx.asking import reason
from observer.gx.bench import Bench, source_bench
from observer.gx.measured import age_of, instant
from observer.gx.relations import Relation


def glance_plan(plan: ContractPlan) -> ContractPlan:
    """What of the plan a glance needs: freshness and volume of the contract's own tables, and their time columns."""
    checks = tuple(spec for spec in plan.checks if isinstance(spec.rule, Fresh | RowCount) and not spec.when)
    tables = tuple(_narrowed(table, checks) for table in plan.tables if not table.target_only)
    asked = {(table.object, column) for table in tables for column in table.columns}
    types = tuple(
        spec for spec in plan.checks if isinstance(spec.rule, HasType) and (spec.object, spec.rule.column) in asked
    )
    return replace(plan, tables=tables, checks=(*types, *checks))


def _narrowed(table: TablePlan, checks: Sequence[CheckSpec]) -> TablePlan:
    wanted = {column for spec in checks if spec.object == table.object for column in columns_of(spec.rule)}
    if table.live_rows is not None:
        wanted.add(table.live_rows.column)
    # A table is read by at least one column, else nothing would tell it apart from a missing one.
    columns = tuple(name for name in table.columns if name in wanted) or table.columns[:1]
    return replace(table, columns=columns)


@dataclass(frozen=True, kw_only=True)
class Views:
    """How the tables of a `glance_plan` are read, found out once for many glances."""

    relations: Mapping[str, Relation]
    #: Physical table name → why it cannot be looked at.
    errors: Mapping[str, str]
    #: Queries that were put into words already.
    compiled: dict[Any, Any] = field(default_factory=dict)


def views_of(plan: ContractPlan, engine: sa.Engine, shapes: Sequence[TableShape]) -> Views:
    """Look at how columns stored as text read. Raises EngineError when the source cannot be connected to."""
    bench = source_bench(plan, engine, shapes)
    bench.close()
    return Views(relations=bench.relations, errors=bench.errors)


def glance(
    plan: ContractPlan, engine: sa.Engine, views: Views, *, source_time: datetime, volume: bool
) -> tuple[Measurement, ...]:
    """One measurement per freshness check of the `glance_plan`, and per volume check when `volume` is asked for.

    A table that cannot be read errors its own checks only. Raises EngineError when the source cannot be connected to.
    """
    bench = Bench(engine, owns_engine=False, compiled=views.compiled)
    bench.relations |= views.relations
    bench.errors |= views.errors
    try:
        return tuple(_look(bench, plan, spec, source_time) for spec in glanced_at(plan, volume=volume))
    finally:
        bench.close()


def glanced_at(plan: ContractPlan, *, volume: bool) -> tuple[CheckSpec, ...]:
    """The checks of which a glance gives a measurement, in their order."""
    kinds = Fresh | RowCount if volume else Fresh
    return tuple(spec for spec in plan.checks if isinstance(spec.rule, kinds))


def _look(bench: Bench, plan: ContractPlan, spec: CheckSpec, source_time: datetime) -> Measurement:
    name = plan.table(spec.object).physical_name
    error = bench.errors.get(name)
    if error is None and (error := bench.relations[name].rows_error) is None:
        try:
            return _measured(bench, bench.relations[name], spec, source_time)
        except sa.exc.SQLAlchemyError as fault:
            error = reason(fault)
    return Measurement(check_id=spec.id, error=error)


def _measured(bench: Bench, relation: Relation, spec: CheckSpec, source_time: datetime) -> Measurement:
    if not isinstance(spec.rule, Fresh):
        (row,) = bench.fetch(sa.select(sa.func.count()).select_from(relation.rows))
        return Measurement(check_id=spec.id, value=int(row[0]))
    rule = spec.rule
    missing = [column for column in rule.columns if column not in relation.kinds]
    if missing:
        return Measurement(check_id=spec.id, error=f"the table has no column `{missing[0]}`")
    for column in rule.columns:
        if column in relation.untyped:
            return Measurement(check_id=spec.id, error=f"{column} {relation.untyped[column]}")
    zones = rule.timezones or (rule.timezone,) * len(rule.columns)
    newest: list[datetime] = []
    for place, (column, zone) in enumerate(zip(rule.columns, zones, strict=True)):
        earlier = [relation.column(name).is_(None) for name in rule.columns[:place]]
        moment = relation.column(column)
        finite = words.is_finite_time(moment, relation.kinds[column], bench.dialect)
        said = earlier if finite is None else [*earlier, finite]
        (row,) = bench.fetch(sa.select(sa.func.max(moment)).select_from(relation.rows).where(*said))
        if row[0] is not None:
            try:
                newest.append(instant(row[0], zone))
            except (ValueError, TypeError):
                return Measurement(check_id=spec.id, error="the newest time cannot be read as a time")
    return age_of(spec.id, rule, max(newest, default=None), source_time)
