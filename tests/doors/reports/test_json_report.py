"""`report.json` and its schema hold each other."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from observer.checks.audit import Audit
from observer.reports.failures import FOLDER, failure_files, render_failures
from observer.reports.json_report import SAMPLE_KEYS, render_json
from tests.fakes import audits
from tests.golden_files import Golden

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
AUDITS = {
    "sales": audits.sales_audit,
    "green": audits.green_audit,
    "empty": audits.empty_audit,
    "changes": audits.changes_audit,
    "wide": lambda: audits.wide_audit(20),
}


def report(audit: Audit) -> Any:
    return json.loads(render_json(audit))


def test_the_report_is_what_was_agreed(golden: Golden) -> None:
    golden("reports/sales.json", render_json(audits.sales_audit()))


def test_the_schema_is_a_schema() -> None:
    VALIDATOR.check_schema(SCHEMA)


@pytest.mark.parametrize("name", AUDITS)
def test_every_report_is_valid(name: str) -> None:
    VALIDATOR.validate(report(AUDITS[name]()))


def objects_of(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects_of(child)


def free_form(obj: dict[str, Any], whole: Any) -> bool:
    """The key columns of a sample key are named by the data."""
    return any(obj is key for check in whole["checks"] for key in check["sample_keys"])


def test_the_schema_rejects_a_field_too_many_anywhere() -> None:
    whole = report(audits.sales_audit())
    seen: set[tuple[str, ...]] = set()
    for obj in objects_of(whole):
        if free_form(obj, whole) or tuple(obj) in seen:
            continue
        seen.add(tuple(obj))
        obj["surprise"] = 1
        assert not VALIDATOR.is_valid(whole), f"a surprise in {list(obj)} went unseen"
        del obj["surprise"]
    assert len(seen) > 12
    VALIDATOR.validate(whole)


def test_the_schema_rejects_a_missing_field_anywhere() -> None:
    whole = report(audits.sales_audit())
    seen: set[tuple[str, ...]] = set()
    for obj in objects_of(whole):
        if free_form(obj, whole) or tuple(obj) in seen:
            continue
        seen.add(tuple(obj))
        for name in list(obj):
            kept = dict(obj)
            del obj[name]
            assert not VALIDATOR.is_valid(whole), f"{name} can be left out of {list(kept)}"
            obj.update(kept)
    assert len(seen) > 12


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("summary", "trust_score"), 101),
        (("summary", "rows"), -1),
        (("checks", 0, "outcome"), "green"),
        (("checks", 0, "severity"), "fatal"),
        (("checks", 0, "dimension"), "beauty"),
        (("checks", 0, "rows_failed"), "12"),
        (("checks", 0, "error"), "an error on a passed check"),
        (("run", "started_at"), "yesterday"),
        (("format",), "crm-observer/report/2"),
    ],
)
def test_the_schema_rejects_a_wrong_value(path: tuple[str | int, ...], value: object) -> None:
    whole = copy.deepcopy(report(audits.sales_audit()))
    place = whole
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not VALIDATOR.is_valid(whole)


def test_what_was_not_measured_is_null_and_not_zero() -> None:
    errored = [c for c in report(audits.sales_audit())["checks"] if c["outcome"] == "errored"]
    assert len(errored) == 4
    assert {c["rows_failed"] for c in errored} == {c["rows_tested"] for c in errored} == {None}
    assert all(c["error"] for c in errored)


def test_nothing_judged_has_no_score() -> None:
    assert report(audits.empty_audit())["summary"]["trust_score"] is None


def test_sample_keys_are_few_and_the_file_is_named_with_its_counts() -> None:
    checks = {c["id"]: c for c in report(audits.sales_audit())["checks"]}
    product = checks["sales-crm.sales_pipeline.product.products.product"]
    assert len(product["sample_keys"]) == SAMPLE_KEYS
    assert product["sample_keys"][0] == {"opportunity_id": "OP001000"}
    assert product["failures_file"] == {
        "path": "failures/sales-crm.sales_pipeline.product.products.product.csv",
        "keys": 1000,
        "rows_failed": 1480,
    }
    assert checks["sales-crm.sales_pipeline.freshness"]["failures_file"] is None


def test_every_named_file_is_written_and_no_other() -> None:
    audit = audits.sales_audit()
    named = [c["failures_file"]["path"] for c in report(audit)["checks"] if c["failures_file"]]
    assert named == [f"{FOLDER}/{name}" for name in failure_files(audit).values()]
    assert named == [f"{FOLDER}/{name}" for name in render_failures(audit)]


def test_numbers_that_json_lacks_become_text() -> None:
    audit = audits.sales_audit()
    part = audit.contracts[0]
    first = part.evidence[0]
    odd = replace(first, keys=((float("nan"), float("-inf")),), urls=())
    changed = replace(audit, contracts=(replace(part, evidence=(odd, *part.evidence[1:])),))
    checks = {c["id"]: c for c in report(changed)["checks"]}
    assert checks[first.check_id]["sample_keys"] == [{"account": "nan", "region_id": "-inf"}]


def test_the_same_audit_gives_the_same_bytes() -> None:
    assert render_json(audits.sales_audit()) == render_json(audits.sales_audit())
