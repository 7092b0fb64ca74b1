"""What is due together is told together: digests, storms, and what becomes of their incidents."""

from __future__ import annotations

from dataclasses import replace

import pytest

from observer.incidents.events import NoticeKind
from observer.incidents.policy import Way
from tests.doors.slack.test_sender import RESOLVED
from tests.fakes.slack_desk import Desk, a_brief, an_id
from tests.fakes.slack_server import SlackServer


def numbers(desk: Desk, batches: object) -> list[list[int]]:
    return [[int(delivery.line, 16) for delivery in batch] for batch in batches]  # type: ignore[attr-defined]  # batches


def test_digests_of_one_channel_are_one_message_that_calls_nobody(slack: SlackServer, desk: Desk) -> None:
    slack.has_channel("#sales")
    due = [desk.told(a_brief(n, way=Way.DIGEST, channel="#sales" if n == 2 else "#crm-dq")) for n in range(4)]
    batches = desk.sender.batches(due)
    assert numbers(desk, batches) == [[0, 1, 3], [2]]
    assert [desk.sender.send_batch(batch) for batch in batches] == [None, None]
    assert [message.called for message in slack.messages] == [[], []]
    assert "Daily digest: 3 incidents" in slack.messages[0].text
    # One alone is a message of its own, which lives.
    assert slack.messages[1].text.startswith("🔴 crm.leads")


def test_ten_at_once_have_each_their_own(desk: Desk) -> None:
    assert len(desk.sender.batches([desk.told(a_brief(n)) for n in range(10)])) == 10


def test_a_storm_is_one_message_and_nothing_is_lost(slack: SlackServer, desk: Desk) -> None:
    deliveries = [desk.told(a_brief(n)) for n in range(500)]
    batches = desk.sender.batches(deliveries)
    assert sorted(n for batch in numbers(desk, batches) for n in batch) == list(range(500))
    assert [desk.sender.send_batch(batch) for batch in batches] == [None] * 4
    assert len(slack.messages) == 4
    assert slack.refusals == []
    told = ",".join(message.metadata["event_payload"]["incidents"] for message in slack.messages).split(",")
    assert sorted(told) == [an_id(n) for n in range(500)]
    assert slack.messages[0].called == [slack.users[0]["id"]]


def test_later_notices_of_a_storm_are_one_word_in_its_thread(slack: SlackServer, desk: Desk) -> None:
    desk.sender.send_batch(tuple(desk.told(a_brief(n)) for n in range(20)))
    kinds = [NoticeKind.REFRESHED, NoticeKind.ACTED, NoticeKind.ESCALATED]
    later = [
        desk.told(a_brief(n, kind=kinds[n % 3], news=(f"news of {n}",), also="stu@example.com"), 2) for n in range(20)
    ]
    alone = desk.told(a_brief(99))
    batches = desk.sender.batches([*later, alone])
    assert numbers(desk, batches) == [list(range(20)), [99]]
    assert [desk.sender.send_batch(batch) for batch in batches] == [None, None]
    (word,) = slack.replies(slack.parents[0])
    assert word.called == [slack.users[1]["id"]] * 6
    assert word.broadcast
    assert slack.parents[0].before == []
    assert len(slack.parents) == 2


@pytest.mark.parametrize("archived", [True, False])
def test_what_became_of_a_shared_message_that_is_gone_is_told_anew(
    slack: SlackServer, desk: Desk, archived: bool
) -> None:
    desk.incidents = replace(desk.incidents, platform_channel="#platform")
    slack.has_channel("#platform")
    desk.sender.send_batch(tuple(desk.told(a_brief(n)) for n in range(2)))
    slack.messages.clear()
    slack.channels["C000000000"].archived = archived
    later = [desk.told(a_brief(n, kind=NoticeKind.REMINDER), 2) for n in range(2)]
    (batch,) = desk.sender.batches(later)
    assert desk.sender.send_batch(batch) is None
    (message,) = slack.messages
    assert message.channel == ("C000000001" if archived else "C000000000")


def test_a_second_message_in_a_second_waits(slack: SlackServer, desk: Desk) -> None:
    slack.paced, slack.clock = True, lambda: desk.ticks
    for n in range(3):
        assert desk.sender.send(desk.told(a_brief(n))) is None
    assert desk.slept == [1.0, 1.0]
    slack.has_channel("#sales")
    assert desk.sender.send(desk.told(a_brief(9, channel="#sales"))) is None
    assert desk.slept == [1.0, 1.0]
    # A word in a thread is a message too.
    assert desk.sender.send(desk.told(a_brief(9, kind=NoticeKind.REMINDER, channel="#sales"), 2)) is None
    assert desk.slept == [1.0, 1.0, 1.0]
    assert slack.refusals == []


def test_nothing_is_said_of_an_end_of_which_nobody_knew_the_beginning(slack: SlackServer, desk: Desk) -> None:
    assert desk.sender.send(desk.told(a_brief(**RESOLVED), 3)) is None
    assert slack.messages == []


def test_a_button_that_nobody_listens_to_is_not_drawn(slack: SlackServer, desk: Desk) -> None:
    desk.settings = replace(desk.settings, signing_secret=None)
    desk.sender.send(desk.told(a_brief()))
    assert "actions" not in {block["type"] for block in slack.messages[0].blocks}
