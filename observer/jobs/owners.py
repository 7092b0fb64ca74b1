"""Who owns which field, how it is watched, and how it did last. In: contracts, levels, the state. Out: the matrix."""

from __future__ import annotations

from collections.abc import Sequence

from observer.checks.changes import plan_changes
from observer.checks.plan import plan_contract
from observer.checks.spec import CheckSpec
from observer.contracts.model import Contract
from observer.incidents.routing import Ownership, ownership
from observer.slo.model import Slo
from observer.store import Store


def owners(contracts: Sequence[Contract], slos: Sequence[Slo], store: Store) -> tuple[Ownership, ...]:
    """Every field of these contracts, in their order. Raises StoreError."""
    outcomes = [(check.check_id, check.outcome) for check in store.standing().checks]
    return tuple(
        row
        for contract in contracts
        for row in ownership(
            contract,
            checks_of(contract, contracts),
            [(slo.object, slo.property) for slo in slos if slo.indicator.contract == contract.id],
            outcomes,
        )
    )


def checks_of(contract: Contract, contracts: Sequence[Contract]) -> tuple[CheckSpec, ...]:
    """Every check of a full run of the contract, those of what changed among them."""
    plan = plan_contract(contract, [other for other in contracts if other is not contract])
    return (*plan.checks, *plan_changes(contract, plan))
