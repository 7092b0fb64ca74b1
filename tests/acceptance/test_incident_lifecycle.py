"""The life of one incident as its owner lives it, on a real daemon: message, button, page, end."""

from __future__ import annotations

import json
import re
import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from observer.incidents.acting import Act
from tests.fakes.daemon import TOKEN, Project, Served, eventually
from tests.fakes.slack_payloads import SIGNING_SECRET, form, pressed, signed
from tests.fakes.slack_server import SlackServer, slack_server
from tests.fakes.slack_workspace import TOKEN as SLACK_TOKEN
from tests.fakes.slack_workspace import Standing
from tests.fakes.terminal import observer

NOOR, SAM = "noor@example.com", "sam@example.com"
CONTRACT = f"""
apiVersion: v3.2.0
kind: DataContract
id: crm-deals
name: Deals
version: 1.0.0
status: active
team: {{name: RevOps, members: [{{username: rev@example.com, role: owner}}]}}
support: [{{id: ops, channel: '#sales-ops', tool: slack, scope: notifications}}]
schema:
  - name: deals
    customProperties: [{{property: recordUrl, value: 'https://crm.example.com/deals/{{id}}'}}]
    properties:
      - {{name: id, logicalType: integer, primaryKey: true, required: true}}
      - name: stage
        logicalType: string
        enum: [{{value: open}}, {{value: closed_won}}]
        customProperties:
          - {{property: fieldOwner, value: {NOOR}}}
          - {{property: fieldSteward, value: {SAM}}}
          - {{property: fieldConsumers, value: [billing]}}
"""


@dataclass(frozen=True)
class Office:
    """A CRM, its daemon, and the Slack of the people who work there."""

    folder: Path
    daemon: Served
    slack: SlackServer
    noor: str

    def sql(self, statement: str) -> None:
        """Somebody works in the CRM."""
        with closing(sqlite3.connect(self.folder / "crm.db")) as crm, crm:
            crm.execute(statement)

    @property
    def message(self) -> Standing:
        """The one parent message there is."""
        (message,) = self.slack.parents
        return message

    def told(self, words: str) -> Standing:
        """Wait until the message says so."""
        return eventually(
            lambda: next((m for m in self.slack.parents if words in json.dumps(m.blocks, ensure_ascii=False)), None),
            f"the message says {words}",
        )

    @property
    def incident(self) -> str:
        """Its id."""
        return str(self.message.metadata["event_payload"]["incident"])

    def presses(self, act: Act) -> int:
        """Noor presses a button; the status of what the daemon answers Slack."""
        body = form(pressed(act, incident=self.incident, user=self.noor, channel=self.message.channel))
        status, _ = self.daemon.ask("/slack/interactions", data=body, headers=signed(body, int(time.time())))
        return status


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    tmp_path = tmp_path_factory.mktemp("office")
    with slack_server() as slack:
        noor = slack.has_user(NOOR)
        for other in (SAM, "rev@example.com"):
            slack.has_user(other)
        slack.has_channel("#sales-ops")
        with closing(sqlite3.connect(tmp_path / "crm.db")) as crm, crm:
            crm.execute("create table deals (id integer primary key, stage text)")
            crm.executemany("insert into deals values (?, 'closed_won')", [(n,) for n in range(1, 41)])
        project = Project(
            tmp_path,
            contracts=(),
            source=f"sqlite:///{tmp_path}/crm.db",
            schedule={"every": "2s"},
            workers={"count": 1},
            incidents={"group_wait": "1s", "group_interval": "1s", "default_owner": "rev@example.com"},
            slack={"token": SLACK_TOKEN, "signing_secret": SIGNING_SECRET, "api_url": slack.url},
        )
        (tmp_path / "contracts" / "deals.odcs.yaml").write_text(CONTRACT, encoding="utf-8")
        with project.serve() as daemon:
            daemon.ready()
            yield Office(tmp_path, daemon, slack, noor)


class Browser:
    """Somebody at the pages."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def open(self, path: str, **fields: str) -> str:
        """The page, after redirects; with fields, what a form leads to."""
        sent = urlencode(fields).encode() if fields else None
        request = urllib.request.Request(self._url + path, data=sent, headers={"Origin": self._url})
        with closing(self._opener.open(request, timeout=10)) as answer:
            text: str = answer.read().decode()
            return text

    def acts(self, path: str, **fields: str) -> str:
        """Send a form of the page at `path` with its own token."""
        found = re.search(r'name="form_token" value="([^"]+)"', self.open(path))
        assert found is not None, "the page has a form"
        return self.open(f"{path}/acts", form_token=found[1], **fields)


def test_a_renamed_stage_is_one_message_that_is_edited_acknowledged_everywhere_and_resolved(office: Office) -> None:
    office.sql("update deals set stage = 'Won!' where id <= 3")
    message = office.told("3 of 40")
    assert message.channel == next(c.id for c in office.slack.channels.values() if c.name == "sales-ops")
    assert message.called == [office.noor]
    assert "https://crm.example.com/deals/1" in json.dumps(message.blocks)
    assert "billing" in json.dumps(message.blocks)
    assert "Won!" not in json.dumps([message.text, message.blocks, message.metadata])

    office.sql("update deals set stage = 'Won!' where id <= 8")
    assert office.told("8 of 40").ts == message.ts

    assert office.presses(Act.ACKNOWLEDGE) == 200
    office.told("acknowledged by")
    page = office.daemon.ask(f"/incidents/{office.incident}")[1]
    assert f"{NOOR} acknowledged it" in page
    listed = observer("incidents", "--config", office.folder / "observer.toml", cwd=office.folder)
    assert "acknowledged" in listed.out and NOOR in listed.out

    office.sql("update deals set stage = 'closed_won'")
    over = office.told("after ")
    eventually(lambda: "mended after" in str(office.slack.replies(over)), "the thread says that it is over")
    assert "🟢" in over.text and over.ts == message.ts
    assert len(office.slack.parents) == 1
    assert office.slack.duplicates() == [] and office.slack.refusals == []


def test_a_page_acknowledges_too_and_the_message_says_who(office: Office) -> None:
    office.sql("update deals set stage = 'lost?' where id = 7")
    office.told("1 of 40")
    browser = Browser(office.daemon.url)
    browser.open("/login", token=TOKEN, person=SAM, then="/incidents")
    place = f"/incidents/{office.incident}"

    page = browser.acts(place, act="acknowledge")

    assert f"{SAM} acknowledged it" in page
    assert SAM in json.dumps(office.told("acknowledged by").blocks)
    assert office.presses(Act.ACKNOWLEDGE) == 200
    said = eventually(lambda: office.slack.ephemeral, "Noor hears that it was done already")
    assert f"{SAM} acknowledged it already" in json.dumps(said)
    assert [event["actor"] for event in _log(office) if event["kind"] == "acknowledged"][-1] == SAM


def _log(office: Office) -> list[dict[str, str]]:
    ran = observer(
        "incident", office.incident, "--format", "json", "--config", office.folder / "observer.toml", cwd=office.folder
    )
    assert ran.code == 0, ran.err
    events: list[dict[str, str]] = json.loads(ran.out)["log"]
    return events
