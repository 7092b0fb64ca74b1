"""`observer doctor` and `observer migrate` as whoever runs the daemon meets them: one line per door, and what to do."""

from __future__ import annotations

import http.server
import os
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests import real_parts
from tests.fakes.terminal import Ran, observer

CANARY = "canary-4711"
CONTRACT = """\
apiVersion: v3.2.0
kind: DataContract
id: crm-leads
version: 1.0.0
status: active
schema:
  - name: leads
    properties:
      - {name: id, logicalType: integer, primaryKey: true}
      - {name: email, logicalType: string, classification: %(classification)s}
      - {name: created_at, logicalType: timestamp, logicalTypeOptions: {defaultTimezone: UTC}}
slaProperties:
  - {property: freshness, value: 1, unit: h, element: leads.created_at}
"""
SETTINGS = """\
source = "sqlite:///crm.db"
contracts = ["leads.odcs.yaml"]
state = "sqlite:///state/state.db"
[snapshots]
folder = "snapshots"
[web]
port = 0
"""


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("OBSERVER_", "OPENLINEAGE_")):
            monkeypatch.delenv(name)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder in which everything is as it should be."""
    (tmp_path / "observer.toml").write_text(SETTINGS)
    (tmp_path / "leads.odcs.yaml").write_text(CONTRACT % {"classification": "internal"})
    with closing(sqlite3.connect(tmp_path / "crm.db")) as crm, crm:
        crm.execute("CREATE TABLE leads (id INTEGER PRIMARY KEY, email TEXT, created_at TEXT)")
        crm.execute("CREATE INDEX leads_created_at ON leads (created_at)")
    assert observer("migrate", cwd=tmp_path).code == 0
    return tmp_path


def line(ran: Ran, door: str) -> str:
    """The doctor's line about a door."""
    [found] = [line for line in ran.out.splitlines() if line[2:].startswith(f"{door}:")]
    return found


def write(file: str, content: str) -> Callable[[Path], None]:
    def change(project: Path) -> None:
        (project / file).write_text(content)

    return change


def set_to(name: str, value: str) -> Callable[[Path], None]:
    def change(project: Path) -> None:
        file = project / "observer.toml"
        table, _, key = name.rpartition(".")
        lines = [text for text in file.read_text().splitlines() if not text.startswith(f"{key} = ")]
        place = lines.index(f"[{table}]") + 1 if table else 0
        file.write_text("\n".join([*lines[:place], f"{key} = {value}", *lines[place:]]))

    return change


def both(first: Callable[[Path], None], second: Callable[[Path], None]) -> Callable[[Path], None]:
    def change(project: Path) -> None:
        first(project)
        second(project)

    return change


def run_sql(file: str, statement: str) -> Callable[[Path], None]:
    def change(project: Path) -> None:
        with closing(sqlite3.connect(project / file)) as database, database:
            database.execute(statement)

    return change


def test_where_all_is_well_every_door_has_a_line_and_the_exit_code_is_0(project: Path):
    before = sorted(p.name for p in project.rglob("*"))
    ran = observer("doctor", cwd=project)
    assert (ran.code, ran.err) == (0, "")
    marks = {text[2:].split(":")[0]: text[0] for text in ran.out.splitlines()}
    assert marks == {
        "settings": "✓",
        "contracts": "✓",
        "service levels": "–",
        "source": "✓",
        "read-only": "✓",
        "clock": "–",
        "tables of crm-leads": "✓",
        "indexes of crm-leads": "✓",
        "state": "✓",
        "snapshots": "✓",
        "token key": "–",
        "lineage": "–",
        "slack": "–",
        "webhook": "–",
        "alertmanager": "–",
        "web": "✓",
        "pages": "–",
    }
    assert sorted(p.name for p in project.rglob("*")) == before


BAD, WARNING = 3, 2

LEVELS = """\
apiVersion: openslo/v1
kind: Service
metadata: {name: crm}
spec: {}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: emails}
spec:
  service: crm
  indicator:
    metadata: {name: emails}
    spec:
      ratioMetric:
        good:
          metricSource:
            type: crm-observer
            spec: {kind: time-to-fill, contract: crm-leads, field: leads.email, within: 5m}
        total: {metricSource: {type: crm-observer, spec: {of: good}}}
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.995}]
"""


