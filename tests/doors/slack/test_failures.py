"""Whatever Slack does has a reason, goes on or not as it should, and hides no token."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from observer.runs.deliveries import Reason
from observer.settings import SlackSettings
from tests.fakes.slack_desk import Desk, a_brief
from tests.fakes.slack_server import (
    Drips,
    Drops,
    DropsAfter,
    Garbage,
    Hangs,
    Late,
    Misdeed,
    Says,
    SlackServer,
    Status,
    TooFast,
)
from tests.fakes.slack_workspace import TOKEN

POST = "chat.postMessage"


@pytest.mark.parametrize(
    ("misdeed", "reason", "can_retry", "patience"),
    [
        (TooFast(7), Reason.RATE_LIMITED, True, timedelta(seconds=7)),
        (Says("ratelimited"), Reason.RATE_LIMITED, True, None),
        (Says("invalid_auth"), Reason.NOT_CONFIGURED, True, None),
        (Says("token_revoked"), Reason.NOT_CONFIGURED, True, None),
        (Says("account_inactive"), Reason.NOT_CONFIGURED, True, None),
        (Says("missing_scope", (("needed", "chat:write"),)), Reason.NOT_CONFIGURED, True, None),
        (Says("internal_error"), Reason.SERVER_ERROR, True, None),
        (Status(503), Reason.SERVER_ERROR, True, None),
        (Status(404), Reason.UNEXPECTED, True, None),
        (Garbage(), Reason.UNEXPECTED, True, None),
        (Garbage("{"), Reason.UNEXPECTED, True, None),
        (Garbage("[]"), Reason.UNEXPECTED, True, None),
        (Garbage("[1]"), Reason.UNEXPECTED, True, None),
        (Garbage("\x80"), Reason.UNEXPECTED, True, None),
        (Drips(), Reason.TIMEOUT, True, None),
        (Hangs(), Reason.TIMEOUT, True, None),
        (Late(0.6), Reason.TIMEOUT, True, None),
        (Drops(), Reason.UNREACHABLE, True, None),
        (DropsAfter(), Reason.UNREACHABLE, True, None),
        (Says("msg_too_long"), Reason.REFUSED, False, None),
        (Says("invalid_blocks"), Reason.REFUSED, False, None),
        (Says("something_new"), Reason.REFUSED, True, None),
    ],
)
def test_what_goes_wrong_has_a_reason(
    slack: SlackServer,
    desk: Desk,
    misdeed: Misdeed,
    reason: Reason,
    can_retry: bool,
    patience: timedelta | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    slack.next(POST, misdeed)
    if reason is Reason.TIMEOUT:
        desk.restarts(patience=0.3)
    delivery = desk.told(a_brief())
    with caplog.at_level(logging.DEBUG):
        failure = desk.sender.send(delivery)
    assert failure is not None
    assert (failure.reason, failure.can_retry, failure.retry_after) == (reason, can_retry, patience)
    assert "canary" not in failure.detail + caplog.text + repr(desk.sender) + repr(vars(desk.sender)["_calls"])
    # And the next attempt sets it right, whether or not the first had landed.
    desk.restarts()
    assert desk.sender.send(delivery) is None
    assert len(slack.messages) == 1
    assert slack.duplicates() == []


def test_nobody_listens(slack: SlackServer, desk: Desk) -> None:
    slack.dies()
    failure = desk.sender.send(desk.told(a_brief()))
    assert failure is not None
    assert (failure.reason, failure.can_retry) == (Reason.UNREACHABLE, True)
    slack.revives()
    assert desk.sender.send(desk.told(a_brief())) is None


@pytest.mark.parametrize("token", ["xoxb-canary\nX-Evil: 1", "xoxb-canary-✓"])
def test_a_token_that_is_none_is_not_told_to_anybody(desk: Desk, token: str, caplog: pytest.LogCaptureFixture) -> None:
    desk.settings = replace(desk.settings, token=token)
    with caplog.at_level(logging.DEBUG):
        failure = desk.sender.send(desk.told(a_brief()))
    assert failure is not None
    assert failure.reason is Reason.NOT_CONFIGURED
    assert "canary" not in failure.detail + caplog.text + repr(desk.troubles)


def test_without_a_token_it_is_off(desk: Desk) -> None:
    desk.settings = SlackSettings(api_url=desk.settings.api_url)
    for failure in (desk.sender.send(desk.told(a_brief())), desk.sender.ping()):
        assert failure is not None
        assert failure.reason is Reason.NOT_CONFIGURED


def test_a_rotated_token_is_a_trouble_of_the_platform_and_its_end_is_told(slack: SlackServer, desk: Desk) -> None:
    slack.token = "xoxb-another"
    delivery = desk.told(a_brief())
    assert [desk.sender.send(delivery), desk.sender.send(delivery)] != [None, None]
    assert desk.troubles == [("slack", "Slack says invalid_auth: give the daemon a new token, and start it again")]
    slack.token = TOKEN
    assert desk.sender.send(delivery) is None
    assert desk.troubles[1:] == [("slack channel #crm-dq", None), ("slack", None)]


@pytest.mark.parametrize("how", [{"archived": True}, {"joined": False}, {"joined": False, "private": True}])
def test_a_channel_that_takes_nothing_is_told_and_another_is_used(
    slack: SlackServer, desk: Desk, how: dict[str, bool]
) -> None:
    slack.has_channel("#leads", **how)
    assert desk.sender.send(desk.told(a_brief(channel="#leads"))) is None
    (message,) = slack.messages
    assert slack.channels[message.channel].name == "crm-dq"
    assert "this belongs in #leads, which takes no message" in repr(message.blocks)
    # As long as it is edited.
    assert desk.sender.send(desk.told(a_brief(channel="#leads"), 2)) is None
    assert "this belongs in #leads" in repr(slack.messages[0].blocks)
    door, reason = desk.troubles[0]
    assert (door, str(reason)[:10]) == ("slack channel #leads", "Slack says")


def test_no_channel_at_all_is_a_trouble(slack: SlackServer, desk: Desk) -> None:
    for channel in slack.channels.values():
        channel.archived = True
    failure = desk.sender.send(desk.told(a_brief()))
    assert failure is not None
    assert (failure.reason, failure.can_retry) == (Reason.NOT_CONFIGURED, True)
    assert desk.troubles == [("slack channel #crm-dq", "Slack says is_archived"), ("slack", "Slack says is_archived")]


def test_a_channel_that_is_archived_later_moves_the_incident(slack: SlackServer, desk: Desk) -> None:
    leads = slack.has_channel("#leads")
    desk.sender.send(desk.told(a_brief(channel="#leads")))
    leads.archived = True
    assert desk.sender.send(desk.told(a_brief(channel="#leads"), 2)) is None
    assert [slack.channels[message.channel].name for message in slack.messages] == ["leads", "crm-dq"]


def test_a_message_that_somebody_deleted_is_posted_anew(slack: SlackServer, desk: Desk) -> None:
    desk.sender.send(desk.told(a_brief()))
    slack.messages.clear()
    assert desk.sender.send(desk.told(a_brief(), 2)) is None
    assert len(slack.parents) == 1


def test_a_notice_that_the_state_knows_no_more_is_done_with(slack: SlackServer, desk: Desk) -> None:
    delivery = desk.told(a_brief())
    desk.briefs.clear()
    assert desk.sender.send(delivery) is None
    assert desk.sender.send(replace(delivery, payload={})) is None
    assert slack.calls == []


def test_doctor_is_told_what_the_app_may_not_do(slack: SlackServer, desk: Desk) -> None:
    assert desk.sender.ping() is None
    slack.scopes -= {"channels:history", "users:read.email"}
    failure = desk.sender.ping()
    assert failure is not None
    assert failure.detail == "the app lacks the scopes users:read.email (people by their email addresses)"
    assert desk.sender.missing_scopes() == ("users:read.email", "channels:history")
