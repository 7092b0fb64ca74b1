"""`customProperties` that the observer understands: owners, life cycle, times, placeholders; `schedules.py` reads two.

Other keys are ignored.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from observer.config.odcs_schema import shown
from observer.config.reading import Findings, as_list, entries, is_scalar
from observer.contracts.model import DeletedFlag, Path, Property, StateMachine, Transition

ON_PROPERTY = ("fieldOwner", "fieldSteward", "fieldConsumers", "stateMachine", "placeholders")
ON_OBJECT = ("eventTime", "updateTime", "deletedFlag", "recordUrl", "changeLimits", "calendar")
ON_CONTRACT = ("schedule", "calendar")
_OURS = {re.sub(r"[^a-z]", "", name.lower()): name for name in (*ON_PROPERTY, *ON_OBJECT, *ON_CONTRACT)}


@dataclass(frozen=True)
class CustomValues:
    """Our keys of one element with the paths of their values."""

    values: Mapping[str, tuple[Any, Path]]
    findings: Findings

    def get(self, name: str) -> tuple[Any, Path] | None:
        return self.values.get(name)

    def text(self, name: str) -> str | None:
        """One text, e.g. a user name."""
        if name not in self.values:
            return None
        value, path = self.values[name]
        if isinstance(value, str) and value.strip():
            return value.strip()
        self.bad(name, path, "write one text")
        return None

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, or one text with commas."""
        if name not in self.values:
            return ()
        value, path = self.values[name]
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list) or not parts or not all(isinstance(p, str) and p.strip() for p in parts):
            self.bad(name, path, "write a list of texts")
            return ()
        return tuple(dict.fromkeys(part.strip() for part in parts))

    def bad(self, name: str, path: Path, fix: str) -> None:
        self.findings.error("custom-property-value", path, f"the value of {name} cannot be read", fix)


def read_custom(element: Mapping[str, Any], path: Path, allowed: tuple[str, ...], findings: Findings) -> CustomValues:
    """Our customProperties of `element`; anything that only looks like ours is a problem."""
    values: dict[str, tuple[Any, Path]] = {}
    for at, entry in entries(element, "customProperties", path):
        name = entry.get("property")
        if not isinstance(name, str):
            continue
        meant = _meant(name)
        if meant is None:
            continue
        if meant != name:
            findings.error("custom-property-name", (*at, "property"), f"`{name}` is not understood", f"write `{meant}`")
        elif name not in allowed:
            level = "a property" if name in ON_PROPERTY else "a schema object" if name in ON_OBJECT else "the contract"
            findings.error(
                "custom-property-place", (*at, "property"), f"{name} has no meaning here", f"move it to {level}"
            )
        elif name in values:
            findings.error("custom-property-twice", (*at, "property"), f"{name} is given twice", "keep one of them")
        else:
            values[name] = (entry.get("value"), (*at, "value"))
    return CustomValues(values, findings)


def _meant(name: str) -> str | None:
    letters = re.sub(r"[^a-z]", "", name.lower())
    near = difflib.get_close_matches(letters, _OURS, n=1, cutoff=0.9)
    return _OURS[near[0]] if near else None


def placeholders(custom: CustomValues) -> tuple[str, ...]:
    """Texts that mean "nothing was entered"; the empty text may be one."""
    found = custom.get("placeholders")
    if found is None:
        return ()
    value, path = found
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        custom.bad("placeholders", path, "write a list of texts, e.g. [Select, n/a, '?']")
        return ()
    return tuple(dict.fromkeys(value))


def deleted_flag(custom: CustomValues, properties: tuple[Property, ...]) -> DeletedFlag | None:
    """A name, or {property, value | values}. A date or timestamp without values means "not null is deleted"."""
    found = custom.get("deletedFlag")
    if found is None:
        return None
    value, path = found
    form = value if isinstance(value, dict) else {"property": value}
    name, strangers = form.get("property"), set(form) - {"property", "value", "values"}
    values = as_list(form["values"]) if "values" in form else [form["value"]] if "value" in form else None
    wrong = values is not None and (not values or not all(is_scalar(v) and v is not None for v in values))
    if not isinstance(name, str) or strangers or wrong or ("value" in form and "values" in form):
        custom.bad("deletedFlag", path, "write the name of a property, or {property: …, values: […]}")
        return None
    if values is not None:
        return DeletedFlag(column=name, values=tuple(values))
    is_time = any(p.name == name and p.logical_type.value in ("date", "timestamp") for p in properties)
    return DeletedFlag(column=name, values=()) if is_time else DeletedFlag(column=name)


def state_machine(custom: CustomValues) -> StateMachine | None:
    """{initial: […], terminal: […], transitions: [{from, to: […]}]}; single states may stand without a list."""
    found = custom.get("stateMachine")
    if found is None:
        return None
    value, path = found
    form = "write {initial: […], terminal: […], transitions: [{from: …, to: […]}]}"
    if not isinstance(value, dict) or not isinstance(value.get("transitions"), list):
        custom.bad("stateMachine", path, form)
        return None
    for key in set(value) - {"initial", "terminal", "transitions"}:
        custom.findings.error("state-machine", (*path, key), f"stateMachine knows no `{key}`", form)
    moves = []
    for index, move in enumerate(value["transitions"]):
        at = (*path, "transitions", index)
        source = move.get("from") if isinstance(move, dict) else None
        targets = _states(move.get("to")) if isinstance(move, dict) else None
        sources = _states(source)
        if not sources or not targets or set(move) - {"from", "to"}:
            custom.findings.error(
                "state-machine", at, "the transition cannot be read", "write {from: new, to: [working]}"
            )
            continue
        moves += [Transition(source=name, targets=targets) for name in sources]
    initial, terminal = _states(value.get("initial", [])), _states(value.get("terminal", []))
    for key, states in (("initial", initial), ("terminal", terminal)):
        if states is None:
            at = (*path, key)
            custom.findings.error("state-machine", at, f"{key} is no list of states ({shown(value[key])})", form)
    return StateMachine(initial=initial or (), terminal=terminal or (), transitions=tuple(moves), path=path)


def _states(value: object) -> tuple[str, ...] | None:
    states = as_list(value)
    return tuple(dict.fromkeys(states)) if all(isinstance(s, str) and s for s in states) else None
