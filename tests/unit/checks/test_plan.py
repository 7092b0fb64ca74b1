"""Contract → the one list of checks: every rule becomes a check with a stable id, an owner and a sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from observer.checks import rules
from observer.checks.plan import plan_contract
from observer.contracts.dialects import dialect_of
from observer.contracts.model import (
    Comparison,
    Condition,
    CustomRule,
    Dimension,
    LogicalType,
    Metric,
    MetricRule,
    Operator,
    QualityRule,
    Relationship,
    Server,
    Severity,
    Sla,
    SlaKind,
    SqlRule,
    StateMachine,
    Transition,
    TypeOptions,
    Unit,
)
from tests.fakes.contracts import contract, prop, table
from tests.fakes.specs import checks_of

ZERO = Comparison(operator=Operator.MUST_BE, operands=(0,))


def metric(kind: Metric, **more) -> MetricRule:
    return MetricRule(id=more.pop("id", "q"), metric=kind, comparison=more.pop("comparison", ZERO), **more)


def test_a_bare_property_is_checked_for_its_existence_and_the_table_for_rows():
    found = checks_of(prop("email", LogicalType.UNSET))
    assert list(found) == ["email.type", "rows"]
    assert found["email.type"].statement == "email exists"
    assert found["rows"].severity is Severity.WARNING


def test_checks_come_in_file_order_and_ids_are_stable():
    first = plan_contract(contract(table("leads", prop("b", required=True, unique=True), prop("a"))))
    assert [c.id for c in first.checks] == [
        "crm.leads.b.type",
        "crm.leads.b.required",
        "crm.leads.b.unique",
        "crm.leads.a.type",
        "crm.leads.rows",
    ]
    assert first == plan_contract(contract(table("leads", prop("b", required=True, unique=True), prop("a"))))


def test_ids_use_the_contract_ids_and_columns_their_physical_names():
    email = replace(prop("email", required=True, physical_name="Email__c"), id="lead_email")
    found = checks_of(email)
    assert found["lead_email.required"].rule == rules.Present(column="Email__c")
    assert found["lead_email.required"].property == "email"


def test_a_single_key_is_present_and_unique():
    found = checks_of(prop("id", LogicalType.INTEGER, primary_key_position=1))
    assert found["id.required"].rule == rules.Present(column="id")
    assert found["id.unique"].rule == rules.Unique(columns=("id",))


def test_a_composite_key_is_unique_together_in_its_order():
    found = checks_of(prop("b", primary_key_position=2), prop("a", primary_key_position=1))
    assert found["primary_key"].rule == rules.Unique(columns=("a", "b"))
    assert found["primary_key"].statement == "a and b together are unique"
    assert "b.unique" not in found
    assert {"a.required", "b.required"} <= set(found)


def test_placeholders_count_as_missing_and_are_not_tested_as_values():
    found = checks_of(prop("phone", required=True, placeholders=("n/a", ""), options=TypeOptions(max_length=20)))
    assert found["phone.required"].rule == rules.Present(column="phone", placeholders=("n/a", ""))
    assert found["phone.length"].when == (Condition(column="phone", values=("n/a", ""), negated=True),)


def test_placeholders_of_numbers_are_left_to_the_reading_of_the_text():
    found = checks_of(
        prop("score", LogicalType.INTEGER, required=True, placeholders=("?",), options=TypeOptions(minimum=0))
    )
    assert found["score.required"].rule == rules.Present(column="score")
    assert found["score.range"].when == ()


def test_an_enum_and_a_state_machine_restrict_the_values():
    machine = StateMachine(
        initial=("new",), terminal=("won",), transitions=(Transition(source="new", targets=("won",)),)
    )
    found = checks_of(prop("source", enum=("web", "event")), prop("status", state_machine=machine))
    assert found["source.enum"].rule == rules.InSet(column="source", values=("web", "event"))
    assert found["status.states"].rule == rules.InSet(column="status", values=("new", "won"))
    assert "status.states" not in checks_of(prop("status", enum=("new",), state_machine=machine))


@pytest.mark.parametrize(
    ("options", "kind", "name", "rule", "says"),
    [
        (
            {"pattern": "^a"},
            LogicalType.STRING,
            "pattern",
            rules.MatchesPattern(column="x", pattern="^a"),
            "matches its pattern",
        ),
        (
            {"minimum": 0, "maximum": 100},
            LogicalType.INTEGER,
            "range",
            rules.InRange(column="x", minimum=0, maximum=100),
            "is at least 0 and at most 100",
        ),
        (
            {"exclusive_minimum": 0},
            LogicalType.NUMBER,
            "exclusive_range",
            rules.InRange(column="x", minimum=0, exclusive_minimum=True, exclusive_maximum=True),
            "is more than 0",
        ),
        (
            {"min_length": 1, "max_length": 9},
            LogicalType.STRING,
            "length",
            rules.LengthInRange(column="x", minimum=1, maximum=9),
            "has at least 1 and at most 9 characters",
        ),
        (
            {"multiple_of": 5},
            LogicalType.INTEGER,
            "multiple_of",
            rules.MultipleOf(column="x", factor=5),
            "is a multiple of 5",
        ),
        ({"format": "u8"}, LogicalType.INTEGER, "format", rules.InRange(column="x", minimum=0, maximum=255), "fits u8"),
    ],
)
def test_every_option_becomes_a_check(options, kind, name, rule, says):
    found = checks_of(prop("x", kind, options=TypeOptions(**options)))[f"x.{name}"]
    assert found.rule == rule
    assert found.statement == f"x {says}"


def test_a_text_format_is_a_pattern_with_a_name():
    rule = checks_of(prop("x", options=TypeOptions(format="email")))["x.format"].rule
    assert isinstance(rule, rules.MatchesPattern)
    assert rule.format == "email"


def test_a_date_format_tells_how_text_is_read_and_a_zone_what_a_timestamp_carries():
    found = checks_of(
        prop("d", LogicalType.DATE, options=TypeOptions(format="dd/MM/yyyy")),
        prop("t", LogicalType.TIMESTAMP, options=TypeOptions(timezone=True)),
    )
    assert found["d.type"].rule == rules.HasType(column="d", logical_type=LogicalType.DATE, format="%d/%m/%Y")
    assert found["t.type"].rule == rules.HasType(column="t", logical_type=LogicalType.TIMESTAMP, timezone=True)


def test_a_physical_type_is_a_check_of_its_own():
    rule = checks_of(prop("x", physical_type="varchar(9)"))["x.physical_type"].rule
    assert rule == rules.HasPhysicalType(column="x", physical_type="varchar(9)")


@pytest.mark.parametrize(
    ("given", "rule", "dimension"),
    [
        (metric(Metric.NULL_VALUES), rules.Present(column="x"), Dimension.COMPLETENESS),
        (
            metric(Metric.MISSING_VALUES, missing_values=(None, "", "n/a")),
            rules.Present(column="x", placeholders=("", "n/a")),
            Dimension.COMPLETENESS,
        ),
        (
            metric(Metric.INVALID_VALUES, valid_values=("a",)),
            rules.InSet(column="x", values=("a",)),
            Dimension.VALIDITY,
        ),
        (
            metric(Metric.INVALID_VALUES, pattern="^a"),
            rules.MatchesPattern(column="x", pattern="^a"),
            Dimension.VALIDITY,
        ),
        (metric(Metric.DUPLICATE_VALUES), rules.Unique(columns=("x",)), Dimension.UNIQUENESS),
        (
            SqlRule(id="q", query="select 1", comparison=ZERO),
            rules.SqlValue(query="select 1", table="leads", column="x"),
            Dimension.CONSISTENCY,
        ),
        (
            CustomRule(id="q", expectation="expect_y", kwargs={"z": 1}),
            rules.Expectation(type="expect_y", kwargs={"column": "x", "z": 1}),
            Dimension.VALIDITY,
        ),
    ],
)
def test_every_quality_rule_becomes_a_check(given, rule, dimension):
    found = checks_of(prop("x", quality=(given,)))["x.q"]
    assert (found.rule, found.dimension) == (rule, dimension)


def test_a_rule_keeps_its_own_severity_dimension_threshold_and_words():
    half = Comparison(operator=Operator.MUST_BE_LESS_THAN, operands=(0.5,), unit=Unit.PERCENT)
    rule = metric(Metric.NULL_VALUES, comparison=half, severity=Severity.WARNING, dimension=Dimension.CONSISTENCY)
    found = checks_of(prop("x", quality=(rule,)))["x.q"]
    assert (found.threshold, found.severity, found.dimension) == (half, Severity.WARNING, Dimension.CONSISTENCY)
    assert found.statement == "x is null in less than 0.5 %"
    assert checks_of(prop("x", quality=(replace(rule, description="Mail!"),)))["x.q"].statement == "Mail!"


def test_a_conditional_rule_tests_only_its_rows():
    rule = metric(Metric.NULL_VALUES, when=(Condition(column="stage", values=("Won", "Lost")),))
    found = checks_of(prop("stage", physical_name="Stage"), prop("close_date", quality=(rule,)))["close_date.q"]
    assert found.when == (Condition(column="Stage", values=("Won", "Lost")),)
    assert found.statement == "close_date is present when stage is Won or Lost"


def test_rules_of_the_object_speak_of_properties_by_name():
    pair = CustomRule(
        id="order",
        expectation="expect_column_pair_values_a_to_be_greater_than_b",
        kwargs={"column_A": "closed", "column_B": "opened", "or_equal": True},
    )
    rows = metric(Metric.ROW_COUNT, id="rows", comparison=Comparison(operator=Operator.MUST_BE, operands=(7,)))
    twice = metric(Metric.DUPLICATE_VALUES, id="twice", properties=("closed", "opened"))
    listed = CustomRule(id="listed", expectation="expect_z", kwargs={"column_list": ["closed", "gone"]})
    found = checks_of(
        prop("closed", physical_name="Closed"),
        prop("opened", physical_name="Opened"),
        quality=(pair, rows, twice, listed),
    )
    assert found["order"].rule == rules.Expectation(
        type=pair.expectation, kwargs={"column_A": "Closed", "column_B": "Opened", "or_equal": True}
    )
    assert found["twice"].rule == rules.Unique(columns=("Closed", "Opened"))
    assert rules.columns_of(found["listed"].rule) == ("Closed", "gone")
    assert rules.columns_of(found["order"].rule) == ("Closed", "Opened")
    assert found["rows"].rule == rules.RowCount()
    assert found["rows"].severity is Severity.ERROR


def test_a_conditional_row_count_does_not_replace_the_check_for_rows():
    rule = metric(Metric.ROW_COUNT, id="some", when=(Condition(column="x", values=(1,)),))
    assert {"some", "rows"} <= set(checks_of(prop("x"), quality=(rule,)))


@pytest.mark.parametrize(
    ("operator", "operand", "speaks"),
    [
        (Operator.MUST_BE_GREATER_THAN, 0, True),
        (Operator.MUST_BE, 8800, True),
        (Operator.MUST_BE, 0, True),
        (Operator.MUST_BE_LESS_THAN, 1_000_000, False),
        (Operator.MUST_NOT_BE, 5, False),
    ],
)
def test_only_a_row_count_that_speaks_of_no_rows_replaces_the_check_for_rows(operator, operand, speaks):
    rule = metric(Metric.ROW_COUNT, id="count", comparison=Comparison(operator=operator, operands=(operand,)))
    assert ("rows" not in checks_of(prop("x"), quality=(rule,))) is speaks


def test_two_rules_of_one_name_keep_apart():
    found = checks_of(prop("x", required=True, quality=(metric(Metric.NULL_VALUES, id="required"),)))
    assert {"x.required", "x.required-2"} <= set(found)


def test_an_unknown_kind_of_rule_is_refused_and_not_skipped():
    with pytest.raises(TypeError, match="QualityRule cannot be executed"):
        checks_of(prop("x", quality=(QualityRule(id="q"),)))


def test_a_composite_relationship_belongs_to_the_object():
    link = Relationship(id="r", columns=("a", "b"), to_contract="crm", to_object="t", to_columns=("a", "b"))
    found = checks_of(prop("a"), prop("b"), relationships=(replace(link, to_object="leads"),))["r"]
    assert found.property is None
    assert found.statement == "a and b exists in leads.a, b"


def test_service_levels_become_checks_of_their_object():
    stamps = (
        prop("created", LogicalType.TIMESTAMP, options=TypeOptions(timezone=True)),
        prop("written", LogicalType.TIMESTAMP, options=TypeOptions(default_timezone="Etc/UTC")),
    )
    day = timedelta(days=1)
    slas = (
        Sla(id="fresh", kind=SlaKind.FRESHNESS, limit=day, object="leads", columns=("written", "created")),
        Sla(id="often", kind=SlaKind.FREQUENCY, limit=day, object="leads", columns=("written",)),
        Sla(id="keep", kind=SlaKind.RETENTION, limit=day, object="leads", columns=("created",)),
        Sla(id="late", kind=SlaKind.LATENCY, limit=day, object="leads", columns=("created", "written")),
        Sla(id="other", kind=SlaKind.LATENCY, limit=day, object="elsewhere", columns=("a", "b")),
    )
    plan = plan_contract(contract(table("leads", *stamps), slas=slas))
    found = {c.id: c for c in plan.checks}
    fresh = found["crm.leads.fresh"]
    assert fresh.rule == rules.Fresh(
        columns=("written", "created"), limit=day, timezone="Etc/UTC", timezones=("Etc/UTC", None)
    )
    assert fresh.threshold.operands == (86400.0,)
    assert fresh.statement == "leads is at most 1 d old by written or created"
    assert found["crm.leads.written.often"].rule == rules.Fresh(columns=("written",), limit=day, timezone="Etc/UTC")
    assert found["crm.leads.created.keep"].rule == rules.Kept(columns=("created",), limit=day)
    assert found["crm.leads.late"].rule == rules.Lag(
        since="created", until="written", limit=day, until_timezone="Etc/UTC"
    )
    assert not [c for c in found if "other" in c]


def test_the_owner_of_a_field_comes_before_the_owner_of_the_contract():
    found = checks_of(prop("a", owner="ben@example.com", consumers=("routing",), critical=True), prop("b"))
    assert found["a.type"].owner == "ben@example.com"
    assert (found["a.type"].consumers, found["a.type"].critical) == (("routing",), True)
    assert found["b.type"].owner == "ana@example.com"
    assert found["b.type"].steward is None
    orphan = plan_contract(contract(table("leads", prop("a")), owner=None)).checks[0]
    assert orphan.owner is None


@pytest.mark.parametrize(
    ("kind", "dialect"), [("postgres", "postgres"), ("postgresql", "postgres"), ("sqlserver", "tsql"), ("custom", None)]
)
def test_sql_is_read_in_the_dialect_of_the_first_server(kind, dialect):
    assert dialect_of(replace(contract(), servers=(Server(name="s", type=kind),))) == dialect
    assert dialect_of(contract()) is None
