"""A run that could not look: every check is ERRORED, none is silently left out."""

from __future__ import annotations

from observer.checks.audit import ContractAudit
from observer.checks.changes import plan_changes
from observer.checks.judge import judge
from observer.checks.measure import Measurement, TableShape
from observer.checks.spec import ContractPlan
from observer.contracts.model import Contract


def unseen(contract: Contract, plan: ContractPlan, execution: str, error: str, *, changes: bool) -> ContractAudit:
    """The contract's part of the run, with `error` for every check; those of changes too when they were asked for."""
    specs = (*plan.checks, *(plan_changes(contract, plan) if changes else ()))
    return ContractAudit(
        contract=contract,
        tables=tuple(
            TableShape(object=table.object, physical_name=table.physical_name, columns=(), error=error)
            for table in plan.tables
            if not table.target_only
        ),
        results=tuple(judge(spec, Measurement(check_id=spec.id, error=error)) for spec in specs),
        one_instant=False,
        execution=execution,
    )
