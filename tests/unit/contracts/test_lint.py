"""The lint rules on plain values: no file, no parser, no engine. The doors are fakes that accept everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.contracts.dialects import dialect_of
from observer.contracts.lint import lint
from observer.contracts.lint_doors import Doors
from observer.contracts.lint_types import fits
from observer.contracts.lint_weak import words_of
from observer.contracts.model import (
    Comparison,
    Condition,
    Contract,
    CustomRule,
    DeletedFlag,
    LogicalType,
    Metric,
    MetricRule,
    Operator,
    Property,
    QualityRule,
    Relationship,
    SchemaObject,
    Server,
    Sla,
    SlaKind,
    SqlRule,
    StateMachine,
    TeamMember,
    Transition,
    TypeOptions,
    Unit,
)
from observer.contracts.problems import Complaint, Level

AGREEABLE = Doors(
    query=lambda query, contract, obj, prop: None,
    pattern=lambda pattern: None,
    expectation=lambda name, kwargs: None,
    zone=lambda name: True,
)
KEY = Property(id="id", name="id", physical_name="id", logical_type=LogicalType.INTEGER, primary_key_position=1)
AT = Property(
    id="at",
    name="at",
    physical_name="at",
    logical_type=LogicalType.TIMESTAMP,
    options=TypeOptions(timezone=True),
)
FRESH = Sla(id="fresh", kind=SlaKind.FRESHNESS, limit=timedelta(hours=1), object="leads", columns=("at",))


def prop(name: str = "note", kind: LogicalType = LogicalType.STRING, **more: object) -> Property:
    return replace(Property(id=name, name=name, physical_name=name, logical_type=kind), **more)  # type: ignore[arg-type]


def contract(*properties: Property, quality: tuple[QualityRule, ...] = (), **of_object: object) -> Contract:
    leads = SchemaObject(
        id="leads", name="leads", physical_name="leads", properties=(KEY, AT, *properties), quality=quality
    )
    leads = replace(leads, **of_object)  # type: ignore[arg-type]
    return Contract(
        id="crm",
        name="crm",
        version="1",
        api_version="v3.2.0",
        status="active",
        objects=(leads,),
        slas=(FRESH,),
        file="crm.odcs.yaml",
    )


def rules_of(*contracts: Contract, doors: Doors = AGREEABLE) -> list[str]:
    return [problem.rule for problem in lint(contracts, doors)]


def metric(
    name: Metric,
    *operands: object,
    operator: Operator = Operator.MUST_BE,
    unit: Unit = Unit.ROWS,
    **more: object,
) -> MetricRule:
    comparison = Comparison(operator=operator, operands=operands or (0,), unit=unit)  # type: ignore[arg-type]
    return MetricRule(id="rule", metric=name, comparison=comparison, **more)  # type: ignore[arg-type]


def test_a_plain_contract_is_clean() -> None:
    assert rules_of(contract(prop())) == []


def test_a_problem_names_the_file_of_its_contract() -> None:
    (problem,) = lint([replace(contract(), slas=())], AGREEABLE)
    assert (problem.file, problem.rule, problem.level) == ("crm.odcs.yaml", "no-freshness", Level.WARNING)


@pytest.mark.parametrize(
    ("options", "kind", "expected"),
    [
        ({"minimum": 1, "maximum": 1}, LogicalType.INTEGER, []),
        ({"exclusive_minimum": 1, "maximum": 1}, LogicalType.INTEGER, ["bounds-empty"]),
        ({"minimum": 2, "maximum": 1}, LogicalType.NUMBER, ["bounds-empty"]),
        ({"minimum": "2026-02-01", "maximum": "2026-01-01"}, LogicalType.DATE, ["bounds-empty"]),
        ({"minimum": "2026-02-30"}, LogicalType.DATE, ["bound-type"]),
        ({"maximum": "25:00"}, LogicalType.TIME, ["bound-type"]),
        ({"min_length": 0, "max_length": 0}, LogicalType.STRING, []),
        ({"min_length": 2, "max_length": 1}, LogicalType.STRING, ["length-bounds"]),
        ({"format": "uuid"}, LogicalType.STRING, []),
        ({"format": "binary"}, LogicalType.STRING, ["string-format"]),
        ({"format": "dd.MM.yyyy"}, LogicalType.DATE, []),
        ({"format": "EEE"}, LogicalType.DATE, ["date-format"]),
        ({"format": "f64"}, LogicalType.NUMBER, []),
        ({"timezone": True, "default_timezone": "Etc/UTC"}, LogicalType.TIMESTAMP, ["timezone-contradiction"]),
        ({"timezone": False, "default_timezone": "Etc/UTC"}, LogicalType.TIMESTAMP, []),
    ],
)
def test_options_fit_the_type_and_each_other(
    options: dict[str, object], kind: LogicalType, expected: list[str]
) -> None:
    assert rules_of(contract(prop(kind=kind, options=TypeOptions(**options)))) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (metric(Metric.NULL_VALUES), []),
        (metric(Metric.NULL_VALUES, 99.5, operator=Operator.MUST_BE_LESS_THAN, unit=Unit.PERCENT), []),
        (metric(Metric.NULL_VALUES, 100.5, operator=Operator.MUST_BE_LESS_THAN, unit=Unit.PERCENT), ["percent"]),
        (metric(Metric.NULL_VALUES, 0.5), ["row-operand"]),
        (metric(Metric.NULL_VALUES, -1), ["row-operand"]),
        (metric(Metric.NULL_VALUES, True), ["operand"]),
        (metric(Metric.NULL_VALUES, "0"), ["operand"]),
        (metric(Metric.NULL_VALUES, None), ["operand"]),
        (metric(Metric.NULL_VALUES, 1, 2, operator=Operator.MUST_BE_BETWEEN), []),
        (metric(Metric.NULL_VALUES, 2, 2, operator=Operator.MUST_NOT_BE_BETWEEN), ["between-reversed"]),
        (metric(Metric.MISSING_VALUES), ["missing-values-argument"]),
        (metric(Metric.MISSING_VALUES, missing_values=(None, "")), []),
        (metric(Metric.MISSING_VALUES, missing_values=(0,)), ["argument-type"]),
        (metric(Metric.INVALID_VALUES), ["invalid-values-argument"]),
        (metric(Metric.INVALID_VALUES, valid_values=()), ["invalid-values-argument"]),
        (metric(Metric.INVALID_VALUES, valid_values=(None,)), ["invalid-values-argument"]),
        (metric(Metric.INVALID_VALUES, valid_values=("a",), pattern="a"), ["invalid-values-argument"]),
        (metric(Metric.INVALID_VALUES, pattern="a"), []),
        (metric(Metric.DUPLICATE_VALUES), []),
        (metric(Metric.ROW_COUNT), ["metric-level"]),
        (metric(Metric.NULL_VALUES, when=(Condition(column="id", values=(1, None)),)), []),
        (metric(Metric.NULL_VALUES, when=(Condition(column="id", values=("1",)),)), ["when-type"]),
        (metric(Metric.NULL_VALUES, when=(Condition(column="nope", values=(1,)),)), ["unknown-column"]),
    ],
)
def test_rules_of_a_property_can_be_executed(rule: MetricRule, expected: list[str]) -> None:
    assert rules_of(contract(prop(quality=(rule,)))) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (metric(Metric.ROW_COUNT, 0, operator=Operator.MUST_BE_GREATER_THAN), []),
        (metric(Metric.ROW_COUNT, 5, unit=Unit.PERCENT), ["percent"]),
        (metric(Metric.INVALID_VALUES, pattern="a"), ["metric-level"]),
        (metric(Metric.DUPLICATE_VALUES), ["duplicate-values-argument"]),
        (metric(Metric.DUPLICATE_VALUES, properties=("id", "nope")), ["unknown-column"]),
        (CustomRule(id="r", expectation="expect_x", kwargs={"column": "at"}), []),
        (CustomRule(id="r", expectation="expect_x", kwargs={"column_list": ["at", "nope"]}), ["unknown-column"]),
    ],
)
def test_rules_of_an_object_can_be_executed(rule: QualityRule, expected: list[str]) -> None:
    assert rules_of(contract(quality=(rule,))) == expected


def test_what_the_doors_refuse_is_told_where_it_stands() -> None:
    no = Complaint("no", "yes")
    seen: list[Mapping[str, object]] = []

    def expectation(name: str, kwargs: Mapping[str, object]) -> Complaint:
        seen.append(kwargs)
        return no

    strict = Doors(query=lambda *_: no, pattern=lambda _: no, expectation=expectation, zone=lambda _: False)
    zero = Comparison(operator=Operator.MUST_BE, operands=(0,))
    refused = contract(
        prop(
            options=TypeOptions(pattern="x", path=("options",)),
            quality=(
                SqlRule(id="a", query="x", comparison=zero, path=("sql",)),
                CustomRule(id="b", expectation="expect_column_values_to_be_x", kwargs={}, path=("custom",)),
            ),
        ),
        prop("when", LogicalType.TIMESTAMP, options=TypeOptions(default_timezone="Mars/Base", path=("zone",))),
    )
    found = {p.rule: p.path for p in lint([refused], strict)}
    assert found == {
        "pattern": ("options", "pattern"),
        "sql": ("sql", "query"),
        "expectation": ("custom", "implementation"),
        "timezone-unknown": ("zone", "defaultTimezone"),
    }
    assert seen == [{"column": "note"}]


MOVES = (Transition(source="new", targets=("won",)),)


@pytest.mark.parametrize(
    ("machine", "enum", "expected"),
    [
        (StateMachine(initial=("new",), terminal=("won",), transitions=MOVES), None, []),
        (StateMachine(initial=("new",), terminal=("won",), transitions=MOVES), ("won", "new"), []),
        (StateMachine(initial=("new",), terminal=("won",), transitions=MOVES), ("new",), ["state-machine-enum"]),
        (StateMachine(initial=(), terminal=("won",), transitions=MOVES), None, ["state-machine"]),
        (StateMachine(initial=("new",), terminal=("new", "won"), transitions=MOVES), None, ["state-machine"]),
        (StateMachine(initial=("new",), terminal=(), transitions=MOVES), None, ["state-machine-no-end"]),
        (
            StateMachine(initial=("new",), terminal=("won", "lost"), transitions=MOVES),
            None,
            ["state-machine-unreachable"],
        ),
    ],
)
def test_a_state_machine_can_be_entered_walked_and_left(
    machine: StateMachine, enum: tuple[str, ...] | None, expected: list[str]
) -> None:
    assert rules_of(contract(prop(state_machine=machine, enum=enum))) == expected


@pytest.mark.parametrize(
    ("flag", "kind", "expected"),
    [
        (DeletedFlag(column="gone"), LogicalType.BOOLEAN, []),
        (DeletedFlag(column="gone"), LogicalType.INTEGER, ["deleted-flag-value"]),
        (DeletedFlag(column="gone", values=(1,)), LogicalType.INTEGER, []),
        (DeletedFlag(column="gone", values=()), LogicalType.TIMESTAMP, []),
        (DeletedFlag(column="nope"), LogicalType.BOOLEAN, ["unknown-column"]),
    ],
)
def test_a_deleted_flag_can_hold_its_values(flag: DeletedFlag, kind: LogicalType, expected: list[str]) -> None:
    assert rules_of(contract(prop("gone", kind), deleted_flag=flag)) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://crm.example.com/leads/{id}", []),
        ("http://localhost:8000/web#id={id}&at={at}", []),
        ("https://crm.example.com/leads/{nope}", ["unknown-column"]),
        ("https://crm.example.com/leads/{secret}", ["record-url-restricted"]),
        ("https://crm.example.com/leads", ["record-url"]),
        ("crm.example.com/{id}", ["record-url"]),
        ("javascript:alert({id})", ["record-url"]),
        ("https://crm.example.com/{id", ["record-url"]),
    ],
)
def test_a_record_url_leads_to_one_record(url: str, expected: list[str]) -> None:
    secret = prop("secret", classification="Restricted")
    assert rules_of(contract(secret, record_url=url)) == expected


def test_a_naive_timestamp_matters_only_where_ages_are_told() -> None:
    naive = prop("when", LogicalType.TIMESTAMP)
    assert rules_of(contract(naive)) == []
    assert rules_of(contract(naive, update_time=("when", "at"))) == ["timezone-missing"]
    assert rules_of(contract(prop("when", LogicalType.DATE), event_time=("when",))) == []
    assert rules_of(contract(prop("when"), event_time=("when",))) == ["time-type"]


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [
        (LogicalType.INTEGER, LogicalType.INTEGER, []),
        (LogicalType.INTEGER, LogicalType.NUMBER, []),
        (LogicalType.UNSET, LogicalType.STRING, []),
        (LogicalType.STRING, LogicalType.INTEGER, ["relationship-type"]),
    ],
)
def test_both_ends_of_a_relationship_have_one_type(here: LogicalType, there: LogicalType, expected: list[str]) -> None:
    link = Relationship(id="r", columns=("ref",), to_contract="crm", to_object="leads", to_columns=("goal",))
    assert rules_of(contract(prop("ref", here, relationships=(link,)), prop("goal", there))) == expected


@pytest.mark.parametrize(
    ("name", "kind", "classification", "expected"),
    [
        ("email", LogicalType.STRING, None, ["personal-without-classification"]),
        ("PersonMobilePhone", LogicalType.STRING, None, ["personal-without-classification"]),
        ("first_name", LogicalType.STRING, None, ["personal-without-classification"]),
        ("birthDate", LogicalType.DATE, None, ["personal-without-classification"]),
        ("email", LogicalType.STRING, "public", []),
        ("email_opt_in", LogicalType.BOOLEAN, None, []),
        ("address_id", LogicalType.INTEGER, None, []),
        ("has_phone", LogicalType.STRING, None, []),
        ("name", LogicalType.STRING, None, []),
        ("shipment", LogicalType.STRING, None, []),
        ("lead_source", LogicalType.STRING, None, ["enum-without-rule"]),
        ("StageName", LogicalType.STRING, None, []),
        ("status", LogicalType.INTEGER, None, []),
    ],
)
def test_weak_fields_are_warned_of(
    name: str, kind: LogicalType, classification: str | None, expected: list[str]
) -> None:
    assert rules_of(contract(prop(name, kind, classification=classification))) == expected


def test_a_critical_element_needs_an_owner_of_its_own_or_of_the_contract() -> None:
    critical = contract(prop(critical=True))
    assert rules_of(critical) == ["critical-without-owner"]
    assert rules_of(contract(prop(critical=True, owner="ana"))) == []
    assert rules_of(replace(critical, team=(TeamMember(username="ana", role="Owner"),))) == []


def test_two_contracts_with_one_id_are_told_once() -> None:
    assert rules_of(contract(), contract(), replace(contract(), id="other")) == ["duplicate-contract"]


@pytest.mark.parametrize(
    ("server", "dialect"),
    [
        ("postgres", "postgres"),
        ("postgresql", "postgres"),
        ("sqlserver", "tsql"),
        ("mysql", "mysql"),
        ("custom", None),
        ("local", None),
        ("kafka", "kafka"),
    ],
)
def test_the_first_server_says_which_sql_is_meant(server: str, dialect: str | None) -> None:
    assert dialect_of(replace(contract(), servers=(Server(name="x", type=server),))) == dialect
    assert dialect_of(contract()) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("emailAddress", ["email", "address"]),
        ("EMAIL_ADDRESS", ["email", "address"]),
        ("IPAddress2", ["ip", "address", "2"]),
        ("", []),
    ],
)
def test_names_are_read_word_by_word(name: str, words: list[str]) -> None:
    assert words_of(name) == words


@given(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    st.sampled_from(LogicalType),
)
def test_null_fits_everywhere_and_a_truth_is_no_number(value: object, kind: LogicalType) -> None:
    assert isinstance(fits(value, kind), bool)  # type: ignore[arg-type]
    if value is None:
        assert fits(value, kind)
    if isinstance(value, bool) and kind in (LogicalType.INTEGER, LogicalType.NUMBER, LogicalType.STRING):
        assert not fits(value, kind)
