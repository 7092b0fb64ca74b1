"""The ODCS JSON Schema, asked first: a YAML document in, what is wrong with its shape out, in words a person can use.

The schema is the one shipped in the `open_data_contract_standard` package (3.2.0), read as a file because importing the
package costs a second. Version 3.1.0 is the same schema without what 3.2 added.
"""

from __future__ import annotations

import copy
import difflib
import functools
import importlib.util
import json
from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any

import jsonschema_rs

from observer.contracts.model import Path
from observer.contracts.problems import Problem
from observer.errors import EngineError

VERSIONS = ("v3.1.0", "v3.2.0")

#: Definition → keys that 3.2 added to it.
_NEW_IN_3_2: dict[str, tuple[str, ...]] = {
    "SchemaElement": ("deprecated", "synonyms"),
    "SchemaObject": ("context",),
    "SchemaBaseProperty": ("enum", "semanticType"),
    "ServiceLevelAgreementProperty": ("customProperties", "authoritativeDefinitions"),
    "CustomProperty": ("vendor",),
    "RelationshipBase": ("id",),
}
_TYPES_NEW_IN_3_2 = ("map", "vector")
#: 3.1 allows exactly `object.property`, and only `.yaml` files.
_SHORTHAND_3_1 = r"^[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*$"
_QUALIFIED_3_1 = (
    r"^(?:(?:https?:\/\/)?[A-Za-z0-9._\-\/]+\.yaml#)?\/?[A-Za-z_][A-Za-z0-9_]*\/[A-Za-z0-9_-]+"
    r"(?:\/[A-Za-z_][A-Za-z0-9_]*\/[A-Za-z0-9_-]+)*$"
)
_OPERATORS = (
    "mustBe",
    "mustNotBe",
    "mustBeGreaterThan",
    "mustBeGreaterOrEqualTo",
    "mustBeLessThan",
    "mustBeLessOrEqualTo",
    "mustBeBetween",
    "mustNotBeBetween",
)
_QUALITY_KEYS = (*_OPERATORS, "metric", "rule", "arguments", "query", "engine", "implementation")
_TYPE_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


@functools.cache
def schema_for(version: str) -> dict[str, Any]:
    """The JSON Schema of an ODCS version, one of VERSIONS."""
    spec = importlib.util.find_spec("open_data_contract_standard")
    places = spec.submodule_search_locations if spec else None
    if not places:
        raise EngineError(
            "the ODCS JSON Schema is not installed", fix="pip install 'open-data-contract-standard>=3.2,<4'"
        )
    with (FilePath(places[0]) / "schema.json").open(encoding="utf-8") as file:
        schema: dict[str, Any] = json.load(file)
    ask_for_the_type(schema)
    return schema if version == "v3.2.0" else _as_3_1(schema)


def ask_for_the_type(schema: dict[str, Any]) -> None:
    """Mend the schema in place: a property may be without logicalType.

    Published, its `if: {properties: {logicalType: {const: map}}}` holds for such a property too, so that it would have
    to be a map and everything else at once; the text of the standard makes logicalType optional.
    """
    for part in schema["$defs"]["SchemaBaseProperty"]["allOf"]:
        condition = part.get("if", {})
        for alternative in condition.get("anyOf", [condition]):
            alternative["required"] = ["logicalType"]


def _as_3_1(schema: dict[str, Any]) -> dict[str, Any]:
    schema = copy.deepcopy(schema)
    definitions = schema["$defs"]
    for name, keys in _NEW_IN_3_2.items():
        for key in keys:
            del definitions[name]["properties"][key]
    del schema["properties"]["context"]
    schema["required"].append("status")
    base = definitions["SchemaBaseProperty"]
    types = base["properties"]["logicalType"]
    types["enum"] = [name for name in types["enum"] if name not in _TYPES_NEW_IN_3_2]
    base["allOf"] = [part for part in base["allOf"] if not any(f'"{t}"' in json.dumps(part) for t in _TYPES_NEW_IN_3_2)]
    definitions["ShorthandReference"]["pattern"] = _SHORTHAND_3_1
    definitions["FullyQualifiedReference"]["pattern"] = _QUALIFIED_3_1
    return schema


@functools.cache
def _validator(version: str) -> jsonschema_rs.Draft201909Validator:
    return jsonschema_rs.Draft201909Validator(schema_for(version))


