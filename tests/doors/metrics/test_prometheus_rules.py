"""Rules made of service levels: whose factors they have, what they are made of, and that Prometheus can read them."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import promql_parser
import pytest

from observer.config.yaml_writing import yaml_text
from observer.metrics.alert_rules import alert_rules
from observer.metrics.prometheus_rules import document, rule_groups
from observer.metrics.promql import AlertRule, RecordingRule
from observer.slo.burn import LEAST_BAD, RELEASE, RULES
from observer.slo.model import CalendarWindow, CheckHolds, Method, RollingWindow, RunSuccess, Slo, ValidWrites
from tests import real_parts
from tests.doors.metrics.scraping import Daemon
from tests.fakes.levels import level, sliced, stands
from tests.fakes.standings import after_a_run, crm

EMAILS = level()
MONTH = CalendarWindow(count=1, unit="M", begins=datetime(2026, 1, 1), zone="Europe/Berlin")
#: One for each way in which rules differ.
SLOS = (
    EMAILS,
    sliced("hours"),
    sliced("mean", by=Method.RATIO_TIMESLICES),
    replace(level("month"), window=MONTH),
    level("never", target=Fraction(1)),
    replace(level("runs"), indicator=RunSuccess(contract="crm"), object=None, property=None, burn_rules=()),
    replace(level("writes"), indicator=ValidWrites(contract="crm", object="leads"), property=None),
    replace(level("fresh"), indicator=CheckHolds(contract="crm", check="crm.leads.created_at.fresh"), owner=None),
)


def rules(*slos: Slo) -> list[RecordingRule | AlertRule]:
    return [rule for group in rule_groups(slos) for rule in group.rules]


def burning(slo: Slo) -> dict[str, AlertRule]:
    """By its pair of windows."""
    return {rule.labels["window"]: rule for rule in alert_rules(slo) if rule.alert == "SloBurning"}


@pytest.mark.parametrize("days", [7, 28, 30, 90])
@pytest.mark.parametrize("target", [Fraction(9, 10), Fraction(995, 1000), Fraction(9999, 10_000)])
def test_a_pair_of_windows_has_the_factors_of_the_ledger(days: int, target: Fraction) -> None:
    slo = replace(level(target=target), window=RollingWindow(span=timedelta(days=days)))
    found = burning(slo)
    assert list(found) == [rule.name for rule in RULES]
    for rule in RULES:
        alert, factor = found[rule.name], rule.factor(timedelta(days=days))
        budget, burns = re.findall(r" / (\S+) >= (\S+)", alert.expr)[0]
        assert float(budget) == float(1 - target)
        fast_slow = [float(limit) for _, limit in re.findall(r" / (\S+) >= (\S+)", alert.expr)]
        assert fast_slow == [float(factor)] * 2 + [float(factor * RELEASE)] * 2
        assert float(burns) == float(factor)
        assert f">= {LEAST_BAD}\n" in alert.expr
        assert alert.labels["severity"] == rule.urgency.value


def test_a_level_without_a_policy_has_no_burn_alert_and_is_watched_all_the_same() -> None:
    bare = replace(EMAILS, burn_rules=(), alerts=False)
    assert [rule.alert for rule in alert_rules(bare)] == ["SloUnknown", "SloBlind", "SloStale", "SloAbsent"]


def test_a_level_whose_policy_begins_lower_tells_its_own_pairs_alone() -> None:
    assert list(burning(replace(EMAILS, burn_rules=RULES[2:]))) == ["1d/2h", "3d/6h"]


def test_a_target_of_all_has_no_budget_to_divide_by() -> None:
    recorded = {rule.record for rule in rules(level(target=Fraction(1))) if isinstance(rule, RecordingRule)}
    assert "slo:error_budget:ratio" in recorded
    assert not {name for name in recorded if "burn_rate" in name or "remaining" in name}


def test_what_is_recorded_has_the_names_and_labels_of_sloth() -> None:
    recorded = [rule for rule in rules(EMAILS) if isinstance(rule, RecordingRule)]
    windows = ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d")
    assert {rule.record for rule in recorded} == {
        *(f"slo:sli_error:ratio_rate{window}" for window in windows),
        "slo:objective:ratio",
        "slo:error_budget:ratio",
        "slo:time_period:days",
        "slo:current_burn_rate:ratio",
        "slo:period_burn_rate:ratio",
        "slo:period_error_budget_remaining:ratio",
        "sloth_slo_info",
    }
    known = {"sloth_id": "crm-leads-emails", "sloth_service": "crm-leads", "sloth_slo": "emails"}
    for rule in recorded:
        assert known.items() <= rule.labels.items()
        window = rule.record.removeprefix("slo:sli_error:ratio_rate")
        assert rule.labels.get("sloth_window") == (window if window in windows else None)
    told = next(rule.labels for rule in recorded if rule.record == "sloth_slo_info")
    assert (told["sloth_objective"], told["sloth_spec"], told["sloth_version"]) == ("99.5", "openslo/v1", "1")


def test_every_expression_parses_and_is_made_of_what_is_there() -> None:
    one = crm()
    daemon = Daemon(after_a_run([one]))
    daemon.metrics.watch([one], "d1", SLOS)
    daemon.levels = lambda: tuple(stands(slo, good=990, bad=10) for slo in SLOS)
    shown = daemon.scrape().samples
    known = shown.keys() | {"ALERTS"} | {rule.record for rule in rules(*SLOS) if isinstance(rule, RecordingRule)}
    series = {name: [dict(labels) for labels in found] for name, found in shown.items()}
    for rule in rules(*SLOS):
        for query in (rule.expr, *queries(rule)):
            promql_parser.parse(query)
            names = set(re.findall(r"\b(?:observer_\w+|slo:[\w:]+|ALERTS)\b", query))
            assert names <= known, f"{names - known} in {query}"
            for name, matchers in re.findall(r"\b(observer_\w+)\{([^}]*)\}", query):
                wanted = dict(re.findall(r'(\w+)="([^"]*)"', matchers))
                never = name == "observer_slo_burn_rate" and wanted["slo"] == "never"
                assert never or any(wanted.items() <= labels.items() for labels in series[name]), query


def queries(rule: RecordingRule | AlertRule) -> list[str]:
    """What its annotations ask."""
    texts = "" if isinstance(rule, RecordingRule) else " ".join(rule.annotations.values())
    return re.findall(r"query `([^`]*)`", texts)


def test_the_same_levels_in_any_order_make_the_same_bytes() -> None:
    first = yaml_text(document(rule_groups(SLOS)), comment="made")
    assert yaml_text(document(rule_groups(SLOS[::-1])), comment="made") == first


def test_no_level_makes_no_rule() -> None:
    assert rule_groups(()) == ()


@pytest.mark.parametrize("rule", ["ticket", "page"])
def test_that_nothing_is_counted_is_as_urgent_as_the_most_urgent_level(rule: str) -> None:
    slo = replace(EMAILS, burn_rules=RULES if rule == "page" else RULES[2:])
    (alert,) = (each for each in rules(slo) if isinstance(each, AlertRule) and each.alert == "SlosNotCounted")
    assert alert.labels["severity"] == rule


def test_prometheus_reads_them_whatever_people_called_their_levels(tmp_path: Path) -> None:
    promtool = shutil.which("promtool") or real_parts.missing("promtool is not installed (Debian: prometheus)")
    odd = replace(level("odd"), display_name='{{ .Evil }} "quoted" `ticks`\n: #', owner="{{ $labels }}, o'neill\\")
    file = tmp_path / "rules.yaml"
    file.write_text(yaml_text(document(rule_groups((*SLOS, odd))), comment="made"), encoding="utf-8")
    ran = subprocess.run([promtool, "check", "rules", str(file)], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "{{ .Evil" not in file.read_text(encoding="utf-8")
