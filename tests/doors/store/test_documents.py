"""Documents of the state: what is written is read as it was; what a later version adds is passed over."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observer.incidents.acting import Action
from observer.incidents.events import Group, IncidentEvent, Told
from observer.incidents.findings import Finding, Look
from observer.incidents.incident import Incident
from observer.incidents.policy import Matcher
from observer.store.documents import UnreadableError, read, written
from tests.unit.incidents.timeline import DAY, broken

#: What no database holds is written out, which another test shows.
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8)
TIMES = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]))
PLAIN = {str: TEXT, int: st.integers(), bool: st.booleans(), datetime: TIMES, type(None): st.none()}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of that type, every field of a dataclass drawn."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is tuple and parts[1:] == (...,):
        return st.lists(values(parts[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, parts))
    if origin is Mapping:
        return st.dictionaries(values(parts[0]), values(parts[1]), max_size=2)
    if origin is frozenset:
        return st.frozensets(values(parts[0]), max_size=3)
    if parts:
        return st.one_of(*map(values, parts))
    if dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        kind: Any = hint
        return st.builds(kind, **{field.name: values(hints[field.name]) for field in dataclasses.fields(hint)})
    return st.sampled_from(hint) if issubclass(hint, Enum) else PLAIN[hint]


@pytest.mark.parametrize("kind", [Finding, Look, IncidentEvent, Told, Group, Action, Incident])
@settings(max_examples=20)
@given(data=st.data())
def test_what_is_written_is_read_as_it_was(kind: type, data: st.DataObject) -> None:
    value = data.draw(values(kind))
    document = json.loads(json.dumps(written(value), allow_nan=False))
    assert read(kind, document) == value
    assert written(read(kind, document)) == document
    if value != read(kind, {**document, "of_a_later_version": {"deep": [1]}}):
        raise AssertionError("names that this version does not know are passed over")


def test_what_is_empty_is_left_out_and_read_as_empty() -> None:
    document = written(Look(at=DAY))
    assert document == {"at": "2026-11-23T00:00:00+00:00"}
    assert read(Look, document) == Look(at=DAY)


def test_nought_and_none_stay_apart() -> None:
    for rows in (0, None):
        assert read(Finding, written(broken(rows=rows))).rows_failed is rows


def test_what_no_database_holds_is_written_out_once() -> None:
    once = read(Finding, written(broken(statement="a\x00b\ud800")))
    assert once.statement == "a\\x00b\\ud800"
    assert read(Finding, written(once)) == once


def test_a_matcher_keeps_its_fields() -> None:
    matcher = Matcher(field="owner", pattern="ana*", negated=True)
    assert read(Matcher, written(matcher)) == matcher


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"grade": "secret"}, "no Finding: ValueError"),
        ({"since": "secret"}, "no Finding: ValueError"),
        ({"since": "2026-03-01T12:00:00"}, "no Finding: a time without a zone"),
        ({"rows_failed": "secret"}, "no Finding: str instead of int"),
        ({"rows_failed": True}, "no Finding: bool instead of int"),
        ({"answerable": {"consumers": "secret"}}, "no Finding: str instead of list"),
        ({"fingerprint": None}, "no Finding: NoneType instead of str"),
    ],
)
def test_what_cannot_be_read_says_why_and_no_value(changes: dict[str, object], says: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read(Finding, written(broken()) | changes)
    assert str(caught.value) == says


def test_what_is_no_value_of_the_rules_is_not_written() -> None:
    with pytest.raises(TypeError, match="no document holds a float"):
        written((1.5,))
