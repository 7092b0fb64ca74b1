"""What a scrape shows of the state and of the process, and that it shows no more than it should."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from observer.checks.measure import CheckResult, Measurement, Outcome
from observer.errors import StoreError
from observer.metrics.stored import OUTCOME_VALUES
from observer.runs.deliveries import OutboxDepth, Reason
from observer.runs.standing import ContractStanding, Standing
from observer.runs.ticks import Tick
from observer.runs.workers import Ending
from observer.store.rows import run_outcome
from tests import real_parts
from tests.doors.metrics.scraping import Daemon, Scrape
from tests.fakes.incident_months import one_incident_each
from tests.fakes.standings import NINE, after_a_run, crm

ONE = crm()
REQUIRED = {"contract": "crm", "object": "leads", "check": "crm.leads.field_0.required"}
FRESH = {"contract": "crm", "object": "leads", "check": "crm.leads.created_at.fresh"}
LEADS = {"contract": "crm", "object": "leads"}
CRM = {"contract": "crm"}
STORED = ("observer_check_outcome", "observer_table_", "observer_contract_last", "observer_outbox_")


@pytest.fixture
def daemon() -> Daemon:
    found = Daemon(after_a_run([ONE], Outcome.FAILED))
    found.metrics.watch([ONE], "d1")
    return found


# --- the state ----------------------------------------------------------------------------------------------------


def test_the_latest_run_shows_in_checks_tables_and_contracts(daemon: Daemon) -> None:
    seen = daemon.scrape()
    assert seen.of("observer_check_outcome", **REQUIRED) == 3
    assert seen.of("observer_check_rows_tested", **REQUIRED) == 1_000
    assert seen.of("observer_check_rows_failed", **REQUIRED) == 0
    assert seen.of("observer_table_freshness_seconds", **LEADS) == 90.5
    assert seen.of("observer_table_rows", **LEADS) == 1_000
    assert seen.of("observer_table_last_look_timestamp_seconds", **LEADS) == NINE.timestamp()
    assert seen.of("observer_contract_last_run_outcome", **CRM) == 3
    assert seen.of("observer_contract_last_run_timestamp_seconds", **CRM) == NINE.timestamp() + 30
    assert seen.of("observer_contract_last_success_timestamp_seconds", **CRM) == NINE.timestamp() + 30
    assert seen.of("observer_contract_trust_score", **CRM) == 98
    assert seen.of("observer_contract_snapshot_bytes", **CRM) == 4_096
    assert seen.of("observer_contract_snapshot_duration_seconds", **CRM) == 1.5
    assert seen.of("observer_contract_due_slots", **CRM) == 1
    assert seen.of("observer_contract_missed_slots_total", **CRM) == 2
    assert seen.of("observer_outbox_waiting", receiver="lineage") == 3
    assert seen.of("observer_outbox_dead", receiver="lineage") == 1
    assert seen.of("observer_outbox_oldest_age_seconds", receiver="lineage") == 60
    assert seen.of("observer_leader_epoch") == 7
    assert seen.of("observer_store_up") == 1


def test_what_is_told_of_a_check_stands_beside_it(daemon: Daemon) -> None:
    told = {"property": "field_0", "dimension": "completeness", "severity": "error", "owner": "ana@example.com"}
    assert daemon.scrape().of("observer_check_info", **REQUIRED, **told) == 1


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_its_number(outcome: Outcome) -> None:
    daemon = Daemon(after_a_run([ONE], outcome))
    daemon.metrics.watch([ONE], "d1")
    assert daemon.scrape().of("observer_check_outcome", **REQUIRED) == OUTCOME_VALUES[outcome]


@pytest.mark.parametrize(("one", "other"), tuple(itertools.combinations(Outcome, 2)))
def test_the_largest_number_is_the_outcome_that_a_run_would_have(one: Outcome, other: Outcome) -> None:
    spec = ONE[1][0]
    results = [
        CheckResult(spec=spec, measurement=Measurement(check_id=spec.id), outcome=outcome, observed="", expected="")
        for outcome in (one, other)
    ]
    assert run_outcome(results, error=None) is max(one, other, key=lambda outcome: OUTCOME_VALUES[outcome])


def test_what_was_not_measured_has_no_sample(daemon: Daemon) -> None:
    whole = after_a_run([ONE])
    daemon.standing = lambda: replace(
        whole,
        contracts=(ContractStanding(contract="crm", last_run_id="r", last_outcome=Outcome.ERRORED),),
        tables=tuple(replace(table, rows=None, freshness_seconds=None) for table in whole.tables),
        checks=tuple(
            replace(check, outcome=Outcome.ERRORED, rows_tested=None, rows_failed=None) for check in whole.checks
        ),
        leader=None,
    )
    seen = daemon.scrape()
    assert seen.of("observer_check_outcome", **REQUIRED) == 2
    for gone in ("observer_check_rows", "observer_table_", "observer_contract_trust", "observer_contract_snapshot"):
        assert seen.count(gone) == 0, gone
    assert seen.count("observer_contract_last_success") == seen.count("observer_leader_epoch") == 0


def test_a_contract_that_never_ran_has_slots_and_no_outcome(daemon: Daemon) -> None:
    daemon.standing = lambda: Standing(contracts=(), tables=(), checks=(), outbox=(), leader=None)
    seen = daemon.scrape()
    assert seen.of("observer_contract_due_slots", **CRM) == 0
    assert seen.of("observer_contract_missed_slots_total", **CRM) == 0
    assert seen.count("observer_check_outcome") == seen.count("observer_contract_last_run_outcome") == 0
    assert seen.count("observer_check_info") == len(ONE[1])
    assert seen.of("observer_outbox_waiting", receiver="lineage") == 0


def test_a_tick_after_the_run_shows_at_once(daemon: Daemon) -> None:
    at = NINE + timedelta(minutes=5)
    daemon.ticks = (
        Tick(
            check_id=FRESH["check"],
            contract="crm",
            object="leads",
            at=at,
            outcome=Outcome.WARNED,
            value=400.0,
            observed="",
            expected="",
        ),
    )
    seen = daemon.scrape()
    assert seen.of("observer_check_outcome", **FRESH) == 1
    assert seen.of("observer_table_freshness_seconds", **LEADS) == 400
    assert seen.of("observer_table_last_look_timestamp_seconds", **LEADS) == at.timestamp()


def test_an_outbox_written_by_a_clock_ahead_has_no_negative_age(daemon: Daemon) -> None:
    depth = OutboxDepth(receiver="lineage", waiting=1, dead=0, oldest=daemon.now + timedelta(hours=1))
    daemon.standing = lambda: replace(after_a_run([ONE]), outbox=(depth,))
    assert daemon.scrape().of("observer_outbox_oldest_age_seconds", receiver="lineage") == 0


# --- a state that cannot be read ------------------------------------------------------------------------------------


def _down() -> Standing:
    raise StoreError("the state is down", fix="start it")


def _broken() -> Standing:
    raise RuntimeError("canary-of-a-row")


@pytest.mark.parametrize("reads", [_down, _broken])
def test_without_the_state_the_process_still_shows_and_nothing_stale_does(
    daemon: Daemon, reads: Callable[[], Standing], capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.metrics.run_ended("crm", Outcome.PASSED, 2.0)
    assert daemon.scrape().of("observer_store_up") == 1
    daemon.standing = reads
    seen = daemon.scrape()
    assert seen.of("observer_store_up") == 0
    assert [seen.count(prefix) for prefix in STORED] == [0, 0, 0, 0]
    assert seen.of("observer_runs_total", contract="crm", outcome="passed") == 1
    assert seen.count("observer_check_info") == len(ONE[1])
    assert "canary" not in "".join(capsys.readouterr())


def test_a_state_that_comes_back_shows_with_the_next_reading(daemon: Daemon) -> None:
    well = daemon.standing
    daemon.standing = _down
    assert daemon.scrape().of("observer_store_up") == 0
    daemon.standing = well
    assert daemon.scrape().of("observer_check_outcome", **REQUIRED) == 3


def test_many_scrapers_cost_one_reading(daemon: Daemon) -> None:
    for _ in range(10):
        daemon.scrape(later=0.4)
    assert daemon.readings == 1
    daemon.scrape(later=5.0)
    assert daemon.readings == 2


# --- the process ------------------------------------------------------------------------------------------------------


def test_everything_that_can_happen_begins_at_zero(daemon: Daemon) -> None:
    seen = daemon.scrape()
    for outcome in Outcome:
        assert seen.of("observer_runs_total", contract="crm", outcome=outcome.value) == 0
    for ending in Ending:
        assert seen.of("observer_worker_ends_total", reason=ending.value) == 0
    for reason in Reason:
        assert seen.of("observer_deliveries_total", receiver="lineage", result="failed", reason=reason.value) == 0
    assert seen.of("observer_deliveries_total", receiver="lineage", result="delivered", reason="none") == 0
    assert seen.of("observer_ticks_total", contract="crm", result="error") == 0
    assert seen.of("observer_scheduler_missed_slots_total", contract="crm") == 0
    assert seen.of("observer_configuration_reloads_total", result="failure") == 0
    assert seen.of("observer_clock_steps_total", direction="back") == 0
    assert seen.of("observer_leader") == 0


def test_what_did_not_happen_yet_has_no_time(daemon: Daemon) -> None:
    seen = daemon.scrape()
    assert seen.count("observer_heartbeat") == seen.count("observer_configuration_last") == 0


def test_what_the_daemon_tells_is_counted(daemon: Daemon) -> None:
    told = daemon.metrics
    told.run_ended("crm", Outcome.ERRORED, 3.0)
    told.run_ended("crm", Outcome.ERRORED, 4.0)
    told.run_late("crm", 7.0)
    told.slot_missed("crm", 5)
    told.worker_ended(Ending.OUT_OF_MEMORY)
    told.ticked("crm", 0.004, False)
    told.delivered("lineage")
    told.delivery_failed("lineage", Reason.RATE_LIMITED)
    daemon.leads = True
    told.beat()
    told.clock_stepped(-3600.0)
    told.clock_stepped(2.0)
    seen = daemon.scrape()
    assert seen.of("observer_runs_total", contract="crm", outcome="errored") == 2
    assert seen.of("observer_run_seconds_total", contract="crm") == 7
    assert seen.of("observer_run_duration_seconds_bucket", le="2.5") == 0
    assert seen.of("observer_run_duration_seconds_bucket", le="5.0") == 2
    assert seen.of("observer_scheduler_lateness_seconds_sum") == 7
    assert seen.of("observer_scheduler_missed_slots_total", contract="crm") == 5
    assert seen.of("observer_worker_ends_total", reason="out_of_memory") == 1
    assert seen.of("observer_ticks_total", contract="crm", result="error") == 1
    assert seen.of("observer_tick_duration_seconds_bucket", le="0.005") == 1
    assert seen.of("observer_deliveries_total", receiver="lineage", result="delivered", reason="none") == 1
    assert seen.of("observer_deliveries_total", receiver="lineage", result="failed", reason="rate_limited") == 1
    assert seen.of("observer_leader") == 1
    assert seen.of("observer_heartbeat_timestamp_seconds") == daemon.now.timestamp()
    assert seen.of("observer_clock_steps_total", direction="back") == 1
    assert seen.of("observer_clock_steps_total", direction="forward") == 1


def test_a_refused_configuration_leaves_the_old_one_in_force(daemon: Daemon) -> None:
    daemon.metrics.configuration_loaded(True, "d1")
    before = daemon.now
    daemon.now += timedelta(minutes=5)
    daemon.metrics.configuration_loaded(False, None)
    seen = daemon.scrape()
    assert seen.of("observer_configuration_info", digest="d1") == 1
    assert seen.of("observer_configuration_last_reload_successful") == 0
    assert seen.of("observer_configuration_last_reload_success_timestamp_seconds") == before.timestamp()
    daemon.metrics.configuration_loaded(True, "d2")
    seen = daemon.scrape()
    assert seen.samples["observer_configuration_info"] == {(("digest", "d2"),): 1}
    assert seen.of("observer_configuration_last_reload_successful") == 1
    assert seen.of("observer_configuration_reloads_total", result="success") == 2


def test_a_clock_that_steps_back_during_a_run_breaks_no_counter(daemon: Daemon) -> None:
    daemon.metrics.run_ended("crm", Outcome.PASSED, -3600.0)
    daemon.metrics.run_late("crm", -5.0)
    daemon.metrics.ticked("crm", -1.0, True)
    seen = daemon.scrape()
    assert seen.of("observer_run_seconds_total", contract="crm") == 0
    assert seen.of("observer_run_duration_seconds_count") == 1


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_what_is_no_longer_watched_has_no_series(daemon: Daemon) -> None:
    other = crm("erp")
    daemon.standing = lambda: after_a_run([ONE, other])
    daemon.metrics.watch([ONE, other], "d1")
    daemon.metrics.run_ended("erp", Outcome.PASSED, 1.0)
    daemon.metrics.run_ended("crm", Outcome.PASSED, 1.0)
    assert '"erp"' in daemon.scrape().text
    daemon.metrics.watch([ONE], "d2")
    seen = daemon.scrape()
    assert "erp" not in seen.text
    assert seen.of("observer_runs_total", contract="crm", outcome="passed") == 1


def test_only_what_is_watched_makes_series(daemon: Daemon) -> None:
    canary = crm("canary-contract")
    daemon.standing = lambda: after_a_run([ONE, canary])
    before = daemon.scrape().count()
    daemon.metrics.run_ended("canary-contract", Outcome.PASSED, 1.0)
    daemon.metrics.run_late("canary-contract", 1.0)
    daemon.metrics.slot_missed("canary-contract", 1)
    daemon.metrics.ticked("canary-contract", 1.0, True)
    daemon.metrics.delivered("canary-receiver")
    daemon.metrics.delivery_failed("canary-receiver", Reason.TIMEOUT)
    seen = daemon.scrape()
    assert "canary" not in seen.text
    assert seen.count() == before
    assert seen.of("observer_deliveries_total", receiver="other", result="failed", reason="timeout") == 1


def test_two_hundred_contracts_of_thirty_fields_stay_below_the_stated_bound() -> None:
    watched = [crm(f"crm-{n:03}", fields=29, allowed=("a", "b")) for n in range(200)]
    contracts, tables, checks = 200, 200, sum(len(specs) for _, specs in watched)
    assert checks >= 200 * 30 * 2
    daemon = Daemon(after_a_run(watched))
    daemon.incidents = lambda: one_incident_each([contract for contract, _ in watched])
    daemon.metrics.watch(watched, "d1")
    daemon.metrics.configuration_loaded(True, "d1")
    daemon.metrics.beat()
    text, _ = daemon.metrics.render()
    series = [line for line in text.splitlines() if not line.startswith(b"#")]
    bound = 66 * contracts + 3 * tables + 4 * checks + 11 * 1 + 101
    assert bound - 6 <= len(series) <= bound  # a system without /proc shows nothing of the process
    assert len(series) == len({line.rpartition(b" ")[0] for line in series})
    values = {line.rpartition(b"{")[0] for line in series}
    assert len(values) < 70


# --- the text ---------------------------------------------------------------------------------------------------------


def test_open_metrics_is_given_to_who_asks_for_it(daemon: Daemon) -> None:
    prometheus = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"
    text, kind = daemon.metrics.render(prometheus)
    assert kind == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert text.endswith(b"# EOF\n")
    assert text.count(b"# EOF") == 1
    plain, kind = daemon.metrics.render("text/plain")
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    assert Scrape(text, open_format=True).samples.keys() == Scrape(plain).samples.keys()


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("application/openmetrics-text", True),
        ("Application/OpenMetrics-Text; version=1.0.0; q=0.5, */*;q=0.1", True),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text; q=0.000, text/plain", False),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.9", False),
        ("application/openmetrics-text;q=much", False),
        ("application/openmetrics-text-of-mine", False),
        ("", False),
        (None, False),
    ],
)
def test_open_metrics_is_given_to_nobody_else(daemon: Daemon, accept: str | None, given: bool) -> None:
    assert daemon.metrics.render(accept)[1].startswith("application/openmetrics-text") is given


def test_promtool_finds_nothing_to_say(daemon: Daemon) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        real_parts.missing("promtool is not installed (Debian: prometheus)")
    daemon.metrics.configuration_loaded(True, "d1")
    daemon.metrics.beat()
    text, _ = daemon.metrics.render()
    ran = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, timeout=30)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")
