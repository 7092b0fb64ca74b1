"""`observer silence`: for a time, findings that meet all matchers are recorded and nobody is told."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from observer.checks.words import duration_text
from observer.cli.incident_inputs import actor_of, actor_option
from observer.cli.inputs import Span, config_option
from observer.cli.slo_inputs import form_option
from observer.config.settings import load_settings
from observer.errors import ExitCode, InputError, NotAllowed
from observer.incidents.acting import LONGEST_REASON
from observer.incidents.incident import Incident
from observer.incidents.permission import may_act
from observer.incidents.policy import Matcher, Silence
from observer.reports.incident_words import matcher_text
from observer.reports.sentences import count_text
from observer.reports.visible import visible
from observer.settings import Settings
from observer.wiring import opened_store

#: What has to be silent for longer is no longer under watch: its contract should say so.
LONGEST = timedelta(days=90)
_MATCHER = re.compile(r"\s*([a-z]+)\s*(!?=)\s*(.*?)\s*", re.DOTALL)


@click.group()
def silence() -> None:
    """Tell nobody of some findings for a time; they are recorded all the same."""


@silence.command()
@click.argument("matchers", nargs=-1, required=True, metavar="MATCHER…")
@click.option("--for", "span", type=Span(), required=True, metavar="SPAN", help="For how long: 30min, 4h, 2d.")
@click.option("--reason", required=True, metavar="TEXT", help="Why, for whoever wonders.")
@actor_option
@config_option
def add(matchers: tuple[str, ...], span: timedelta, reason: str, actor: str | None, config: Path | None) -> int:
    """Add a silence from now on. It covers what meets every MATCHER.

    A MATCHER is contract=crm-leads, table=leads, property!=email, subject=ID, source=level, grade=warning or
    owner=EMAIL; * stands for anything: contract=crm-*.
    """
    settings = load_settings(config)
    by, now = _allowed(actor_of(actor), settings), datetime.now(UTC)
    if span > LONGEST:
        fix = "silence it for less, or take the rule out of the contract"
        raise InputError(f"a silence lasts at most {duration_text(LONGEST)}", fix=fix)
    if not reason.strip():
        raise InputError("the reason is empty", fix="say why, for whoever wonders")
    if len(reason.strip()) > LONGEST_REASON:
        raise InputError(f"a reason has at most {LONGEST_REASON} characters", fix="say it shorter")
    read = tuple(matcher_of(text) for text in matchers)
    added = Silence(id=secrets.token_hex(4), matchers=read, begins=now, ends=now + span, by=by, reason=reason.strip())
    with opened_store(settings) as store:
        store.incidents.add_silence(added)
        covered = _covered(added, store.incidents.live(), now)
    click.echo(f"{added.id} until {added.ends:%Y-%m-%d %H:%M} UTC: {_matchers_text(added)}. {covered}.")
    return ExitCode.OK


@silence.command("list")
@form_option
@config_option
def list_(form: str, config: Path | None) -> int:
    """List the silences that are not over."""
    now = datetime.now(UTC)
    with opened_store(load_settings(config)) as store:
        found = store.incidents.silences(now)
        live = store.incidents.live() if found else ()
    if form == "json":
        from observer.reports.incident_json import silence_json

        click.echo(json.dumps([silence_json(each) for each in found], indent=2, ensure_ascii=False))
        return ExitCode.OK
    for each in found:
        left = duration_text(each.ends - now)
        click.echo(f"{each.id}  {_matchers_text(each)}, {left} more: {visible(each.reason)} ({visible(each.by)})")
        click.echo(f"          {_covered(each, live, now)}")
    if not found:
        click.echo("Nothing is silenced.")
    return ExitCode.OK


@silence.command()
@click.argument("silence_id", metavar="ID")
@actor_option
@config_option
def end(silence_id: str, actor: str | None, config: Path | None) -> int:
    """End a silence now. ID is its id, or the first characters of it."""
    settings = load_settings(config)
    by = _allowed(actor_of(actor), settings)
    with opened_store(settings) as store:
        live = [each.id for each in store.incidents.silences(datetime.now(UTC))]
        known = [id for id in live if silence_id and id.startswith(silence_id)]
        if len(known) > 1 and silence_id not in known:
            raise InputError(f"{' and '.join(known)} begin with `{visible(silence_id)}`", fix="write one more letter")
        ended = known[0] if len(known) == 1 else silence_id
        store.incidents.end_silence(ended, by)
    click.echo(f"{visible(ended)} is over.")
    return ExitCode.OK


def matcher_of(text: str) -> Matcher:
    """`contract=crm-*`, `property!=email` as typed. Raises InputError."""
    found = _MATCHER.fullmatch(text)
    if found is None:
        fix = "write it like contract=crm-* or property!=email"
        raise InputError(f"`{visible(text)}` is no matcher", fix=fix)
    try:
        return Matcher(field=found[1], pattern=found[3], negated=found[2] == "!=")
    except ValueError as bad:
        what, _, fix = str(bad).partition(": ")
        raise InputError(what, fix=fix) from None


def _allowed(actor: str, settings: Settings) -> str:
    if may_act(actor, settings.incidents.may_act):
        return actor
    fix = "ask whoever runs the observer to name them in [incidents] may_act"
    raise NotAllowed(f"{visible(actor)} may not silence anything", fix=fix)


def _matchers_text(found: Silence) -> str:
    return " ".join(visible(matcher_text(matcher)) for matcher in found.matchers)


def _covered(found: Silence, live: Iterable[Incident], now: datetime) -> str:
    going_on = [held.finding for each in live if each.is_open for held in each.held.values() if held.ended is None]
    count = sum(found.covers(finding, now) for finding in going_on)
    return f"{count_text(count, 'finding')} of {len(going_on):,} that go on {'is' if count == 1 else 'are'} covered"
