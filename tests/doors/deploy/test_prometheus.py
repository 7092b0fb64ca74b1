"""deploy/prometheus and deploy/alertmanager: Prometheus's own tools read them, and every name in them exists."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from observer.metrics.registry import Metrics
from observer.receivers.alertmanager import ALERTNAME
from observer.runs.standing import Standing
from tests.doors.deploy.files import ALERTMANAGER, GUIDE, PROMETHEUS, ROOT, RULES, SLO_RULES, anchors, document
from tests.real_parts import missing

TIMELINES = ROOT / "tests" / "data" / "prometheus" / "observer_test.yml"


def promtool(*arguments: str) -> None:
    """Run it, and fail with what it says."""
    tool = shutil.which("promtool") or missing("promtool is not installed (Debian: prometheus)")
    done = subprocess.run([tool, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def alerts() -> list[dict[str, Any]]:
    return [rule for group in document(RULES)["groups"] for rule in group["rules"]]


def exposed() -> set[str]:
    """Name of every series that a daemon can show."""
    nothing = Standing(contracts=(), tables=(), checks=(), outbox=(), leader=None)
    text = Metrics(lambda: nothing, lambda: ()).render()[0].decode()
    names: set[str] = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\w+)$", text, flags=re.MULTILINE):
        names |= {name} | ({f"{name}_{end}" for end in ("bucket", "sum", "count")} if kind == "histogram" else set())
    return names


def test_promtool_finds_nothing_to_say_about_the_configuration_and_the_rules() -> None:
    promtool("check", "config", str(PROMETHEUS / "prometheus.yml"))
    promtool("check", "rules", str(RULES))


def test_each_alert_fires_when_it_should_and_not_otherwise(tmp_path: Path) -> None:
    timelines = tmp_path / "timelines.yml"
    timelines.write_text(TIMELINES.read_text(encoding="utf-8").replace("{{RULES}}", str(RULES)))
    promtool("test", "rules", str(timelines))


def test_every_alert_has_a_timeline_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    timelines = TIMELINES.read_text(encoding="utf-8")
    for alert in alerts():
        assert timelines.count(alert["alert"]) >= 2, alert["alert"]


def test_every_metric_in_the_rules_is_one_that_the_daemon_shows() -> None:
    known = exposed()
    assert "observer_leader" in known
    for alert in alerts():
        used = set(re.findall(r"\bobserver_\w+", alert["expr"]))
        assert used <= known, f"{alert['alert']}: {used - known}"
        assert used or "up{" in alert["expr"]


def test_every_alert_says_how_bad_it_is_what_it_means_and_where_to_read_on() -> None:
    guide = anchors(GUIDE)
    for alert in alerts():
        assert alert["labels"]["severity"] in {"page", "ticket"}
        assert alert["annotations"]["summary"]
        page, _, anchor = alert["annotations"]["runbook"].partition("#")
        assert ROOT / page == GUIDE
        assert anchor in guide, f"{alert['alert']}: no heading #{anchor} in {page}"


def test_the_scraped_job_is_the_one_that_the_alerts_name() -> None:
    jobs = {job["job_name"] for job in document(PROMETHEUS / "prometheus.yml")["scrape_configs"]}
    named = {job for alert in alerts() for job in re.findall(r'job="([^"]+)"', alert["expr"])}
    assert named == {"crm-observer"}
    assert named <= jobs


def test_alertmanager_speaks_of_alerts_and_severities_that_exist() -> None:
    text = ALERTMANAGER.read_text(encoding="utf-8")
    levels = [rule for group in document(SLO_RULES)["groups"] for rule in group["rules"] if "alert" in rule]
    known = {alert["alert"] for alert in (*alerts(), *levels)}
    named = {name for names in re.findall(r'alertname=~?"([^"]+)"', text) for name in names.split("|")}
    assert named
    assert named <= known | {ALERTNAME}
    assert set(re.findall(r'severity="(\w+)"', text)) == {"page", "ticket"}
    routes = document(ALERTMANAGER)["route"]
    receivers = {r["name"] for r in document(ALERTMANAGER)["receivers"]}
    assert {routes["receiver"], *(r["receiver"] for r in routes["routes"])} == receivers


def test_amtool_reads_the_configuration() -> None:
    tool = shutil.which("amtool")
    if tool is None:
        pytest.skip("amtool is not installed (Debian: prometheus-alertmanager)")
    done = subprocess.run([tool, "check-config", str(ALERTMANAGER)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
