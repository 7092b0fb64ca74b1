"""Whether a full run or a tick has the word about a check and its table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from observer.checks.measure import Outcome
from observer.checks.plan import plan_contract
from observer.checks.spec import CheckSpec
from observer.contracts.model import (
    Comparison,
    Condition,
    LogicalType,
    Metric,
    MetricRule,
    Operator,
    Sla,
    SlaKind,
)
from observer.runs.latest import with_ticks
from observer.runs.standing import CheckStanding, Standing, TableStanding
from observer.runs.ticks import Tick
from tests.fakes.contracts import contract, prop, table

NINE = datetime(2026, 11, 22, 9, tzinfo=UTC)
SOME_ROWS = MetricRule(
    id="new_leads",
    metric=Metric.ROW_COUNT,
    comparison=Comparison(operator=Operator.MUST_BE_GREATER_THAN, operands=(0,)),
    when=(Condition(column="status", values=("new",)),),
)
LEADS = table(
    "leads",
    prop("created_at", LogicalType.TIMESTAMP),
    prop("updated_at", LogicalType.TIMESTAMP),
    prop("status"),
    quality=(SOME_ROWS,),
)


def _fresh(id: str, column: str) -> Sla:
    return Sla(id=id, kind=SlaKind.FRESHNESS, limit=timedelta(hours=1), object="leads", columns=(column,))


CRM = contract(LEADS, slas=(_fresh("fresh", "updated_at"), _fresh("created", "created_at")))
SPECS = {spec.id: spec for spec in plan_contract(CRM).checks}
FRESH, CREATED = "crm.leads.updated_at.fresh", "crm.leads.created_at.created"
ROWS, NEW_ROWS = "crm.leads.rows", "crm.leads.new_leads"
NOTHING = Standing(contracts=(), tables=(), checks=(), outbox=(), leader=None)


def _tick(check: str, minutes: int, value: float | None, outcome: Outcome = Outcome.PASSED) -> Tick:
    at = NINE + timedelta(minutes=minutes)
    return Tick(
        check_id=check, contract="crm", object="leads", at=at, outcome=outcome, value=value, observed="", expected=""
    )


def _check(spec: CheckSpec, outcome: Outcome) -> CheckStanding:
    return CheckStanding(
        check_id=spec.id,
        contract=spec.contract,
        object=spec.object,
        property=spec.property,
        dimension=spec.dimension,
        severity=spec.severity,
        owner=spec.owner,
        outcome=outcome,
        rows_tested=10,
        rows_failed=0,
        value=None,
        at=NINE,
    )


AFTER_RUN = Standing(
    contracts=(),
    tables=(TableStanding(contract="crm", object="leads", rows=10, freshness_seconds=60.0, at=NINE),),
    checks=tuple(_check(spec, Outcome.PASSED) for spec in SPECS.values()),
    outbox=(),
    leader=None,
)


def _outcomes(standing: Standing) -> dict[str, Outcome]:
    return {check.check_id: check.outcome for check in standing.checks}


def test_a_tick_after_the_full_run_has_the_word() -> None:
    found = with_ticks(AFTER_RUN, [_tick(FRESH, 5, 7200.0, Outcome.FAILED), _tick(ROWS, 6, 12)], SPECS)
    assert _outcomes(found)[FRESH] is Outcome.FAILED
    assert found.tables == (
        TableStanding(
            contract="crm", object="leads", rows=12, freshness_seconds=7200.0, at=NINE + timedelta(minutes=6)
        ),
    )


def test_a_tick_before_the_full_run_has_none() -> None:
    assert with_ticks(AFTER_RUN, [_tick(FRESH, -5, 7200.0, Outcome.FAILED), _tick(ROWS, -5, 0)], SPECS) == AFTER_RUN


def test_a_glance_that_could_not_look_leaves_no_old_number_behind() -> None:
    found = with_ticks(AFTER_RUN, [_tick(FRESH, 5, None, Outcome.ERRORED)], SPECS)
    assert _outcomes(found)[FRESH] is Outcome.ERRORED
    assert found.tables[0].freshness_seconds is None
    assert found.tables[0].rows == 10


def test_a_table_is_as_fresh_as_its_newest_time() -> None:
    found = with_ticks(AFTER_RUN, [_tick(FRESH, 5, 30.0), _tick(CREATED, 5, 900.0)], SPECS)
    assert found.tables[0].freshness_seconds == 30.0


def test_a_count_of_some_rows_is_no_count_of_the_table() -> None:
    found = with_ticks(AFTER_RUN, [_tick(NEW_ROWS, 5, 3)], SPECS)
    assert found.tables[0].rows == 10


def test_a_check_that_was_only_glanced_at_stands_by_its_tick() -> None:
    found = with_ticks(NOTHING, [_tick(FRESH, 0, 30.0)], SPECS)
    assert [(check.check_id, check.owner, check.value) for check in found.checks] == [(FRESH, "ana@example.com", 30.0)]
    assert found.tables == (TableStanding(contract="crm", object="leads", freshness_seconds=30.0, at=NINE),)


def test_a_tick_of_a_check_that_is_gone_says_nothing() -> None:
    assert with_ticks(AFTER_RUN, [_tick("crm.leads.gone", 5, 1.0)], SPECS) == AFTER_RUN


@given(
    st.lists(
        st.builds(
            _tick,
            st.sampled_from([FRESH, CREATED, ROWS, NEW_ROWS, "crm.leads.gone"]),
            st.integers(-5, 5),
            st.none() | st.integers(0, 9),
            st.sampled_from(Outcome),
        ),
        unique_by=lambda tick: tick.check_id,
    ),
    st.sampled_from([NOTHING, AFTER_RUN]),
)
def test_doing_it_twice_changes_nothing(ticks: list[Tick], standing: Standing) -> None:
    once = with_ticks(standing, ticks, SPECS)
    assert with_ticks(once, ticks, SPECS) == once
