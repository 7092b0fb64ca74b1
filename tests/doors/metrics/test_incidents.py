"""Incidents as series: what is open, how fast they were dealt with, what was promised, and who is in no label."""

from __future__ import annotations

from dataclasses import replace

import pytest

from observer.contracts.model import ResponseKind, ResponseSla
from observer.errors import StoreError
from observer.incidents.findings import Grade
from observer.metrics.incidents import SERIES, IncidentFigures
from tests.doors.metrics.scraping import Daemon
from tests.fakes.contracts import contract, prop, table
from tests.fakes.incident_months import HOUR, contracts, figures, levels, log, november, on, one_incident_each
from tests.fakes.standings import after_a_run

PROMISING, PEOPLE = contracts()
WATCHED = [(PROMISING, ()), (PEOPLE, ())]


@pytest.fixture
def daemon() -> Daemon:
    found = Daemon(after_a_run(WATCHED))
    found.incidents = lambda: figures(november(), [PROMISING, PEOPLE])
    found.metrics.watch(WATCHED, "d1", levels())
    return found


def test_open_incidents_are_counted_by_contract_grade_and_status_and_none_is_zero(daemon: Daemon) -> None:
    seen = daemon.scrape()
    assert seen.of("observer_incidents_open", contract="crm", grade="error", status="open") == 1
    assert seen.of("observer_incidents_open", contract="crm", grade="error", status="acknowledged") == 0
    assert seen.of("observer_incidents_open", grade="urgent", status="open") == 0, "what is of no contract"
    assert seen.count("observer_incidents_open") == 3 * 8 + 3 + 3, "and those opened, by both counts"


def test_times_are_those_of_the_last_days_and_absent_where_none_is_known(daemon: Daemon) -> None:
    seen = daemon.scrape()
    hours = seen.of("observer_incident_time_to_resolve_seconds", contract="crm", statistic="p90")
    assert hours == 3 * 24 * 3600
    assert seen.of("observer_incident_time_to_notify_seconds", contract="people", statistic="mean") is None
    assert seen.of("observer_incident_times_known", contract="people", time="notify") == 0
    assert seen.of("observer_incident_times_known", contract="crm", time="notify") == 4
    assert seen.of("observer_incidents_opened_lately", contract="crm") == 4
    assert seen.of("observer_incidents_opened_lately") == 1, "the observer's own"


def test_a_promise_counts_what_breaks_it_now_and_what_did_lately(daemon: Daemon) -> None:
    seen = daemon.scrape()
    repair = {"contract": "crm", "kind": "timeToRepair"}
    assert seen.of("observer_response_sla_broken", **repair) == 1
    assert seen.of("observer_response_sla_broken", contract="crm", kind="timeToNotify") == 0
    assert seen.of("observer_response_sla_incidents", **repair, verdict="broken") == 2
    assert seen.of("observer_response_sla_incidents", **repair, verdict="not meant") == 1
    assert seen.count("observer_response_sla_broken") == 2, "nothing is promised of people"


def test_critical_elements_are_told_whether_or_not_the_state_can_be_read(daemon: Daemon) -> None:
    def down() -> IncidentFigures:
        raise StoreError("the state is down", fix="start it")

    daemon.incidents = down
    seen = daemon.scrape()
    counts = [seen.of("observer_critical_elements", contract="crm", **{"with": w}) for w in ("any", "owner", "slo")]
    assert counts == [2, 2, 1]
    assert seen.of("observer_critical_elements", contract="people", **{"with": "owner_and_slo"}) == 0
    assert seen.count("observer_incidents_open") == seen.count("observer_incidents_opened_total")
    assert seen.count("observer_incident_") == seen.count("observer_response_") == 0
    assert seen.of("observer_store_up") == 1, "the rest of it answered"


def test_this_daemon_counts_what_it_opens_of_what_is_watched(daemon: Daemon) -> None:
    assert daemon.scrape().of("observer_incidents_opened_total", contract="crm") == 0
    for name in ("crm", "crm", "", "canary"):
        daemon.metrics.incident_opened(name)
    seen = daemon.scrape()
    assert seen.of("observer_incidents_opened_total", contract="crm") == 2
    assert seen.of("observer_incidents_opened_total") == 1
    assert "canary" not in seen.text
    daemon.metrics.watch(WATCHED[1:], "d2")
    assert daemon.scrape().of("observer_incidents_opened_total", contract="crm") is None


def test_nobody_and_nothing_that_was_found_is_in_a_label(daemon: Daemon) -> None:
    secret = log(on(20), HOUR, owner="canary@example.com", reason="canary", table="canary", name="canary")
    daemon.incidents = lambda: figures([secret, log(on(20), place="canary")], [PROMISING, PEOPLE])
    assert "canary" not in daemon.scrape().text


def test_a_contract_has_so_many_series_of_incidents_and_no_more() -> None:
    promises = tuple(ResponseSla(id=kind, kind=kind, limit=HOUR) for kind in ResponseKind)
    watched = [
        replace(contract(table("t", prop("f", critical=True)), id=f"c{n:03}"), responses=promises) for n in range(50)
    ]
    daemon = Daemon(after_a_run([(each, ()) for each in watched]))
    daemon.incidents = lambda: one_incident_each(watched)
    daemon.metrics.watch([(each, ()) for each in watched], "d1")
    seen = daemon.scrape()
    found = sum(seen.count(f"observer_{name}") for name in ("incident", "response_", "critical_"))
    # What is of no contract promises nothing and has no elements.
    assert found == 51 * SERIES - 18 - 4
    assert SERIES == 48
    assert {grade.value for grade in Grade} == {"urgent", "error", "warning", "info"}
