"""Checks of two contracts or objects that would have one id, by which results, metrics and service levels know them.

Ids are joined with dots, and a name may hold dots: `crm` with the object `leads` meets `crm.leads`. Contracts without
an error in, Problems out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from observer.checks.changes import plan_changes
from observer.checks.plan import plan_contract
from observer.contracts.model import Contract, Path
from observer.contracts.problems import Problem


def same_ids(contracts: Sequence[Contract]) -> Iterator[Problem]:
    """One problem per pair of contracts, or of objects of a contract, that have checks of the same id."""
    by_id = {contract.id: contract for contract in contracts}
    for contract in contracts:
        for other in _beginnings(contract.id) & by_id.keys():
            same = _ids(contract, contracts).keys() & _ids(by_id[other], contracts).keys()
            yield from _problem(same, f"contract `{other}`", contract, ("id",))
        objects = {obj.id: obj for obj in contract.objects}
        for obj in contract.objects:
            for other in _beginnings(obj.id) & objects.keys():
                both = {obj.name, objects[other].name}
                same = {name for name, having in _ids(contract, contracts).items() if both <= having}
                yield from _problem(same, f"object `{other}`", contract, (*obj.path, "id"))


def _beginnings(name: str) -> set[str]:
    """ "a.b.c" → "a" and "a.b": only a name that is one of these can give the same id as this one."""
    parts = name.split(".")
    return {".".join(parts[:count]) for count in range(1, len(parts))}


def _ids(contract: Contract, contracts: Sequence[Contract]) -> dict[str, set[str]]:
    """Check id → the objects that have a check of that id."""
    plan = plan_contract(contract, [other for other in contracts if other is not contract])
    found: dict[str, set[str]] = {}
    for spec in (*plan.checks, *plan_changes(contract, plan)):
        found.setdefault(spec.id, set()).add(spec.object)
    return found


def _problem(ids: Set[str], other: str, contract: Contract, path: Path) -> Iterator[Problem]:
    if ids:
        yield Problem(
            rule="duplicate-check",
            message=f"check id `{min(ids)}` is one of {other} too",
            fix="give one of the two an id that does not begin with the other's and a dot",
            file=contract.file,
            path=path,
        )