def promised(project: Path, *, key: str = "internal") -> None:
    """Leads have an email within five minutes of `made_at`, which has an index."""
    times = "{name: made_at, logicalType: timestamp, logicalTypeOptions: {timezone: true}}"
    contract = CONTRACT.partition("slaProperties")[0] % {"classification": "internal, required: true"}
    contract = contract.replace("primaryKey: true", f"primaryKey: true, classification: {key}")
    events = "    customProperties: [{property: eventTime, value: made_at}, {property: updateTime, value: made_at}]\n"
    contract = contract.replace("    properties:", f"{events}    properties:") + f"      - {times}\n"
    (project / "leads.odcs.yaml").write_text(contract)
    (project / "slo.yaml").write_text(LEVELS)
    run_sql("crm.db", "ALTER TABLE leads ADD COLUMN made_at TEXT")(project)
    run_sql("crm.db", "CREATE INDEX leads_made_at ON leads (made_at)")(project)


def test_rows_of_a_service_level_are_found_by_an_index(project: Path) -> None:
    promised(project)
    ran = observer("doctor", cwd=project)
    assert line(ran, "service levels") == "✓ service levels: 1 service level."
    assert line(ran, "indexes of crm-leads")[0] == "✓"
    run_sql("crm.db", "DROP INDEX leads_made_at")(project)
    ran = observer("doctor", cwd=project)
    assert "none begins with leads.made_at. Fix: every tick scans the table" in line(ran, "indexes of crm-leads")
    assert ran.code == WARNING


def test_service_levels_that_cannot_be_counted_say_why(project: Path) -> None:
    promised(project, key="restricted")
    ran = observer("doctor", cwd=project)
    assert "✗ service levels: the key of crm-leads.leads is restricted" in line(ran, "service levels")
    (project / "slo.yaml").write_text(LEVELS.replace("leads.email", "leads.phone"))
    ran = observer("doctor", cwd=project)
    assert "1 error. Fix: run `observer slo lint`" in line(ran, "service levels")
    assert ran.code == BAD


@pytest.mark.parametrize(
    ("change", "door", "code", "says"),
    [
        (write("leads.odcs.yaml", "{}"), "contracts", BAD, "Fix: run `observer lint` and correct what it says."),
        (write("leads.odcs.yaml", CONTRACT.replace("slaP", "#") % {"classification": "x"}), "contracts", BAD, "error"),
        (set_to("source", '""'), "settings", BAD, "the settings have 1 problem"),
        (
            set_to("source", '"sqlite:///nowhere.db"'),
            "source",
            BAD,
            "there is no file nowhere.db. Fix: correct the path",
        ),
        (
            set_to("source", f'"postgresql://ada:{CANARY}@127.0.0.1:1/crm"'),
            "source",
            BAD,
            "the server cannot be reached. Fix: check host and port",
        ),
        (run_sql("crm.db", "DROP TABLE leads"), "tables of crm-leads", BAD, "there is no table"),
        (
            run_sql("crm.db", "ALTER TABLE leads DROP COLUMN email"),
            "tables of crm-leads",
            BAD,
            "1 column missing: leads.email. Fix: correct the contract",
        ),
        (
            run_sql("crm.db", "DROP INDEX leads_created_at"),
            "indexes of crm-leads",
            WARNING,
            "none begins with leads.created_at. Fix: every tick scans the table: CREATE INDEX ON leads (created_at).",
        ),
        (set_to("state", '"sqlite:///other.db"'), "state", WARNING, "other.db is empty. Fix: run `observer migrate`"),
        (
            run_sql("state/state.db", "UPDATE observer_schema_version SET version_num = '0001'"),
            "state",
            WARNING,
            "is at schema 0001, this version needs",
        ),
        (
            run_sql("state/state.db", "UPDATE observer_schema_version SET version_num = '9999'"),
            "state",
            BAD,
            "was written by a newer version (schema 9999",
        ),
        (set_to("state", f'"postgresql://ada:{CANARY}@127.0.0.1:1/state"'), "state", BAD, "Fix: "),
        (
            set_to("snapshots.folder", '"observer.toml"'),
            "snapshots",
            BAD,
            "cannot be written: Not a directory. Fix: make",
        ),
        (set_to("snapshots.max_mb", "1000000000"), "snapshots", WARNING, "GiB free. Fix: free some room"),
        (
            write("leads.odcs.yaml", CONTRACT % {"classification": "restricted"}),
            "token key",
            BAD,
            "restricted fields of crm-leads are only kept as tokens. Fix: set OBSERVER_TOKEN_KEY",
        ),
        (
            both(set_to("web.port", "8484"), set_to("web.host", '"192.0.2.1"')),
            "web",
            BAD,
            "Fix: stop what uses it, or set [web] port and host.",
        ),
    ],
)
def test_what_is_wrong_has_a_line_with_a_remedy(
    project: Path, change: Callable[[Path], None], door: str, code: int, says: str
):
    change(project)
    ran = observer("doctor", cwd=project)
    assert says in line(ran, door)
    assert line(ran, door)[0] == {BAD: "✗", WARNING: "!"}[code]
    assert ran.code == code
    assert CANARY not in ran.out + ran.err


