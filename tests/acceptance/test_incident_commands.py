"""A person asks what is wrong, whose it is and who would be told, and does something about it, all in a terminal."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from observer.checks.measure import Outcome
from observer.config.settings import load_settings
from observer.incidents.findings import Finding, Look
from observer.incidents.looks import finding_if
from observer.jobs.incident_policy import PolicyNow
from observer.jobs.lint_contracts import load_for_run
from observer.jobs.owners import checks_of
from observer.jobs.receivers import deliveries_to, receivers_of
from observer.runs.deliveries import Failure, Reason, Verdict
from observer.web.incident_answers import IncidentAnswer
from observer.wiring import opened_store
from tests.fakes.desk import told
from tests.fakes.terminal import Ran, observer

CRM = """
apiVersion: v3.2.0
kind: DataContract
id: crm
name: CRM
version: 1.0.0
status: active
team: {name: RevOps, members: [{username: rev@example.com, role: owner}]}
support: [{channel: '#crm-quality', tool: slack}]
schema:
  - name: leads
    properties:
      - {name: id, logicalType: integer, primaryKey: true}
      - name: email
        logicalType: string
        required: true
        classification: restricted
        customProperties:
          - {property: fieldOwner, value: ana@example.com}
          - {property: fieldSteward, value: sam@example.com}
          - {property: fieldConsumers, value: [lead-routing]}
      - {name: score, logicalType: integer, required: true}
"""
NOBODYS = """
apiVersion: v3.2.0
kind: DataContract
id: jobs
version: 1.0.0
status: active
schema:
  - name: jobs
    properties:
      - {name: id, logicalType: integer, primaryKey: true}
