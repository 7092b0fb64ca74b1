"""Lint of types: options that fit the type and each other, allowed values, both ends of a relationship."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time

from observer.contracts.formats import STRING_FORMATS, strptime_format
from observer.contracts.model import (
    Contract,
    LogicalType,
    Path,
    Property,
    Relationship,
    Scalar,
    SchemaObject,
    TypeOptions,
)
from observer.contracts.problems import Complaint, Problem

_NUMBERS = (LogicalType.NUMBER, LogicalType.INTEGER)
_ISO: dict[LogicalType, tuple[Callable[[str], date | datetime | time], str]] = {
    LogicalType.DATE: (date.fromisoformat, "2026-01-31"),
    LogicalType.TIMESTAMP: (datetime.fromisoformat, "2026-01-31T08:00:00Z"),
    LogicalType.TIME: (time.fromisoformat, "08:00:00"),
}
_KEYS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusive_minimum": "exclusiveMinimum",
    "exclusive_maximum": "exclusiveMaximum",
}


def fits(value: Scalar, kind: LogicalType) -> bool:
    """Whether a value written in a contract can be a value of a column of this type. Null fits everywhere."""
    if value is None:
        return True
    match kind:
        case LogicalType.STRING:
            return isinstance(value, str)
        case LogicalType.BOOLEAN:
            return isinstance(value, bool)
        case LogicalType.INTEGER:
            return not isinstance(value, (bool, str)) and value == int(value)
        case LogicalType.NUMBER:
            return not isinstance(value, (bool, str))
        case LogicalType.DATE | LogicalType.TIMESTAMP | LogicalType.TIME:
            return _parsed(value, kind) is not None
        case _:
            return True


def _parsed(value: Scalar, kind: LogicalType) -> date | datetime | time | None:
    try:
        return _ISO[kind][0](value) if isinstance(value, str) else None
    except ValueError:
        return None


def options(
    prop: Property, pattern: Callable[[str], Complaint | None], zone: Callable[[str], bool]
) -> Iterator[Problem]:
    """`logicalTypeOptions` against the type, against each other, and against what engines can run."""
    opts = prop.options
    if opts.pattern is not None and (complaint := pattern(opts.pattern)):
        yield _problem("pattern", (*opts.path, "pattern"), complaint.message, complaint.fix)
    yield from _format(prop)
    yield from _bounds(prop)
    if opts.min_length is not None and opts.max_length is not None and opts.min_length > opts.max_length:
        message = f"minLength {opts.min_length} is above maxLength {opts.max_length}"
        yield _problem("length-bounds", (*opts.path, "minLength"), message, "swap them")
    if opts.timezone and opts.default_timezone:
        message = "`timezone: true` says that values carry a zone, `defaultTimezone` that they do not"
        fix = "keep `timezone: true` for a column with zone, else `timezone: false` with defaultTimezone"
        yield _problem("timezone-contradiction", (*opts.path, "defaultTimezone"), message, fix)
    if opts.default_timezone and not zone(opts.default_timezone):
        fix = "write an IANA name such as Europe/Berlin or Etc/UTC"
        message = f"time zone `{opts.default_timezone}` is unknown"
        yield _problem("timezone-unknown", (*opts.path, "defaultTimezone"), message, fix)


def _format(prop: Property) -> Iterator[Problem]:
    form, path = prop.options.format, (*prop.options.path, "format")
    if form is None:
        return
    if prop.logical_type is LogicalType.STRING and form not in STRING_FORMATS:
        fix = f"write one of {', '.join(STRING_FORMATS)}, or a pattern"
        yield _problem("string-format", path, f"format `{form}` cannot be checked", fix)
    elif prop.logical_type in _ISO and strptime_format(form) is None:
        fix = "use yyyy MM dd HH mm ss SSS XXX and quoted text, e.g. yyyy-MM-dd'T'HH:mm:ssXXX, or remove it"
        yield _problem("date-format", path, f"date format `{form}` cannot be checked", fix)
    elif prop.logical_type is LogicalType.NUMBER and form != "f64":
        message = f"format `{form}` cannot be checked: no column shows that its numbers were rounded to 32 bits"
        yield _problem("number-format", path, message, "write f64, or bounds with minimum and maximum")


def _bounds(prop: Property) -> Iterator[Problem]:
    opts, kind = prop.options, prop.logical_type
    read: dict[str, int | float | date | datetime | time] = {}
    for name, key in _KEYS.items():
        bound = getattr(opts, name)
        if bound is None:
            continue
        value = _parsed(bound, kind) if kind in _ISO else bound
        if value is None or isinstance(value, (bool, str)):
            example = _ISO[kind][1] if kind in _ISO else "0"
            message = f"{key} `{bound}` is no {kind.value or 'number'}"
            yield _problem("bound-type", (*opts.path, key), message, f"write it like {example}")
        else:
            read[name] = value
    lows = [name for name in ("minimum", "exclusive_minimum") if name in read]
    highs = [name for name in ("maximum", "exclusive_maximum") if name in read]
    for low in lows:
        for high in highs:
            try:
                strict = "exclusive" in low or "exclusive" in high
                empty = read[low] >= read[high] if strict else read[low] > read[high]  # type: ignore[operator]  # one column, one kind
            except TypeError:
                message = f"{_KEYS[low]} and {_KEYS[high]} cannot be compared: one has a time zone, the other has none"
                yield _problem(
                    "bound-type", (*opts.path, _KEYS[low]), message, "write both with a zone, or both without"
                )
                continue
            if empty:
                message = f"no value lies between {_KEYS[low]} and {_KEYS[high]}"
                yield _problem("bounds-empty", (*opts.path, _KEYS[low]), message, "swap them, or correct one")


def allowed_values(prop: Property) -> Iterator[Problem]:
    """`enum` and `placeholders`: of the right type, each once, not both at once."""
    seen: set[tuple[type, Scalar]] = set()
    for index, value in enumerate(prop.enum or ()):
        at: Path = (*prop.path, "enum", index, "value")
        if value is None:
            message = "null is no value of an enum; empty fields are not tested by it"
            yield _problem("enum-type", at, message, "remove it; leave out `required` to allow empty fields")
        elif not fits(value, prop.logical_type):
            message = f"`{value}` is no {prop.logical_type}"
            fix = (
                "put quotes around it" if prop.logical_type is LogicalType.STRING else "correct it, or the logicalType"
            )
            yield _problem("enum-type", at, message, fix)
        if (type(value), value) in seen:
            yield _problem("enum-duplicate", at, f"`{value}` is in the enum twice", "remove one")
        seen.add((type(value), value))
    if not prop.placeholders:
        return
    path = (*prop.path, "customProperties")
    if prop.logical_type not in (LogicalType.STRING, LogicalType.UNSET):
        message = f"placeholders are texts, {prop.name} is {prop.logical_type.one}"
        yield _problem("placeholder-type", path, message, "remove them, or use missingValues with values of that type")
    states = prop.state_machine.states if prop.state_machine else ()
    for text in prop.placeholders:
        if text in (prop.enum or ()) or text in states:
            message = f"`{text}` is a placeholder (nothing was entered) and an allowed value"
            yield _problem("placeholder-allowed", path, message, "remove it from one of the two")


def relationship(link: Relationship, obj: SchemaObject, everything: Sequence[Contract]) -> Iterator[Problem]:
    """Both ends have the same type."""
    home = next((c for c in everything if c.id == link.to_contract), None)
    target = home.object(link.to_object) if home else None
    if target is None:
        return
    for name, to_name in zip(link.columns, link.to_columns, strict=True):
        here, there = obj.property(name), target.property(to_name)
        if here is None or there is None:
            continue
        kinds = {here.logical_type, there.logical_type} - {LogicalType.UNSET}
        if len(kinds) > 1 and kinds != set(_NUMBERS):
            message = f"{name} is {here.logical_type.one}, {target.name}.{to_name} is {there.logical_type.one}"
            yield _problem("relationship-type", (*link.path, "to"), message, "give both the same logicalType")


def naive(opts: TypeOptions) -> bool:
    """Whether values are times whose zone nobody knows."""
    return not opts.timezone and not opts.default_timezone


def _problem(rule: str, path: Path, message: str, fix: str) -> Problem:
    return Problem(rule=rule, message=message, fix=fix, path=path)
