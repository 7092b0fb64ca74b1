"""Evidence → a JSON document that may be kept. In: Evidence and its contract. Out: plain values, none restricted."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

from observer.checks.audit import ContractAudit
from observer.checks.measure import CheckResult, Evidence

#: Keys kept per check: enough to look at some records later; the files of the report hold the rest.
KEPT_KEYS = 1_000


def evidence_document(audit: ContractAudit, result: CheckResult) -> dict[str, object] | None:
    """What is kept of a check's evidence; None when none was gathered.

    The engine gathers no restricted value; this is the second lock on the same door, because a state outlives a run.
    """
    evidence = audit.evidence_for(result.spec.id)
    if evidence is None:
        return None
    return {name: storable(value) for name, value in _without_restricted(audit, result, evidence).items()}


def _without_restricted(audit: ContractAudit, result: CheckResult, evidence: Evidence) -> Mapping[str, object]:
    obj = audit.contract.object(result.spec.object)
    hidden = {p.physical_name for p in obj.properties if p.restricted} if obj else set()
    parts = {f.name: getattr(evidence, f.name) for f in dataclasses.fields(evidence) if f.name != "check_id"}
    if result.spec.restricted:
        parts["offenders"] = ()
    if hidden & set(evidence.key_columns):
        parts["keys"] = parts["urls"] = ()
        parts["notes"] = (*evidence.notes, "keys not kept: a key column is restricted")
    if len(parts["keys"]) > KEPT_KEYS:
        parts["notes"] = (*parts["notes"], f"the first {KEPT_KEYS:,} of {len(parts['keys']):,} keys are kept")
        parts["keys"], parts["urls"] = parts["keys"][:KEPT_KEYS], parts["urls"][:KEPT_KEYS]
    parts["segments"] = tuple(s for s in evidence.segments if s.column not in hidden)
    return parts


def storable(value: object) -> object:
    """Plain JSON: what JSON or PostgreSQL cannot hold (NaN, infinity, NUL, half a surrogate pair) is written out."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, int | float):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: storable(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [storable(part) for part in value]
    return storable_text(str(value))


def storable_text(text: str) -> str:
    """Text without the two things that databases refuse."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")
