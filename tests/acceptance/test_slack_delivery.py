"""Incidents in the state reach Slack through the outbox: in a storm, and when a courier is killed between two steps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue

import pytest

from observer.incidents.acting import Act, Action
from observer.incidents.findings import Finding, Look
from observer.store import Store
from tests.fakes.slack_courier import POLICY, deliver_all, for_slack
from tests.fakes.slack_server import Does, SlackServer, slack_server
from tests.unit.incidents.timeline import broken


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with slack_server() as slack:
        slack.has_user("ana@example.com")
        yield slack


@pytest.fixture
def state(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state.db'}"


def look(store: Store, found: tuple[Finding, ...], covered: tuple[Finding, ...]) -> None:
    fingerprints = frozenset(finding.fingerprint for finding in covered)
    store.incidents.add_look(Look(at=datetime.now(UTC), findings=found, covered=fingerprints), origin="run 1")
    store.incidents.advance(POLICY, for_slack)


def test_a_storm_of_findings_is_a_few_messages_and_nothing_is_lost(slack: SlackServer, state: str) -> None:
    tables = [f"table_{number}" for number in range(30)]
    found = tuple(broken(f"field_{n}", table=table) for table in tables for n in range(4))
    with Store.open(state) as store:
        look(store, found, found)
        deliver_all(store, slack.url)
        ids = {incident.id for incident in store.incidents.live()}
        assert len(ids) == 30
        (message,) = slack.messages
        assert set(message.metadata["event_payload"]["incidents"].split(",")) == ids
        look(store, (), found)
        deliver_all(store, slack.url)
    assert len(slack.messages) == 2
    assert len(slack.replies(message)) == 1
    assert slack.refusals == []


def test_a_courier_that_is_killed_at_any_step_leaves_one_message_and_no_word_twice(
    slack: SlackServer, state: str
) -> None:
    file = state.removeprefix("sqlite:///")
    with Store.open(state) as store:
        look(store, (broken(),), (broken(),))
        (incident,) = store.incidents.live()
        store.incidents.act(incident.id, Action(act=Act.ACKNOWLEDGE, by="ana@example.com"), for_slack)
        look(store, (), (broken(),))
    command = [sys.executable, "-m", "tests.fakes.slack_courier", file, slack.url]
    couriers: SimpleQueue[int] = SimpleQueue()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as courier:
        assert courier.stdout is not None

        def kill() -> None:
            os.kill(couriers.get(timeout=10), signal.SIGKILL)

        # The message, its edit, the first word in its thread.
        slack.next("chat.postMessage", Does(kill, after=False), Does(kill, after=True), Does(kill, after=True))
        slack.next("chat.update", Does(kill, after=True))
        for line in courier.stdout:
            couriers.put(int(line))
        assert courier.wait(timeout=60) == 0
    assert couriers.qsize() == 1, "four were killed, and the fifth came through"
    (parent,) = slack.parents
    assert parent.text.startswith("🟢")
    assert len(slack.replies(parent)) == 2
    assert slack.duplicates() == []