def test_a_server_is_asked_for_its_clock_and_for_the_rights_of_its_user(project: Path, postgres_url: str):
    with psycopg.connect(postgres_url) as crm:
        crm.execute("CREATE TABLE leads (id int PRIMARY KEY, email text, created_at timestamp)")
        crm.execute("INSERT INTO leads SELECT n, NULL, now() FROM generate_series(1, 10) n")
        crm.execute("ANALYZE leads")
    set_to("source", f'"{postgres_url}"')(project)
    ran = observer("doctor", cwd=project)
    assert ran.code == 2
    assert line(ran, "read-only").startswith("! read-only: the session refuses writes; a superuser, who may write")
    assert line(ran, "clock").startswith("✓ clock: the source's clock and this machine's are 0.")
    assert line(ran, "indexes of crm-leads").startswith(
        "✓ indexes of crm-leads: none is needed; not asked of tables below"
    )
    assert real_parts.PASSWORD not in ran.out and real_parts.QUOTED_PASSWORD not in ran.out


def test_what_could_not_be_tried_says_so(project: Path):
    set_to("source", '"sqlite:///nowhere.db"')(project)
    ran = observer("doctor", cwd=project)
    assert [line(ran, door)[:14] for door in ("read-only", "clock", "tables", "indexes")] == [
        "– read-only: n",
        "– clock: not t",
        "– tables: not ",
        "– indexes: not",
    ]


def test_a_project_without_a_source_says_what_to_give(project: Path):
    (project / "observer.toml").write_text(SETTINGS.replace('source = "sqlite:///crm.db"\n', ""))
    ran = observer("doctor", cwd=project)
    assert ran.code == 3
    assert "set OBSERVER_SOURCE (or OBSERVER_SOURCE_FILE)" in line(ran, "source")


def test_lineage_that_does_not_answer_is_a_warning(project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:1")
    ran = observer("doctor", cwd=project)
    assert ran.code == 2
    assert line(ran, "lineage").startswith("! lineage: http to http://127.0.0.1:1")


@contextmanager
def listening(status: int) -> Iterator[int]:
    """A web server that answers everything alike."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_web_port_in_use_is_told_from_a_daemon_that_runs(project: Path):
    with listening(404) as port:
        set_to("web.port", str(port))(project)
        ran = observer("doctor", cwd=project)
        assert (ran.code, line(ran, "web")[0]) == (3, "✗")
    with listening(200) as port:
        set_to("web.port", str(port))(project)
        assert line(observer("doctor", cwd=project), "web") == f"✓ web: a daemon answers at 127.0.0.1:{port}."
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    set_to("web.port", str(port))(project)
    assert line(observer("doctor", cwd=project), "web") == f"✓ web: 127.0.0.1:{port} is free."


def test_settings_that_cannot_be_used_are_told_line_by_line(project: Path):
    set_to("web.prot", "1")(project)
    ran = observer("doctor", "--config", "observer.toml", cwd=project)
    assert ran.code == 3
    assert "web.prot: there is no such setting. Fix: write `web.port`." in ran.err
    assert "not tried" in line(ran, "the rest")


def test_a_state_is_migrated_when_asked_to_and_says_from_where_to_where(tmp_path: Path):
    check = observer("migrate", "--check", cwd=tmp_path)
    assert check.code == 2
    assert "is empty; `observer migrate` brings it to " in check.out
    assert list(tmp_path.iterdir()) == []
    done = observer("migrate", cwd=tmp_path)
    assert done.code == 0
    assert "was empty, and is now at schema " in done.out
    for words in (("migrate",), ("migrate", "--check")):
        again = observer(*words, cwd=tmp_path)
        assert (again.code, "nothing to do" in again.out) == (0, True)


def test_a_state_of_a_newer_version_is_not_migrated(project: Path):
    run_sql("state/state.db", "UPDATE observer_schema_version SET version_num = '9999'")(project)
    ran = observer("migrate", cwd=project)
    assert ran.code == 3
    assert "written by a newer version of crm-observer (schema 9999). Fix: install that version" in ran.err
