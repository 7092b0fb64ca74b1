"""A press is taken at once; what it did is seen in the message, and why it did nothing is told to whoever pressed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from observer.errors import NoSuchIncident, StoreError
from observer.incidents.acting import Act, Action, Answer
from observer.incidents.findings import Grade
from observer.incidents.incident import Incident
from observer.settings import SlackSettings
from observer.slack.answering import DOOR, MOST_WAITING
from observer.slack.buttons import Buttons
from observer.slack.presses import press_of
from tests.fakes.slack_payloads import INCIDENT, pressed, sent
from tests.fakes.slack_rules import called_by_markup
from tests.fakes.slack_server import Drops, Hangs, Late, Says, SlackServer
from tests.fakes.slack_workspace import TOKEN
from tests.unit.incidents.timeline import World, broken


@dataclass
class Room:
    """A world with one incident that was told, people in Slack, and the buttons between them."""

    slack: SlackServer
    world: World
    buttons: Buttons
    ana: str
    troubles: dict[str, str | None] = field(default_factory=dict)
    acts: list[Action] = field(default_factory=list)
    fault: Exception | None = None
    answered: int = 0

    def act(self, incident: str, action: Action) -> Answer:
        if self.fault is not None:
            raise self.fault
        self.get(incident)
        self.acts.append(action)
        return self.world.acts(action.act, action.by, reason=action.reason, until=action.until)

    def get(self, incident: str) -> Incident:
        if incident != self.world.only.id:
            raise NoSuchIncident(f"there is no incident {incident}", fix="see `observer incidents`")
        return self.world.only

    def press(self, act: Act = Act.ACKNOWLEDGE, **how: Any) -> None:
        found = {"incident": self.world.only.id, "user": self.ana, "at": self.world.now.timestamp(), **how}
        press = press_of(pressed(act, **found))
        assert press is not None and self.buttons.take(press)

    def sends(self, view: dict[str, Any], reason: str | None, **how: Any) -> None:
        press = press_of(sent(view, reason, **{"user": self.ana, **how}))
        assert press is not None and self.buttons.take(press)

    def whispers(self, count: int = 1) -> list[str]:
        """What was said to one person alone."""
        eventually(lambda: len(self.slack.ephemeral) >= count)
        return [said["text"] for said in self.slack.ephemeral]


def eventually(happened: Callable[[], object]) -> None:
    until = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.005)


@pytest.fixture
def room(slack: SlackServer) -> Iterator[Room]:
    world = World()
    world.at("09:00").sees(broken(), broken("phone", grade=Grade.WARNING))
    world.waits_until("09:01")
    found: list[Room] = []
    buttons = Buttons(
        SlackSettings(token=TOKEN, api_url=slack.url),
        lambda incident, action: found[0].act(incident, action),
        lambda incident: found[0].get(incident),
        may_act=lambda by: not by.startswith("intern"),
        on_trouble=lambda door, reason: found[0].troubles.update({door: reason}),
        zone="Europe/Berlin",
    )
    found.append(Room(slack, world, buttons, slack.has_user("Ana@Example.com")))
    buttons.start()
    yield found[0]
    buttons.stop()
    buttons.stop()


def test_an_acknowledgement_is_recorded_under_the_email_address_and_nothing_more_is_said(room: Room) -> None:
    room.press()
    eventually(lambda: DOOR in room.troubles)
    assert room.world.only.acknowledged_by == "ana@example.com"
    assert (room.slack.ephemeral, room.slack.messages, room.troubles) == ([], [], {DOOR: None})


def test_a_snooze_lasts_from_the_press_by_the_clock_of_slack(room: Room) -> None:
    room.press(Act.SNOOZE, arg="tomorrow")
    eventually(lambda: room.world.only.snooze)
    assert room.acts[0].until == datetime(2026, 11, 24, 8, tzinfo=UTC)


def test_the_same_snooze_told_twice_is_one(room: Room) -> None:
    room.press(Act.SNOOZE, arg="4h")
    eventually(lambda: room.acts)
    room.press(Act.SNOOZE, arg="4h")
    assert room.whispers() == ["Nothing was done: it is snoozed until then already."]
    assert room.acts[0].until == room.acts[1].until


@pytest.mark.parametrize(
    ("act", "resolution"), [(Act.EXPECTED, "expected"), (Act.FALSE_POSITIVE, "false positive"), (Act.FIXED, None)]
)
def test_a_verdict_is_asked_for_its_reason_and_then_done(room: Room, act: Act, resolution: str | None) -> None:
    room.press(act)
    eventually(lambda: room.slack.views)
    assert room.acts == []
    [view] = room.slack.views
    assert view["blocks"][0]["text"]["text"] == "crm.leads: email is present and 1 more"
    room.sends(view, "<!channel> *the* migration <https://evil.example.com|here>")
    eventually(lambda: room.acts)
    eventually(lambda: DOOR in room.troubles)
    assert room.acts[0].reason == "<!channel> *the* migration <https://evil.example.com|here>"
    assert room.world.only.resolution == resolution
    assert room.slack.ephemeral == []


def test_fixed_needs_no_word_of_what_was_done(room: Room) -> None:
    room.press(Act.FIXED)
    eventually(lambda: room.slack.views)
    room.sends(room.slack.views[0], None)
    eventually(lambda: room.world.only.said_fixed_by)
    assert room.world.only.said_fixed_by == "ana@example.com"


@pytest.mark.parametrize("act", [Act.ACKNOWLEDGE, Act.EXPECTED, Act.FIXED])
def test_on_an_incident_that_is_over_nothing_is_done_and_no_form_is_opened(room: Room, act: Act) -> None:
    room.world.at("10:00").sees(of=[broken(), broken("phone")])
    room.press(act)
    assert room.whispers() == ["Nothing was done: this incident is over already (mended)."]
    assert room.slack.views == []


@pytest.mark.parametrize("act", [Act.ACKNOWLEDGE, Act.EXPECTED])
def test_on_an_incident_that_nobody_knows_it_says_so(room: Room, act: Act) -> None:
    room.press(act, incident=INCIDENT)
    [said] = room.whispers()
    assert said == f"Nothing was done: there is no incident {INCIDENT}. See `observer incidents`."


def test_when_the_state_cannot_be_written_it_says_so(room: Room) -> None:
    room.fault = StoreError("the state does not answer", fix="start the database")
    room.press()
    assert room.whispers() == ["Nothing was done: the state does not answer. Start the database."]


def test_a_fault_of_the_program_is_owned_up_to_without_its_words(room: Room) -> None:
    room.fault = RuntimeError("canary-of-a-row")
    room.press()
    [said] = room.whispers()
    assert "fault of the program" in said and "canary" not in said
    room.fault = None
    room.press()
    eventually(lambda: room.world.only.acknowledged_by)


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ({"is_bot": True}, "bots may not act"),
        ({"deleted": True}, "your account is deactivated"),
        ({"is_restricted": True}, "guests may not act"),
        ({"is_restricted": True, "is_ultra_restricted": True}, "guests may not act"),
        ({"is_stranger": True}, "only people of our own workspace may act"),
        ({"team_id": "T0ELSEWHERE"}, "only people of our own workspace may act"),
        ({"profile": {}}, "Slack does not tell your email address (the app needs the scope users:read.email)"),
    ],
)
@pytest.mark.parametrize("act", [Act.ACKNOWLEDGE, Act.EXPECTED])
def test_who_is_none_of_us_may_not_act(room: Room, who: dict[str, Any], why: str, act: Act) -> None:
    email = "eve@example.com"
    user = room.slack.has_user(email)
    room.slack.users[-1].update(who)
    room.press(act, user=user)
    assert room.whispers() == [f"Nothing was done: {why}."]
    assert (room.acts, room.slack.views) == ([], [])


def test_who_presses_from_another_workspace_may_not_act_whoever_they_are(room: Room) -> None:
    room.press(team="T0ELSEWHERE")
    assert room.whispers() == ["Nothing was done: only people of our own workspace may act."]
    assert room.acts == []


def test_who_has_no_right_to_act_gets_no_form(room: Room) -> None:
    intern = room.slack.has_user("intern@example.com")
    room.press(Act.EXPECTED, user=intern)
    room.press(Act.ACKNOWLEDGE, user=intern)
    for said in room.whispers(2):
        assert said == "Nothing was done: intern@example.com may not act on incidents (`may_act` of `[incidents]`)."
    assert (room.acts, room.slack.views) == ([], [])


def test_somebody_is_asked_for_once(room: Room) -> None:
    room.press()
    eventually(lambda: room.acts)
    room.press()
    room.whispers()
    assert len(room.slack.called("users.info")) == 1


def test_a_form_that_comes_too_late_is_asked_for_again(room: Room) -> None:
    room.slack.next("views.open", Says("expired_trigger_id"))
    room.press(Act.EXPECTED)
    [said] = room.whispers()
    assert "Press again" in said


def test_where_nothing_can_be_whispered_they_are_told_alone(room: Room) -> None:
    room.slack.channels["C000000000"].archived = True
    room.press(incident=INCIDENT)
    eventually(lambda: room.slack.messages)
    [said] = room.slack.messages
    assert said.channel.startswith("D") and "there is no incident" in said.text


def test_markup_in_what_is_said_stays_text(room: Room) -> None:
    room.fault = StoreError("<!channel> & <@U000000000>", fix="*do* <https://evil.example.com|this>")
    room.press()
    [text] = room.whispers()
    assert called_by_markup(text) == [] and "&lt;!channel&gt; &amp;" in text
    assert '"mrkdwn"' not in str(room.slack.ephemeral[0]["blocks"])


@pytest.mark.parametrize(("misdeed"), [Hangs(), Drops(), Says("fatal_error")])
def test_while_slack_does_not_say_who_they_are_nothing_is_done(room: Room, misdeed: Any) -> None:
    room.slack.next("users.info", misdeed)
    if isinstance(misdeed, Hangs):
        room.slack.next("users.info", Late(0.0))
        room.slack._open.set()
    room.press()
    [said] = room.whispers()
    assert said.startswith("Nothing was done, for it is not known who you are: ")
    assert room.acts == [] and TOKEN not in said


def test_a_scope_that_is_missing_is_trouble_until_a_press_is_answered(room: Room) -> None:
    scopes, room.slack.scopes = room.slack.scopes, frozenset({"chat:write"})
    room.press()
    room.whispers()
    eventually(lambda: room.troubles.get(DOOR))
    assert "users:read" in str(room.troubles[DOOR]) and TOKEN not in str(room.troubles)
    room.slack.scopes = scopes
    room.press()
    eventually(lambda: room.acts)
    eventually(lambda: room.troubles[DOOR] is None)


def test_more_presses_than_can_wait_are_refused_at_once(room: Room) -> None:
    room.slack.always("users.info", Late(0.2))
    press = press_of(pressed(incident=room.world.only.id))
    assert press is not None
    taken = [room.buttons.take(press) for _ in range(MOST_WAITING + 10)]
    assert not all(taken) and sum(taken) >= MOST_WAITING


def test_after_its_stop_no_press_is_taken(room: Room) -> None:
    room.buttons.stop()
    press = press_of(pressed())
    assert press is not None and not room.buttons.take(press)