"""
SETTINGS = """
contracts = ["contracts"]
state = "sqlite:///state.db"
[incidents]
platform_owner = "ops@example.com"
group_wait = 0
hours = "Mon-Fri 09:00-18:00 Europe/Berlin"
may_act = ["*@example.com"]
[slack]
token = "xoxb-not-asked"
"""


class Desk:
    """A project folder with a state in which four checks did not hold, and who works there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def typed(self, *words: str, by: str = "ana@example.com") -> Ran:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OBSERVER_ACTOR", by)
            ran = observer(*words, cwd=self.folder)
        assert "Traceback" not in ran.err
        return ran

    def read(self, *words: str) -> Any:
        return json.loads(self.typed(*words, "--format", "json").out)

    def incident(self, owner: str) -> str:
        """Id of the owner's incident."""
        (row,) = self.read("incidents", "--all", "--owner", owner)
        return str(row["id"])


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    for name in [name for name in os.environ if name.startswith(("OBSERVER_", "COLUMNS"))]:
        monkeypatch.delenv(name)
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "crm.odcs.yaml").write_text(CRM, encoding="utf-8")
    (tmp_path / "contracts" / "jobs.odcs.yaml").write_text(NOBODYS, encoding="utf-8")
    (tmp_path / "observer.toml").write_text(SETTINGS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    happens(tmp_path / "observer.toml")
    yield Desk(tmp_path)


def happens(file: Path) -> None:
    """The daemon looks: emails are missing, scores too, and a table cannot be looked at."""
    settings = load_settings(file)
    contracts = load_for_run(settings.contracts)
    crm = next(contract for contract in contracts if contract.id == "crm")
    failed = {spec.property: spec for spec in checks_of(crm, contracts) if spec.rule_name == "required"}

    def finding(name: str, outcome: Outcome, **said: object) -> Finding:
        found = finding_if(failed[name], crm, outcome)
        assert found is not None
        return replace(found, **said)  # type: ignore[arg-type]  # fields of a finding, by name

    counted = {"observed": "312 of 8,800 rows (3.5 %)", "rows_failed": 312, "rows_tested": 8800}
    findings = (
        finding("email", Outcome.FAILED, **counted),
        finding("score", Outcome.FAILED, **counted),
        finding("score", Outcome.ERRORED),
    )
    with opened_store(settings) as store:
        store.incidents.add_look(Look(at=datetime.now(UTC), findings=findings), origin="test")
        policy = PolicyNow(store, lambda: (settings, contracts))()
        store.incidents.advance(policy, deliveries_to(receivers_of(settings)))


def test_what_is_wrong_now_is_a_list_with_owners_and_an_exit_code(desk: Desk) -> None:
    ran = desk.typed("incidents")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.splitlines()[-1] == "3 open"
    for owner in ("ana@example.com", "rev@example.com", "ops@example.com"):
        assert owner in ran.out
    assert "email: email is present" in ran.out
    assert desk.typed("incidents", "--contract", "jobs").out == "No incident is open.\n"
    assert desk.typed("incidents", "--contract", "jobs").code == 0
    shown = desk.typed("incidents", "--limit", "1")
    assert (shown.code, shown.out.splitlines()[-1]) == (1, "1 open")
    assert shown.err == "observer: these are the newest 1; --limit shows more\n"
    (row,) = desk.read("incidents", "--owner", "ana@example.com")
    assert (row["contract"], row["table"], row["status"], row["findings"]) == ("crm", "leads", "open", 1)
    assert set(row) == {field.name for field in fields(IncidentAnswer)}, "a program reads the same from the API"


def test_one_incident_is_told_at_length_whatever_is_wrong_with_other_files(desk: Desk) -> None:
    (desk.folder / "contracts" / "broken.odcs.yaml").write_text("kind: [", encoding="utf-8")
    id = desk.incident("ana@example.com")
    ran = desk.typed("incident", id[:6])
    assert ran.code == 0
    assert ran.err == "observer: 1 contract file is broken and left out; `observer lint` says why\n"
    text = told(ran.out)
    for said in (
        "✗ crm.leads: email is present (312 of 8,800)",
        f"Incident {id}",
        "Told ana@example.com in #crm-quality",
        "At risk lead-routing",
        "312 of 8,800 rows (3.5 %)",
        "sam@example.com is told too when it is not acknowledged within 4 h",
        "told (opened): ana@example.com in #crm-quality",
        f"observer incident {id[:8]} --ack | --snooze 4h | --fixed | --expected REASON | --false-positive REASON",
    ):
        assert said in text
    found = desk.read("incident", id)
    assert [event["kind"] for event in found["log"]] == ["opened", "told"]
    assert found["incident"]["owner"] == "ana@example.com" and found["acts"][0] == "acknowledge"


def test_a_person_acknowledges_snoozes_and_judges_and_the_log_says_who(desk: Desk) -> None:
    id = desk.incident("ana@example.com")
    ran = desk.typed("incident", id, "--ack")
    assert (ran.code, ran.out) == (0, f"✓ {id[:8]}: ana@example.com acknowledged it.\n")
    again = desk.typed("incident", id, "--ack", "--as", "kim@example.com")
    assert (again.code, again.out) == (3, f"– {id[:8]}: ana@example.com acknowledged it already, so nothing changed.\n")
    assert desk.typed("incident", id, "--snooze", "4h").out.endswith("ana@example.com snoozed it for 4 h.\n")
    assert "snoozed until" in told(desk.typed("incidents", "--owner", "ana@example.com").out)
    assert desk.typed("incident", id, "--wake").code == 0
    assert desk.typed("incident", id, "--fixed").code == 0
    judged = desk.read("incident", id, "--expected", "the import runs")
    assert judged == {
        "incident": id,
        "done": True,
        "status": "resolved",
        "sentence": "ana@example.com says that it is expected: the import runs",
    }
    assert "this incident is over already (expected)" in desk.typed("incident", id, "--ack").out
    other = desk.incident("rev@example.com")
    assert desk.typed("incident", other, "--false-positive", "zero is a score").code == 0
    assert desk.typed("incident", other).out.startswith("✓ crm.leads")
    assert desk.typed("incidents", "--all").out.splitlines()[-1] == "1 open, 2 resolved"


@pytest.mark.parametrize(
    ("words", "by", "says"),
    [
        (("nope", "--ack"), "ana@example.com", "no incident begins with `nope`. Fix: take an id from `observer inci"),
        (("{id}", "--ack"), "eve@evil.example", "eve@evil.example may not act on incidents. Fix: ask whoever runs"),
        (("{id}", "--ack", "--wake"), "ana@example.com", "One thing at a time"),
        (("{id}", "--as", "ana@example.com"), "ana@example.com", "nothing is to be done"),
        (("{id}", "--snooze", "4m"), "ana@example.com", "unit `m` may be minutes or months"),
        (("{id}", "--snooze", "0h"), "ana@example.com", "`0h` is no time at all"),
        (("{id}", "--snooze", "40d"), "ana@example.com", "a snooze lasts at most 30 d, so nothing changed"),
        (
            ("{id}", "--expected", "x" * 501),
            "ana@example.com",
            "a reason has at most 500 characters",
        ),
        (
            ("{id}", "--ack", "--as", "ana\n@example.com"),
            "",
            "`ana\\n@example.com` is no name of a person",
        ),
        (("{id}", "--expected", " "), "ana@example.com", "say why it is expected, so nothing changed"),
    ],
)
def test_what_cannot_be_done_says_why_and_changes_nothing(
    desk: Desk, words: tuple[str, ...], by: str, says: str
) -> None:
    id = desk.incident("ana@example.com")
    ran = desk.typed("incident", *(word.replace("{id}", id) for word in words), by=by)
    assert ran.code == 3
    assert says in ran.out + ran.err
    assert desk.read("incident", id)["incident"]["status"] == "open"


def test_a_silence_is_added_listed_and_ended(desk: Desk) -> None:
    added = desk.typed("silence", "add", "contract=cr*", "property!=score", "--for", "2h", "--reason", "migration")
    assert (added.code, added.err) == (0, "")
    assert added.out.endswith("contract=cr* property!=score. 1 finding of 3 that go on is covered.\n")
    (listed,) = desk.read("silence", "list")
    assert listed["matchers"] == ["contract=cr*", "property!=score"]
    assert (listed["by"], listed["reason"]) == ("ana@example.com", "migration")
    text = desk.typed("silence", "list").out
    assert f"{listed['id']}  contract=cr* property!=score, " in text and ": migration (ana@example.com)\n" in text
    assert (
        f"but silence {listed['id']} of ana@example.com covers it"
        in desk.typed("route", "crm.leads.email.required").out
    )
    assert desk.typed("silence", "end", listed["id"][:4]).out == f"{listed['id']} is over.\n"
    assert desk.typed("silence", "list").out == "Nothing is silenced.\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "contract", "--for", "2h", "--reason", "x"), "`contract` is no matcher. Fix: write it like contract="),
        (("add", "id=1", "--for", "2h", "--reason", "x"), "`id` is no field of a finding. Fix: write one of contract"),
        (("add", "contract=crm", "--for", "200d", "--reason", "x"), "a silence lasts at most 90 d"),
        (("add", "contract=crm", "--for", "2h", "--reason", " "), "the reason is empty"),
        (("add", "contract=crm", "--for", "2h", "--reason", "x" * 501), "a reason has at most 500 characters"),
        (("add", "contract=crm", "--for", "2h"), "Missing option '--reason'"),
        (("add", "contract=crm", "--for", "2h", "--reason", "x", "--as", "eve@evil.example"), "may not silence"),
        (("end", "nope"), "there is no silence `nope`"),
        (("end", ""), "there is no silence ``"),
    ],
)
def test_a_silence_that_cannot_be_says_why(desk: Desk, words: tuple[str, ...], says: str) -> None:
    ran = desk.typed("silence", *words)
    assert ran.code == 3
    assert says in ran.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("incidents", "--contract", "crn"),
            "there is no contract `crn`. Fix: did you mean `crm`? There are crm, jobs",
        ),
        (("incidents", "--owner", "anna@example.com"), "there is no owner `anna@example.com`. Fix: did you mean `ana@"),
        (("owners", "--contract", "leads"), "there is no contract `leads`. Fix: choose from crm, jobs"),
        (("owners", "--owner", "anna@example.com"), "there is no owner `anna@example.com`. Fix: did you mean `ana@"),
        (("outbox", "--receiver", "slak"), "'slak' is not one of 'slack', 'webhook', 'alertmanager', 'lineage'"),
        (("incidents", "--limit", "99999999999999999999"), "99999999999999999999 is not in the range"),
    ],
)
def test_a_name_that_is_written_wrong_is_no_good_news(desk: Desk, words: tuple[str, ...], says: str) -> None:
    ran = desk.typed(*words)
    assert ran.code == 3
    assert says in ran.err
    # One that was never wrong is.
    assert desk.typed("incidents", "--contract", "jobs").code == 0