def shape_problems(document: Mapping[str, Any], version: str) -> list[Problem]:
    """Everything the JSON Schema of `version` (one of VERSIONS) has against the document; paths, no places yet."""
    problems: dict[tuple[Path, str], Problem] = {}
    swallowed: dict[Path, list[str]] = {}
    for error in _validator(version).iter_errors(document):
        path = tuple(error.instance_path)
        found, is_noise = _problems_of(error, path, document, version)
        if is_noise and not _lacks_metric(error.instance, path):
            swallowed[path] = error.kind.as_dict()["unexpected"]
        for problem in found:
            problems.setdefault((problem.path, problem.rule), problem)
    told = {place[:length] for place, _ in problems for length in range(len(place) + 1)}
    for path, keys in swallowed.items():
        if path not in told:
            problem = _misplaced_keys(path, keys)
            problems[problem.path, problem.rule] = problem
    return list(problems.values())


def _problems_of(error: Any, path: Path, document: Any, version: str) -> tuple[list[Problem], bool]:
    """What one finding of the schema means, and whether it is only the echo of another one."""
    kind = error.kind.as_dict()
    name, instance = error.kind.name, error.instance
    if name in ("unevaluatedProperties", "additionalProperties"):
        known = _known_keys(tuple(error.schema_path), path, instance, version)
        strangers = [key for key in kind["unexpected"] if key not in known]
        return [_unknown_key((*path, key), key, known, version) for key in strangers], not strangers
    if name == "required":
        return [_missing_key(path, kind["property"])], False
    if name == "type":
        return [_wrong_type(path, instance, kind["types"])], False
    if name in ("enum", "const"):
        return [_wrong_choice(path, instance, kind.get("options") or [kind.get("expected_value")], version)], False
    if name == "pattern":
        return [_wrong_text(path, instance, kind["pattern"])], False
    if name in ("oneOf", "anyOf", "oneOfNotValid", "oneOfMultipleValid"):
        return _wrong_alternative(path, instance), False
    if name == "uniqueItems" and path[-1:] == ("enum",):
        return [], False  # lint names the value that stands there twice
    if name == "not":
        message = "`from` is not allowed here: the property itself is where the relationship starts"
        return [_problem("unknown-key", (*path, "from"), message, "remove `from`")], False
    return [_problem("wrong-value", path, error.message, "write a value that ODCS allows here")], False


def _lacks_metric(element: Any, path: Path) -> bool:
    """A library rule without `metric` is an empty shell to the schema; reading the rule says what is missing."""
    return path[-2:-1] == ("quality",) and "metric" not in element and element.get("type", "library") == "library"


def _misplaced_keys(path: Path, keys: list[str]) -> Problem:
    operators = [key for key in keys if key in _OPERATORS]
    if path[-2:-1] == ("quality",) and len(operators) == 1:
        message = f"{operators[0]} does not fit: a rule of a metric or of `type: sql` has exactly one operator"
        return _problem("several-operators", (*path, operators[0]), message, "remove it")
    names = ", ".join(f"`{key}`" for key in keys)
    fix = "remove them, or correct `type` (library, sql, custom)" if "quality" in path else "remove them"
    return _problem("misplaced-key", (*path, keys[0]), f"{names} do not belong here", fix)


def _problem(rule: str, path: Path, message: str, fix: str) -> Problem:
    return Problem(rule=rule, message=message, fix=fix, path=path)


def _known_keys(schema_path: Path, path: Path, instance: Any, version: str) -> list[str]:
    definitions = schema_for(version)["$defs"]
    if not path:
        return list(schema_for(version)["properties"])
    owner = next((str(step) for step in reversed(schema_path) if step in definitions), "")
    element = definitions.get(owner, {})
    if owner == "ServerSource":
        return []
    if owner == "Server":
        return [*element["properties"], *_server_keys(definitions, instance)]
    if path[-1] == "logicalTypeOptions":
        return list(_options_of(schema_path, definitions))
    keys = list(element.get("properties", {}))
    keys += {
        "SchemaObject": list(definitions["SchemaElement"]["properties"]),
        "SchemaProperty": [
            *definitions["SchemaElement"]["properties"],
            *definitions["SchemaBaseProperty"]["properties"],
        ],
        "SchemaItemProperty": [
            *definitions["SchemaElement"]["properties"],
            *definitions["SchemaBaseProperty"]["properties"],
        ],
        "SchemaBaseProperty": list(definitions["SchemaElement"]["properties"]),
        "DataQuality": list(_QUALITY_KEYS),
        "RelationshipSchemaLevel": list(definitions["RelationshipBase"]["properties"]),
        "RelationshipPropertyLevel": list(definitions["RelationshipBase"]["properties"]),
    }.get(owner, [])
    if owner in ("SchemaProperty", "SchemaItemProperty", "SchemaBaseProperty"):
        keys += ["properties", "items", *(["map"] if version == "v3.2.0" else []), "examples"]
    return keys


