"""Settings → receivers of incidents: those that are configured, and of the others not even what they would need."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from observer.incidents.policy import Policy
from observer.jobs.briefs import Briefs
from observer.jobs.deliver import BatchSender, Repeater, Sender
from observer.settings import AlertmanagerSettings, Settings, SlackSettings, WebhookSettings
from observer.store import Store
from observer.wiring import people_directory, receivers_of_incidents, slack_buttons

SLACK = SlackSettings(token="xoxb-1", api_url="http://127.0.0.1:9/api/")
WEBHOOK = WebhookSettings(url="http://127.0.0.1:9/hook", secret="0123456789abcdef")
ALERTMANAGER = AlertmanagerSettings(url="http://127.0.0.1:9")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/state.db") as opened:
        yield opened


def quiet(door: str, reason: str | None) -> None:
    """Nobody asks."""


def senders_of(settings: Settings, store: Store) -> dict[str, Sender]:
    return receivers_of_incidents(settings, store, Briefs(store, Policy), on_trouble=quiet, patience=1.0)


def test_each_receiver_that_is_configured_is_there(store: Store) -> None:
    assert senders_of(Settings(), store) == {}
    everything = Settings(slack=SLACK, webhook=WEBHOOK, alertmanager=ALERTMANAGER)
    senders = senders_of(everything, store)
    assert list(senders) == ["slack", "webhook", "alertmanager"]
    assert [name for name, sender in senders.items() if isinstance(sender, BatchSender)] == ["slack"]
    assert [name for name, sender in senders.items() if isinstance(sender, Repeater)] == ["alertmanager"]


def test_people_and_buttons_are_those_of_slack(store: Store) -> None:
    for settings in (Settings(), Settings(webhook=WEBHOOK)):
        assert people_directory(settings, store) is None
        assert slack_buttons(settings, store, Settings, on_trouble=quiet) is None
    talks = Settings(slack=SLACK)
    assert people_directory(talks, store) is not None
    assert slack_buttons(talks, store, lambda: talks, on_trouble=quiet) is None, "nothing tells that a press is Slack's"
    listens = Settings(slack=SlackSettings(token="xoxb-1", signing_secret="s" * 32))
    buttons = slack_buttons(listens, store, lambda: listens, on_trouble=quiet)
    assert buttons is not None
    assert buttons.signatures is not None
    buttons.stop()


def test_a_daemon_without_slack_carries_nothing_of_it() -> None:
    heavy = "{'slack_sdk', 'great_expectations', 'requests'}"
    code = f"import sys, observer.daemon.serve; print(sorted({heavy} & sys.modules.keys()))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
