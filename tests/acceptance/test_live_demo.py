"""`observer demo`, as a person watches it: what it injects is found, and shows in metrics, runs and lineage."""

from __future__ import annotations

import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from observer.demo.enrichment import DEADLINE, FLAGSHIP
from observer.demo.faults import FAULTS, OUTAGE
from tests.acceptance.dashboards_of_the_demo import Dashboards
from tests.doors.deploy.asking import Asked
from tests.fakes.slack_server import SlackServer, slack_server
from tests.fakes.slack_workspace import TOKEN as SLACK_TOKEN
from tests.fakes.terminal import observer
from tests.real_parts import missing

OWNERS = tuple(f"{name}@example.com" for name in ("ana.moreau", "noor.haddad", "maya.lindqvist", "viktor.berg"))
#: Far longer than it takes, on a machine that does other things too.
LONGEST_SECONDS = 360


@dataclass(frozen=True, kw_only=True)
class Watched:
    """One demo from begin to end, and what its daemon answered just before the end."""

    folder: Path
    code: int
    lines: list[str]
    metrics: str
    runs: str
    ready: int
    #: What the dashboards ask and a Prometheus beside it could not answer; None when none was there.
    unanswered: list[Asked] | None
    #: What the people were told.
    slack: SlackServer
    #: Their ids there, by email.
    people: dict[str, str]
    #: The incident that somebody took on as soon as it was told.
    acknowledged: str


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("live")
    command = [
        sys.executable,
        "-c",
        "from observer.cli.main import main; main()",
        "demo",
        "--for",
        "5s",
        "--leads",
        "300",
    ]
    ours = ("OPENLINEAGE", "OBSERVER_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    lines: list[str] = []
    answers: dict[str, str] = {}
    acknowledged = ""
    dashboards = Dashboards(folder / "demo", slo=FLAGSHIP)
    with closing(dashboards), slack_server() as slack:
        slack.has_channel("#crm-data-quality")
        people = {email: slack.has_user(email) for email in OWNERS}
        told = {"OBSERVER_SLACK_TOKEN": SLACK_TOKEN, "OBSERVER_SLACK_API_URL": slack.url}
        with subprocess.Popen(
            command, cwd=folder, env=environment | told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as demo:
            guard = threading.Timer(LONGEST_SECONDS, demo.kill)
            guard.start()
            assert demo.stdout is not None
            for line in demo.stdout:
                lines.append(line.rstrip())
                if "  told " in line and "crm-leads.leads" in line and not acknowledged:
                    acknowledged = _acknowledge(folder, lines[-1])
                dashboards.hear(lines[-1])
                if "  found    stage renamed" in line and not answers:
                    base = next(found[1] for text in lines if (found := re.match(r"Metrics: +(.*)/metrics", text)))
                    answers = {path: _get(base + path) for path in ("/metrics", "/api/runs?limit=100", "/readyz")}
            guard.cancel()
    print("\n".join(lines))
    yield Watched(
        folder=folder / "demo",
        code=demo.returncode,
        lines=lines,
        metrics=answers.get("/metrics", ""),
        runs=answers.get("/api/runs?limit=100", ""),
        ready=200 if "/readyz" in answers else 0,
        unanswered=dashboards.left,
        slack=slack,
        people=people,
        acknowledged=acknowledged,
    )


def _acknowledge(folder: Path, line: str) -> str:
    """Somebody takes on the incident that the line tells of; its id."""
    incident = line.rpartition("[")[2].rstrip("]")
    config = folder / "demo" / "observer.toml"
    ran = observer("incident", incident, "--ack", "--as", "ana.moreau@example.com", "--config", config, cwd=folder)
    assert ran.code == 0, ran.err
    return incident


def _get(url: str) -> str:
    with closing(urllib.request.urlopen(url, timeout=10)) as answer:
        text: str = answer.read().decode()
        return text


def test_everything_that_was_injected_is_found_and_it_ends_by_itself(watched: Watched) -> None:
    said = [line for line in watched.lines if "  injected " in line]

    assert watched.code == 0
    assert len(said) == len(FAULTS)
    assert f"{len(FAULTS)} of {len(FAULTS)} injected faults were found." in watched.lines[-1]
    assert not any("NOT by" in line for line in watched.lines)


def test_what_was_found_shows_in_metrics_and_runs_while_it_lives(watched: Watched) -> None:
    found = {word for line in watched.lines if "  found " in line for word in line.split() if word.startswith("crm-")}

    assert len(found) >= len(FAULTS) - 1
    assert {check for check in found if check not in watched.metrics} == set()
    assert watched.ready == 200
    runs = json.loads(watched.runs)
    assert {contract for run in runs for contract in run["contracts"]} >= {"crm-opportunities", "crm-events"}


def test_the_flagship_burns_and_explain_tells_which_leads_got_their_email_too_late_and_why(watched: Watched) -> None:
    (burning,) = (line for line in watched.lines if "  burning  " in line)
    assert re.search(rf"{FLAGSHIP}: page: burns [\d.]+× over 1 h and 5 min, \d+ of \d+ leads bad;", burning)
    assert "bad leads" in burning.rpartition(";")[2]
    assert f'observer_slo_objective_ratio{{slo="{FLAGSHIP}"}} 0.995' in watched.metrics

    printed = [shlex.split(line)[1:] for line in watched.lines if line.lstrip().startswith("observer slo ")]
    status, explained = (observer(*words, "--format", "json", cwd=watched.folder.parent) for words in printed)

    assert (status.code, explained.code) == (1, 0)
    level, *others = json.loads(status.out)["slos"]
    assert level["name"] == FLAGSHIP
    assert len(others) == 5
    records = json.loads(explained.out)["records"]
    assert level["counted"]["bad"] == len(records) >= OUTAGE
    assert level["counted"]["unknown"] == 0
    assert {record["state"] for record in records} == {"bad"}
    assert all("was empty at its deadline" in record["why"] for record in records)
    with closing(sqlite3.connect(watched.folder / "crm.db")) as crm:
        rows = crm.execute(f"""
            SELECT id, email, unixepoch(updated_at) - unixepoch(created_at) <= {DEADLINE.total_seconds()}
            FROM leads, demo_crm_origin
            WHERE julianday(created_at) > julianday(built_for)
              AND unixepoch(created_at) + {DEADLINE.total_seconds()} < unixepoch('{level["looked_at"]}')
        """).fetchall()
    bad = {record["key"] for record in records}
    assert {key for key, email, _ in rows if email is None} <= bad
    assert bad.isdisjoint(key for key, email, untouched in rows if email is not None and untouched)


def test_every_panel_of_every_dashboard_shows_something_of_it(watched: Watched) -> None:
    if watched.unanswered is None:
        missing("prometheus is not installed (Debian: prometheus)")
    assert watched.unanswered == [], "\n".join(map(str, watched.unanswered))


def test_lineage_tells_of_every_run_that_ended(watched: Watched) -> None:
    events = [json.loads(line) for line in (watched.folder / "lineage.jsonl").read_text(encoding="utf-8").splitlines()]

    assert {event["eventType"] for event in events} >= {"START", "COMPLETE"}
    ended = [json.loads(line) for line in (watched.folder / "daemon.log").read_text(encoding="utf-8").splitlines()]
    runs = {line["run_id"] for line in ended if line["event"] == "run_ended"}
    over = {event["run"]["runId"] for event in events if event["eventType"] in ("COMPLETE", "FAIL")}
    assert runs <= over


def test_the_report_of_the_dirt_is_there_and_nothing_lives_on(watched: Watched) -> None:
    assert (watched.folder / "report.html").stat().st_size > 10_000
    assert (watched.folder / "token.key").stat().st_mode & 0o777 == 0o600
    assert not list(watched.folder.glob("crm.db-*"))
    assert (watched.folder / "crm.db").is_file()


def test_two_demos_do_not_live_in_one_folder(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    with FileLock(tmp_path / "demo" / ".demo.lock"):
        ran = observer("demo", "--leads", 300, cwd=tmp_path)

    assert ran.code == 3
    assert "another demo lives in demo. Fix: stop it first" in ran.err
    assert not (tmp_path / "demo" / "crm.db").exists()


def test_a_time_that_is_none_is_told(tmp_path: Path) -> None:
    for words in (["--for", "soon"], ["--for", "90s", "--once"]):
        ran = observer("demo", *words, cwd=tmp_path)

        assert ran.code == 3
        assert "Error" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_the_owner_of_the_stage_is_told_of_its_new_name_in_one_message_within_a_minute(watched: Watched) -> None:
    (message,) = (m for m in watched.slack.parents if "opportunities" in m.text and "stage" in json.dumps(m.blocks))
    (renamed,) = (line for line in watched.lines if "  injected stage renamed" in line)
    told = [line for line in watched.lines if "  told " in line and "crm-opportunities.opportunities" in line]

    assert message.called == [watched.people["noor.haddad@example.com"]]
    assert "noor.haddad@example.com in #crm-data-quality" in told[0]
    assert _clock(told[0]) - _clock(renamed) < 60
    assert watched.slack.duplicates() == []


def test_who_acknowledged_an_incident_is_told_by_the_demo_too(watched: Watched) -> None:
    (acted,) = (line for line in watched.lines if "  acted " in line)
    assert "ana.moreau@example.com acknowledged it" in acted
    assert acted.endswith(f"[{watched.acknowledged}]")


def _clock(line: str) -> int:
    hours, minutes, seconds = map(int, line.split()[0].split(":"))
    return 3600 * hours + 60 * minutes + seconds
