"""`observer kpi`, as a person runs it: on a state of which nothing is known, and on one with incidents."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from observer.cli.main import cli
from observer.errors import InputError
from observer.incidents.findings import Look
from observer.incidents.policy import Policy
from observer.store import Store
from tests.unit.incidents.timeline import broken

CONTRACT = """\
apiVersion: v3.2.0
kind: DataContract
id: crm
version: 1.0.0
status: active
team: {members: [{username: ana@example.com, role: owner}]}
schema:
  - name: leads
    properties:
      - {name: id, logicalType: integer, primaryKey: true}
      - {name: email, logicalType: string, criticalDataElement: true}
      - {name: at, logicalType: timestamp, logicalTypeOptions: {timezone: true}}
slaProperties:
  - {property: freshness, value: 1, unit: h, element: leads.at}
  - {property: timeToRepair, value: 1, unit: h}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one contract and its own state."""
    (tmp_path / "expectations" / "contracts").mkdir(parents=True)
    (tmp_path / "expectations" / "contracts" / "crm.odcs.yaml").write_text(CONTRACT)
    (tmp_path / "observer.toml").write_text(f'state = "sqlite:///{tmp_path}/state.db"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["kpi", *words], env={"COLUMNS": "160"})


def an_incident(project: Path, ago: timedelta) -> None:
    with Store.open(f"sqlite:///{project}/state.db") as store:
        then = datetime.now(UTC) - ago
        store._database._clock = lambda: then
        store.incidents.add_look(Look(at=then, findings=(broken(),)), origin="run")
        store.incidents.advance(Policy(), lambda notice: ())


def test_a_state_of_which_nothing_is_known_has_no_figures(project: Path) -> None:
    done = run("--days", "7")
    assert done.exit_code == 3
    assert done.output.startswith("Nothing is known of the 7 days to ")
    document = json.loads(run("--format", "json").output)
    assert document["span"]["all"] is None


def test_a_broken_promise_is_told_and_the_review_is_a_page(project: Path) -> None:
    an_incident(project, timedelta(hours=2))
    done = run("--out", "out/review.html")
    assert done.exit_code == 1, done.output
    assert "1 of 1 promise was broken." in done.output
    assert "crm: repaired within 1 h: 0 of 1 kept, 1 broken; longest 2 h, so far (crm.leads, " in done.output
    assert "crm.leads.email: no SLO" in done.output
    assert "Review: out/review.html" in done.output
    page = (project / "out" / "review.html").read_text(encoding="utf-8")
    assert "1 incident that broke them" in page


def test_an_incident_within_its_limit_breaks_nothing(project: Path) -> None:
    an_incident(project, timedelta(minutes=20))
    done = run("--contract", "crm")
    assert done.exit_code == 0, done.output
    assert "repaired within 1 h: nothing to keep yet" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--month", "2026-13"), "is no month"),
        (("--month", "0001-01"), "is no month"),
        (("--month", "soon"), "is no month"),
        (("--month", "9998-01"), "has not begun"),
        (("--month", "2026-01", "--days", "3"), "both given"),
        (("--contract", "crn"), "did you mean `crm`"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_remedy(project: Path, words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert isinstance(done.exception, InputError)
    assert said in str(done.exception)
