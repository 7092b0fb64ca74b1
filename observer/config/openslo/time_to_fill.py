"""The spec of a time-to-fill indicator → TimeToFill: "P within D of E", and what can decide it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from observer.checks import rules
from observer.checks.spec import CheckSpec
from observer.config.openslo.contract_names import ContractNames, Field
from observer.config.openslo.kinds import HISTORY_COLUMN, HISTORY_TABLE
from observer.config.openslo.page import Element
from observer.config.openslo.shapes import check
from observer.config.openslo.spans import OWN, BadSpan, span_of
from observer.contracts.model import Contract, LogicalType, Property, SchemaObject
from observer.slo.burn import short_span
from observer.slo.model import FillColumn, HistoryTable, TimeToFill
from observer.slo.verdicts import can_decide

#: Rows near their deadline are looked at so often, where nothing else is said and half the deadline is no shorter.
POLL = timedelta(minutes=5)
#: They speak of one value of one row, so that they can be told of one row at its deadline.
_OF_ONE_VALUE = (
    rules.Present | rules.InSet | rules.MatchesPattern | rules.InRange | rules.LengthInRange | rules.MultipleOf
)


def time_to_fill(
    spec: Element, contract: Contract, names: ContractNames
) -> tuple[TimeToFill, tuple[CheckSpec, ...]] | None:
    """The indicator with the checks that are its P; None when it cannot be told of every row."""
    field = names.field(spec.at("field"), contract)
    within = _span(spec.at("within"))
    poll = _span(spec.at("pollInterval")) or (min(POLL, within / 2) if within else POLL)
    if field is None:
        return None
    _datable(spec.at("field"), field.object)
    # In any order and however often they are named, they ask for the same.
    named = {found.id: found for found in _predicate(spec, field, names)}
    checks = tuple(named[check_id] for check_id in sorted(named))
    history = _history(spec.at("history"), field, names) if spec.has("history") else None
    if history is not None:
        _tells(spec.at("history"), history, field, checks)
    if within is not None and not can_decide(within, poll, has_history=history is not None):
        message = f"rows are looked at every {short_span(poll)}, which cannot decide a deadline of {short_span(within)}"
        fix = f"write {short_span(within / 2)} or less, or name a `history`"
        spec.at("pollInterval").error("poll-interval", message, fix)
    if history is None and not field.object.update_time:
        message = f"{field.object.name} has no updateTime: no row is known to be untouched, so more will be unknown"
        spec.at("field").warning("no-update-time", message, "add a `history`, or updateTime to the contract")
    if within is None or not checks:
        return None
    indicator = TimeToFill(
        contract=contract.id,
        object=field.object.name,
        property=field.property.name,
        checks=tuple(found.id for found in checks),
        deadline=within,
        poll=poll,
        history=history,
        look_back=_span(spec.at("lookBack")) or TimeToFill.look_back,
        grace=_span(spec.at("grace")) or TimeToFill.grace,
        as_of=_as_of(spec, field, names) if spec.has("asOf") else None,
    )
    return indicator, checks


def _datable(at: Element, obj: SchemaObject) -> None:
    """A row has a key by which it is known again, and a time from which its deadline counts."""
    if not obj.primary_key:
        message = f"{obj.name} has no primary key: its rows cannot be known again at their deadline"
        at.error("no-primary-key", message, "mark the key with `primaryKey: true` in the contract")
    if not obj.event_time:
        message = f"{obj.name} has no eventTime: nothing says when its rows came to be"
        at.error("no-event-time", message, "add customProperties: [{property: eventTime, value: …}] to the object")
    for name in obj.event_time:
        prop = obj.property(name)
        if prop is not None and prop.logical_type is not LogicalType.TIMESTAMP:
            message = (
                f"the eventTime of {obj.name}, {name}, is {prop.logical_type.one}: a deadline needs the time of day"
            )
            at.error("event-time-type", message, "name a property with `logicalType: timestamp` as eventTime")


def _predicate(spec: Element, field: Field, names: ContractNames) -> Iterator[CheckSpec]:
    """The checks that must all hold at the deadline."""
    said: list[tuple[Element, str | None]] = [(item, item.text) for item in spec.at("rules").items if item.text]
    if spec.has("rules") and spec.at("rules").value == []:
        spec.at("rules").error("missing-key", "`rules` names no rule", "remove it for `required`, or name rules")
        return
    fillable = False
    for at, name in said or [(spec.at("field"), None)]:
        found = names.rule(at, field, name)
        if found is None:
            continue
        if not isinstance(found.rule, _OF_ONE_VALUE):
            message = f"rule `{found.rule_name}` cannot be told of one value of one row at its deadline"
            at.error("check-kind", message, "name rules like required, format, pattern, enum, range or length")
        fillable = fillable or isinstance(found.rule, rules.Present)
        yield found
    if said and not fillable:
        message = "none of the rules asks that the field is filled: a row that is never filled is good"
        spec.at("rules").warning("empty-is-good", message, "add `required` to the rules")


def _history(element: Element, field: Field, names: ContractNames) -> FillColumn | HistoryTable | None:
    if not isinstance(element.value, dict):
        fix = "write {filledAt: property} or {table: …, key: …, field: …, value: …, changedAt: …}"
        element.error("wrong-type", "the history is no mapping", fix)
        return None
    if element.has("filledAt"):
        check(element, HISTORY_COLUMN)
        prop = names.property(element.at("filledAt"), field.object)
        return FillColumn(property=prop.name) if prop and _is_time(element.at("filledAt"), prop) else None
    check(element, HISTORY_TABLE)
    if len(field.object.primary_key) > 1:
        message = f"{field.object.name} has a key of several columns, and `key` of a history is one"
        element.error("history-key", message, "remove `history`; looking at the rows decides them too")
    table = names.object(element.at("table"), field.contract)
    if table is None:
        return None
    found = {key: names.property(element.at(key), table) for key in ("key", "field", "value", "changedAt")}
    changed = found["changedAt"]
    if changed is not None and not _is_time(element.at("changedAt"), changed):
        return None
    properties = {key: prop.name for key, prop in found.items() if prop is not None}
    if len(properties) < len(found):
        return None
    return HistoryTable(
        object=table.name,
        key=properties["key"],
        field=properties["field"],
        field_name=element.at("fieldName").text or field.property.physical_name,
        value=properties["value"],
        changed_at=properties["changedAt"],
    )


def _tells(at: Element, history: FillColumn | HistoryTable, field: Field, checks: tuple[CheckSpec, ...]) -> None:
    """A history has to know everything that its rules look at."""
    for found in checks:
        others = sorted({condition.column for condition in found.when} - {field.property.physical_name})
        if others:
            message = f"rule `{found.rule_name}` depends on {', '.join(others)}, whose past the history does not tell"
            at.error("history-rule", message, "remove `history`, or name rules of the field alone")
        elif isinstance(history, FillColumn) and not isinstance(found.rule, rules.Present):
            message = f"`filledAt` tells when the field was filled, and not whether `{found.rule_name}` held"
            at.error("history-rule", message, "remove the rule, or name a history table")


def _as_of(spec: Element, field: Field, names: ContractNames) -> str | None:
    at = spec.at("asOf")
    prop = names.property(at, field.object)
    return prop.name if prop is not None and _is_time(at, prop) else None


def _is_time(element: Element, prop: Property) -> bool:
    if prop.logical_type is LogicalType.TIMESTAMP:
        return True
    kind = prop.logical_type.one if prop.logical_type else "of no declared type"
    element.error("history-time", f"{prop.name} is {kind}, expected a timestamp", "name a timestamp of the object")
    return False


def _span(element: Element) -> timedelta | None:
    """The duration; None when there is none, or a wrong one, which was said before."""
    try:
        return span_of(element.text, OWN) if element.text else None
    except BadSpan:
        return None
