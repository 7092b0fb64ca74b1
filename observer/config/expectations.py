"""Expectations of Great Expectations by their published JSON Schemas: a name and arguments in, a complaint or None out.

The schemas are read as files: importing Great Expectations costs seconds.
"""

from __future__ import annotations

import functools
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

import jsonschema_rs

from observer.config.odcs_schema import nearest, shown
from observer.contracts.problems import Complaint
from observer.errors import EngineError

#: Free SQL would go past the guard; ODCS has a rule kind for it.
_SQL = ("unexpected_rows_expectation", "expect_query_results_to_match_comparison")
#: They compare with tables or batches that a run does not load.
_OTHER_DATA = ("expect_table_row_count_to_equal_other_table", "expect_column_kl_divergence_to_be_less_than")
#: Arguments that belong to the run, to GX Cloud or to pandas.
_NOT_OURS = {
    "id": "`id` of the rule itself",
    "batch_id": "the run decides what is read",
    "windows": "only GX Cloud evaluates windows",
    "rendered_content": "it is made by the run",
    "metadata": "it is made by the run",
    "result_format": "the run decides how much is kept",
    "catch_exceptions": "the run catches them",
    "severity": "write `severity` on the rule",
    "meta": "the suite writes its own",
    "row_condition": "use a library metric with `arguments.when`, or `type: sql`",
    "condition_parser": "use a library metric with `arguments.when`, or `type: sql`",
}


def problem_with_expectation(name: str, kwargs: Mapping[str, object]) -> Complaint | None:
    """Why this expectation cannot be run with these arguments, or None."""
    index = _index()
    if name in _SQL:
        return Complaint(f"{name} takes free SQL", "write the rule as `type: sql`")
    if name in _OTHER_DATA:
        return Complaint(f"{name} needs other data than the table", "compare with `type: sql`")
    if name not in index:
        near = nearest(_snake(name), index)
        fix = f"write `{near}`" if near else "use one of the core expectations of Great Expectations"
        return Complaint(f"Great Expectations has no {shown(name)}", fix)
    schema = _schema(index[name]["schema_file"])
    for key in kwargs:
        if key in _NOT_OURS:
            return Complaint(f"{name} cannot be given `{key}` here", _NOT_OURS[key])
        if key not in schema["properties"]:
            known = [k for k in schema["properties"] if k not in _NOT_OURS]
            near = nearest(_snake(key), known)
            fix = f"write `{near}`" if near else f"its arguments are {', '.join(known)}"
            return Complaint(f"{name} has no argument `{key}`", fix)
    for error in _validator(index[name]["schema_file"]).iter_errors(dict(kwargs)):
        kind = error.kind.as_dict()
        if error.kind.name == "required":
            return Complaint(f"{name} needs `{kind['property']}`", f"add kwargs: {{{kind['property']}: …}}")
        argument = ".".join(str(step) for step in error.instance_path) or "kwargs"
        said = f"{shown(error.instance)} does not fit"
        return Complaint(f"{name}: {argument}: {said}", "write a value of the type that Great Expectations documents")
    return None


def _snake(name: str) -> str:
    """`minValue` → `min_value`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


@functools.cache
def _folder() -> FilePath:
    # Only the top-level name is looked up: looking up a submodule would import its parents.
    spec = importlib.util.find_spec("great_expectations")
    places = spec.submodule_search_locations if spec else None
    if not places:
        raise EngineError("Great Expectations is not installed", fix="pip install 'great-expectations>=1.24,<1.25'")
    return FilePath(places[0]) / "expectations" / "core" / "schemas"


@functools.cache
def _index() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_folder() / "index.json").read_text(encoding="utf-8"))
    expectations: dict[str, Any] = found["expectations"]
    return expectations


@functools.cache
def _schema(file: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((_folder() / file).read_text(encoding="utf-8"))
    return schema


@functools.cache
def _validator(file: str) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(_schema(file))
