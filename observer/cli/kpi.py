"""`observer kpi`: how a month, or so many days, went."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from observer.cli.incident_inputs import sound_contracts
from observer.cli.inputs import config_option, no_such
from observer.cli.output import console
from observer.config.settings import load_settings
from observer.contracts.model import Contract
from observer.errors import ExitCode, InputError
from observer.wiring import opened_store

if TYPE_CHECKING:
    from observer.incidents.kpis import Kpis
    from observer.incidents.spans import Span

#: As far back as anything is kept.
MOST_DAYS = 366
_DEFAULT_DAYS = 28
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


@click.command()
@click.option("--month", metavar="YYYY-MM", help="A month of the calendar, by UTC.")
@click.option(
    "--days",
    type=click.IntRange(1, MOST_DAYS),
    metavar="N",
    help=f"The last N days.  [default: {_DEFAULT_DAYS}, without --month]",
)
@click.option("--contract", metavar="ID", help="Only this contract.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text for people, json for programs.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the review as one HTML page too.",
)
@config_option
@click.pass_context
def kpi(
    context: click.Context,
    month: str | None,
    days: int | None,
    contract: str | None,
    form: str,
    out: Path | None,
    config: Path | None,
) -> None:
    """Tell how fast incidents were found, told, acknowledged and ended, and what else a month amounts to.

    Counted from what the state keeps, beside the span before; what is not known says so (docs/kpis.md).

    Exit code 0: no promise of a contract was broken; 1: one was; 3: nothing is known of the span.
    """
    from observer.jobs.kpis import review
    from observer.jobs.load_slos import slos_for_run
    from observer.reports.kpi_json import review_json
    from observer.reports.kpi_text import render_review

    at = datetime.now(UTC)
    span = _span(month, days, at)
    settings = load_settings(config)
    contracts = sound_contracts(settings)
    slos = slos_for_run(settings.slos, contracts)
    with opened_store(settings) as store:
        keep, only = settings.daemon.keep_runs, _named(contract, contracts)
        found = review(store, contracts, slos, span, at=at, keep=keep, only=only)
    if out is not None:
        from observer.reports.kpi_html import write_review

        write_review(found, out)
    if form == "json":
        click.echo(json.dumps(review_json(found), indent=2, ensure_ascii=False))
    else:
        render_review(found, console())
        if out is not None:
            click.echo(f"\nReview: {out}")
    context.exit(exit_code(found.now))


def exit_code(kpis: Kpis) -> ExitCode:
    """What is broken outranks what is not known."""
    if any(clause.broken for clause in kpis.clauses):
        return ExitCode.CHECKS_FAILED
    return ExitCode.OK if kpis.is_known else ExitCode.COULD_NOT_RUN


def _span(month_text: str | None, days: int | None, at: datetime) -> Span:
    from observer.incidents.spans import last_days, month

    if month_text is None:
        return last_days(_DEFAULT_DAYS if days is None else days, at)
    if days is not None:
        raise InputError("--month and --days are both given", fix="choose one of them")
    found = _MONTH.fullmatch(month_text.strip())
    try:
        if found is None:
            raise ValueError
        span = month(int(found[1]), int(found[2]))
        span.before()
    except (ValueError, OverflowError):
        raise InputError(f"--month `{month_text}` is no month", fix=f"write it like {at:%Y-%m}") from None
    if span.begins >= at:
        raise InputError(f"{span.name} has not begun", fix=f"write a month up to {at:%Y-%m}")
    return span


def _named(wanted: str | None, contracts: Sequence[Contract]) -> str | None:
    names = [contract.id for contract in contracts]
    if wanted is None or wanted in names:
        return wanted
    raise no_such("contract", wanted, names)
