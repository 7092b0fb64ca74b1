"""Every event is one of OpenLineage 2-0-2, says what was found, and holds no value of a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from openlineage.client.serde import Serde

from observer.checks.change_rules import NewValues, RowCountChange, SchemaDrift
from observer.checks.judge import judge
from observer.checks.measure import Measurement
from observer.checks.rules import InSet, Rule
from observer.lineage.events import ended, failed, started
from observer.lineage.quality import actual_of
from observer.lineage.stored import event_of
from observer.runs.deliveries import NewDelivery
from tests.fakes.lineage_receiver import Specification
from tests.fakes.lineage_runs import CANARY, ENDED, RUN_ID, STARTED, audited, crm, judged, lineage_run, seen, unseen

#: The source as it shows itself.
SHOWN = "postgresql://ada:***@crm-db:5433/crm"


def documents(deliveries: tuple[NewDelivery, ...]) -> dict[str, Mapping[str, Any]]:
    """Job name → event."""
    return {d.payload["job"]["name"]: d.payload for d in deliveries}


def everything() -> dict[str, tuple[NewDelivery, ...]]:
    """All that the scenarios of this room can send."""
    run = lineage_run(source=SHOWN)
    pushdown = lineage_run(execution="pushdown")
    by_hand = lineage_run(scheduled_for=None)
    half = audited(
        run,
        tuple(
            judge(s, Measurement(check_id=s.id, error="no such column")) if s.object == "steps" else judge(s, seen(s))
            for s in run.plan.checks
        ),
    )
    lost = tuple(
        replace(s, columns=(), rows=None, error="permission denied") if s.object == "steps" else s for s in half.tables
    )
    return {
        "a start": started(run, at=STARTED),
        "a start in the source": started(pushdown, at=STARTED),
        "a start by hand": started(by_hand, at=STARTED),
        "all passed": ended(run, audited(run, judged(run)), at=ENDED),
        "much failed": ended(run, audited(run, judged(run, 12)), at=ENDED),
        "a kept snapshot": ended(run, audited(run, judged(run, 12), kept=True), at=ENDED),
        "in the source": ended(pushdown, audited(pushdown, judged(pushdown, 3)), at=ENDED),
        "one table unreadable": ended(run, replace(half, tables=lost), at=ENDED),
        "nothing to test": ended(run, audited(run, judged(run, skipped="the table has no rows")), at=ENDED),
        "nothing could be looked at": ended(run, unseen(run, f"{SHOWN} does not answer"), at=ENDED),
        "a worker that died": failed(run, f"the worker was killed while it read {SHOWN}", at=ENDED),
        "a worker that died in the source": failed(pushdown, "the worker was killed", at=ENDED),
    }


def test_every_event_of_every_scenario_is_one_of_the_specification(specification: Specification) -> None:
    for scenario, deliveries in everything().items():
        for delivery in deliveries:
            assert specification.problems(delivery.payload) == [], scenario


def test_the_receiver_of_the_tests_does_find_what_is_wrong(specification: Specification) -> None:
    event = json.loads(json.dumps(started(lineage_run(), at=STARTED)[1].payload))
    for spoil in (
        lambda e: e["run"].update(runId="seven"),
        lambda e: e.update(eventTime="yesterday"),
        lambda e: e.update(producer="not a uri"),
        lambda e: e["run"]["facets"]["parent"]["run"].update(runId="seven"),
        lambda e: e["run"]["facets"]["nominalTime"].update(nominalStartTime="2026-11-22"),
        lambda e: e["inputs"][0]["facets"]["dataSource"].update(uri="no uri, this"),
        lambda e: e["inputs"][0]["facets"].update(datasource=e["inputs"][0]["facets"]["dataSource"]),
    ):
        spoiled = json.loads(json.dumps(event))
        spoil(spoiled)
        assert specification.problems(spoiled), spoiled


def test_no_value_of_a_row_no_key_and_no_password_is_in_any_event() -> None:
    for scenario, deliveries in everything().items():
        for delivery in deliveries:
            text = json.dumps(dict(delivery.payload), ensure_ascii=False) + delivery.key + delivery.line
            assert CANARY not in text, scenario
            assert "ada:" not in text, scenario
            assert "ada@" not in text, scenario


def test_what_is_sent_is_what_is_stored() -> None:
    for deliveries in everything().values():
        for delivery in deliveries:
            stored = json.loads(json.dumps(dict(delivery.payload)))
            assert Serde.to_dict(event_of(stored)) == stored


def test_a_run_is_a_parent_with_a_snapshot_and_a_suite_which_start_and_end_once() -> None:
    run = lineage_run()
    both = (*started(run, at=STARTED), *ended(run, audited(run, judged(run, 3)), at=ENDED))
    assert [(d.payload["job"]["name"], d.payload["eventType"]) for d in both] == [
        ("crm", "START"),
        ("crm.snapshot", "START"),
        ("crm.suite", "START"),
        ("crm.snapshot", "COMPLETE"),
        ("crm.suite", "COMPLETE"),
        ("crm", "COMPLETE"),
    ]
    whole, snapshot, suite = (d.payload["run"] for d in both[:3])
    assert whole["runId"] == RUN_ID
    assert "parent" not in whole["facets"]
    for child in (snapshot, suite):
        assert child["facets"]["parent"]["run"]["runId"] == RUN_ID
        assert child["facets"]["parent"]["root"]["job"] == {"namespace": "crm-observer", "name": "crm", "facets": {}}
    assert {d.payload["run"]["facets"]["nominalTime"]["nominalStartTime"] for d in both} == {
        "2026-11-22T05:53:53+00:00"
    }


def test_the_same_run_told_twice_is_told_under_the_same_keys_and_in_one_line() -> None:
    first, again = (started(lineage_run(), at=STARTED + timedelta(seconds=s)) for s in (0, 5))
    assert [d.key for d in first] == [d.key for d in again]
    assert len({d.key for d in first}) == 3
    assert {d.line for d in (*first, *again)} == {RUN_ID}


def test_a_run_cannot_end_twice() -> None:
    run = lineage_run()
    completed = ended(run, audited(run, judged(run)), at=ENDED)
    assert {d.key for d in completed} == {d.key for d in failed(run, "the worker was killed", at=ENDED)}


def test_bad_data_is_complete_and_what_could_not_be_looked_at_is_fail() -> None:
    run = lineage_run()
    bad = documents(ended(run, audited(run, judged(run, 12)), at=ENDED))
    assert {e["eventType"] for e in bad.values()} == {"COMPLETE"}
    blind = documents(ended(run, unseen(run, "the source does not answer"), at=ENDED))
    assert {e["eventType"] for e in blind.values()} == {"FAIL"}
    for event in blind.values():
        assert event["run"]["facets"]["errorMessage"]["message"] == "the source does not answer"
    engine = replace(audited(run, judged(run, error="the engine broke")))
    torn = documents(ended(run, engine, at=ENDED))
    assert {name: e["eventType"] for name, e in torn.items()} == {
        "crm.snapshot": "COMPLETE",
        "crm.suite": "FAIL",
        "crm": "FAIL",
    }


def test_only_what_passed_is_a_success() -> None:
    run = lineage_run()
    specs = run.plan.checks
    results = (
        judge(specs[0], Measurement(check_id=specs[0].id, error="no such column")),
        judge(specs[1], Measurement(check_id=specs[1].id, skipped="the table has no rows")),
        *(judge(spec, seen(spec, 12)) for spec in specs[2:]),
    )
    suite = documents(ended(run, audited(run, results), at=ENDED))["crm.suite"]
    tests = {t["name"]: t for t in suite["run"]["facets"]["test"]["tests"]}
    assert tests.keys() == {spec.id for spec in specs}
    assert tests[specs[0].id]["status"] == "fail"
    assert tests[specs[0].id]["actual"] == "not measured"
    assert tests[specs[0].id]["params"]["outcome"] == "errored"
    assert tests[specs[1].id]["status"] == "skip"
    said = {a["name"]: a for d in suite["inputs"] for a in d["inputFacets"]["dataQualityAssertions"]["assertions"]}
    assert said.keys() == tests.keys() - {specs[1].id}
    for result in results:
        if result.spec.id in said:
            assert said[result.spec.id]["success"] == (result.outcome == "passed")


def test_an_assertion_names_its_column_what_was_expected_and_what_was_seen() -> None:
    run = lineage_run()
    suite = documents(ended(run, audited(run, judged(run, 12)), at=ENDED))["crm.suite"]
    leads = suite["inputs"][0]
    said = {a["name"]: a for a in leads["inputFacets"]["dataQualityAssertions"]["assertions"]}
    required = said["crm.leads.email.required"]
    assert required == required | {
        "assertion": "not_null",
        "success": False,
        "column": "E-Mail",
        "severity": "error",
        "actual": "12 of 40 rows (30.0 %) failed",
    }
    assert required["params"]["owner"] == "zoë.müller@example.com"
    assert said["crm.leads.created_at.fresh"]["actual"] == "40 s old"
    assert said["crm.leads.many"]["severity"] == "warn"
    assert said["crm.leads.custom"]["actual"] == "does not hold"
    # A query that reads a restricted column may give its value.
    assert said["crm.leads.largest"]["actual"] == "holds"
    columns = {f["name"] for f in leads["facets"]["schema"]["fields"]}
    assert {a["column"] for a in said.values() if "column" in a} <= columns


@pytest.mark.parametrize(
    ("rule", "measured", "actual"),
    [
        (SchemaDrift(), {"value": 1, "seen": "`stage` was removed"}, "`stage` was removed"),
        (RowCountChange(), {"value": -12.5, "seen": "40 rows, then 35"}, "40 rows, then 35"),
        (NewValues(column="stage", checks=()), {"rows_tested": 40, "rows_failed": 2, "seen": CANARY}, "2 of 40 rows"),
        (InSet(column="stage", values=("new",)), {"rows_tested": 40, "rows_failed": 0, "seen": CANARY}, "0 of 40 rows"),
    ],
)
def test_what_changed_is_told_as_far_as_it_holds_no_value(rule: Rule, measured: dict[str, Any], actual: str) -> None:
    spec = replace(lineage_run().plan.checks[0], rule=rule)
    assert actual_of(judge(spec, Measurement(check_id=spec.id, **measured))).startswith(actual)


def test_metrics_count_values_and_show_none() -> None:
    run = lineage_run()
    suite = documents(ended(run, audited(run, judged(run)), at=ENDED))["crm.suite"]
    metrics = suite["inputs"][0]["inputFacets"]["dataQualityMetrics"]
    assert (metrics["rowCount"], metrics["bytes"]) == (40, 1_500)
    assert metrics["columnMetrics"]["id"] == {"count": 38, "nullCount": 2, "quantiles": {}}
    # Nulls and placeholders were counted together.
    assert metrics["columnMetrics"]["E-Mail"] == {"count": 38, "quantiles": {}}


def test_owners_are_told_for_the_job_for_the_table_and_for_every_field() -> None:
    event = documents(started(lineage_run(), at=STARTED))["crm.snapshot"]
    owners = [{"name": "user:ana@example.com", "type": "OWNER"}, {"name": "user:sam", "type": "STEWARD"}]
    leads = event["inputs"][0]
    assert event["job"]["facets"]["ownership"]["owners"] == owners
    assert leads["facets"]["ownership"]["owners"] == owners
    tags = {(t["field"], t["key"], t["value"]) for t in leads["facets"]["tags"]["tags"]}
    assert tags >= {
        ("E-Mail", "owner", "zoë.müller@example.com"),
        ("E-Mail", "steward", "sam@example.com"),
        ("E-Mail", "consumer", "lead-routing"),
        ("E-Mail", "consumer", "nurture"),
        ("E-Mail", "classification", "restricted"),
        ("E-Mail", "critical", "true"),
        ("E-Mail", "pii", "true"),
        ("id", "owner", "ana@example.com"),
    }


def test_a_kept_snapshot_is_one_dataset_with_versions_whose_restricted_columns_are_masked() -> None:
    run = lineage_run()
    leads, steps = documents(ended(run, audited(run, judged(run), kept=True), at=ENDED))["crm.snapshot"]["outputs"]
    assert (leads["namespace"], leads["name"]) == ("file", "/var/lib/observer/snapshots/crm/leads")
    assert leads["facets"]["version"]["datasetVersion"] == "20261122T055400.000000Z"
    fields = leads["facets"]["columnLineage"]["fields"]
    source = fields["E-Mail"]["inputFields"][0]
    assert (source["namespace"], source["name"], source["field"]) == (
        "postgres://crm-db:5433",
        "crm.public.leads",
        "E-Mail",
    )
    assert source["transformations"][0]["masking"] is True
    assert fields["id"]["inputFields"][0]["transformations"][0] == {
        "type": "DIRECT",
        "subtype": "IDENTITY",
        "masking": False,
    }
    # Tokens take another room than values; how much, is not known.
    assert "size" not in leads["outputFacets"]["outputStatistics"]
    assert steps["outputFacets"]["outputStatistics"] == steps["outputFacets"]["outputStatistics"] | {
        "rowCount": 41,
        "size": 1_500,
    }


def test_a_copy_that_is_not_kept_masks_nothing_and_is_temporary() -> None:
    run = lineage_run()
    leads = documents(ended(run, audited(run, judged(run)), at=ENDED))["crm.snapshot"]["outputs"][0]
    assert (leads["name"], leads["facets"]["datasetType"]["subType"]) == ("temporary/crm/leads", "TEMPORARY")
    assert "version" not in leads["facets"]
    transformations = [
        t["masking"]
        for field in leads["facets"]["columnLineage"]["fields"].values()
        for t in field["inputFields"][0]["transformations"]
    ]
    assert not any(transformations)


def test_a_target_in_another_contract_is_read_by_the_snapshot_and_checked_by_nobody() -> None:
    events = documents(ended(lineage_run(), audited(lineage_run(), judged(lineage_run())), at=ENDED))
    assert [d["name"] for d in events["crm.snapshot"]["inputs"]] == [
        "crm.public.leads",
        "crm.sales.steps",
        "crm.public.users",
    ]
    assert [d["name"] for d in events["crm.suite"]["inputs"]] == ["crm.public.leads", "crm.sales.steps"]


def test_where_nothing_is_copied_there_is_no_snapshot() -> None:
    run = lineage_run(execution="pushdown")
    assert documents(started(run, at=STARTED)).keys() == {"crm", "crm.suite"}
    assert documents(failed(run, "gone", at=ENDED)).keys() == {"crm", "crm.suite"}


def test_a_very_long_reason_is_cut() -> None:
    event = failed(lineage_run(), "x" * 100_000, at=ENDED)[0].payload
    assert len(event["run"]["facets"]["errorMessage"]["message"]) == 2_000


@pytest.mark.parametrize("name", ["crm", "crm.snapshot", "crm.suite"])
def test_what_an_engine_is_called_is_told(name: str) -> None:
    engine = documents(started(lineage_run(), at=STARTED))[name]["run"]["facets"]["processing_engine"]
    assert engine["name"] == ("Great Expectations" if name == "crm.suite" else "crm-observer")
    assert engine["version"]
    assert crm().id in documents(started(lineage_run(), at=STARTED))
