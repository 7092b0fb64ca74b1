"""The contracts in expectations/contracts/ are the examples that people copy: they hold every kind of rule."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from observer.checks.plan import plan_contract
from observer.checks.rules import SuiteRule
from observer.checks.spec import CheckSpec
from observer.config.odcs import load_contracts
from observer.contracts.model import Contract, Dimension, Metric, MetricRule, Operator, Severity, SlaKind, SqlRule, Unit
from observer.demo import demo_contracts
from observer.jobs.lint_contracts import load_for_run
from tests.acceptance import expected_demo, expected_real_inputs

REAL = Path(__file__).parents[2] / "data" / "contracts"


@pytest.fixture(scope="module")
def contracts() -> tuple[Contract, ...]:
    loaded = load_contracts((demo_contracts(),))
    assert loaded.problems == ()
    return loaded.contracts


@pytest.fixture(scope="module")
def checks(contracts: tuple[Contract, ...]) -> tuple[CheckSpec, ...]:
    return tuple(check for contract in contracts for check in plan_contract(contract, contracts).checks)


def test_they_lint_without_an_error() -> None:
    assert len(load_for_run((demo_contracts(),))) == 5


@pytest.mark.parametrize("file", sorted(REAL.glob("*.odcs.yaml")), ids=lambda file: file.stem)
def test_the_contracts_of_the_real_inputs_lint_without_an_error(file: Path) -> None:
    assert len(load_for_run((file,))) == 1


def test_every_kind_of_rule_stands_in_them_at_least_once(checks: tuple[CheckSpec, ...]) -> None:
    assert {type(check.rule) for check in checks} == set(get_args(SuiteRule))


def test_every_operator_unit_severity_and_dimension_stands_in_them(checks: tuple[CheckSpec, ...]) -> None:
    assert {check.threshold.operator for check in checks} == set(Operator)
    assert {check.threshold.unit for check in checks} == set(Unit)
    assert {check.severity for check in checks} == set(Severity)
    assert {check.dimension for check in checks} == set(Dimension)


def test_every_metric_and_service_level_stands_in_them(contracts: tuple[Contract, ...]) -> None:
    rules = [
        r for c in contracts for o in c.objects for r in (*o.quality, *(r for p in o.properties for r in p.quality))
    ]

    assert {rule.metric for rule in rules if isinstance(rule, MetricRule)} == set(Metric)
    assert any(isinstance(rule, SqlRule) for rule in rules)
    assert any(isinstance(rule, MetricRule) and rule.when for rule in rules)
    assert {sla.kind for contract in contracts for sla in contract.slas} == set(SlaKind)


def test_both_versions_of_the_standard_and_references_between_contracts_stand_in_them(
    contracts: tuple[Contract, ...],
) -> None:
    links = [
        (contract.id, link)
        for contract in contracts
        for obj in contract.objects
        for link in (*obj.relationships, *(link for prop in obj.properties for link in prop.relationships))
    ]

    assert {contract.api_version for contract in contracts} == {"v3.1.0", "v3.2.0"}
    assert any(link.to_contract != home for home, link in links)
    assert any(link.to_contract == home for home, link in links)
    assert any(len(link.columns) == 2 for _, link in links)


def test_every_field_has_an_owner_and_personal_fields_are_restricted(contracts: tuple[Contract, ...]) -> None:
    for contract in contracts:
        for obj in contract.objects:
            for prop in obj.properties:
                assert contract.owner_of(prop), prop.name
                assert prop.restricted == ("pii" in prop.tags), prop.name


def test_the_expected_findings_name_checks_that_exist(checks: tuple[CheckSpec, ...]) -> None:
    named = {*expected_demo.FOUND_BY, *expected_demo.COUNTED_BY, expected_demo.STALE, *expected_demo.EXPLAINED_BY}

    assert named - {check.id for check in checks} == set()


def test_the_expected_numbers_of_the_real_inputs_name_checks_that_exist() -> None:
    expected = expected_real_inputs
    named = {*expected.MAVEN, *expected.MAVEN_VALUES, *expected.SALESFORCE, *expected.HUBSPOT, *expected.TRYTON}
    named |= {*expected.MAVEN_FAILED, *expected.TRYTON_PROVEN, expected.SALESFORCE_NOT_GREEN, expected.TRYTON_WARNED}
    planned = {check.id for contract in load_contracts((REAL,)).contracts for check in plan_contract(contract).checks}

    assert named - planned == set()
