"""Audit → the same audit with nothing in it that may not be shown. Every report reads an audit through this."""

from __future__ import annotations

from dataclasses import replace

from observer.checks.audit import Audit, ContractAudit
from observer.checks.disclosure import hidden_columns, showable_evidence


def showable(audit: Audit) -> Audit:
    """The audit without values of restricted columns. Showing what is showable changes nothing."""
    return replace(audit, contracts=tuple(_contract(part) for part in audit.contracts))


def _contract(part: ContractAudit) -> ContractAudit:
    specs = {r.spec.id: r.spec for r in part.results}
    hidden = {
        (obj.name, prop.name)
        for obj in part.contract.objects
        for prop in obj.properties
        if prop.physical_name in hidden_columns(part.contract, obj)
    }
    return replace(
        part,
        evidence=tuple(
            showable_evidence(e, specs[e.check_id], part.contract) for e in part.evidence if e.check_id in specs
        ),
        profiles=tuple(replace(p, values=()) if (p.object, p.property) in hidden else p for p in part.profiles),
    )
