"""Presses that two daemons take at the same time, on one state: done once, recorded under one name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from observer.incidents.acting import Act
from observer.incidents.events import EventKind
from observer.incidents.findings import Look
from observer.incidents.policy import Policy, Waits
from observer.settings import IncidentSettings, Settings, SlackSettings
from observer.slack.presses import press_of
from observer.store import Store
from observer.wiring import slack_buttons
from tests.doors.slack.test_answering import eventually
from tests.fakes.slack_payloads import SIGNING_SECRET, pressed
from tests.fakes.slack_server import SlackServer, slack_server
from tests.fakes.slack_workspace import TOKEN
from tests.unit.incidents.timeline import broken


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with slack_server() as slack:
        yield slack


def test_of_presses_taken_by_two_daemons_one_is_done_and_the_others_are_told_so(
    tmp_path: Path, slack: SlackServer
) -> None:
    told = SlackSettings(token=TOKEN, signing_secret=SIGNING_SECRET, api_url=slack.url)
    incidents = IncidentSettings(may_act=("*@example.com",))
    settings = Settings(state=f"sqlite:///{tmp_path}/state.db", slack=told, incidents=incidents)
    ana, eve = slack.has_user("ana@example.com"), slack.has_user("eve@elsewhere.com")
    with Store.open(settings.state) as store:
        look = Look(at=datetime.now(UTC), findings=(broken(),), covered=frozenset({broken().fingerprint}))
        store.incidents.add_look(look, origin="test")
        policy = Policy(waits=Waits(group=timedelta()))
        store.incidents.advance(policy, lambda notice: ())
        store.incidents.advance(policy, lambda notice: ())
        [incident] = store.incidents.live()
        daemons = [
            slack_buttons(settings, store, lambda: settings, on_trouble=lambda door, reason: None) for _ in range(2)
        ]
        for user in (ana, eve, ana):
            for buttons in daemons:
                press = press_of(pressed(Act.ACKNOWLEDGE, incident=incident.id, user=user))
                assert buttons is not None and press is not None and buttons.take(press)
        eventually(lambda: len(slack.ephemeral) == 5)
        for buttons in daemons:
            assert buttons is not None
            buttons.start()
            buttons.stop()
        said = sorted(whisper["text"] for whisper in slack.ephemeral)
        assert said[:3] == ["Nothing was done: ana@example.com acknowledged it already."] * 3
        assert all("eve@elsewhere.com may not act" in text for text in said[3:])
        [done] = [event for event in store.incidents.log(incident.id) if event.kind is EventKind.ACKNOWLEDGED]
        assert done.actor == "ana@example.com"
