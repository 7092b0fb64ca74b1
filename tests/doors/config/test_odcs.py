"""Contract files → Contracts: everything the file says arrives in the model; everything it cannot say is told."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from observer.config.odcs import load_contracts
from observer.config.yaml_text import read_yaml
from observer.contracts.model import (
    Comparison,
    Condition,
    Contract,
    CustomRule,
    DeletedFlag,
    Dimension,
    LogicalType,
    Metric,
    MetricRule,
    Operator,
    Relationship,
    ResponseKind,
    SchemaObject,
    Severity,
    SlaKind,
    SqlRule,
    Transition,
    Unit,
)
from observer.contracts.problems import Level
from observer.jobs.lint_contracts import lint_contracts
from tests.real_parts import missing

DATA = Path(__file__).resolve().parents[2] / "data"
EXAMPLES = Path(__file__).resolve().parents[4] / "shared" / "spec" / "odcs" / "docs" / "examples"
SALES = DATA / "valid" / "sales.odcs.yaml"


@pytest.fixture(scope="module")
def sales() -> Contract:
    loaded = load_contracts([DATA / "valid"])
    assert loaded.problems == ()
    assert [c.id for c in loaded.contracts] == ["crm-people", "crm-sales"]
    return loaded.contracts[1]


@pytest.fixture(scope="module")
def opportunities(sales: Contract) -> SchemaObject:
    found = sales.object("opportunities")
    assert found is not None
    return found


def test_a_contract_knows_where_it_came_from(sales: Contract) -> None:
    assert sales.file == str(SALES)
    assert sales.digest == hashlib.sha256(SALES.read_bytes()).hexdigest()
    assert (sales.version, sales.api_version, sales.status) == ("1.2.0", "v3.2.0", "active")
    assert sales.description == "What sales works on."
    assert [(s.name, s.type, s.schema) for s in sales.servers] == [("production", "postgres", "public")]
    assert [(s.channel, s.tool) for s in sales.support] == [("#crm-dq", "slack")]


def test_who_left_the_team_owns_nothing_any_more(sales: Contract) -> None:
    assert sales.owner == "ana@example.com"
    assert sales.steward == "sam@example.com"


def test_an_object_carries_its_times_flag_and_link(opportunities: SchemaObject) -> None:
    assert opportunities.physical_name == "sales.opportunity"
    assert opportunities.event_time == ("created_at",)
    assert opportunities.update_time == ("write_date", "created_at")
    assert opportunities.deleted_flag == DeletedFlag(column="active", values=(False,))
    assert opportunities.record_url == "https://crm.example.com/opp/{id}"
    assert [p.name for p in opportunities.primary_key] == ["id"]


def test_a_property_carries_people_states_and_placeholders(opportunities: SchemaObject) -> None:
    stage = opportunities.property("stage")
    assert stage is not None
    assert (stage.id, stage.physical_name, stage.physical_type) == ("opp_stage", "stage_name", "varchar(40)")
    assert (stage.owner, stage.steward) == ("kim@example.com", "lee@example.com")
    assert stage.consumers == ("forecast", "billing")
    assert stage.enum == ("Prospecting", "Won", "Lost")
    assert stage.placeholders == ("Select", "?")
    assert stage.critical
    assert stage.state_machine is not None
    assert stage.state_machine.initial == ("Prospecting",)
    assert stage.state_machine.transitions == (Transition(source="Prospecting", targets=("Won", "Lost")),)


def test_options_stay_as_written(opportunities: SchemaObject) -> None:
    email, close, amount = (opportunities.property(n) for n in ("email", "close_date", "amount"))
    assert email and close and amount
    assert (email.options.format, email.options.min_length, email.options.max_length) == ("email", 3, 320)
    assert email.options.pattern == r"^[^@\s]+@[^@\s]+$"
    assert (close.options.minimum, close.options.exclusive_maximum) == ("2000-01-01", "2100-01-01")
    assert (amount.options.minimum, amount.options.multiple_of) == (0, 0.01)
    assert email.restricted and email.tags == ("pii",)


def test_a_conditional_rule_carries_its_conditions(opportunities: SchemaObject) -> None:
    close = opportunities.property("close_date")
    assert close is not None
    (rule,) = close.quality
    assert isinstance(rule, MetricRule)
    assert replace(rule, path=()) == MetricRule(
        id="close_date_when_closed",
        metric=Metric.NULL_VALUES,
        comparison=Comparison(operator=Operator.MUST_BE, operands=(0,)),
        when=(
            Condition(column="stage", values=("Won", "Lost")),
            Condition(column="owner_id", values=(None,), negated=True),
        ),
        severity=Severity.WARNING,
        dimension=Dimension.COMPLETENESS,
    )


def test_every_kind_of_quality_rule_arrives(opportunities: SchemaObject) -> None:
    email = opportunities.property("email")
    assert email is not None
    filled, valid, length = email.quality
    assert isinstance(filled, MetricRule) and filled.missing_values == (None, "", "n/a")
    assert filled.id == "e-mail-is-entered"
    assert filled.comparison == Comparison(operator=Operator.MUST_BE_LESS_THAN, operands=(0.5,), unit=Unit.PERCENT)
    assert isinstance(valid, MetricRule) and valid.id == "quality-2"
    assert valid.comparison.operands == (0, 5)
    assert isinstance(length, CustomRule) and dict(length.kwargs) == {"min_value": 3}
    _, pairs, query = opportunities.quality
    assert isinstance(pairs, MetricRule) and pairs.properties == ("email", "stage")
    assert isinstance(query, SqlRule) and query.query.startswith("SELECT count(*) FROM {object}")


def test_relationships_are_found_by_name_by_id_and_in_other_files(opportunities: SchemaObject) -> None:
    owner = opportunities.property("owner_id")
    assert owner is not None
    ends = [(r.id, r.to_contract, r.to_object, r.to_columns) for r in owner.relationships]
    assert ends == [
        ("owner", "crm-sales", "users", ("id",)),
        ("in_users", "crm-sales", "users", ("id",)),
        ("in_staff", "crm-people", "staff", ("id",)),
        ("in_staff", "crm-people", "staff", ("id",)),
    ]


def test_a_composite_relationship_keeps_its_order(sales: Contract, opportunities: SchemaObject) -> None:
    (link,) = opportunities.relationships
    assert replace(link, path=()) == Relationship(
        id="in_teams",
        columns=("team_code", "team_country"),
        to_contract="crm-sales",
        to_object="teams",
        to_columns=("code", "country"),
    )
    teams = sales.object("teams")
    assert teams is not None
    assert [p.name for p in teams.primary_key] == ["country", "code"]


def test_service_levels_have_limits_and_columns(sales: Contract) -> None:
    assert [(s.kind, s.limit, s.object, s.columns) for s in sales.slas] == [
        (SlaKind.FRESHNESS, timedelta(minutes=15), "opportunities", ("write_date", "created_at")),
        (SlaKind.LATENCY, timedelta(days=2), "opportunities", ("created_at", "write_date")),
        (SlaKind.RETENTION, timedelta(days=7 * 365), "opportunities", ("created_at",)),
        (SlaKind.FREQUENCY, timedelta(days=1), "opportunities", ("write_date", "created_at")),
    ]


def contract(tmp_path: Path, body: str, *, version: str = "v3.2.0", name: str = "c.odcs.yaml") -> Path:
    file = tmp_path / name
    head = f"apiVersion: {version}\nkind: DataContract\nid: {name}\nversion: 1.0.0\nstatus: active\n"
    file.write_text(head + body)
    return file


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("boolean", "gone", DeletedFlag(column="gone", values=(True,))),
        ("timestamp", "gone", DeletedFlag(column="gone", values=())),
        ("date", "{property: gone}", DeletedFlag(column="gone", values=())),
        ("integer", "{property: gone, value: 1}", DeletedFlag(column="gone", values=(1,))),
        ("string", "{property: gone, values: [Y, J]}", DeletedFlag(column="gone", values=("Y", "J"))),
    ],
)
def test_a_deleted_flag_is_a_truth_a_time_or_values(
    tmp_path: Path, kind: str, value: str, expected: DeletedFlag
) -> None:
    file = contract(
        tmp_path,
        "schema:\n  - name: leads\n"
        f"    properties:\n      - {{name: gone, logicalType: {kind}}}\n"
        f"    customProperties:\n      - {{property: deletedFlag, value: {value}}}\n",
    )
    loaded = load_contracts([file])
    assert loaded.problems == ()
    assert loaded.contracts[0].objects[0].deleted_flag == expected


def test_a_name_that_two_other_contracts_have_is_ambiguous(tmp_path: Path) -> None:
    users = "schema:\n  - name: users\n    properties:\n      - {name: id}\n"
    contract(tmp_path, users, name="a.odcs.yaml")
    contract(tmp_path, users, name="b.odcs.yaml")
    contract(
        tmp_path,
        "schema:\n  - name: leads\n    properties:\n      - {name: owner, relationships: [{to: users.id}]}\n",
        name="c.odcs.yaml",
    )
    (problem,) = load_contracts([tmp_path]).problems
    assert problem.rule == "relationship-target"
    assert "a.odcs.yaml" in problem.message and "b.odcs.yaml" in problem.message


def test_a_broken_file_does_not_hide_what_others_refer_to(tmp_path: Path) -> None:
    contract(
        tmp_path, "schema:\n  - name: users\n    properties:\n      - {name: id, requird: true}\n", name="a.odcs.yaml"
    )
    contract(
        tmp_path,
        "schema:\n  - name: leads\n    properties:\n      - {name: owner, relationships: [{to: users.id}]}\n",
        name="c.odcs.yaml",
    )
    loaded = load_contracts([tmp_path])
    assert [p.rule for p in loaded.problems] == ["unknown-key"]
    assert [c.id for c in loaded.contracts] == ["c.odcs.yaml"]
    assert [c.id for c in loaded.drafts] == ["a.odcs.yaml"]


def test_all_problems_of_all_files_are_told_at_once_in_order(tmp_path: Path) -> None:
    contract(
        tmp_path,
        "schema:\n  - name: a\n    properties:\n      - {name: x, nope: 1, required: yes}\n",
        name="b.odcs.yml",
    )
    contract(tmp_path, "schema: []\nnope: 1\n", name="a.odcs.yaml")
    problems = load_contracts([tmp_path, tmp_path / "none"]).problems
    assert [(Path(p.file).name, p.line, p.rule) for p in problems] == [
        ("a.odcs.yaml", 6, "no-objects"),
        ("a.odcs.yaml", 7, "unknown-key"),
        ("b.odcs.yml", 9, "unknown-key"),
        ("b.odcs.yml", 9, "wrong-type"),
        ("none", 0, "file-not-found"),
    ]


def test_a_folder_without_contracts_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "readme.yaml").write_text("a: 1\n")
    assert [p.rule for p in load_contracts([tmp_path]).problems] == ["no-contracts"]


def test_a_50_mb_file_is_refused_by_its_size(tmp_path: Path) -> None:
    file = tmp_path / "big.odcs.yaml"
    with file.open("wb") as stream:
        stream.truncate(50_000_000)
    (problem,) = load_contracts([file]).problems
    assert problem.rule == "file-too-large"
    assert "50,000,000 bytes" in problem.message


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "folder.odcs.yaml"
    file.symlink_to(tmp_path / "gone")
    assert [p.rule for p in load_contracts([file]).problems] == ["file-not-found"]
    assert [p.rule for p in load_contracts([tmp_path / ("x" * 5000)]).problems] == ["file-not-readable"]
    pipe = Path("/proc/self/mem")
    if pipe.exists():
        assert [p.rule for p in load_contracts([pipe]).problems] == ["file-not-readable"]


def test_a_3_1_contract_keeps_to_3_1(tmp_path: Path) -> None:
    body = "schema:\n  - name: leads\n    properties:\n      - {name: s, enum: [{value: a}]}\n"
    (problem,) = load_contracts([contract(tmp_path, body, version="v3.1.0")]).problems
    assert problem.rule == "needs-odcs-3.2"
    assert problem.fix.startswith("set apiVersion: v3.2.0 or use quality invalidValues")
    assert load_contracts([contract(tmp_path, body)]).problems == ()


def test_every_official_example_loads_or_is_refused_with_reasons() -> None:
    if not EXAMPLES.is_dir():
        missing("the ODCS examples are not beside the repository")
    for file in sorted(EXAMPLES.rglob("*.odcs.yaml")):
        report = lint_contracts([file])
        assert len(report.contracts) + bool(report.errors) == 1, file
        assert all(p.fix and p.line > 0 for p in report.problems), file


#: Values that stand where something else belongs.
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just([{}]),
    st.just(["x"]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_mutation_of_a_valid_contract_makes_lint_raise(tmp_path: Path, data: st.DataObject) -> None:
    lines = SALES.read_text().split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        how = data.draw(st.sampled_from(["drop", "twice", "cut", "value", "indent"]))
        line = lines[at]
        if how == "drop":
            lines[at] = ""
        elif how == "twice":
            lines[at] = f"{line}\n{line}"
        elif how == "cut":
            lines[at] = line[: data.draw(st.integers(0, len(line)))]
        elif how == "value" and ":" in line:
            lines[at] = f"{line.split(':')[0]}: {data.draw(ODD)}"
        elif how == "indent":
            lines[at] = f"  {line}"
    file = tmp_path / "mutated.odcs.yaml"
    file.write_text("\n".join(lines))
    report = lint_contracts([file])
    assert len(report.contracts) + bool(report.errors) == 1
    assert all(p.line > 0 for p in report.problems if p.level is Level.ERROR)


def places_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every path of a document but the root's."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(inner, (dict, list)):
            yield from places_in(inner, (*path, key))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_in_the_place_of_anything_makes_lint_raise(tmp_path: Path, data: st.DataObject) -> None:
    document = read_yaml(SALES.read_bytes()).value
    for _ in range(data.draw(st.integers(1, 4))):
        *path, last = data.draw(st.sampled_from(list(places_in(document))))
        inside = document
        for step in path:
            inside = inside[step]
        inside[last] = copy.deepcopy(data.draw(ODD))
    file = tmp_path / "mutated.odcs.yaml"
    file.write_text(json.dumps(document))
    report = lint_contracts([file])
    assert len(report.contracts) + bool(report.errors) == 1


def test_types_that_no_table_has_are_errors_and_others_are_carried(tmp_path: Path) -> None:
    names = [t.value for t in LogicalType if t not in (LogicalType.UNSET, LogicalType.MAP, LogicalType.VECTOR)]
    lines = "".join(f"      - {{name: c_{name}, logicalType: {name}}}\n" for name in names)
    loaded = load_contracts([contract(tmp_path, f"schema:\n  - name: t\n    properties:\n{lines}")])
    assert loaded.problems == ()
    assert [p.logical_type.value for p in loaded.contracts[0].objects[0].properties] == names


def test_promises_about_incidents_have_a_kind_and_a_limit(tmp_path: Path) -> None:
    file = contract(
        tmp_path,
        "schema:\n  - {name: leads, properties: [{name: id, logicalType: integer}]}\n"
        "slaProperties:\n"
        "  - {property: timeToDetect, value: 1, unit: h}\n"
        "  - {property: timeToNotify, value: 5, unit: min}\n"
        "  - {id: mended, property: timeToRepair, value: 3, unit: d, driver: operational}\n",
    )
    loaded = load_contracts([file])
    assert loaded.problems == ()
    assert loaded.contracts[0].slas == ()
    assert [(each.id, each.kind, each.limit) for each in loaded.contracts[0].responses] == [
        ("timetodetect", ResponseKind.DETECT, timedelta(hours=1)),
        ("timetonotify", ResponseKind.NOTIFY, timedelta(minutes=5)),
        ("mended", ResponseKind.REPAIR, timedelta(days=3)),
    ]
