"""Frozen dataclasses of the rules ↔ JSON documents: `written(value)` and `read(kind, document)`.

What is empty and so by default is left out; what a document does not name has its default; names that this version does
not know are passed over. Text that no database holds (NUL, half a surrogate pair) is written out, as elsewhere.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from observer.store.evidence import storable_text

Kind = TypeVar("Kind")
_Reader = Callable[[Any], Any]


class UnreadableError(ValueError):
    """The document is none of that kind. Says which kind and why, and no value."""


def written(value: object) -> Any:
    """A value of the rules → plain JSON. Raises TypeError for what no document holds."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return storable_text(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, tuple):
        return [written(part) for part in value]
    if isinstance(value, frozenset):
        return sorted(written(part) for part in value)
    if isinstance(value, Mapping):
        return {storable_text(name): written(part) for name, part in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: written(part) for name, part in _said(value)}
    raise TypeError(f"no document holds a {type(value).__name__}")


def read(kind: type[Kind], document: object) -> Kind:
    """The document of a dataclass → the value. Raises UnreadableError."""
    try:
        return cast(Kind, _reader(cast(Any, kind))(document))
    except (TypeError, ValueError, KeyError, AttributeError) as fault:
        raise UnreadableError(f"no {kind.__name__}: {_without_values(fault)}") from fault


def _said(value: Any) -> list[tuple[str, Any]]:
    fields = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
    # Only what is empty: a default that says something may be another one later.
    return [(field.name, part) for field, part in fields if part or part != field.default]


def _without_values(fault: Exception) -> str:
    # The message of a ValueError quotes what it could not take.
    return str(fault) if isinstance(fault, _WrongTypeError | UnreadableError) else type(fault).__name__


class _WrongTypeError(TypeError):
    pass


@cache
def _reader(hint: Any) -> _Reader:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (some,) = (part for part in parts if part is not type(None))
        inner = _reader(some)
        return lambda document: None if document is None else inner(document)
    if origin is tuple:
        return _tuple_reader(parts)
    if origin is frozenset:
        inner = _reader(parts[0])
        return lambda document: frozenset(inner(part) for part in _of(list, document))
    if origin is Mapping:
        inner = _reader(parts[1])
        return lambda document: {name: inner(part) for name, part in _of(dict, document).items()}
    if hint is datetime:
        return lambda document: _aware(datetime.fromisoformat(document))
    if dataclasses.is_dataclass(hint):
        return _record_reader(cast("type[Any]", hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if hint in (str, int, bool):
        return lambda document: _of(hint, document)
    raise AssertionError(f"no document holds {hint}")


def _tuple_reader(parts: tuple[Any, ...]) -> _Reader:
    if parts[1:] == (...,):
        inner = _reader(parts[0])
        return lambda document: tuple([inner(part) for part in _of(list, document)])
    readers = [_reader(part) for part in parts]
    return lambda document: tuple(r(part) for r, part in zip(readers, _of(list, document), strict=True))


def _record_reader(kind: type[Any]) -> _Reader:
    hints = get_type_hints(kind)
    # When it is first used: a type may hold its own.
    readers: list[tuple[str, _Reader]] = []

    def read_record(document: Any) -> Any:
        if not readers:
            readers.extend((field.name, _reader(hints[field.name])) for field in dataclasses.fields(kind))
        known = _of(dict, document)
        return kind(**{name: reader(known[name]) for name, reader in readers if name in known})

    return read_record


def _of(kind: type[Kind], document: object) -> Kind:
    if not isinstance(document, kind) or (kind is int and isinstance(document, bool)):
        raise _WrongTypeError(f"{type(document).__name__} instead of {kind.__name__}")
    return document


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise _WrongTypeError("a time without a zone")
    return moment
