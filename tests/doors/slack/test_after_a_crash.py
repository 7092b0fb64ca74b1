"""A process may end between any two steps: nothing is lost, and nothing is there twice that can be found again."""

from __future__ import annotations

import pytest

from observer.incidents.events import NoticeKind
from observer.incidents.policy import Way
from observer.runs.deliveries import Delivery, Reason
from tests.fakes.slack_desk import Crash, Desk, a_brief
from tests.fakes.slack_server import DropsAfter, Hangs, Late, Misdeed, SlackServer

REMINDER = {"kind": NoticeKind.REMINDER, "news": ("open for 4 h, and nobody acknowledged it",)}


def crashes(desk: Desk, *batch: Delivery) -> None:
    with pytest.raises(Crash):
        desk.sender.send_batch(batch)
    desk.restarts()


@pytest.mark.parametrize("where", ["begun slack", "standing slack"])
def test_a_message_that_may_have_landed_is_looked_for_before_another_is_posted(
    slack: SlackServer, desk: Desk, where: str
) -> None:
    delivery = desk.told(a_brief())
    desk.posts.crashes_at.append(where)
    crashes(desk, delivery)
    assert len(slack.messages) == (0 if where == "begun slack" else 1)
    assert desk.sender.send(delivery) is None
    assert len(slack.messages) == 1
    assert slack.duplicates() == []


@pytest.mark.parametrize("where", ["begun slack thread", "standing slack thread"])
def test_a_word_in_a_thread_is_said_once(slack: SlackServer, desk: Desk, where: str) -> None:
    desk.sender.send(desk.told(a_brief()))
    reminder = desk.told(a_brief(**REMINDER), 2)
    desk.posts.crashes_at.append(where)
    crashes(desk, reminder)
    assert desk.sender.send(reminder) is None
    assert len(slack.replies(slack.parents[0])) == 1
    assert slack.duplicates() == []


def test_a_word_that_was_said_and_never_marked_as_delivered_is_not_said_again(slack: SlackServer, desk: Desk) -> None:
    desk.sender.send(desk.told(a_brief()))
    reminder = desk.told(a_brief(**REMINDER), 2)
    assert desk.sender.send(reminder) is None
    desk.restarts()
    assert desk.sender.send(reminder) is None
    assert len(slack.replies(slack.parents[0])) == 1


def test_the_next_word_is_said_all_the_same(slack: SlackServer, desk: Desk) -> None:
    desk.sender.send(desk.told(a_brief()))
    for seq in (2, 3):
        assert desk.sender.send(desk.told(a_brief(**REMINDER), seq)) is None
    assert len(slack.replies(slack.parents[0])) == 2


@pytest.mark.parametrize("misdeed", [DropsAfter(), Late(0.6)])
def test_an_answer_that_never_came_leaves_one_message(slack: SlackServer, desk: Desk, misdeed: Misdeed) -> None:
    slack.next("chat.postMessage", misdeed)
    desk.restarts(patience=0.3)
    delivery = desk.told(a_brief())
    assert desk.sender.send(delivery) is not None
    desk.restarts()
    assert desk.sender.send(delivery) is None
    assert len(slack.messages) == 1


def test_nothing_is_posted_while_it_cannot_be_known_what_stands(slack: SlackServer, desk: Desk) -> None:
    slack.next("chat.postMessage", DropsAfter())
    slack.next("conversations.history", Hangs())
    delivery = desk.told(a_brief())
    assert desk.sender.send(delivery) is not None
    desk.restarts(patience=0.3)
    failure = desk.sender.send(delivery)
    assert failure is not None
    assert failure.reason is Reason.TIMEOUT
    desk.restarts()
    assert desk.sender.send(delivery) is None
    assert len(slack.messages) == 1


def test_where_the_channel_may_not_be_read_the_message_is_posted_and_that_is_said(
    slack: SlackServer, desk: Desk
) -> None:
    slack.scopes -= {"channels:history"}
    desk.posts.crashes_at.append("begun slack")
    delivery = desk.told(a_brief())
    crashes(desk, delivery)
    assert desk.sender.send(delivery) is None
    assert len(slack.messages) == 1
    door, reason = desk.troubles[0]
    assert door == "slack history"
    assert "channels:history" in str(reason)


def test_a_storm_that_may_have_landed_is_found_with_all_its_incidents(slack: SlackServer, desk: Desk) -> None:
    storm = tuple(desk.told(a_brief(number)) for number in range(20))
    desk.posts.crashes_at.append("standing slack")
    crashes(desk, *storm)
    (batch,) = desk.sender.batches(storm)
    assert desk.sender.send_batch(batch) is None
    assert len(slack.messages) == 1
    assert len(slack.called("conversations.history")) == 1
    kept = {(post.message, post.shared) for post in desk.posts.posts.values()}
    # It is not edited for one of them.
    assert kept == {(slack.messages[0].ts, True)}


def test_a_digest_of_which_one_message_stood_already_keeps_it(slack: SlackServer, desk: Desk) -> None:
    digest = [desk.told(a_brief(number, way=Way.DIGEST)) for number in range(3)]
    desk.posts.crashes_at.append("standing slack")
    crashes(desk, *digest[:2])
    (batch,) = desk.sender.batches(digest)
    assert desk.sender.send_batch(batch) is None
    assert slack.duplicates() == []
    assert len(slack.parents) == 2