def test_owners_are_a_matrix_and_what_nobody_owns_is_told(desk: Desk) -> None:
    ran = desk.typed("owners")
    assert (ran.code, ran.err) == (2, "")
    text = told(ran.out)
    assert "email ana@example.com sam@example.com lead-routing" in text
    assert "score rev@example.com (contract)" in text
    assert "No owner: jobs.id." in text
    assert "4 fields: 1 with an owner of their own, 2 with that of the contract, 1 with none" in text
    assert [row["property"] for row in desk.read("owners", "--contract", "crm")] == ["id", "email", "score"]
    assert desk.typed("owners", "--contract", "crm").code == 0
    assert [row["table"] for row in desk.read("owners", "--nobody")] == ["jobs"]


def test_a_route_says_who_would_be_told_and_why(desk: Desk) -> None:
    ran = desk.typed("route", "crm.leads.email.required")
    assert (ran.code, ran.err) == (0, "")
    for said in (
        "at any hour: ana@example.com, owner of the field; in #crm-quality; at once",
        "at any hour: ops@example.com, platform owner; in #crm-quality; at once",
        "sam@example.com is told too when it is not acknowledged within 4 h",
        "Messages go to slack.",
    ):
        assert said in ran.out
    found = desk.read("route", "crm.leads.email.required")
    assert [(case["outcome"], case["to"]) for case in found["cases"]] == [
        ("failed", "ana@example.com"),
        ("failed", "ana@example.com"),
        ("errored", "ops@example.com"),
        ("errored", "ops@example.com"),
    ]
    near = desk.typed("route", "crm.leads.emial.required")
    assert near.code == 3
    assert "there is no check `crm.leads.emial.required`. Fix: write `crm.leads.email.required`" in near.err
    assert desk.typed("route", "jobs.jobs.id.unique").code == 2


