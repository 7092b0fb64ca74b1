"""Whatever an incident holds, its message is one that Slack takes, and nothing in it is read as markup."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observer.incidents.acting import Act
from observer.incidents.brief import Brief, Links, Proof, RecordKey
from observer.incidents.events import Group, NoticeKind
from observer.incidents.muting import Mute
from observer.incidents.policy import Way
from observer.incidents.posts import Person
from observer.slack import limits
from observer.slack.blocks import incident_message
from observer.slack.elements import clean, length
from observer.slack.messages import Called, Message
from observer.slack.summaries import Gathering, Notice, reply_message, summary_message
from tests.doors.slack.strategies import briefs, calleds, names
from tests.fakes.slack_desk import NOON, PAGE, a_brief, a_point
from tests.fakes.slack_rules import called_by, called_by_markup, check_blocks, check_metadata, texts_of, units

_MARKUP = {"mrkdwn", "markdown", "broadcast"}


def is_fit(message: Message, called: set[str]) -> None:
    blocks = list(message.blocks)
    check_blocks(blocks)
    check_metadata(message.metadata)
    assert 1 <= len(message.text) <= limits.MESSAGE_TEXT
    shown = [message.text, *texts_of(blocks), *addresses_of(blocks)]
    assert sum(map(units, shown)) <= 8_000
    assert units(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) <= 12_000
    assert not _MARKUP & set(types_of(blocks))
    assert called_by_markup(message.text) == []
    assert "<" not in message.text and ">" not in message.text
    assert set(called_by(blocks)) <= called


def addresses_of(piece: Any) -> list[str]:
    if isinstance(piece, dict):
        return (
            [str(piece["url"])] if "url" in piece else [url for value in piece.values() for url in addresses_of(value)]
        )
    return [url for each in piece for url in addresses_of(each)] if isinstance(piece, list) else []


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
@settings(max_examples=25)
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


@given(st.text(max_size=90) | names, st.integers(5, 60))
def test_a_text_is_cut_to_its_room_and_stays_one_line(words: str, most: int) -> None:
    cut = clean(words, most)
    assert 1 <= length(cut) <= most
    assert len(cut.splitlines()) == 1
    assert not {unicodedata.category(character) for character in cut} & {"Cc", "Cs", "Zl", "Zp"}
    assert clean(cut, most) == cut


@pytest.mark.parametrize("character", ['"', "🧨", "ש", "&", "x"])
def test_the_largest_incident_of_all_fits(character: str) -> None:
    endless = character * 10_000
    url = f"{PAGE}/{'y' * 470}"
    person = Person(username=endless, receiver="slack", known_as=None, reason=endless, looked_up_at=NOON)
    proof = Proof(keys=(RecordKey(text=endless, url=url),) * 5, segment=endless)
    said = {
        "statement": endless,
        "expected": endless,
        "observed": endless,
        "rows_failed": 10**12,
        "rows_tested": 10**13,
    }
    point = replace(a_point(endless, proof=proof, **said), mute=Mute.SILENCED)
    brief = a_brief(
        kind=NoticeKind.ESCALATED,
        way=Way.PAGE,
        title=endless,
        group=Group(contract=endless, table=endless, owner=endless),
        points=(point,) * 10,
        more=490,
        going_on=500,
        muted=499,
        hidden=10**6,
        reopenings=99,
        acknowledged_by=endless,
        snoozed_until=NOON,
        snoozed_by=endless,
        said_fixed_by=endless,
        to=(endless,),
        news=(endless,) * 3,
        consumers=(endless,) * 30,
        budgets=(endless,) * 30,
        links=Links(incident=url, run=url, table=url),
        acts=tuple(Act),
    )
    called = Called(to=person, also=person, passed=(person,) * 8, astray=endless)
    notices = [Notice(key=f"{brief.id}:7", brief=brief, called=called)] * 200
    for message in (
        incident_message(brief, called),
        incident_message(replace(brief, more=0), called),
        summary_message(Gathering.STORM, notices, astray=endless),
        reply_message(notices),
        reply_message(notices[:1]),
    ):
        assert message is not None
        is_fit(message, set())


def test_long_addresses_count_too() -> None:
    url = f"{PAGE}/{'y' * 470}"
    proof = Proof(keys=(RecordKey(text="id 1", url=url),) * 5)
    brief = a_brief(points=(a_point(proof=proof),) * 3, links=Links(incident=url, run=url, table=url))
    is_fit(incident_message(brief, Called()), set())
