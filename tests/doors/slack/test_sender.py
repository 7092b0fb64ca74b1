"""One incident, one message: posted, edited, answered in its thread, and never there twice."""

from __future__ import annotations

import json
from datetime import timedelta

from observer.incidents.events import NoticeKind, Resolution
from observer.incidents.incident import Status
from tests.fakes.slack_desk import NOON, Desk, a_brief, replace
from tests.fakes.slack_server import SlackServer

RESOLVED = {
    "kind": NoticeKind.RESOLVED,
    "status": Status.RESOLVED,
    "resolved_at": NOON,
    "resolution": Resolution.MENDED,
    "lasted": timedelta(hours=2),
    "news": ("mended after 2 h",),
    "acts": (),
}


def test_an_incident_has_one_message_that_calls_its_owner(slack: SlackServer, desk: Desk) -> None:
    assert desk.sender.send(desk.told(a_brief())) is None
    (message,) = slack.messages
    assert message.called == [slack.users[0]["id"]]
    assert message.text.startswith(
        "🔴 crm.leads: email is present (312 of 8,800) · error, open · since 2026-11-23 10:00"
    )
    assert slack.refusals == []


def test_it_is_edited_as_it_changes_and_its_thread_says_what_is_new(slack: SlackServer, desk: Desk) -> None:
    desk.sender.send(desk.told(a_brief()))
    acted = a_brief(
        kind=NoticeKind.ACTED,
        status=Status.ACKNOWLEDGED,
        acknowledged_by="ana@example.com",
        news=("ana acknowledged it",),
    )
    assert desk.sender.send(desk.told(acted, 2)) is None
    assert desk.sender.send(desk.told(a_brief(**RESOLVED), 3)) is None
    (parent,) = slack.parents
    assert parent.text.startswith("🟢 ")
    assert [text[:1] for text, _ in parent.before] == ["🔴", "👀"]
    replies = slack.replies(parent)
    assert [reply.text.rpartition(": ")[2] for reply in replies] == ["ana acknowledged it", "mended after 2 h"]
    assert [reply.called for reply in replies] == [[], []]
    assert not any(reply.broadcast for reply in replies)


def test_slack_is_told_to_read_nothing_as_markup_and_to_unfold_no_link(slack: SlackServer, desk: Desk) -> None:
    desk.sender.send(desk.told(a_brief()))
    (asked,) = slack.called("chat.postMessage")
    told = {name: asked[name] for name in ("mrkdwn", "parse", "link_names", "unfurl_links", "unfurl_media")}
    assert told == {"mrkdwn": False, "parse": "none", "link_names": False, "unfurl_links": False, "unfurl_media": False}


def test_the_message_says_whom_the_policy_passed_over_and_who_is_called_instead(slack: SlackServer, desk: Desk) -> None:
    desk.sender.send(desk.told(a_brief(to=("stu@example.com",), passed=("gone@example.com",))))
    (message,) = slack.messages
    assert message.called == [slack.users[1]["id"]]
    said = json.dumps(message.blocks)
    assert "In place of " in said
    assert "gone@example.com" in said
    assert "nobody in Slack has that email address" in said


def test_what_a_later_notice_says_better_is_no_word_in_the_thread(slack: SlackServer, desk: Desk) -> None:
    desk.sender.send(desk.told(a_brief()))
    late = {"kind": NoticeKind.REMINDER, "news": ("open for 4 h",)}
    assert desk.sender.send(desk.told(a_brief(**late, is_overtaken=True), 2)) is None
    assert desk.sender.send(desk.told(a_brief(**late), 3)) is None
    (parent,) = slack.parents
    assert len(slack.replies(parent)) == 1


def test_after_an_escalation_the_message_names_those_told_not_two_owners(slack: SlackServer, desk: Desk) -> None:
    desk.sender.send(desk.told(a_brief(also="stu@example.com")))
    said = json.dumps(slack.messages[0].blocks)
    assert ("Told: " in said, "Owner: " in said) == (True, False)


def test_numbers_alone_are_edited_and_nobody_is_told(slack: SlackServer, desk: Desk) -> None:
    desk.sender.send(desk.told(a_brief()))
    desk.sender.send(
        desk.told(replace(a_brief(kind=NoticeKind.REFRESHED), title="crm.leads: email is present (400 of 8,800)"), 2)
    )
    (parent,) = slack.messages
    assert "400 of 8,800" in parent.text
