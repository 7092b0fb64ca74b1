"""Strict YAML: what it reads, where things stand, and what it refuses without ever raising."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.config.yaml_text import MAX_BYTES, read_yaml, read_yaml_documents
from observer.contracts.model import Path


def rules_of(content: bytes) -> list[tuple[str, int, int]]:
    return [(p.rule, p.line, p.column) for p in read_yaml(content, "x.yaml").problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("-7", -7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("~", None),
        ("null", None),
        ("", None),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 1", "1"),
        ("|\n  a\n  b\n", "a\nb\n"),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    document = read_yaml(f"a: {text}".encode())
    assert document.problems == ()
    assert document.value == {"a": value}
    assert type(document.value["a"]) is type(value)


def test_keys_are_always_text() -> None:
    assert read_yaml(b"1: a\ntrue: b\nnull: c\n").value == {"1": "a", "true": "b", "null": "c"}


PLACED = b"""id: x
schema:
  - name: leads
    properties:
      - {name: id, required: true}
"""


@pytest.mark.parametrize(
    ("path", "key_place", "value_place"),
    [
        ((), (1, 1), (1, 1)),
        (("id",), (1, 1), (1, 5)),
        (("schema", 0), (3, 5), (3, 5)),
        (("schema", 0, "name"), (3, 5), (3, 11)),
        (("schema", 0, "properties", 0, "required"), (5, 20), (5, 30)),
        (("schema", 0, "properties", 7, "nope"), (4, 5), (5, 7)),
        (("nope",), (1, 1), (1, 1)),
    ],
)
def test_every_key_and_value_can_be_found(path: Path, key_place: tuple[int, int], value_place: tuple[int, int]) -> None:
    places = read_yaml(PLACED).places
    assert places.of(path) == key_place
    assert places.of_value(path) == value_place


def test_an_alias_gives_the_same_values_again() -> None:
    document = read_yaml(b"a: &x {b: 1}\nc: *x\nd: [*x, *x]\n")
    assert document.value == {"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}, {"b": 1}]}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: 1\nb: 2\na: 3\n", [("yaml-duplicate-key", 3, 1)]),
        (b"a: 1\na: 2\na: 3\n", [("yaml-duplicate-key", 2, 1), ("yaml-duplicate-key", 3, 1)]),
        (b"a: &a [*a]\n", [("yaml-syntax", 1, 8)]),
        (b"a: *b\n", [("yaml-syntax", 1, 4)]),
        (b"a:\n\tb: 1\n", [("yaml-syntax", 2, 1)]),
        (b"a: b: c\n", [("yaml-syntax", 1, 5)]),
        (b"a: 'x\n", [("yaml-syntax", 2, 1)]),
        (b"a: \xff\n", [("yaml-encoding", 1, 4)]),
        (b"a: b\x07\n", [("yaml-encoding", 1, 5)]),
        (b"\xef\xbb\xbfa: b\n", [("yaml-encoding", 1, 1)]),
        ("a: b\n".encode("utf-16"), [("yaml-encoding", 1, 1)]),
        (b"a: 1\n---\nb: 2\n", [("yaml-documents", 2, 1)]),
        (b"? [a]\n: b\n", [("yaml-key", 1, 3)]),
        (b"x: &k a\n*k : b\n", [("yaml-key", 2, 1)]),
        (b"<<: {a: 1}\n", [("yaml-key", 1, 1)]),
        (b"a: !!python/object:os.system x\n", [("yaml-tag", 1, 4)]),
        (b"a: -.inf\n", [("yaml-number", 1, 4)]),
        (b"a: 1e999\n", [("yaml-number", 1, 4)]),
        (b"a: " + b"9" * 5000, [("yaml-number", 1, 4)]),
        (b"[" * 50_000, [("yaml-too-deep", 1, 61)]),
        (b"{a: " * 50_000, [("yaml-too-deep", 1, 241)]),
    ],
)
def test_bad_content_is_a_problem_with_its_place(content: bytes, expected: list[tuple[str, int, int]]) -> None:
    assert rules_of(content) == expected


def test_a_duplicate_key_names_both_lines() -> None:
    (problem,) = read_yaml(b"a: 1\nb: 2\na: 3\n", "x.yaml").problems
    assert str(problem) == (
        "x.yaml:3:1: `a` stands on line 1 already and again on line 3. Fix: keep one of the two. [yaml-duplicate-key]"
    )


def test_a_yaml_bomb_is_refused_before_it_goes_off() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 10)}]" for i in range(20)]
    assert [rule for rule, *_ in rules_of("\n".join(lines).encode())] == ["yaml-too-many-values"]


def test_more_values_than_any_contract_has_are_refused() -> None:
    assert [rule for rule, *_ in rules_of(b"- 1\n" * 300_000)] == ["yaml-too-many-values"]


def test_more_bytes_than_any_contract_has_are_refused() -> None:
    assert rules_of(b"a: b\n" * (MAX_BYTES // 5 + 1)) == [("file-too-large", 0, 0)]


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(content: bytes) -> None:
    document = read_yaml(content)
    assert document.value is None or not document.problems


def test_several_documents_are_read_where_they_are_asked_for() -> None:
    first, empty, second = read_yaml_documents(b"a: 1\n---\n---\n- b: 2\n- 3\n")
    assert (first.value, empty.value, second.value) == ({"a": 1}, None, [{"b": 2}, 3])
    assert second.places.of((0, "b")) == (4, 3)
    assert read_yaml_documents(b"") == ()


def test_an_anchor_ends_with_its_document_and_a_problem_costs_the_file() -> None:
    (document,) = read_yaml_documents(b"a: &x 1\n---\nb: *x\n")
    assert [(p.rule, p.line) for p in document.problems] == [("yaml-syntax", 3)]
    (document,) = read_yaml_documents(b"a: 1\na: 2\n---\nb: 1\nb: 2\n")
    assert [(p.rule, p.line) for p in document.problems] == [("yaml-duplicate-key", 2), ("yaml-duplicate-key", 5)]


def test_values_are_counted_over_all_documents() -> None:
    ten = [
        f"{name}: &{name} [{', '.join([inner] * 10)}]\n"
        for name, inner in zip("abcd", ("x", "*a", "*b", "*c"), strict=True)
    ]
    (document,) = read_yaml_documents(("".join(ten) + "---\n").encode() * 25)
    assert [p.rule for p in document.problems] == ["yaml-too-many-values"]


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@`,?\n\t 01.~<", max_size=60))
def test_no_text_makes_it_raise(text: str) -> None:
    document = read_yaml(text.encode())
    assert read_yaml_documents(text.encode()) is not None
    assert all(p.rule and p.message and p.fix and p.line > 0 for p in document.problems)