def _options_of(schema_path: Path, definitions: Mapping[str, Any]) -> Iterable[str]:
    element: Any = definitions
    for step in schema_path[1:-1]:
        element = element[step]
    return element.get("properties", {}) if isinstance(element, Mapping) else ()


def _server_keys(definitions: Mapping[str, Any], instance: Any) -> list[str]:
    for part in definitions["Server"]["allOf"]:
        if part.get("if", {}).get("properties", {}).get("type", {}).get("const") == instance.get("type"):
            source = definitions["ServerSource"][part["then"]["$ref"].rsplit("/", 1)[1]]
            return list(source["properties"])
    return []


def _unknown_key(path: Path, key: str, known: list[str], version: str) -> Problem:
    if version == "v3.1.0":
        newer = {key for keys in _NEW_IN_3_2.values() for key in keys} | {"context"}
        if key in newer and key in _known_in_3_2(path):
            other = " or use quality invalidValues with arguments.validValues" if key == "enum" else " or remove it"
            return _problem("needs-odcs-3.2", path, f"`{key}` is ODCS 3.2", f"set apiVersion: v3.2.0{other}")
    if key == "owner":
        fix = "write customProperties: [{property: fieldOwner, value: …}]"
    elif key == "enum" and path[-2:-1] == ("logicalTypeOptions",):
        fix = "move `enum` from logicalTypeOptions to the property (ODCS 3.2)"
    else:
        near = nearest(key, known)
        fix = f"write `{near}`" if near else "remove it, or put it into customProperties"
    return _problem("unknown-key", path, f"ODCS knows no `{key}` here", fix)


