"""Audit → the same audit with nothing in it that may not be shown. Every report reads an audit through this.

Evidence and profiles are gathered without restricted values in the first place; this is the second lock. A table whose
key (or record link) is itself restricted gives up its keys (or links), and says so.
"""

from __future__ import annotations

import re
from dataclasses import replace

from observer.checks.audit import Audit, ContractAudit
from observer.checks.measure import CheckResult, Evidence
from observer.contracts.model import SchemaObject

_VALUES_HIDDEN = "values not shown: the field is restricted"
_KEYS_HIDDEN = "keys not shown: a key column is restricted"
_LINKS_HIDDEN = "links not shown: they are made of a restricted field"


def showable(audit: Audit) -> Audit:
    """The audit without values of restricted columns. Showing what is showable changes nothing."""
    return replace(audit, contracts=tuple(_contract(part) for part in audit.contracts))


def _contract(part: ContractAudit) -> ContractAudit:
    results = {r.spec.id: r for r in part.results}
    hidden = {(o.name, p.name) for o in part.contract.objects for p in o.properties if p.restricted}
    return replace(
        part,
        evidence=tuple(
            _evidence(e, results[e.check_id], part.contract.object(results[e.check_id].spec.object))
            for e in part.evidence
            if e.check_id in results
        ),
        profiles=tuple(replace(p, values=()) if (p.object, p.property) in hidden else p for p in part.profiles),
    )


def _evidence(evidence: Evidence, result: CheckResult, obj: SchemaObject | None) -> Evidence:
    secret = {p.physical_name for p in obj.properties if p.restricted} if obj else set()
    notes = list(evidence.notes)
    shown = replace(evidence, segments=tuple(s for s in evidence.segments if s.column not in secret))
    if result.spec.restricted and evidence.offenders:
        shown = replace(shown, offenders=())
        notes.append(_VALUES_HIDDEN)
    if secret.intersection(evidence.key_columns) and (evidence.keys or evidence.urls):
        shown = replace(shown, keys=(), urls=())
        notes.append(_KEYS_HIDDEN)
    elif evidence.urls and obj and _link_fields(obj) & {p.name for p in obj.properties if p.restricted}:
        shown = replace(shown, urls=())
        notes.append(_LINKS_HIDDEN)
    return replace(shown, notes=tuple(dict.fromkeys(notes)))


def _link_fields(obj: SchemaObject) -> set[str]:
    return set(re.findall(r"\{([^{}]+)\}", obj.record_url or ""))
