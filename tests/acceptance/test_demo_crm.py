"""The demo CRM knows what is wrong with it: the audit finds exactly that, in SQLite and in PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from observer.demo import DemoSummary, build_demo_crm, demo_contracts
from tests import real_parts
from tests.acceptance import expected_demo as truth
from tests.fakes.terminal import observer

LEADS = 8_000


@pytest.fixture(scope="module", params=["sqlite", "sqlite-pushdown", "postgresql", "postgresql-pushdown"])
def demo(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[DemoSummary, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("demo")
    url = f"sqlite:///{folder}/crm.db"
    database, _, execution = request.param.partition("-")
    if database == "postgresql":
        url = real_parts.new_postgres_database(request.getfixturevalue("postgres_server_url"))
    built = build_demo_crm(url, leads=LEADS, seed=11, now=datetime.now(UTC))
    more = ["--execution", execution] if execution else []
    ran = observer("audit", "--debug", "-c", demo_contracts(), "-s", url, "-o", "out", *more, cwd=folder)
    assert ran.code == 1, ran.err
    report = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))
    return built, {check["id"]: check for check in report["checks"]}


def test_every_injected_fault_is_found_in_exactly_its_rows(demo):
    built, checks = demo
    wanted = {check: built.count(table, field, *kinds) for check, (table, field, kinds) in truth.FOUND_BY.items()}
    assert {check: checks[check]["rows_failed"] for check in wanted} == wanted
    assert all(wanted.values())


def test_every_fault_that_a_query_counts_is_counted(demo):
    built, checks = demo
    for check, (table, field, kinds) in truth.COUNTED_BY.items():
        assert checks[check]["observed"] == f"{built.count(table, field, *kinds):,}"


def test_nothing_else_is_found(demo):
    _, checks = demo
    broken = {check for check, seen in checks.items() if seen["outcome"] in ("failed", "warned")}
    assert broken == (set(truth.FOUND_BY) | set(truth.COUNTED_BY) | {truth.STALE}) - truth.WITHIN_LIMITS
    assert [check for check, seen in checks.items() if seen["outcome"] == "errored"] == []


def test_the_stories_behind_the_faults_come_out(demo):
    _, checks = demo
    for check, (column, value) in truth.EXPLAINED_BY.items():
        found = [(s["column"], s["value"]) for s in checks[check]["evidence"]["segments"]]
        if column == "context":
            assert [c for c, _ in found if c in ("context", "attributes", "event_type")], check
        else:
            assert (column, value) in found, check


def test_demo_builds_audits_and_says_where_the_report_is(tmp_path):
    ran = observer("demo", "--once", "--leads", 300, "--out", "made", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert "Report: made/report.html" in ran.out
    assert (tmp_path / "made" / "report.html").stat().st_size > 10_000
    listed = observer("runs", cwd=tmp_path)
    assert "failed" in listed.out
    run_id = json.loads((tmp_path / "made" / "report.json").read_text())["run"]["id"]
    shown = observer("show", run_id[:8], cwd=tmp_path)
    assert (shown.code, "Closed Won" in shown.err) == (0, False)
    assert "\nleads, contract crm-leads\n" in shown.out
    assert "crm-leads.leads.lead_email" in shown.out


def test_in_a_clean_crm_every_check_passes(tmp_path):
    url = f"sqlite:///{tmp_path}/crm.db"
    built = build_demo_crm(url, leads=400, seed=11, now=datetime.now(UTC), clean=True)
    assert built.dirt == ()
    ran = observer("audit", "-c", demo_contracts(), "-s", url, "-o", "out", cwd=tmp_path)
    assert ran.code == 0, ran.out
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert {check["outcome"] for check in report["checks"]} <= {"passed", "skipped"}
    assert report["summary"]["trust_score"] == 100
