"""What lint asks of SQL parser, regex engine, expectation schemas and zone table: as functions, so it stays pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from observer.contracts.model import Contract, Property, SchemaObject
from observer.contracts.problems import Complaint


@dataclass(frozen=True, kw_only=True)
class Doors:
    """What the rules cannot know by themselves."""

    #: A query of this contract's object (and property, when the rule is on one).
    query: Callable[[str, Contract, SchemaObject, Property | None], Complaint | None]
    #: A pattern (ECMA-262).
    pattern: Callable[[str], Complaint | None]
    #: An expectation of Great Expectations, and its keyword arguments.
    expectation: Callable[[str, Mapping[str, object]], Complaint | None]
    #: Whether an IANA time zone exists.
    zone: Callable[[str], bool]