def _known_in_3_2(path: Path) -> set[str]:
    inside = path[-3] if len(path) > 2 else ""
    names = {
        "properties": ("SchemaElement", "SchemaBaseProperty"),
        "schema": ("SchemaElement", "SchemaObject"),
        "slaProperties": ("ServiceLevelAgreementProperty",),
        "customProperties": ("CustomProperty",),
        "relationships": ("RelationshipBase",),
    }.get(str(inside), ())
    return {key for name in names for key in _NEW_IN_3_2[name]} | ({"context"} if len(path) == 1 else set())


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None."""
    return _nearest(word, tuple(known))


@functools.lru_cache(maxsize=1024)
def _nearest(word: str, known: tuple[str, ...]) -> str | None:
    by_case = {name.casefold(): name for name in known}
    if word.casefold() in by_case:
        return by_case[word.casefold()]
    near = difflib.get_close_matches(word.casefold(), by_case, n=1, cutoff=0.7)
    return by_case[near[0]] if near else None


def _missing_key(path: Path, key: str) -> Problem:
    examples = {
        "status": "status: active",
        "version": "version: 1.0.0",
        "kind": "kind: DataContract",
        "id": "id: crm-leads",
        "name": "name: leads",
    }
    return _problem("missing-key", path, f"`{key}` is missing", f"add `{examples.get(key, key + ': …')}`")


#: What the entries of a list are called by, where people write the bare name.
_NAMED_BY: dict[Path, str] = {
    ("enum",): "value",
    ("properties",): "name",
    ("schema",): "name",
    ("members",): "username",
}


def _wrong_type(path: Path, instance: Any, types: list[str]) -> Problem:
    wanted = " or ".join(_TYPE_NAMES.get(name, name) for name in types)
    message = f"{shown(instance)} is {_kind_of(instance)}, expected {wanted}"
    fix = f"write {wanted}"
    if "boolean" in types and isinstance(instance, str) and instance.lower() in ("yes", "no", "on", "off", "y", "n"):
        message = f"`{instance}` is text in YAML 1.2, expected true or false"
        fix = f"write {'true' if instance.lower() in ('yes', 'on', 'y') else 'false'}"
    elif types == ["string"] and isinstance(instance, (int, float, bool)):
        fix = f"put quotes around it: '{str(instance).lower() if isinstance(instance, bool) else instance}'"
    elif types == ["object"] and isinstance(instance, (str, int, float)) and path[-2:-1] in _NAMED_BY:
        text = str(instance).lower() if isinstance(instance, bool) else instance
        fix = f"write `{{{_NAMED_BY[path[-2:-1]]}: {text}}}`"
    elif types == ["array"]:
        fix = "write a list: start each entry with `- `"
    return _problem("wrong-type", path, message, fix)


def _wrong_choice(path: Path, instance: Any, options: list[Any], version: str) -> Problem:
    if version == "v3.1.0" and instance in _TYPES_NEW_IN_3_2 and path[-1:] == ("logicalType",):
        return _problem("needs-odcs-3.2", path, f"logicalType {instance} is ODCS 3.2", "set apiVersion: v3.2.0")
    choices = [str(option) for option in options]
    near = nearest(str(instance), choices)
    fix = f"write `{near}`" if near else f"write one of {', '.join(choices[:12])}{', …' if len(choices) > 12 else ''}"
    if path[-1:] == ("type",) and "servers" in path and str(instance).lower() in ("sqlite", "sqlite3", "mariadb"):
        fix = "write `custom`" if "sqlite" in str(instance).lower() else "write `mysql`"
    return _problem("wrong-value", path, f"{shown(instance)} is not one of the values that ODCS allows", fix)


def _wrong_text(path: Path, instance: Any, pattern: str) -> Problem:
    if path[-1:] == ("id",):
        return _problem(
            "wrong-value", path, f"id {shown(instance)} has forbidden characters", "use letters, digits, _ and -"
        )
    return _problem(
        "wrong-value", path, f"{shown(instance)} does not fit {pattern}", "write it in the form that ODCS asks for"
    )


def _wrong_alternative(path: Path, instance: Any) -> list[Problem]:
    if isinstance(instance, Mapping) and path[-2:-1] == ("quality",):
        return [_operator_problem(path, instance)]
    if path[-1:] in (("to",), ("from",)) or path[-2:-1] in (("to",), ("from",)):
        fix = "write object.property (names) or schema/OBJECT_ID/properties/PROPERTY_ID (ids)"
        return [_problem("wrong-value", path, f"{shown(instance)} is no reference to a property", fix)]
    if path[-2:-1] == ("relationships",):
        fix = "write both as one reference, or both as lists of the same length"
        return [_problem("wrong-value", path, "`from` and `to` do not have the same form", fix)]
    if path[-1:] == ("team",):
        return [
            _problem(
                "wrong-type",
                path,
                "team is not in the form of ODCS",
                "write team: {members: [{username: …, role: owner}]}",
            )
        ]
    return [
        _problem("wrong-value", path, f"{shown(instance)} does not fit here", "write a value that ODCS allows here")
    ]


def _operator_problem(path: Path, quality: Mapping[str, Any]) -> Problem:
    given = [name for name in _OPERATORS if name in quality]
    if not given:
        near = next((n for key in quality if (n := nearest(key, _OPERATORS)) and key.lower().startswith("must")), None)
        fix = f"write `{near}`" if near else "add one operator, e.g. `mustBe: 0`"
        return _problem("operator-missing", path, "the rule has no operator to compare with", fix)
    if len(given) > 1:
        message = f"the rule has several operators: {', '.join(given)}"
        return _problem("several-operators", (*path, given[1]), message, "keep one; use mustBeBetween for a range")
    wanted = "a list of two different numbers" if "Between" in given[0] else "a number"
    value = quality[given[0]]
    message = f"{given[0]} is {_kind_of(value) if isinstance(value, list) else shown(value)}, expected {wanted}"
    return _problem("operand", (*path, given[0]), message, f"write {wanted}")


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true/false"
    return {str: "text", int: "a number", float: "a number", list: "a list", dict: "a mapping"}.get(type(value), "null")


def shown(value: Any) -> str:
    """A value of the contract as it may stand in a message: short, quoted."""
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, (list, dict)):
        return "this"
    return f"`{text[:57]}…`" if len(text) > 58 else f"`{text}`"
