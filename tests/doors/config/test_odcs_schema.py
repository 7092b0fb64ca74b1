"""The JSON Schema door: the 3.1 schema derived from 3.2 is the published one, and messages name the true cause."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from observer.config.odcs_schema import VERSIONS, ask_for_the_type, nearest, schema_for, shape_problems
from observer.config.yaml_text import read_yaml
from tests.real_parts import missing

SPEC = Path(__file__).resolve().parents[4] / "shared" / "spec" / "odcs"
NOTES = ("description", "examples", "title", "default", "deprecated", "$id", "$comment")
#: Where 3.2 allows more servers than 3.1; which server types exist stops nobody.
SERVERS = ("ServerSource", "Server", "Port")
ONLY_3_2 = ("EnumValue", "Context", "Synonym", "Synonyms")

VALID: dict[str, Any] = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "crm",
    "version": "1.0.0",
    "status": "active",
    "schema": [{"name": "leads", "properties": [{"name": "id"}]}],
}


def rules_only(schema: Any, *, named: bool = False) -> Any:
    """The schema without its prose."""
    if isinstance(schema, dict):
        kept = {k: v for k, v in schema.items() if named or k not in NOTES}
        return {k: rules_only(v, named=k in ("properties", "$defs")) for k, v in kept.items()}
    return [rules_only(v) for v in schema] if isinstance(schema, list) else schema


def test_the_derived_3_1_schema_is_the_published_one() -> None:
    file = SPEC / "schema" / "odcs-json-schema-v3.1.0.json"
    if not file.exists():
        missing("the ODCS 3.1 JSON Schema is not beside the repository")
    published = json.loads(file.read_text())
    ask_for_the_type(published)
    ours, theirs = rules_only(schema_for("v3.1.0")), rules_only(published)
    for schema in (ours, theirs):
        del schema["properties"]["apiVersion"]
        for name in (*SERVERS, *ONLY_3_2):
            schema["$defs"].pop(name, None)
    assert ours == theirs


@pytest.mark.parametrize("version", VERSIONS)
def test_a_property_may_be_without_logical_type(version: str) -> None:
    assert shape_problems(VALID, version) == []


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("name: leads", []),
        ("name: leads\n    phisicalName: x", ["schema[0].phisicalName: ODCS knows no `phisicalName` here"]),
        ("nme: leads", ["schema[0]: `name` is missing", "schema[0].nme: ODCS knows no `nme` here"]),
    ],
)
def test_one_mistake_is_told_once(where: str, expected: list[str]) -> None:
    text = f"apiVersion: v3.2.0\nkind: DataContract\nid: crm\nversion: 1.0.0\nschema:\n  - {where}\n"
    problems = shape_problems(read_yaml(text.encode()).value, "v3.2.0")
    assert sorted(str(p).split(". Fix")[0].removeprefix(": ") for p in problems) == sorted(expected)


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("requird", ["required", "unique"], "required"),
        ("PhysicalName", ["physicalName"], "physicalName"),
        ("mustbe", ["mustBe", "mustNotBe"], "mustBe"),
        ("zebra", ["required", "unique"], None),
    ],
)
def test_the_nearest_known_word_is_suggested(word: str, known: list[str], expected: str | None) -> None:
    assert nearest(word, known) == expected


@pytest.mark.parametrize(
    ("where", "fix"),
    [
        ("name: leads\n    properties: [{name: a, enum: [Open, true]}]", ["{value: Open}", "{value: true}"]),
        ("name: leads\n    properties: [id]", ["{name: id}"]),
        ("leads", ["{name: leads}"]),
    ],
)
def test_a_bare_name_where_a_mapping_belongs_is_shown_as_one(where: str, fix: list[str]) -> None:
    text = f"apiVersion: v3.2.0\nkind: DataContract\nid: crm\nversion: 1.0.0\nstatus: active\nschema:\n  - {where}\n"
    problems = shape_problems(read_yaml(text.encode()).value, "v3.2.0")
    assert [p.fix for p in problems] == [f"write `{f}`" for f in fix]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_official_example_is_judged_without_a_crash(version: str) -> None:
    folder = SPEC / "docs" / "examples"
    if not folder.is_dir():
        missing("the ODCS examples are not beside the repository")
    for file in sorted(folder.rglob("*.odcs.yaml")):
        document = read_yaml(file.read_bytes(), file.name)
        assert document.problems == ()
        problems = shape_problems(document.value, version)
        # Their versions are older than ours; nothing else about their shape is wrong.
        assert {p.path for p in problems} <= {("apiVersion",)}, file
