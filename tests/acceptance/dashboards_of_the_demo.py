"""A Prometheus beside the living demo, asked what dashboards ask. In: lines of the demo. Out: what has no answer."""

from __future__ import annotations

import re
import shutil
import time
from contextlib import ExitStack
from pathlib import Path

from observer.cli.inputs import read_contracts
from observer.jobs.load_slos import slos_for_run
from tests.doors.deploy.asking import Asked, everything, unanswered
from tests.doors.deploy.exposed import write_recording_rules
from tests.real_prometheus import Prometheus, prometheus

PICKED = {"job": "crm-observer", "contract": "crm-leads", "table": "leads", "owner": ".*"}


class Dashboards:
    """Scrapes from the moment the demo says where its figures are; asks at each line until all is answered."""

    def __init__(self, demo: Path, *, slo: str) -> None:
        """`demo` is its folder; `slo` the level that is picked."""
        self._demo = demo
        self._asked = list(everything({**PICKED, "slo": slo}))
        self._open = ExitStack()
        self._stored: Prometheus | None = None
        self._began = 0.0
        #: None: never asked.
        self.left: list[Asked] | None = None

    def hear(self, line: str) -> None:
        """A line that the demo printed."""
        if (found := re.match(r"Metrics: +http://(.*)/metrics", line)) and shutil.which("prometheus"):
            self._stored = self._scrape(found[1])
        elif "  found " in line and self._stored is not None and self.left != []:
            self.left = self._asked = unanswered(self._stored, self._asked, since=self._began)

    def close(self) -> None:
        self._open.close()

    def _scrape(self, target: str) -> Prometheus:
        folder = self._demo.with_name("prometheus")
        folder.mkdir()
        rules = folder / "rules.json"
        contracts = read_contracts((self._demo / "contracts",))
        write_recording_rules(rules, slos_for_run((self._demo / "slo.yaml",), contracts))
        self._began = time.time()
        return self._open.enter_context(prometheus(folder, target, job=PICKED["job"], rules=[rules]))
