"""`observer slo backtest`: what a service level would have said of the data as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from observer.cli.output import console
from observer.cli.slo_inputs import Levels, form_option, level_options, read_levels
from observer.contracts.durations import BadDuration, parse_span
from observer.errors import ExitCode, InputError
from observer.slo.model import Slo, TimeToFill
from observer.wiring import opened_source, opened_store

if TYPE_CHECKING:
    from observer.jobs.backtest import Backtested, Progress

#: A course keeps 40 bytes for each minute.
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=1830)

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,12})?|\.\d{1,12})\s*(%?)", re.ASCII)


@click.command(short_help="What a service level would have said of the data as it is.")
@click.argument("name", metavar="SLO")
@click.option("--since", required=True, metavar="SPAN", help="How far to look back: 30d, 12h.")
@click.option("--objective", metavar="SHARE", help="Try this one instead: 0.99, or 99%.")
@click.option("--source", "-s", metavar="URL", help="The CRM database.  [default: that of the settings]")
@form_option
@level_options
@click.pass_context
def backtest(
    context: click.Context,
    name: str,
    since: str,
    objective: str | None,
    source: str | None,
    form: str,
    config: Path | None,
    contract: tuple[Path, ...],
    slos: tuple[Path, ...],
    state: str | None,
) -> None:
    """Judge the past by the evidence that is there now: rows of the source (time-to-fill), or recorded results.

    What nothing tells any more is unknown, and said first where it is much. Changes nothing.

    Exit code 0: the objective is met; 1: it is missed; 3: there is no data.
    """
    from observer.reports.slo_backtest import render_backtest
    from observer.reports.slo_json import backtest_json
    from observer.slo.backtest import with_objective

    span, target = _span(since), None if objective is None else _share(objective)
    read = read_levels(config, contract, slos, state)
    slo = read.named(name)
    tested = _tested(read, slo if target is None else with_objective(slo, target), span, source)
    if form == "json":
        document = backtest_json(tested.found) | {"undatable": tested.undatable, "trouble": tested.trouble}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        render_backtest(tested.found, console(), notes=_notes(tested))
    met = tested.found.budget.met
    codes = {None: ExitCode.COULD_NOT_RUN, True: ExitCode.OK, False: ExitCode.CHECKS_FAILED}
    context.exit(codes[met])


def _tested(read: Levels, slo: Slo, since: timedelta, source: str | None) -> Backtested:
    from observer.checks.plan import plan_contract
    from observer.jobs.backtest import backtest_rows, backtest_samples

    settings = read.settings
    if not isinstance(slo.indicator, TimeToFill):
        with opened_store(settings) as store:
            return backtest_samples(slo, store, since=since, now=datetime.now(UTC))
    url = source or settings.source
    if not url:
        raise InputError("no source is given", fix="name the database with --source URL or OBSERVER_SOURCE")
    contract = next(each for each in read.contracts if each.id == slo.indicator.contract)
    plan = plan_contract(contract, [other for other in read.contracts if other is not contract])
    with opened_source(url, settings) as door, _progress() as progress:
        return backtest_rows(slo, slo.indicator, plan, door, since=since, progress=progress)


@contextmanager
def _progress() -> Iterator[Progress]:
    """A line on the terminal while rows are read; nothing in a pipe."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    out = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as display:
        task = display.add_task("reading", total=1.0)

        def told(rows: int, part: float) -> None:
            display.update(task, completed=part, description=f"{rows:,} rows")

        yield told


def _notes(tested: Backtested) -> list[str]:
    from observer.reports.slo_words import undatable_text

    notes = []
    if tested.trouble is not None:
        notes.append(f"Not everything could be counted: {tested.trouble}.")
    if isinstance(tested.found.slo.indicator, TimeToFill):
        notes.append("Rows that are gone by now are not seen.")
    if tested.undatable:
        notes.append(f"{undatable_text(tested.undatable)}.")
    return notes


def _span(text: str) -> timedelta:
    try:
        span = parse_span(text)
    except BadDuration as error:
        raise InputError(f"--since cannot be understood: {error}", fix=error.fix) from error
    if not SHORTEST <= span <= LONGEST:
        raise InputError("--since is not between one minute and five years", fix="write it like 12h or 30d")
    return span


def _share(text: str) -> Fraction:
    number = _SHARE.fullmatch(text.strip())
    share = Fraction(number[1]) / (100 if number[2] else 1) if number else Fraction()
    if not 0 < share <= 1:
        raise InputError(f"--objective `{text}` is no share between 0 and 1", fix="write it like 0.99 or 99%")
    return share
