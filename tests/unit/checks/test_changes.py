"""A contract's change checks: which there are, how they are called, whose they are, and what holds by default."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.checks.change_rules import InvalidWrites, NewValues, Transitions
from observer.checks.changes import DEFAULTS, plan_changes
from observer.checks.judge import judge
from observer.checks.measure import Measurement, Outcome
from observer.checks.plan import plan_contract
from observer.checks.spec import NO_ROW_FAILS, CheckSpec
from observer.contracts.change_limits import ChangeKind, ChangeLimit
from observer.contracts.model import (
    Comparison,
    Contract,
    LogicalType,
    Operator,
    Severity,
    StateMachine,
    Transition,
    Unit,
)
from tests.fakes.contracts import contract, prop, table

MACHINE = StateMachine(
    initial=("new",), terminal=("won",), transitions=(Transition(source="new", targets=("working",)),)
)
ID = prop("id", LogicalType.INTEGER, primary_key_position=1, required=True)
STAGE = prop("stage", state_machine=MACHINE, owner="sam@example.com", placeholders=("n/a",))
SOURCE = prop("source", enum=("web", "fair"), classification="restricted", critical=True)


def planned(under: Contract) -> dict[str, CheckSpec]:
    specs = plan_changes(under, plan_contract(under))
    assert len({spec.id for spec in specs}) == len(specs)
    return {spec.id: spec for spec in specs}


def test_each_table_and_each_field_has_its_checks_in_the_order_of_the_file() -> None:
    assert list(planned(contract(table("leads", ID, STAGE, SOURCE), table("log", prop("text"))))) == [
        "crm.leads.schema_drift",
        "crm.leads.row_count_change",
        "crm.leads.deleted_rows",
        "crm.leads.changed_rows",
        "crm.leads.invalid_writes",
        "crm.leads.stage.transitions",
        "crm.leads.stage.new_values",
        "crm.leads.source.new_values",
        "crm.log.schema_drift",
        "crm.log.row_count_change",
    ]


def test_they_belong_to_the_owner_of_the_field_or_else_of_the_contract() -> None:
    checks = planned(contract(table("leads", ID, STAGE, SOURCE)))
    assert checks["crm.leads.stage.transitions"].owner == "sam@example.com"
    assert checks["crm.leads.source.new_values"].owner == checks["crm.leads.deleted_rows"].owner == "ana@example.com"
    assert checks["crm.leads.source.new_values"].critical


def test_a_check_of_a_restricted_field_is_restricted() -> None:
    checks = planned(contract(table("leads", ID, STAGE, SOURCE)))
    assert [spec.id for spec in checks.values() if spec.restricted] == ["crm.leads.source.new_values"]


def test_invalid_writes_are_told_by_the_checks_of_single_rows_whose_severity_is_error() -> None:
    rule = planned(contract(table("leads", ID, STAGE)))["crm.leads.invalid_writes"].rule
    assert isinstance(rule, InvalidWrites)
    assert rule.checks == (
        "crm.leads.id.type",
        "crm.leads.id.required",
        "crm.leads.id.unique",
        "crm.leads.stage.type",
        "crm.leads.stage.states",
    )


def test_new_values_are_told_by_the_checks_of_allowed_values() -> None:
    rule = planned(contract(table("leads", ID, SOURCE)))["crm.leads.source.new_values"].rule
    assert rule == NewValues(column="source", checks=("crm.leads.source.enum",))


def test_without_a_limit_of_its_own_the_default_holds_and_parts_of_it_can_be_replaced() -> None:
    few = Comparison(operator=Operator.MUST_BE_LESS_THAN, operands=(1,), unit=Unit.PERCENT)
    limits = (
        ChangeLimit(kind=ChangeKind.DELETED_ROWS, comparison=few),
        ChangeLimit(kind=ChangeKind.SCHEMA_DRIFT, severity=Severity.INFO),
    )
    checks = planned(contract(replace(table("leads", ID, STAGE), change_limits=limits)))
    deleted, drift = checks["crm.leads.deleted_rows"], checks["crm.leads.schema_drift"]
    assert (deleted.threshold, deleted.severity) == (few, Severity.WARNING)
    assert (drift.threshold, drift.severity) == (NO_ROW_FAILS, Severity.INFO)
    changed, default = checks["crm.leads.changed_rows"], DEFAULTS[ChangeKind.CHANGED_ROWS]
    assert (changed.threshold, changed.severity) == (default.comparison, default.severity)
    assert set(DEFAULTS) == set(ChangeKind)


def test_an_id_that_the_plan_has_already_is_not_given_twice() -> None:
    under = contract(table("leads", ID))
    plan = plan_contract(under)
    taken = replace(plan, checks=(replace(plan.checks[0], id="crm.leads.schema_drift"), *plan.checks[1:]))
    ids = [spec.id for spec in plan_changes(under, taken)]
    assert "crm.leads.schema_drift-2" in ids
    assert "crm.leads.schema_drift" not in ids


SEEN = [
    ("crm.leads.row_count_change", {"value": 20, "seen": "+20 % (10 rows before, 12 now)"}, Outcome.PASSED),
    ("crm.leads.row_count_change", {"value": 20.5, "seen": "+20.5 %"}, Outcome.WARNED),
    ("crm.leads.row_count_change", {"value": -21, "seen": "-21 %"}, Outcome.WARNED),
    ("crm.leads.schema_drift", {"value": 0, "seen": "`x` added"}, Outcome.PASSED),
    ("crm.leads.schema_drift", {"value": 1, "seen": "`x` removed"}, Outcome.FAILED),
    ("crm.leads.deleted_rows", {"rows_tested": 100, "rows_failed": 5}, Outcome.PASSED),
    ("crm.leads.deleted_rows", {"rows_tested": 100, "rows_failed": 6}, Outcome.WARNED),
    ("crm.leads.stage.transitions", {"rows_tested": 100, "rows_failed": 1}, Outcome.FAILED),
    ("crm.leads.stage.transitions", {"rows_tested": 0, "rows_failed": 0}, Outcome.SKIPPED),
    ("crm.leads.stage.new_values", {"rows_tested": 100, "rows_failed": 1}, Outcome.WARNED),
    ("crm.leads.invalid_writes", {}, Outcome.ERRORED),
    ("crm.leads.schema_drift", {}, Outcome.ERRORED),
]


@pytest.mark.parametrize(("check", "seen", "outcome"), SEEN)
def test_they_are_judged_like_any_other(check: str, seen: dict[str, object], outcome: Outcome) -> None:
    spec = planned(contract(table("leads", ID, STAGE)))[check]
    result = judge(spec, Measurement(check_id=spec.id, **seen))  # type: ignore[arg-type]  # a table of cases
    assert result.outcome is outcome
    if "seen" in seen:
        assert result.observed == seen["seen"]
    assert result.expected


STATES = ["a", "b", "c", "d"]


@given(
    st.lists(st.tuples(st.sampled_from(STATES), st.sampled_from(STATES)), max_size=8),
    st.lists(st.sampled_from([*STATES, "odd", None]), min_size=1, max_size=6),
)
def test_what_is_legal_step_by_step_is_legal_at_once(moves: list[tuple[str, str]], path: list[str | None]) -> None:
    machine = StateMachine(
        initial=("a",), terminal=(), transitions=tuple(Transition(source=s, targets=(t,)) for s, t in moves)
    )
    rule = Transitions(column="stage", machine=machine)
    if all(rule.is_legal(one, other) for one, other in pairwise(path)):
        assert rule.is_legal(path[0], path[-1])
    for state in (*STATES, None):
        assert rule.is_legal(state, state)
        assert rule.may_begin_in(state, written_since=True) or not rule.may_begin_in(state, written_since=False)
