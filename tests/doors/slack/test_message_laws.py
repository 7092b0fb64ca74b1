"""Whatever an incident holds, its message is one that Slack takes, and nothing in it is read as markup."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from observer.incidents.brief import Brief
from observer.slack import limits
from observer.slack.blocks import incident_message
from observer.slack.messages import Called, Message
from observer.slack.summaries import Gathering, Notice, reply_message, summary_message
from tests.doors.slack.strategies import briefs, calleds
from tests.fakes.slack_rules import called_by, called_by_markup, check_blocks, check_metadata

_MARKUP = {"mrkdwn", "markdown", "broadcast"}


def is_fit(message: Message, called: set[str]) -> None:
    blocks = list(message.blocks)
    check_blocks(blocks)
    check_metadata(message.metadata)
    assert 1 <= len(message.text) <= limits.MESSAGE_TEXT
    assert message.is_fit
    assert not _MARKUP & set(types_of(blocks))
    assert called_by_markup(message.text) == []
    assert "<" not in message.text and ">" not in message.text
    assert set(called_by(blocks)) <= called


def types_of(piece: Any) -> list[str]:
    if isinstance(piece, dict):
        return [str(piece.get("type")), *(kind for value in piece.values() for kind in types_of(value))]
    return [kind for each in piece for kind in types_of(each)] if isinstance(piece, list) else []


def known(*called: Called) -> set[str]:
    people = [person for each in called for person in (each.to, each.also) if person is not None and each.calls]
    return {person.known_as for person in people if person.known_as}


@given(briefs(), calleds)
@settings(max_examples=60)
def test_the_message_of_any_incident_is_fit(brief: Brief, called: Called) -> None:
    is_fit(incident_message(brief, called), known(called))


@given(briefs(), calleds)
@settings(max_examples=60)
def test_whatever_its_thread_is_told_is_fit(brief: Brief, called: Called) -> None:
    message = reply_message([Notice(key=f"{brief.id}:7", brief=brief, called=called)])
    if message is not None:
        is_fit(message, known(called))


@given(
    st.lists(st.builds(Notice, key=st.just("0" * 16 + ":7"), brief=briefs(), called=calleds), min_size=2, max_size=4),
    st.sampled_from([1, 50]),
    st.sampled_from(Gathering),
)
@settings(max_examples=12)
def test_many_incidents_in_one_message_are_fit(some: list[Notice], times: int, why: Gathering) -> None:
    notices = some * times
    called = known(*(notice.called for notice in notices))
    is_fit(summary_message(why, notices, astray="<!channel> is gone"), called)
    replies = reply_message(notices)
    if replies is not None:
        is_fit(replies, called)