def test_a_shell_without_the_token_of_slack_tells_slack_of_what_it_does(desk: Desk) -> None:
    (desk.folder / "observer.toml").write_text(SETTINGS.partition("[slack]")[0], encoding="utf-8")
    assert desk.typed("incident", desk.incident("ana@example.com"), "--ack").code == 0
    assert "slack: 4 waiting" in desk.typed("outbox").out


def test_what_was_given_up_is_listed_with_its_reason(desk: Desk) -> None:
    with opened_store(load_settings(desk.folder / "observer.toml")) as store:
        taken, *rest = store.outbox.take("slack", 9, timedelta(minutes=1))
        assert len(rest) == 2
        failure = Failure(reason=Reason.REFUSED, detail="the channel is archived", can_retry=False)
        store.outbox.failed(taken, failure, Verdict(retry_at=None))
    ran = desk.typed("outbox")
    assert ran.code == 4
    assert "slack: 2 waiting, the oldest for " in ran.out and "; 1 given up\n" in ran.out
    assert f"slack {taken.key}, 1 attempt: the channel is archived\n" in ran.out
    assert "`observer outbox --redrive` tries them again." in ran.out
    assert desk.read("outbox", "--receiver", "slack")["given_up"][0]["reason"] == "refused"
    assert desk.read("outbox", "--receiver", "lineage") == {"receivers": [], "given_up": []}


def test_a_narrow_terminal_has_lines_for_a_table(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    first, began, *_, last = desk.typed("incidents", "--owner", "ana@example.com").out.splitlines()
    assert first.startswith(f"✗ {desk.incident('ana@example.com')[:8]}  crm.leads  ")
    assert first.endswith("  ana@example.com  open")
    assert (began, last) == ("    email: email is present", "1 open")
