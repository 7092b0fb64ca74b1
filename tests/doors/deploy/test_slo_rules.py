"""deploy/prometheus/slo-rules.yaml: Prometheus reads it, its alerts fire and end as they should, nothing is missing."""

from __future__ import annotations

import re
from typing import Any

import pytest

from observer.config.openslo import load_slos
from observer.jobs.lint_contracts import load_for_run
from observer.slo.model import Kind, Slo
from tests.doors.deploy.files import PROMETHEUS, ROOT, SLO_RULES, anchors, document
from tests.doors.deploy.test_prometheus import promtool

TIMELINES = PROMETHEUS / "tests" / "slo-rules.test.yaml"
PAGE = ROOT / "docs" / "metrics.md"


def rules() -> list[dict[str, Any]]:
    return [rule for group in document(SLO_RULES)["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


@pytest.fixture(scope="module")
def slos() -> tuple[Slo, ...]:
    return load_slos((ROOT / "slo.yaml",), load_for_run((ROOT / "expectations" / "contracts",))).slos


def test_promtool_finds_nothing_to_say() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", str(SLO_RULES))


def test_each_alert_fires_when_it_should_and_ends() -> None:
    promtool("test", "rules", str(TIMELINES))


def test_every_alert_has_timelines_in_which_it_fires_and_in_which_it_does_not() -> None:
    said = [
        (name, bool(test["exp_samples"]))
        for timeline in document(TIMELINES)["tests"]
        for test in timeline.get("promql_expr_test", [])
        for name in re.findall(r'alertname="(\w+)"', test["expr"])
    ]
    said += [
        (test["alertname"], bool(test.get("exp_alerts")))
        for timeline in document(TIMELINES)["tests"]
        for test in timeline.get("alert_rule_test", [])
    ]
    known = {alert["alert"] for alert in alerts()}
    fires = {name for name, there in said if there} | {"SlosNotCounted"}  # by a query over all names
    assert fires == known == {name for name, there in said if not there}


def test_every_kind_of_level_is_recorded_and_watched(slos: tuple[Slo, ...]) -> None:
    assert {slo.indicator.kind for slo in slos} == set(Kind)
    for slo in slos:
        recorded = {rule["record"] for rule in rules() if "record" in rule and rule["labels"]["sloth_slo"] == slo.name}
        assert len(recorded) == 15, slo.name
        watched = {alert["alert"] for alert in alerts() if alert["labels"].get("slo") == slo.name}
        burns = {"SloBurning", "SloNearlySpent"} if slo.burn_rules else set()
        assert watched == {"SloUnknown", "SloBlind", "SloStale", "SloAbsent"} | burns, slo.name


def test_every_alert_says_how_bad_it_is_what_it_means_and_where_to_read_on() -> None:
    headings, text = anchors(PAGE), PAGE.read_text(encoding="utf-8")
    for alert in alerts():
        assert alert["labels"]["severity"] in {"page", "ticket"}
        assert alert["annotations"]["summary"]
        assert alert["annotations"]["description"]
        page, _, anchor = alert["annotations"]["runbook"].partition("#")
        assert ROOT / page == PAGE
        assert anchor in headings, f"{alert['alert']}: no heading #{anchor} in {page}"
        assert f"*{alert['alert']}.*" in text


def test_the_page_names_the_series_that_are_recorded() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in {rule["record"] for rule in rules() if "record" in rule}:
        window = name.removeprefix("slo:sli_error:ratio_rate")
        assert f"`{name}`" in text or f"`…{window}`" in text, name


def test_prometheus_and_the_config_map_have_them() -> None:
    assert SLO_RULES.name in document(PROMETHEUS / "prometheus.yml")["rule_files"]
    (generator,) = document(PROMETHEUS / "kustomization.yaml")["configMapGenerator"]
    assert set(generator["files"]) == {"rules/observer.yml", SLO_RULES.name}
    assert all((PROMETHEUS / file).is_file() for file in generator["files"])
