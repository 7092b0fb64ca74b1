"""A real Prometheus scrapes a real server: what it stored is what was shown."""

from __future__ import annotations

from pathlib import Path

from observer.checks.measure import Outcome
from observer.settings import WebSettings
from observer.web.app import create_app
from observer.web.serve import WebServer
from tests.doors.metrics.scraping import Daemon, ScrapedDesk
from tests.fakes.standings import after_a_run, crm
from tests.real_prometheus import prometheus, soon


def test_prometheus_stores_every_series_without_complaint(tmp_path: Path) -> None:
    one = crm()
    daemon = Daemon(after_a_run([one], Outcome.FAILED))
    daemon.metrics.watch([one], "d1")
    daemon.metrics.run_ended("crm", Outcome.FAILED, 3.0)
    shown = daemon.scrape().count()
    with (
        WebServer(create_app(ScrapedDesk(daemon), WebSettings()), "127.0.0.1", 0) as server,
        prometheus(tmp_path, f"127.0.0.1:{server.port}", job="observer") as stored,
    ):
        assert soon(lambda: stored.value("scrape_samples_scraped")) == shown
        assert soon(lambda: stored.value("observer_check_outcome{check='crm.leads.field_0.required'}")) == 3
        assert soon(lambda: stored.value("observer_runs_total{outcome='failed'}")) == 1
        kinds = stored.ask("metadata")
        assert kinds["observer_check_outcome"][0]["type"] == "gauge"
        assert kinds["observer_run_duration_seconds"][0]["type"] == "histogram"
