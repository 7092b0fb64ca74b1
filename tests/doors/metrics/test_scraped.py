"""A real Prometheus scrapes a real server: what it stored is what was shown."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from observer.checks.measure import Outcome
from observer.web.app import create_app
from observer.web.serve import WebServer
from tests import real_parts
from tests.doors.metrics.scraping import Daemon
from tests.fakes.standings import after_a_run, crm
from tests.fakes.web_desk import FakeDesk


class ScrapedDesk(FakeDesk):
    """A desk with real figures."""

    def __init__(self, daemon: Daemon) -> None:
        super().__init__()
        self._daemon = daemon

    def metrics(self, accept: str | None = None) -> tuple[bytes, str]:
        return self._daemon.metrics.render(accept)


@contextmanager
def _prometheus(folder: Path, target: str) -> Iterator[Callable[[str], Any]]:
    """A server that scrapes the target every second; yields what asks its API."""
    program = shutil.which("prometheus")
    if program is None:
        real_parts.missing("prometheus is not installed (Debian: prometheus)")
    config = folder / "prometheus.yml"
    config.write_text(
        f"scrape_configs: [{{job_name: observer, scrape_interval: 1s, scrape_timeout: 1s, "
        f"static_configs: [{{targets: ['{target}']}}]}}]\n"
    )
    port = real_parts.free_port()
    command = [program, f"--config.file={config}", f"--storage.tsdb.path={folder}/tsdb"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)

    def ask(path: str) -> Any:
        return httpx.get(f"http://127.0.0.1:{port}/api/v1/{path}").json()["data"]

    try:
        yield ask
    finally:
        server.terminate()
        server.wait(30)


def _soon(found: Callable[[], Any]) -> Any:
    """What is found, asked for again until it is there."""
    last: object = None
    for _ in range(300):
        try:
            if last := found():
                return last
        except (httpx.HTTPError, ValueError) as fault:
            last = fault
        time.sleep(0.1)
    pytest.fail(f"not within 30 seconds: {last}")


def test_prometheus_stores_every_series_without_complaint(tmp_path: Path) -> None:
    one = crm()
    daemon = Daemon(after_a_run([one], Outcome.FAILED))
    daemon.metrics.watch([one], "d1")
    daemon.metrics.run_ended("crm", Outcome.FAILED, 3.0)
    shown = daemon.scrape().count()
    with (
        WebServer(create_app(ScrapedDesk(daemon), token=None, host="127.0.0.1"), "127.0.0.1", 0) as server,
        _prometheus(tmp_path, f"127.0.0.1:{server.port}") as ask,
    ):

        def value(query: str) -> float | None:
            (found,) = ask(f"query?query={query}")["result"] or [None]
            return float(found["value"][1]) if found else None

        assert _soon(lambda: value("scrape_samples_scraped")) == shown
        assert _soon(lambda: value("observer_check_outcome{check='crm.leads.field_0.required'}")) == 3
        assert _soon(lambda: value("observer_runs_total{outcome='failed'}")) == 1
        kinds = ask("metadata")
        assert kinds["observer_check_outcome"][0]["type"] == "gauge"
        assert kinds["observer_run_duration_seconds"][0]["type"] == "histogram"
