"""What may be shown or kept of evidence: in it goes with whatever was gathered, out without restricted values. Pure.

Evidence is gathered without restricted values in the first place; this is the second lock on the same door. A table
whose key (or record link) is itself restricted gives up its keys (or links), and says so.
"""

from __future__ import annotations

import re
from dataclasses import replace

from observer.checks.measure import Evidence
from observer.checks.restricted import restricted_columns
from observer.checks.spec import CheckSpec
from observer.contracts.model import Contract, SchemaObject

_VALUES_HIDDEN = "values not shown: the field is restricted"
_KEYS_HIDDEN = "keys not shown: a key column is restricted"
_LINKS_HIDDEN = "links not shown: they are made of a restricted field"
_MONTHS_HIDDEN = "months not shown: the event time is restricted"


def hidden_columns(contract: Contract, obj: SchemaObject) -> frozenset[str]:
    """Physical names of the columns whose values may not be shown, as far as the contract itself tells."""
    return restricted_columns(contract, obj, {contract.id: contract})


def showable_evidence(evidence: Evidence, spec: CheckSpec, contract: Contract) -> Evidence:
    """The evidence without values of restricted columns. Showing what is showable changes nothing."""
    obj = contract.object(spec.object)
    secret = hidden_columns(contract, obj) if obj else frozenset[str]()
    notes = list(evidence.notes)
    shown = replace(evidence, segments=tuple(s for s in evidence.segments if s.column not in secret))
    if spec.restricted and evidence.offenders:
        shown = replace(shown, offenders=())
        notes.append(_VALUES_HIDDEN)
    if secret.intersection(evidence.key_columns) and (evidence.keys or evidence.urls):
        shown = replace(shown, keys=(), urls=())
        notes.append(_KEYS_HIDDEN)
    elif evidence.urls and obj and _linked_columns(obj) & secret:
        shown = replace(shown, urls=())
        notes.append(_LINKS_HIDDEN)
    if evidence.months and obj and _event_column(obj) in secret:
        shown = replace(shown, months=())
        notes.append(_MONTHS_HIDDEN)
    return replace(shown, notes=tuple(dict.fromkeys(notes)))


def _linked_columns(obj: SchemaObject) -> set[str]:
    fields = set(re.findall(r"\{([^{}]+)\}", obj.record_url or ""))
    return {p.physical_name for p in obj.properties if p.name in fields}


def _event_column(obj: SchemaObject) -> str | None:
    prop = obj.property(obj.event_time[0]) if obj.event_time else None
    return prop.physical_name if prop else None
