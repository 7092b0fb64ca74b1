"""Lint of what rows go through: states, event and update times, deletion, the link to the record."""

from __future__ import annotations

import re
from collections.abc import Iterator

from observer.contracts.lint_quality import unknown_column
from observer.contracts.lint_types import fits, naive
from observer.contracts.model import Contract, LogicalType, Path, Property, SchemaObject
from observer.contracts.problems import Level, Problem

_TIMES = (LogicalType.DATE, LogicalType.TIMESTAMP)


def states(prop: Property) -> Iterator[Problem]:
    """A state machine can be entered, walked and left, and agrees with the enum."""
    machine = prop.state_machine
    if machine is None:
        return
    if prop.logical_type not in (LogicalType.STRING, LogicalType.UNSET):
        message = f"states are texts, {prop.name} is {prop.logical_type.one}"
        yield _problem("state-machine", machine.path, message, "put the stateMachine on a string property")
    if not machine.initial:
        fix = "add initial: [new]"
        yield _problem("state-machine", machine.path, "no state is initial: no row could ever begin", fix)
    for index, move in enumerate(machine.transitions):
        if move.source in machine.terminal:
            at = (*machine.path, "transitions", index)
            message = f"`{move.source}` is terminal but has a transition"
            yield _problem("state-machine", at, message, "remove it from `terminal`, or remove the transition")
    if prop.enum is not None:
        differing = sorted({str(v) for v in prop.enum} ^ set(machine.states))
        if differing:
            message = f"enum and stateMachine disagree about {', '.join(f'`{d}`' for d in differing[:8])}"
            yield _problem("state-machine-enum", machine.path, message, "name the same states in both")
    if not machine.terminal:
        message, fix = (
            "no state is terminal: rows never end",
            "add terminal: [won, lost], or `terminal` with every state",
        )
        yield _problem("state-machine-no-end", machine.path, message, fix, Level.WARNING)
    if machine.initial:
        reached = machine.reachable_from(machine.initial)
        lost = [s for s in machine.states if s not in reached]
        if lost:
            message = f"no transition leads to {', '.join(f'`{s}`' for s in lost)}"
            fix = "add a transition, or name it in `initial`"
            yield _problem("state-machine-unreachable", machine.path, message, fix, Level.WARNING)


def times(contract: Contract, obj: SchemaObject) -> Iterator[Problem]:
    """Columns that say when something happened are times, and their zone is known."""
    path = (*obj.path, "customProperties")
    used: dict[str, str] = {}
    for key, names in (("eventTime", obj.event_time), ("updateTime", obj.update_time)):
        for name in names:
            yield from unknown_column(name, obj, path)
            used.setdefault(name, f"as {key}")
    places: dict[str, Path] = dict.fromkeys(used, path)
    for sla in contract.slas:
        for name in sla.columns if sla.object == obj.name else ():
            used.setdefault(name, f"for {sla.kind}")
            places.setdefault(name, (*sla.path, "element"))
    for name, purpose in used.items():
        prop = obj.property(name)
        if prop is None:
            continue
        if prop.logical_type not in _TIMES:
            message = f"{name} is used {purpose} but is {_named(prop.logical_type)}"
            yield _problem("time-type", places[name], message, "name a property with logicalType date or timestamp")
        elif prop.logical_type is LogicalType.TIMESTAMP and naive(prop.options):
            message = f"{name} is used {purpose}, and its time zone is not known"
            fix = "add logicalTypeOptions: {timezone: true} if the column has a zone, else {defaultTimezone: Etc/UTC}"
            yield _problem("timezone-missing", prop.options.path, message, fix)


def deleted_flag(obj: SchemaObject) -> Iterator[Problem]:
    """The flag is a property that can hold the values that mean "deleted"."""
    flag, path = obj.deleted_flag, (*obj.path, "customProperties")
    if flag is None:
        return
    yield from unknown_column(flag.column, obj, path)
    prop = obj.property(flag.column)
    if prop is None:
        return
    for value in flag.values:
        if not fits(value, prop.logical_type):
            shown = str(value).lower() if isinstance(value, bool) else value
            message = f"deletedFlag: `{shown}` is no value of {flag.column}, which is {_named(prop.logical_type)}"
            fix = "write {property: …, values: […]} with the values that mean deleted"
            yield _problem("deleted-flag-value", path, message, fix)


def record_url(obj: SchemaObject) -> Iterator[Problem]:
    """The template leads to one record, and reveals nothing restricted."""
    url, path = obj.record_url, (*obj.path, "customProperties")
    if url is None:
        return
    names = re.findall(r"\{([^{}]*)\}", url)
    if not re.match(r"https?://[^{}/]+", url) or not names or re.search(r"[{}]", re.sub(r"\{[^{}]*\}", "", url)):
        fix = "write it like https://crm.example.com/leads/{id}"
        yield _problem("record-url", path, "recordUrl is no link to one record", fix)
    for name in names:
        yield from unknown_column(name, obj, path)
        prop = obj.property(name)
        if prop is not None and prop.restricted:
            message = f"recordUrl would show {name}, which is {prop.classification}"
            yield _problem("record-url-restricted", path, message, "use a key that is not restricted")


def _named(kind: LogicalType) -> str:
    return kind.one if kind else "without logicalType"


def _problem(rule: str, path: Path, message: str, fix: str, level: Level = Level.ERROR) -> Problem:
    return Problem(rule=rule, message=message, fix=fix, path=path, level=level)
