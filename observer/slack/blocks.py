"""A Brief → the living message of an incident, and what its thread is told. Pure.

Within every limit of Slack's, and ours for the whole, by construction: the message is drawn with less and less
detail until it fits, and the last way to draw it fits whatever the brief holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from observer.checks.words import duration_text, number_text, rows_text
from observer.incidents.acting import Act
from observer.incidents.brief import Brief, Point
from observer.incidents.findings import Grade
from observer.incidents.incident import Status
from observer.incidents.words import budget_left_text, calm_text, place_text, quiet_texts
from observer.slack import limits
from observer.slack.action_ids import SnoozeFor, encode
from observer.slack.elements import (
    Block,
    Element,
    bullets,
    header,
    joined,
    link,
    mention,
    moment,
    moment_text,
    own,
    plain,
    plain_line,
    rich,
    section,
    text,
)
from observer.slack.messages import Called, Message, of_incident

_SIGNS = {Grade.URGENT: "🚨", Grade.ERROR: "🔴", Grade.WARNING: "🟠", Grade.INFO: "🔵"}
_SNOOZES = {
    SnoozeFor.HOUR: "1 hour",
    SnoozeFor.FOUR_HOURS: "4 hours",
    SnoozeFor.TOMORROW: "Until tomorrow morning",
    SnoozeFor.WEEK: "1 week",
}
_LABELS = {
    Act.ACKNOWLEDGE: "Acknowledge",
    Act.WAKE: "End snooze",
    Act.FIXED: "Fixed…",
    Act.EXPECTED: "Expected…",
    Act.FALSE_POSITIVE: "False positive…",
}


@dataclass(frozen=True, kw_only=True)
class _Detail:
    """How much of a brief is drawn."""

    points: int
    keys: int
    #: Longest sentence of somebody else's.
    words: int
    #: Budgets, consumers, and people who cannot be told.
    others: int
    #: Longest name of a table, a person, a consumer or a record.
    names: int = 80
    #: A point has a line of its own, and no more.
    short: bool = False


#: The last fits always, were each of its characters two in JSON.
_DETAILS = (
    _Detail(points=10, keys=5, words=300, others=6),
    _Detail(points=10, keys=5, words=120, others=5),
    _Detail(points=10, keys=2, words=100, others=4),
    _Detail(points=10, keys=0, words=80, others=3),
    _Detail(points=10, keys=0, words=60, others=2, short=True),
    _Detail(points=4, keys=0, words=30, others=1, names=40, short=True),
)


def incident_message(brief: Brief, called: Called) -> Message:
    """The message, as the incident stands in the brief."""
    # Over MOST_POINTS findings are a summary: which, and how many records.
    for detail in (each for each in _DETAILS if each.short or not brief.more):
        message = Message(
            text=_fallback(brief, called), blocks=tuple(_blocks(brief, called, detail)), metadata=of_incident(brief.id)
        )
        if message.is_fit:
            break
    return message


def sign_of(brief: Brief) -> str:
    """How it stands, in a picture."""
    if brief.is_over:
        return "🟢"
    if brief.snoozed_until is not None:
        return "💤"
    return "👀" if brief.status is Status.ACKNOWLEDGED else _SIGNS[brief.grade]


def _fallback(brief: Brief, called: Called) -> str:
    state = f"resolved after {duration_text(brief.lasted)}" if brief.is_over else f"{brief.grade}, {brief.status}"
    who = f" · {plain_line(called.to.username, 60)}" if called.to else ""
    return f"{sign_of(brief)} {plain_line(brief.title, 150)} · {state} · since {moment_text(brief.begins)}{who}"


def _blocks(brief: Brief, called: Called, detail: _Detail) -> Iterator[Block]:
    yield header(f"{sign_of(brief)} {brief.title}")
    yield rich(section(_facts(brief, detail)), *_stories(brief, detail))
    if called.astray:
        yield rich(section([own("⚠️ "), text(called.astray, detail.words)]))
    shown = brief.points[: detail.points]
    if shown:
        parts = [section([own("What broke" if not brief.is_over else "What was broken", bold=True)])]
        for point in shown:
            parts.append(bullets([section(_point(brief, point, detail))]))
            keys = point.proof.keys[: detail.keys]
            if keys and not point.is_over and point.mute is None:
                records = joined([[link(key.url, key.text, detail.names)] for key in keys])
                parts.append(bullets([section([own("For example: "), *records])], indent=1))
        yield rich(*parts)
    yield from _numbers(brief, detail, left=brief.more + sum(not p.is_over for p in brief.points[detail.points :]))
    yield from _surroundings(brief, detail)
    yield rich(*(section(line) for line in _people(brief, called, detail)))
    pages = [("Incident", brief.links.incident), ("Last run", brief.links.run), ("Table", brief.links.table)]
    links = [[link(url, name, detail.names)] for name, url in pages if url is not None]
    if links:
        yield rich(section(joined(links)))
    yield from _actions(brief)


def _facts(brief: Brief, detail: _Detail) -> list[Element]:
    state = [own(brief.status.value, bold=True)]
    facts = [[text(place_text(brief.group), detail.names, code=True)], [own(f"{brief.grade}")], state]
    if brief.is_over:
        how = f": {brief.resolution}" if brief.resolution else ""
        ended = [moment(brief.resolved_at), own(" ")] if brief.resolved_at else []
        facts.append([*ended, own(f"after {duration_text(brief.lasted)}{how}", bold=True)])
    else:
        facts.append([own("since "), moment(brief.begins), own(f" ({duration_text(brief.lasted)})")])
    if brief.reopenings:
        times = "once" if brief.reopenings == 1 else f"{number_text(brief.reopenings)} times"
        facts.append([own(f"came back {times}")])
    return joined(facts)


def _stories(brief: Brief, detail: _Detail) -> Iterator[Element]:
    """What people did about it."""
    if brief.calms_for is not None:
        yield section([own(f"🌗 {calm_text(brief.calms_for)}")])
    if brief.acknowledged_by:
        yield section([own("👀 acknowledged by "), text(brief.acknowledged_by, detail.names)])
    if brief.snoozed_until is not None:
        by = [own(" by "), text(brief.snoozed_by, detail.names)] if brief.snoozed_by else []
        yield section([own("💤 snoozed until "), moment(brief.snoozed_until), *by])
    if brief.said_fixed_by:
        yield section(
            [own("🔧 said to be fixed by "), text(brief.said_fixed_by, detail.names), own("; the next look decides")]
        )


def _point(brief: Brief, point: Point, detail: _Detail) -> list[Element]:
    found = point.finding
    name = found.property or found.table or found.subject
    line = [text(name, detail.names, code=True), own(" ")]
    if point.is_over:
        return [*line, text(found.statement, detail.words, strike=not brief.is_over), own(" · over")]
    line.append(text(found.statement, detail.words, bold=True))
    counts = (
        rows_text(found.rows_failed, found.rows_tested) if found.rows_failed is not None and found.rows_tested else ""
    )
    if point.mute is not None:
        line.append(own(f" ({point.mute})", italic=True))
    if detail.short or point.mute is not None:
        return [*line, own(f" · {counts.replace('rows', 'records')}")] if counts else line
    said = [[own("expected "), text(found.expected, detail.words)]] if found.expected else []
    if found.observed:
        said.append([*([] if found.is_blind else [own("found ")]), text(found.observed, detail.words)])
    if counts and number_text(found.rows_failed or 0) not in found.observed:
        said.append([own(counts.replace("rows", "records"))])
    if found.budget_left is not None:
        said.append([own(budget_left_text(found.budget_left))])
    said.append([own("since "), moment(point.since)])
    line += [own("\n"), *joined(said)]
    if point.proof.segment:
        line += [own("\nMost of it: "), text(point.proof.segment, detail.words)]
    return line


def _numbers(brief: Brief, detail: _Detail, left: int) -> Iterator[Block]:
    lines = []
    if left:
        where = [own(": see "), link(brief.links.incident, "its page", detail.names)] if brief.links.incident else []
        lines.append([own(f"… and {number_text(left)} more {'finding' if left == 1 else 'findings'}"), *where])
    quiet = quiet_texts(brief)
    if quiet:
        lines.append([own("; ".join(quiet), italic=True)])
    if lines:
        yield rich(*(section(line) for line in lines))


def _surroundings(brief: Brief, detail: _Detail) -> Iterator[Block]:
    lines = []
    budgets = brief.budgets[: detail.others]
    if budgets:
        rest = len(brief.budgets) - len(budgets)
        more = [[own(f"{number_text(rest)} more")]] if rest else []
        lines.append([own("Budget: ", bold=True), *joined([[text(b, 2 * detail.words)] for b in budgets] + more, "; ")])
    consumers = brief.consumers[: detail.others]
    if consumers and not brief.is_over:
        rest = len(brief.consumers) - len(consumers)
        more = [[own(f"{number_text(rest)} more")]] if rest else []
        lines.append(
            [own("At risk: ", bold=True), *joined([[text(c, detail.names // 2)] for c in consumers] + more, ", ")]
        )
    if lines:
        yield rich(*(section(line) for line in lines))


def _people(brief: Brief, called: Called, detail: _Detail) -> Iterator[list[Element]]:
    told = [who for who in (called.to, called.also) if who is not None]
    if told:
        names = joined([[mention(who, calls=called.calls, most=detail.names)] for who in told], ", ")
        yield [own("Told: " if called.passed or called.also else "Owner: ", bold=True), *names]
    else:
        yield [own("Owner: ", bold=True), own("nobody who can be told in Slack")]
    passed = called.passed[: detail.others]
    if passed:
        absent = [
            [mention(who, calls=False, most=detail.names), own(" ("), text(who.reason, detail.names), own(")")]
            for who in passed
        ]
        yield [own("In place of "), *joined(absent, ", ")]


def _actions(brief: Brief) -> Iterator[Block]:
    elements = [_select(brief) if act is Act.SNOOZE else _button(act, brief) for act in brief.acts]
    if elements:
        yield {"type": "actions", "elements": elements}


def _button(act: Act, brief: Brief) -> Element:
    action_id, value = encode(act, brief.id)
    looks = {"style": "primary"} if act is Act.ACKNOWLEDGE else {}
    return {
        "type": "button",
        "text": plain(_LABELS[act], limits.BUTTON_TEXT),
        "action_id": action_id,
        "value": value,
        **looks,
    }


def _select(brief: Brief) -> Element:
    options = [
        {"text": plain(words, limits.OPTION_TEXT), "value": encode(Act.SNOOZE, brief.id, span)[1]}
        for span, words in _SNOOZES.items()
    ]
    return {
        "type": "static_select",
        "action_id": encode(Act.SNOOZE, brief.id)[0],
        "placeholder": plain("Snooze…", limits.PLACEHOLDER_TEXT),
        "options": options,
    }
