"""Every query of every dashboard, asked of a real Prometheus that scrapes what the program's own registry shows."""

from __future__ import annotations

import time
from pathlib import Path

from observer.settings import WebSettings
from observer.web.app import create_app
from observer.web.serve import WebServer
from tests.doors.deploy.asking import everything, unanswered
from tests.doors.deploy.exposed import demo, full_daemon, something_happens, write_recording_rules
from tests.doors.metrics.scraping import ScrapedDesk
from tests.real_prometheus import prometheus, soon

PICKED = {
    "job": "crm-observer",
    "contract": "crm-leads",
    "table": "leads",
    "owner": ".*",
    "slo": "leads-email-5m",
}


def test_every_panel_and_every_variable_of_every_dashboard_gets_an_answer(tmp_path: Path) -> None:
    daemon, began = full_daemon(), time.time()
    rules = tmp_path / "rules.json"
    write_recording_rules(rules, demo()[1])
    with (
        WebServer(create_app(ScrapedDesk(daemon), WebSettings()), "127.0.0.1", 0) as server,
        prometheus(tmp_path, f"127.0.0.1:{server.port}", job="crm-observer", rules=[rules]) as stored,
    ):
        assert soon(lambda: stored.value('up{job="crm-observer"}')) == 1
        # What is counted is seen only when it grows between two scrapes.
        something_happens(daemon)
        left = list(everything(PICKED))

        def all_answered() -> bool:
            left[:] = unanswered(stored, left, since=began)
            return not left

        assert soon(all_answered), "\n".join(map(str, left))
