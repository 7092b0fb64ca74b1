"""A canary in every restricted field, and everything that a daemon and its commands tell anybody: it is nowhere."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.fakes.canary_crm import canary_crm, leaks
from tests.fakes.daemon import TOKEN, Project, Served, eventually
from tests.fakes.slack_payloads import SIGNING_SECRET
from tests.fakes.slack_server import SlackServer, slack_server
from tests.fakes.slack_workspace import TOKEN as SLACK_TOKEN
from tests.fakes.terminal import observer

LEVELS = """
apiVersion: openslo/v1
kind: Service
metadata: {name: canary}
spec: {}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: emails-are-known, displayName: Leads have a known e-mail}
spec:
  service: canary
  indicator:
    metadata: {name: emails-are-known}
    spec:
      ratioMetric:
        counter: false
        good: {metricSource: {type: crm-observer, spec: {kind: validity, contract: canary,
                check: canary.leads.email.known}}}
        total: {metricSource: {type: crm-observer, spec: {kind: validity, contract: canary,
                check: canary.leads.email.known}}}
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{displayName: main, target: 0.99}]
"""
_LINK = re.compile(r'href="(/[^"#]*)"')


@contextmanager
def heard() -> Iterator[tuple[str, list[str]]]:
    """An address that takes whatever it is told, and what that was."""
    told: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            told.append(f"{self.path} {self.headers} {body}")
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[Project, SlackServer, list[str]]]:
    folder = tmp_path / "house"
    with slack_server() as slack, heard() as (url, told):
        slack.has_user("ana@example.com")
        project = Project(
            folder,
            contracts=(),
            source=f"sqlite:///{folder}/crm.db",
            incidents={"group_wait": "0s", "group_interval": "1s", "channel": "#crm-dq", "platform_channel": "#crm-dq"},
            slack={"token": SLACK_TOKEN, "signing_secret": SIGNING_SECRET, "api_url": slack.url},
            webhook={"url": f"{url}/hook", "secret": "s" * 32},
            alertmanager={"url": url},
        )
        canary_crm(folder)
        (folder / "canary.odcs.yaml").rename(folder / "contracts" / "canary.odcs.yaml")
        (folder / "slo.yaml").write_text(LEVELS, encoding="utf-8")
        yield project, slack, told


def _pages(daemon: Served) -> dict[str, str]:
    """Every page that links lead to, from the overview on, and what programs are told."""
    seen: dict[str, str] = {}
    wanted = ["/", "/metrics", "/api/runs", "/api/standing", "/api/slos", "/api/incidents", "/readyz"]
    while wanted:
        path = wanted.pop()
        if path not in seen and not path.startswith("/static/"):
            seen[path] = daemon.ask(path)[1]
            wanted += [link.replace("&amp;", "&") for link in _LINK.findall(seen[path])]
    return seen


def test_no_restricted_value_is_told_to_anybody(house: tuple[Project, SlackServer, list[str]]) -> None:
    project, slack, told = house
    with project.serve() as daemon:
        daemon.ready()
        eventually(lambda: slack.parents, "Slack is told")
        eventually(lambda: any("/hook" in each for each in told), "the webhook is told")
        eventually(lambda: any("/api/v2/alerts" in each for each in told), "the Alertmanager is told")
        incident = daemon.json("/api/incidents")[0]["id"]
        bearer = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        act = json.dumps({"act": "expected", "by": "ana@example.com", "reason": "known"}).encode()
        assert daemon.ask(f"/api/incidents/{incident}/acts", data=act, headers=bearer)[0] == 200
        pages = _pages(daemon)
        # A source in which nothing is as declared: its errors quote what they met.
        with closing(sqlite3.connect(project.folder / "crm.db")) as crm, crm:
            crm.execute("update leads set phone = 'Xanthippe', created_at = 'garbage', born_at = 'Xanthippe'")
            crm.execute("alter table people rename to persons")
        runs = len(daemon.said("run_ended"))
        assert daemon.ask("/api/contracts/canary/runs", data=b"", headers=bearer)[0] == 202
        eventually(lambda: len(daemon.said("run_ended")) > runs, "another run")
        pages |= {f"broken {path}": text for path, text in _pages(daemon).items()}
        daemon.stop()
        log = daemon.log()

    config = project.folder / "observer.toml"
    words = [
        *(observer(*command, "--config", config, cwd=project.folder) for command in _COMMANDS),
        observer(
            "audit", "-c", "contracts", "-s", f"sqlite:///{project.folder}/crm.db", "-o", "out", cwd=project.folder
        ),
    ]
    with closing(sqlite3.connect(project.folder / "state.db")) as state:
        kept = "\n".join(state.iterdump())
    assert {"/incidents", "/owners", "/lineage", f"/incidents/{incident}"} <= pages.keys()
    assert len(kept) > 10_000 and "expected" in kept
    spoken = [text for ran in words for text in (ran.out, ran.err)]
    slack_heard = json.dumps([slack.calls, slack.ephemeral], ensure_ascii=False)
    found = {name: hit for name, text in pages.items() if (hit := leaks(project.folder / "contracts", text))}
    assert found == {}
    assert leaks(project.folder, log, kept, slack_heard, *told, *spoken) == []


_COMMANDS = (
    ("incidents", "--all"),
    ("owners",),
    ("route", "canary.leads.email.format"),
    ("kpi", "--out", "kpi.html"),
    ("slo", "status"),
    ("runs",),
    ("outbox",),
)
