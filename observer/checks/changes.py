"""Contract + its plan → the checks of what changed between two consecutive snapshots. Pure and deterministic.

They have ids, owners and thresholds like the checks of the plan and stand after them: per object its columns, its rows,
then its properties in file order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from observer.checks import change_rules as changes
from observer.checks.property_rules import entered
from observer.checks.rules import Fresh, HasPhysicalType, InSet, RowCount, Rule, SqlValue, columns_of
from observer.checks.spec import NO_ROW_FAILS, CheckSpec, ContractPlan
from observer.checks.words import list_text
from observer.contracts.change_limits import ChangeKind
from observer.contracts.model import (
    Comparison,
    Contract,
    Dimension,
    Operator,
    Property,
    SchemaObject,
    Severity,
    Unit,
)


@dataclass(frozen=True)
class Default:
    """What a kind of change is about, and what holds where a contract has no limit of its own."""

    dimension: Dimension
    comparison: Comparison
    severity: Severity


def _at_most(percent: int) -> Comparison:
    return Comparison(operator=Operator.MUST_BE_LESS_OR_EQUAL_TO, operands=(percent,), unit=Unit.PERCENT)


_ABOUT_AS_MANY = Comparison(operator=Operator.MUST_BE_BETWEEN, operands=(-20, 20), unit=Unit.PERCENT)

DEFAULTS = {
    ChangeKind.DELETED_ROWS: Default(Dimension.VOLUME, _at_most(5), Severity.WARNING),
    ChangeKind.CHANGED_ROWS: Default(Dimension.CONSISTENCY, _at_most(50), Severity.WARNING),
    ChangeKind.INVALID_WRITES: Default(Dimension.VALIDITY, _at_most(1), Severity.WARNING),
    ChangeKind.ROW_COUNT_CHANGE: Default(Dimension.VOLUME, _ABOUT_AS_MANY, Severity.WARNING),
    ChangeKind.TRANSITIONS: Default(Dimension.CONSISTENCY, NO_ROW_FAILS, Severity.ERROR),
    ChangeKind.SCHEMA_DRIFT: Default(Dimension.VALIDITY, NO_ROW_FAILS, Severity.ERROR),
    ChangeKind.NEW_VALUES: Default(Dimension.VALIDITY, NO_ROW_FAILS, Severity.WARNING),
}


@dataclass(frozen=True)
class _Change:
    """A check before it has an id and an owner."""

    kind: ChangeKind
    rule: Rule
    statement: str
    prop: Property | None = None

    @property
    def name(self) -> str:
        """The last part of the id."""
        return self.kind.name.lower()


def plan_changes(contract: Contract, plan: ContractPlan) -> tuple[CheckSpec, ...]:
    """The checks of what changed. `plan` is the contract's own: its row-level checks say what an invalid write is."""
    taken = {spec.id for spec in plan.checks}
    return tuple(spec for obj in contract.objects for spec in _specs(contract, obj, plan, taken))


def _specs(contract: Contract, obj: SchemaObject, plan: ContractPlan, taken: set[str]) -> Iterator[CheckSpec]:
    restricted = plan.table(obj.name).restricted
    limits = {limit.kind: limit for limit in obj.change_limits}
    for change in _changes(obj, plan):
        prop, limit, default = change.prop, limits.get(change.kind), DEFAULTS[change.kind]
        base = ".".join(part for part in (contract.id, obj.id, prop.id if prop else None, change.name) if part)
        check_id, n = base, 2
        while check_id in taken:
            check_id, n = f"{base}-{n}", n + 1
        taken.add(check_id)
        yield CheckSpec(
            id=check_id,
            contract=contract.id,
            contract_version=contract.version,
            object=obj.name,
            property=prop.name if prop else None,
            rule_name=change.name,
            statement=change.statement,
            dimension=default.dimension,
            severity=(limit and limit.severity) or default.severity,
            rule=change.rule,
            threshold=(limit and limit.comparison) or default.comparison,
            owner=contract.owner_of(prop),
            steward=(prop.steward if prop else None) or contract.steward,
            consumers=prop.consumers if prop else (),
            critical=bool(prop and prop.critical),
            restricted=not restricted.isdisjoint(columns_of(change.rule)),
        )


def _changes(obj: SchemaObject, plan: ContractPlan) -> Iterator[_Change]:
    unchanged = f"no column of {obj.name} was removed or changed its type since the last snapshot"
    yield _Change(ChangeKind.SCHEMA_DRIFT, changes.SchemaDrift(), unchanged)
    about_as_many = f"{obj.name} has about as many rows as in the last snapshot"
    yield _Change(ChangeKind.ROW_COUNT_CHANGE, changes.RowCountChange(), about_as_many)
    if obj.primary_key:
        yield from _of_rows(obj, plan)
    for prop in obj.properties:
        yield from _of_values(obj, prop, plan)


def _of_rows(obj: SchemaObject, plan: ContractPlan) -> Iterator[_Change]:
    few_deleted = f"few rows of {obj.name} were deleted since the last snapshot"
    yield _Change(ChangeKind.DELETED_ROWS, changes.DeletedRows(), few_deleted)
    few_changed = f"few rows of {obj.name} were changed since the last snapshot"
    yield _Change(ChangeKind.CHANGED_ROWS, changes.ChangedRows(), few_changed)
    # A count, a query and the age of the newest row speak of no single row; whether another check does, the run knows.
    row_level = tuple(
        spec.id
        for spec in plan.checks
        if spec.object == obj.name
        and spec.severity is Severity.ERROR
        and not isinstance(spec.rule, RowCount | SqlValue | Fresh | HasPhysicalType)
    )
    if row_level:
        valid = f"what was written to {obj.name} since the last snapshot is valid"
        yield _Change(ChangeKind.INVALID_WRITES, changes.InvalidWrites(checks=row_level), valid)


def _of_values(obj: SchemaObject, prop: Property, plan: ContractPlan) -> Iterator[_Change]:
    machine, column = prop.state_machine, prop.physical_name
    if machine is not None and obj.primary_key:
        absent = prop.placeholders if entered(prop) else ()
        began = f"and began in {list_text(machine.initial)}"
        moved = f"{prop.name} moved only as its states allow since the last snapshot, {began}"
        rule = changes.Transitions(column=column, machine=machine, placeholders=absent)
        yield _Change(ChangeKind.TRANSITIONS, rule, moved, prop)
    sets = tuple(s for s in plan.checks if s.object == obj.name and s.property == prop.name)
    allowed = tuple(s.id for s in sets if isinstance(s.rule, InSet) and s.rule.column == column)
    if allowed:
        legal = f"{prop.name} has no illegal value that it did not have in the last snapshot"
        yield _Change(ChangeKind.NEW_VALUES, changes.NewValues(column=column, checks=allowed), legal, prop)
