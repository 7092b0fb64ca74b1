"""One incident → text on a console: what is wrong, in which records, who was told and why, and what happened so far.

Nothing is told by colour alone. Numbers, names and keys of records; never a value of a restricted field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from observer.checks.words import duration_text, rows_text
from observer.incidents.acting import Act
from observer.incidents.brief import Brief, Point
from observer.incidents.events import IncidentEvent
from observer.incidents.findings import Grade
from observer.incidents.incident import Status
from observer.incidents.policy import Way
from observer.incidents.words import budget_left_text, calm_text, mute_text, quiet_texts
from observer.reports.incident_words import names_text, timeline
from observer.reports.sentences import count_text
from observer.reports.slo_words import moment_text
from observer.reports.visible import visible

#: Sign and style of an open incident's grade.
SIGNS = {
    Grade.URGENT: ("‼", "bold red"),
    Grade.ERROR: ("✗", "red"),
    Grade.WARNING: ("!", "yellow"),
    Grade.INFO: ("i", "cyan"),
}
OVER = ("✓", "green")
_WAYS = {Way.PAGE: "paged", Way.CHANNEL: "in the channel", Way.DIGEST: "with the digest"}
#: What a person may do → the option of `observer incident`.
OPTIONS = {
    Act.ACKNOWLEDGE: "--ack",
    Act.SNOOZE: "--snooze 4h",
    Act.WAKE: "--wake",
    Act.FIXED: "--fixed",
    Act.EXPECTED: "--expected REASON",
    Act.FALSE_POSITIVE: "--false-positive REASON",
}


def render_incident(brief: Brief, log: Iterable[IncidentEvent], console: Console) -> None:
    """The incident at length. Wide lines are left to the terminal, so that keys and links can be copied."""
    sign, style = OVER if brief.is_over else SIGNS[brief.grade]
    console.print(Text.assemble((f"{sign} ", style), (visible(brief.title), "bold")), soft_wrap=True)
    console.print(Text(state_text(brief)), soft_wrap=True)
    console.print()
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, said in _facts(brief):
        facts.add_row(name, said)
    console.print(facts)
    for point in brief.points:
        console.print()
        for line in _point_lines(point):
            console.print(line, soft_wrap=True)
    if brief.more:
        console.print(Text(f"\nand {count_text(brief.more, 'more finding')}"), soft_wrap=True)
    _print_reasons(brief.reasons, console)
    console.print(Text("\nWhat happened (UTC)", "bold"))
    for moment in timeline(log):
        console.print(Text.assemble((f"{moment.at:%Y-%m-%d %H:%M:%S}  ", "dim"), moment.text), soft_wrap=True)
        for detail in moment.details:
            console.print(Text(f"                     {detail}", "dim"), soft_wrap=True)
    if brief.acts:
        options = " | ".join(OPTIONS[act] for act in brief.acts)
        console.print(Text(f"\nobserver incident {brief.id[:8]} {options}", "dim"), soft_wrap=True)


def state_text(brief: Brief) -> str:
    """ "error, acknowledged by ana@example.com, since 2026-11-22 10:06:12 UTC (2 h 14 min), reopened once"."""
    lasted = duration_text(brief.lasted)
    if brief.is_over:
        ended = moment_text(brief.resolved_at) if brief.resolved_at else "at an unknown time"
        said = f"resolved ({brief.resolution}) {ended}, after {lasted}"
    elif brief.status is Status.ACKNOWLEDGED:
        who = visible(brief.acknowledged_by)
        said = f"{brief.grade}, acknowledged by {who}, since {moment_text(brief.begins)} ({lasted})"
    else:
        said = f"{brief.grade}, open since {moment_text(brief.begins)} ({lasted})"
    if brief.reopenings:
        said += f", reopened {'once' if brief.reopenings == 1 else f'{brief.reopenings} times'}"
    return said


def _facts(brief: Brief) -> Iterator[tuple[str, str]]:
    yield "Incident", brief.id
    yield "Owner", visible(brief.group.owner or "nobody")
    if brief.to or brief.channel:
        where = f" in {visible(brief.channel)}" if brief.channel else ""
        others = "".join(f", else {visible(name)}" for name in brief.to[1:])
        yield "Told", f"{visible(brief.to[0]) if brief.to else 'nobody by name'}{where}{others}"
    if brief.also:
        yield "Called too", visible(brief.also)
    if brief.snoozed_until:
        yield "Snoozed", f"until {moment_text(brief.snoozed_until)} by {visible(brief.snoozed_by)}"
    if brief.calms_for is not None:
        yield "Now", f"nothing is wrong, but it {calm_text(brief.calms_for)}"
    if brief.said_fixed_by and not brief.is_over:
        yield "Said fixed", f"by {visible(brief.said_fixed_by)}; the next look decides"
    if quiet := quiet_texts(brief):
        yield "Muted", "; ".join(quiet)
    if brief.consumers:
        yield "At risk", names_text(brief.consumers)
    for budget in brief.budgets:
        yield "Budget", visible(budget)
    for name, link in (("Page", brief.links.incident), ("Table", brief.links.table), ("Run", brief.links.run)):
        if link:
            yield name, visible(link)


def _point_lines(point: Point) -> Iterator[Text]:
    found = point.finding
    sign, style = OVER if point.is_over else SIGNS[found.grade]
    head = (f"{sign} ", style), (visible(found.statement), "bold"), f"  {visible(found.about)}"
    yield Text.assemble(*head, " (over)" if point.is_over else "")
    seen = visible(found.observed)
    if not seen and found.rows_failed is not None and found.rows_tested is not None:
        seen = rows_text(found.rows_failed, found.rows_tested)
    expected = f"; expected {visible(found.expected)}" if found.expected else ""
    if seen or expected:
        yield Text(f"  {seen or 'seen'}{expected}")
    if found.budget_left is not None:
        yield Text(f"  {budget_left_text(found.budget_left)}")
    yield Text(f"  since {moment_text(point.since)}, last seen {moment_text(point.seen_at)}", "dim")
    if point.mute is not None:
        yield Text(f"  {mute_text(point.mute)}", "dim")
    if point.proof.segment:
        yield Text(f"  {visible(point.proof.segment)}")
    for key in point.proof.keys:
        yield Text(f"  {visible(key.text)}" + (f"  {visible(key.url)}" if key.url else ""))


def _print_reasons(reasons: Sequence[str], console: Console) -> None:
    if reasons:
        console.print(Text("\nWhy they were told", "bold"))
        for reason in reasons:
            console.print(Text(f"  {visible(reason)}"), soft_wrap=True)
