"""Evidence → a JSON document that may be kept. In: Evidence and its contract. Out: plain values, none restricted."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

from observer.checks.audit import ContractAudit
from observer.checks.disclosure import showable_evidence
from observer.checks.measure import CheckResult

#: Keys kept per check: enough to look at some records later; the files of the report hold the rest.
KEPT_KEYS = 1_000


def evidence_document(audit: ContractAudit, result: CheckResult) -> dict[str, object] | None:
    """What is kept of a check's evidence; None when none was gathered.

    It holds no restricted value, because a state outlives a run.
    """
    evidence = audit.evidence_for(result.spec.id)
    if evidence is None:
        return None
    shown = showable_evidence(evidence, result.spec, audit.contract)
    if len(shown.keys) > KEPT_KEYS:
        note = f"the first {KEPT_KEYS:,} of {len(shown.keys):,} keys are kept"
        shown = dataclasses.replace(
            shown, keys=shown.keys[:KEPT_KEYS], urls=shown.urls[:KEPT_KEYS], notes=(*shown.notes, note)
        )
    return {f.name: storable(getattr(shown, f.name)) for f in dataclasses.fields(shown) if f.name != "check_id"}


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
    if isinstance(value, Mapping):
        return {storable_text(str(name)): storable(part) for name, part in value.items()}
    return storable_text(str(value))


def storable_text(text: str) -> str:
    """Text without the two things that databases refuse."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")
