"""Briefs → what a thread is told, and one message for many incidents (a digest, a storm). Pure.

Within Slack's limits, and ours for the whole, by construction: of many incidents, as many are named as there is room
for, and the rest is a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from observer.checks.words import duration_text, number_text
from observer.incidents.brief import Brief
from observer.incidents.events import NoticeKind
from observer.incidents.policy import Way
from observer.incidents.posts import Person
from observer.incidents.words import place_text
from observer.slack.blocks import sign_of
from observer.slack.elements import (
    Element,
    bullets,
    header,
    joined,
    link,
    mention,
    own,
    plain_line,
    rich,
    section,
    text,
)
from observer.slack.messages import Called, Message, of_notices, of_summary

#: A person's reason is 500 characters at most, with a sentence around it.
_SENTENCE = 700
_NAME = 80
#: Owners that one message calls.
_MOST_CALLED = 20
#: (incidents, characters of each title); the last always fits.
_ROOMS = ((50, 160), (50, 80), (30, 80), (15, 80), (5, 40))
_SILENT = frozenset({None, NoticeKind.OPENED, NoticeKind.REFRESHED})


class Gathering(StrEnum):
    """Why many incidents are told in one message."""

    DIGEST = "digest"
    STORM = "storm"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One notice, ready to be drawn."""

    #: Of its delivery.
    key: str
    brief: Brief
    called: Called

    @property
    def is_news(self) -> bool:
        """Whether the thread is told; the first notice is the message itself."""
        return self.brief.kind not in _SILENT and not self.brief.is_overtaken


def reply_message(notices: Sequence[Notice]) -> Message | None:
    """What the thread is told; None: nothing. All are of incidents that one message tells of."""
    news = [notice for notice in notices if notice.is_news]
    if not news:
        return None
    first = news[0].brief
    metadata = of_notices(notice.key for notice in news)
    if len(news) == 1:
        line = f"{sign_of(first)} {plain_line(first.title, 200)}: {plain_line(_sentence(first), 300)}"
        return Message(text=line, blocks=(rich(section(_news(news[0], _SENTENCE))),), metadata=metadata)
    line = f"{sign_of(first)} {number_text(len(news))} incidents have news"

    def draw(most: int, words: int) -> Message:
        lines = [section([*_title(each.brief, words), own(": "), *_news(each, words)]) for each in news[:most]]
        return Message(text=line, blocks=(rich(bullets(lines), *_rest(len(news) - most)),), metadata=metadata)

    return _fitting(draw)


def summary_message(why: Gathering, notices: Sequence[Notice], *, astray: str = "") -> Message:
    """Many incidents that nothing was told of before. `astray`: why it is not where it should be."""
    words = f"{number_text(len(notices))} incidents"
    title = f"📋 Daily digest: {words}" if why is Gathering.DIGEST else f"🌊 {words} at once"
    people = _people(notices)

    def draw(most: int, longest: int) -> Message:
        lines = [section(_line(each, longest)) for each in notices[:most]]
        blocks = [header(title)]
        if astray:
            blocks.append(rich(section([own("⚠️ "), text(astray, 200)])))
        blocks.append(rich(bullets(lines), *_rest(len(notices) - most)))
        if people:
            called = joined([[mention(person, calls=True)] for person in people[:_MOST_CALLED]], ", ")
            more = len(people) - _MOST_CALLED
            blocks.append(
                rich(section([own("Owners: ", bold=True), *called, *([own(f" and {more} more")] if more > 0 else [])]))
            )
        return Message(
            text=f"{title}: {plain_line(notices[0].brief.title, 200)}",
            blocks=tuple(blocks),
            metadata=of_summary(each.brief.id for each in notices),
        )

    return _fitting(draw)


def _fitting(draw: Callable[[int, int], Message]) -> Message:
    for most, longest in _ROOMS:
        message = draw(most, longest)
        if message.is_fit:
            break
    return message


def _people(notices: Iterable[Notice]) -> list[Person]:
    called = [notice.called.to for notice in notices if notice.called.calls and notice.called.to is not None]
    return list({person.known_as: person for person in called}.values())


def _title(brief: Brief, most: int) -> list[Element]:
    return [own(f"{sign_of(brief)} "), link(brief.links.incident, brief.title, most)]


def _line(notice: Notice, most: int) -> list[Element]:
    brief = notice.brief
    state = f"resolved after {duration_text(brief.lasted)}" if brief.is_over else brief.grade.value
    owner = [own(" · "), text(brief.to[0], min(most, _NAME))] if brief.to else []
    return [*_title(brief, most), own(f" · {state}"), *owner]


def _rest(more: int) -> list[Element]:
    return [section([own(f"… and {number_text(more)} more")])] if more > 0 else []


def _news(notice: Notice, most: int) -> list[Element]:
    brief, called = notice.brief, notice.called
    who: list[Element] = []
    if called.calls and brief.kind is NoticeKind.ESCALATED and called.also is not None:
        who = [mention(called.also, calls=True), own(" ")]
    elif called.calls and called.to is not None and _calls_owner(brief):
        who = [mention(called.to, calls=True), own(" ")]
    return [own(f"{sign_of(brief)} "), *who, text(_sentence(brief), most)]


def _calls_owner(brief: Brief) -> bool:
    if brief.kind is NoticeKind.REOPENED:
        return True
    return brief.way is Way.PAGE and brief.kind in (NoticeKind.CHANGED, NoticeKind.REMINDER, NoticeKind.ESCALATED)


def _sentence(brief: Brief) -> str:
    said = "; ".join(brief.news)
    if brief.kind is NoticeKind.REOPENED:
        return f"it is back; {said}" if said else "it is back"
    if brief.kind is NoticeKind.CHANGED and not said:
        findings = "finding" if brief.going_on == 1 else "findings"
        return f"{number_text(brief.going_on)} {findings} now, of {place_text(brief.group)}"
    return said or (f"{brief.status} for {duration_text(brief.lasted)}")
