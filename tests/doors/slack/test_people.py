"""Who is who: asked once, remembered, and told with a reason when there is nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from observer.settings import SlackSettings
from observer.slack.calls import SlackCalls
from observer.slack.failures import CallFailed
from observer.slack.people import KNOWN_FOR, UNKNOWN_FOR, Directory
from tests.fakes.slack_desk import Desk, PostsInMemory, a_brief
from tests.fakes.slack_server import Hangs, SlackServer
from tests.fakes.slack_workspace import TOKEN


class Clock:
    at = datetime(2026, 11, 23, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def directory(slack: SlackServer) -> Directory:
    slack.has_user("ana@example.com")
    slack.has_user("left@example.com", deleted=True)
    slack.has_user("guest@example.com", is_restricted=True)
    slack.has_user("partner@example.com", is_stranger=True)
    slack.has_group("crm-team")
    slack.has_group("old-team", date_delete=1)
    calls = SlackCalls(SlackSettings(token=TOKEN, api_url=slack.url), patience=1.0)
    return Directory(calls, PostsInMemory(), now=Clock())


@pytest.mark.parametrize(
    ("username", "known_as", "reason"),
    [
        ("ana@example.com", "U000000000", ""),
        ("Ana@Example.com", "U000000000", ""),
        ("@crm-team", "S000000000", ""),
        ("U0123456789", "U0123456789", ""),
        ("S0123456789", "S0123456789", ""),
        ("left@example.com", None, "their account in Slack is deactivated"),
        ("guest@example.com", None, "they are a guest in Slack"),
        ("partner@example.com", None, "they are a guest in Slack"),
        ("nobody@example.com", None, "nobody in Slack has that email address"),
        ("@old-team", None, "there is no group of that handle in Slack"),
        ("@nobody", None, "there is no group of that handle in Slack"),
        ("ana", None, "that is no email address, no @group and no id of Slack's"),
        ("", None, "that is no email address, no @group and no id of Slack's"),
    ],
)
def test_who_somebody_is(directory: Directory, username: str, known_as: str | None, reason: str) -> None:
    person = directory.look_up(username)
    assert (person.known_as, person.reason) == (known_as, reason)


@pytest.mark.parametrize(("email", "kept"), [("ana@example.com", KNOWN_FOR), ("nobody@example.com", UNKNOWN_FOR)])
def test_nobody_is_asked_for_twice_while_it_is_fresh(
    slack: SlackServer, directory: Directory, email: str, kept: timedelta
) -> None:
    clock = directory._now
    for wait in (timedelta(), kept - timedelta(seconds=1), timedelta(seconds=1)):
        clock.at += wait  # type: ignore[attr-defined]  # a Clock
        directory.look_up(email)
    assert len(slack.called("users.lookupByEmail")) == 2


def test_a_scope_that_is_missing_is_no_fault_of_theirs_and_not_remembered(
    slack: SlackServer, directory: Directory
) -> None:
    scopes, slack.scopes = slack.scopes, frozenset()
    person = directory.look_up("ana@example.com")
    assert person.reason == "Slack says missing_scope: the app needs users:read.email"
    slack.scopes = scopes
    assert directory.look_up("ana@example.com").known_as == "U000000000"


def test_who_cannot_be_asked_for_now_is_not_unknown(slack: SlackServer, directory: Directory) -> None:
    slack.next("users.lookupByEmail", Hangs())
    with pytest.raises(CallFailed):
        directory.look_up("ana@example.com")
    assert directory.look_up("ana@example.com").known_as == "U000000000"


def test_the_next_in_line_is_called_and_the_message_says_who_it_should_have_been(
    slack: SlackServer, desk: Desk
) -> None:
    desk.sender.send(desk.told(a_brief(to=("boss@example.com", "stu@example.com"))))
    (message,) = slack.messages
    assert message.called == [slack.users[1]["id"]]
    assert "boss@example.com" in repr(message.blocks)
    assert "nobody in Slack has that email address" in repr(message.blocks)


def test_nobody_in_line_is_known_and_the_channel_is_told_all_the_same(slack: SlackServer, desk: Desk) -> None:
    assert desk.sender.send(desk.told(a_brief(to=("boss@example.com",)))) is None
    assert slack.messages[0].called == []
