"""Checks: one made by hand, and those that the plan of a table gives."""

from __future__ import annotations

from typing import Any

from observer.checks.plan import plan_contract
from observer.checks.rules import Present
from observer.checks.spec import CheckSpec
from observer.contracts.model import Dimension, Property, Severity
from tests.fakes.contracts import contract, table

#: To be varied with `dataclasses.replace`.
SPEC = CheckSpec(
    id="crm.leads.email.required",
    contract="crm",
    contract_version="1.0.0",
    object="leads",
    property="email",
    rule_name="required",
    statement="email is present",
    dimension=Dimension.COMPLETENESS,
    severity=Severity.ERROR,
    rule=Present(column="email"),
)


def checks_of(*properties: Property, **more: Any) -> dict[str, CheckSpec]:
    """The last parts of their ids → the checks of a table `leads` with these properties."""
    plan = plan_contract(contract(table("leads", *properties, **more)))
    return {c.id.removeprefix("crm.leads."): c for c in plan.checks}
