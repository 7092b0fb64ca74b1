"""`observer incidents` and `observer incident`: what is wrong now, who was told, and what somebody does about it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from observer.checks.words import duration_text
from observer.cli.incident_inputs import actor_of, actor_option, briefs_of, check_names
from observer.cli.inputs import MOST_LISTED, Span, config_option
from observer.cli.output import console
from observer.cli.slo_inputs import form_option
from observer.config.settings import load_settings
from observer.errors import ExitCode
from observer.incidents.acting import Act, Action
from observer.incidents.findings import Grade
from observer.incidents.incident import Status
from observer.incidents.words import place_text
from observer.reports.sentences import count_text
from observer.reports.visible import visible
from observer.wiring import opened_store

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from observer.store import IncidentRow

#: From so many columns on there is room for a table.
_WIDE = 110
#: Enough of an id to be typed.
ID_WIDTH = 8


@click.command()
@click.option("--all", "everything", is_flag=True, help="Those that are over too.")
@click.option("--owner", metavar="EMAIL", help="Only those of this owner.")
@click.option("--contract", metavar="ID", help="Only those of this contract.")
@click.option(
    "--limit", "-n", type=click.IntRange(1, MOST_LISTED), default=50, show_default=True, help="How many at most."
)
@form_option
@config_option
def incidents(
    everything: bool, owner: str | None, contract: str | None, limit: int, form: str, config: Path | None
) -> int:
    """List what is wrong now, newest first.

    Exit code 0: no incident is open; 1: one is; 2: only warnings and less are; whether it is shown or not.
    """
    settings = load_settings(config)
    with opened_store(settings) as store:
        still_open = store.incidents.rows(limit=MOST_LISTED, open_only=True, contract=contract, owner=owner)
        # One more than is shown tells that there are more.
        rows = store.incidents.rows(limit=limit + 1, contract=contract, owner=owner) if everything else still_open
        if not rows and (contract or owner):
            check_names(store, settings, contract=contract, owner=owner)
        lost = len(store.incidents.set_aside())
    if lost:
        looks = count_text(lost, "look")
        said = f"{looks} could not be taken, so what nobody saw again since is missing here; the log says why"
        click.echo(f"observer: {said}", err=True)
    now = datetime.now(UTC)
    rows, more = rows[:limit], len(rows) > limit
    if form == "json":
        click.echo(json.dumps([_row_json(row) for row in rows], indent=2, ensure_ascii=False))
    elif not rows:
        click.echo("There is no such incident." if everything else "No incident is open.")
    else:
        _print(rows, now)
    if more:
        click.echo(f"observer: these are the newest {limit:,}; --limit shows more", err=True)
    if any(row.grade in (Grade.URGENT, Grade.ERROR) for row in still_open):
        return ExitCode.CHECKS_FAILED
    return ExitCode.WARNINGS_ONLY if still_open else ExitCode.OK


@click.command()
@click.argument("incident_id", metavar="INCIDENT")
@click.option("--ack", is_flag=True, help="Acknowledge it: you take care of it, and nobody is reminded.")
@click.option("--snooze", type=Span(), metavar="SPAN", help="Tell nobody for so long (4h, 2d), unless it gets graver.")
@click.option("--wake", is_flag=True, help="End its snooze.")
@click.option("--expected", metavar="REASON", help="It is true and no fault. It is told again when it grows.")
@click.option("--false-positive", metavar="REASON", help="The rule is wrong. It is told again when it gets graver.")
@click.option("--fixed", is_flag=True, help="You mended it; the next look decides.")
@actor_option
@form_option
@config_option
def incident(
    incident_id: str,
    ack: bool,
    snooze: timedelta | None,
    wake: bool,
    expected: str | None,
    false_positive: str | None,
    fixed: bool,
    actor: str | None,
    form: str,
    config: Path | None,
) -> int:
    """Show one incident, or act on it. INCIDENT is its id, or the first characters of it.

    No action loosens a rule: what is expected or a false positive is kept with its reason.
    """
    wanted = [
        *([_Wanted(Act.ACKNOWLEDGE)] if ack else []),
        *([_Wanted(Act.SNOOZE, span=snooze)] if snooze is not None else []),
        *([_Wanted(Act.WAKE)] if wake else []),
        *([_Wanted(Act.EXPECTED, reason=expected)] if expected is not None else []),
        *([_Wanted(Act.FALSE_POSITIVE, reason=false_positive)] if false_positive is not None else []),
        *([_Wanted(Act.FIXED)] if fixed else []),
    ]
    if len(wanted) > 1:
        raise click.UsageError("One thing at a time: give one of --ack, --snooze, --wake, --expected and so on.")
    if wanted:
        return _act(incident_id, wanted[0], actor_of(actor), form, config)
    if actor is not None:
        raise click.UsageError("--as says who acts, and nothing is to be done: give --ack, --fixed or so too.")
    return _show(incident_id, form, config)


@dataclass(frozen=True)
class _Wanted:
    act: Act
    reason: str = ""
    span: timedelta | None = None


def _act(incident_id: str, wanted: _Wanted, actor: str, form: str, config: Path | None) -> int:
    from observer.jobs.act_on_incident import act_on

    settings = load_settings(config)
    until = datetime.now(UTC) + wanted.span if wanted.span is not None else None
    action = Action(act=wanted.act, by=actor, reason=wanted.reason, until=until)
    with opened_store(settings) as store:
        found = store.incidents.get(incident_id).id
        answer = act_on(store, settings, found, action)
    if form == "json":
        said: dict[str, Any] = {"incident": found, "done": answer.done, "status": answer.incident.status.value}
        click.echo(json.dumps({**said, "sentence": answer.sentence}, indent=2, ensure_ascii=False))
    else:
        mark = click.style("✓", fg="green") if answer.done else click.style("–", fg="yellow")
        changed = "" if answer.done else ", so nothing changed"
        click.echo(f"{mark} {found[:ID_WIDTH]}: {visible(answer.sentence)}{changed}.")
    return ExitCode.OK if answer.done else ExitCode.COULD_NOT_RUN


def _show(incident_id: str, form: str, config: Path | None) -> int:
    from observer.receivers.document import document_of
    from observer.reports.incident_json import log_json
    from observer.reports.incident_text import render_incident

    settings = load_settings(config)
    with opened_store(settings) as store:
        found = store.incidents.get(incident_id).id
        brief, log = briefs_of(store, settings).of(found), store.incidents.log(found)
    if form == "json":
        # What a webhook gets, and what happened so far.
        said = {**document_of(brief, log[-1].key), "acts": list(brief.acts), "log": log_json(log)}
        click.echo(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        render_incident(brief, log, console())
    return ExitCode.OK


def _print(rows: Sequence[IncidentRow], now: datetime) -> None:
    from rich.text import Text

    out = console()
    if out.width >= _WIDE:
        out.print(_table(rows, now))
    else:
        for row in rows:
            head = "  ".join((place_text(row.group), _since(row, now), row.group.owner or "nobody", _status(row, now)))
            out.print(Text.assemble(_mark(row), f"  {visible(head)}"), soft_wrap=True)
            out.print(Text(f"    {_began(row)}", "dim"), soft_wrap=True)
    out.print(Text(_summary(rows), "bold"))


def _table(rows: Sequence[IncidentRow], now: datetime) -> Table:
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Incident", no_wrap=True)
    table.add_column("Since", no_wrap=True, justify="right")
    table.add_column("Where, and what it began with", overflow="fold")
    table.add_column("Findings", no_wrap=True, justify="right")
    table.add_column("Owner", overflow="fold")
    table.add_column("Status", overflow="fold")
    for row in rows:
        where = Group(Text(visible(place_text(row.group))), Text(_began(row), "dim"))
        owner, status = Text(visible(row.group.owner or "nobody")), Text(_status(row, now))
        table.add_row(_mark(row), _since(row, now), where, f"{row.going_on:,}", owner, status)
    return table


def _mark(row: IncidentRow) -> Text:
    from rich.text import Text

    from observer.reports.incident_text import OVER, SIGNS

    sign, style = OVER if row.status is Status.RESOLVED else SIGNS[row.grade]
    return Text.assemble((f"{sign} ", style), row.id[:ID_WIDTH])


def _began(row: IncidentRow) -> str:
    return visible(row.reason.removeprefix(place_text(row.group)).lstrip(".:").strip())


def _since(row: IncidentRow, now: datetime) -> str:
    if row.resolved_at is not None and row.status is Status.RESOLVED:
        return f"{row.begins:%Y-%m-%d %H:%M}"
    whole = timedelta(minutes=1) if now - row.begins >= timedelta(minutes=1) else timedelta(seconds=1)
    return duration_text((now - row.begins) // whole * whole)


def _status(row: IncidentRow, now: datetime) -> str:
    if row.status is Status.RESOLVED:
        lasted = f" after {duration_text(row.resolved_at - row.begins)}" if row.resolved_at else ""
        return f"{row.resolution}{lasted}"
    said = f"acknowledged by {row.acknowledged_by}" if row.status is Status.ACKNOWLEDGED else "open"
    if row.snoozed_until is not None and row.snoozed_until > now:
        said += f", snoozed until {row.snoozed_until:%Y-%m-%d %H:%M} UTC"
    return visible(said if row.told else f"{said}, told nobody yet")


def _summary(rows: Sequence[IncidentRow]) -> str:
    counts = [(status, sum(row.status is status for row in rows)) for status in Status]
    return ", ".join(f"{count:,} {status}" for status, count in counts if count)


def _row_json(row: IncidentRow) -> dict[str, Any]:
    from observer.reports.slo_json import time_json

    return {
        "id": row.id,
        "contract": row.group.contract or None,
        "table": row.group.table or None,
        "owner": row.group.owner or None,
        "status": row.status.value,
        "grade": row.grade.value,
        "opened_at": time_json(row.opened_at),
        "begins": time_json(row.begins),
        "resolved_at": time_json(row.resolved_at),
        "resolution": row.resolution.value if row.resolution else None,
        "acknowledged_by": row.acknowledged_by or None,
        "snoozed_until": time_json(row.snoozed_until),
        "findings": row.going_on,
        "reason": row.reason,
        "told": row.told,
    }
