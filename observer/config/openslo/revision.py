"""Two digests: over what is counted, by which a ledger is known, and with what is allowed of it, which is a revision.

An SLO whose target or window changes has a new revision and goes on with its ledger: what was good stays good.

What is not in them may change without a new budget: names, texts, who is told, and how rows are looked at (poll,
history, look-back, grace, as of when), for none of these makes a good record bad. The rules of the contract that an
indicator names are in them; what a contract adds elsewhere is not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from enum import Enum

from observer.checks.spec import CheckSpec
from observer.contracts.model import SchemaObject
from observer.slo.model import Indicator, Slo, TimeToFill

_HOW_ROWS_ARE_LOOKED_AT = frozenset({"poll", "history", "look_back", "grace", "as_of"})


def counted_of(slo: Slo, checks: tuple[CheckSpec, ...], obj: SchemaObject | None) -> str:
    """16 hex digits over what is counted and what is good, whatever is allowed of it.

    `checks` are those that the indicator names, `obj` is the object whose rows have deadlines.
    """
    return _digest(
        _indicator(slo.indicator),
        [(check.id, check.rule, check.when) for check in checks],
        (obj.physical_name, obj.event_time, obj.deleted_flag) if obj else None,
    )


def revision_of(slo: Slo, counted: str) -> str:
    """16 hex digits over what is counted and what the objective allows of it."""
    return _digest(counted, slo.window, slo.method, slo.target, slo.slice_target, slo.slice_span)


def _digest(*said: object) -> str:
    text = json.dumps(_plain(said), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _indicator(indicator: Indicator) -> object:
    hidden = _HOW_ROWS_ARE_LOOKED_AT if isinstance(indicator, TimeToFill) else frozenset()
    return {field.name: getattr(indicator, field.name) for field in fields(indicator) if field.name not in hidden}


def _plain(value: object) -> object:
    """A value as JSON can hold it. Fields at their default are left out, so that a new field changes no revision."""
    if is_dataclass(value) and not isinstance(value, type):
        said = {f.name: getattr(value, f.name) for f in fields(value) if getattr(value, f.name) != f.default}
        return [type(value).__name__, _plain(said)]
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1)
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
