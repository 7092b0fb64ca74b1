"""What may stand where: an Element and the Form that is asked of it in, problems out.

Forms are values, so that kinds.py can be read beside the specification. Everything that does not need to look at
another object, or at a contract, is said here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from observer.config.odcs_schema import nearest, shown
from observer.config.openslo.page import Element
from observer.config.openslo.spans import UNITS, BadSpan, span_of


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text; `filled` when it must say something."""

    longest: int | None = None
    filled: bool = False


@dataclass(frozen=True, kw_only=True)
class Name:
    """An RFC 1123 label."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """A duration in one of these units."""

    units: str = "".join(UNITS)


@dataclass(frozen=True, kw_only=True)
class Number:
    pass


@dataclass(frozen=True, kw_only=True)
class Flag:
    pass


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of these words."""

    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Anything:
    """Not looked at, and never shown: it may hold a password."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """A mapping whose keys are free within `pattern`: labels and annotations."""

    pattern: str
    #: A value may be a list of texts too.
    lists: bool = False


@dataclass(frozen=True, kw_only=True)
class Keys:
    """A mapping with these keys and no others."""

    known: Mapping[str, Form]
    needed: tuple[str, ...] = ()
    #: Who knows the keys.
    by: str = "OpenSLO v1"


@dataclass(frozen=True, kw_only=True)
class Each:
    """A list of these."""

    form: Form


@dataclass(frozen=True, kw_only=True)
class ReferenceOr:
    """A mapping with `reference` alone, or the object itself."""

    reference: str
    inline: Keys


Form = Text | Name | Span | Number | Flag | Choice | Anything | Named | Keys | Each | ReferenceOr

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def check(element: Element, form: Form) -> None:
    """Say everything about the element that does not fit the form."""
    match form:
        case Keys():
            _keys(element, form)
        case Each():
            if _is(element, list, "a list"):
                for item in element.items:
                    check(item, form.form)
        case ReferenceOr():
            alone = Keys(known={form.reference: Name()}, needed=(form.reference,))
            check(element, alone if element.has(form.reference) else form.inline)
        case Named():
            _named(element, form)
        case Name():
            if _is(element, str, "text") and not _LABEL.fullmatch(element.value):
                fix = "write at most 63 small letters, digits and `-`, which begin and end with a letter or digit"
                element.error("name", f"{shown(element.value)} is no name (RFC 1123 label)", fix)
        case Span():
            _span(element, form)
        case Text():
            _text(element, form)
        case Choice():
            if _is(element, str, "text") and element.value not in form.words:
                near = nearest(element.value, form.words)
                fix = f"write `{near}`" if near else f"write {' or '.join(form.words)}"
                element.error("wrong-value", f"{shown(element.value)} is not allowed here", fix)
        case Number():
            if element.number is None:
                _wrong_type(element, "a number")
        case Flag():
            _is(element, bool, "true or false")


def _is(element: Element, kind: type, wanted: str) -> bool:
    if isinstance(element.value, kind):
        return True
    _wrong_type(element, wanted)
    return False


def _wrong_type(element: Element, wanted: str) -> None:
    value = element.value
    kinds = {bool: "true/false", str: "text", int: "a number", float: "a number", list: "a list", dict: "a mapping"}
    fix = f"write {wanted}"
    if wanted == "text" and isinstance(value, (int, float)):
        fix = "put quotes around it"
    elif wanted == "a number" and isinstance(value, str):
        fix = "write a number, without quotes and without %"
    elif wanted == "a list":
        fix = "write a list: start each entry with `- `"
    element.error("wrong-type", f"it is {kinds.get(type(value), 'empty')}, expected {wanted}", fix)


def _text(element: Element, form: Text) -> None:
    if not _is(element, str, "text"):
        return
    if form.filled and not element.value.strip():
        element.error("wrong-value", "the text is empty", "write something")
    if form.longest is not None and len(element.value) > form.longest:
        message = f"the text has {len(element.value):,} characters, OpenSLO allows {form.longest:,}"
        element.error("wrong-value", message, "shorten it")


def _span(element: Element, form: Span) -> None:
    if not _is(element, str, "a duration like `28d`"):
        return
    try:
        span_of(element.value, form.units)
    except BadSpan as bad:
        element.error("duration", f"{shown(element.value)}: {bad}", bad.fix)


def _keys(element: Element, form: Keys) -> None:
    if not _is(element, dict, "a mapping"):
        return
    for key in element.mapping:
        at = element.at(key)
        if key in form.known:
            check(at, form.known[key])
            continue
        near = nearest(key, [k for k in form.known if k not in element.mapping])
        fix = f"write `{near}`" if near else f"remove it; known are {', '.join(form.known)}"
        at.error("unknown-key", f"{form.by} knows no `{key}` here", fix)
    for key in form.needed:
        if not element.has(key):
            element.error("missing-key", f"`{key}` is missing", f"add `{key}: …`")


def _named(element: Element, form: Named) -> None:
    if not _is(element, dict, "a mapping"):
        return
    for key, value in element.mapping.items():
        at = element.at(key)
        if not re.fullmatch(form.pattern, key):
            at.error("wrong-value", f"{shown(key)} is no key for a label", "use letters, digits, `-`, `.` and `_`")
        texts = value if form.lists and isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in texts):
            wanted = "text or a list of texts" if form.lists else "text"
            at.error("wrong-type", f"a value is no {wanted}", "put quotes around it")
