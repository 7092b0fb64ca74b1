"""`observer slo explain`: why records are good, bad or unknown for a service level."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from observer.cli.output import console
from observer.cli.slo_inputs import Levels, form_option, level_options, read_levels
from observer.errors import ExitCode
from observer.slo.model import Slo, TimeToFill
from observer.wiring import opened_store

if TYPE_CHECKING:
    from observer.slo.standing import LedgerStanding
    from observer.store import Store


@click.command(short_help="Why records are good, bad or unknown, with the evidence.")
@click.argument("name", metavar="SLO")
@click.argument("key", required=False, metavar="[KEY]")
@click.option("--limit", "-n", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@form_option
@level_options
@click.pass_context
def explain(
    context: click.Context,
    name: str,
    key: str | None,
    limit: int,
    form: str,
    config: Path | None,
    contract: tuple[Path, ...],
    slos: tuple[Path, ...],
    state: str | None,
) -> None:
    """Tell of the newest bad and unknown records, or of the one with this KEY: its verdict and the evidence for it.

    A key of several columns is written as a JSON list, or with commas. For levels that count runs, glances or slots,
    KEY is the id of a run, or a time, or how it begins.

    Exit code 0: told; 3: there is no such record, or nobody has counted the level yet.
    """
    from observer.jobs.slo_explained import ledger_of

    read = read_levels(config, contract, slos, state)
    slo = read.named(name)
    with opened_store(read.settings) as store:
        ledger = ledger_of(store, slo)
        if isinstance(slo.indicator, TimeToFill):
            found = _of_rows(read, slo, slo.indicator, store, ledger, key=key, limit=limit, form=form)
        else:
            found = _of_samples(slo, store, key=key, limit=limit, form=form)
    context.exit(ExitCode.OK if found else ExitCode.COULD_NOT_RUN)


def _of_rows(
    read: Levels,
    slo: Slo,
    indicator: TimeToFill,
    store: Store,
    ledger: LedgerStanding,
    *,
    key: str | None,
    limit: int,
    form: str,
) -> bool:
    """Whether there was anything that could be told."""
    from observer.checks.plan import plan_contract
    from observer.jobs.slo_explained import Records
    from observer.reports.slo_explain import explained_json, none_kept_text, render_records, unknown_key_text

    contract = next(each for each in read.contracts if each.id == indicator.contract)
    plan = plan_contract(contract, [other for other in read.contracts if other is not contract])
    records = Records(store, ledger.id, indicator, plan)
    if key is None:
        rows = records.newest(limit)
    else:
        row = records.named(key, secret=read.settings.token_key)
        rows = () if row is None else (row,)
    digests = records.are_digests
    if form == "json":
        click.echo(json.dumps(explained_json(slo, indicator, rows, digests=digests), indent=2, ensure_ascii=False))
    elif rows:
        render_records(indicator, rows, console(), digests=digests)
    elif key is None:
        click.echo(none_kept_text(slo, ledger))
    if key is not None and not rows:
        click.echo(unknown_key_text(slo, indicator, ledger, store.ledgers.position(ledger.id)), err=True)
    return bool(rows) or key is None


def _of_samples(slo: Slo, store: Store, *, key: str | None, limit: int, form: str) -> bool:
    """Whether there was anything that could be told."""
    from observer.jobs.slo_explained import Recorded
    from observer.reports.slo_explain import no_samples_text, render_samples, samples_json

    recorded = Recorded(store, slo, at=datetime.now(UTC))
    rows = recorded.newest(limit) if key is None else recorded.named(key, limit)
    if form == "json":
        click.echo(json.dumps(samples_json(slo, rows), indent=2, ensure_ascii=False))
    elif rows:
        render_samples(slo, rows, console())
    elif key is None:
        click.echo(no_samples_text(slo))
    if key is not None and not rows:
        click.echo(f"observer: nothing that `{slo.name}` counts in its window begins so.", err=True)
    return bool(rows) or key is None
