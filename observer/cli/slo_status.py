"""`observer slo status`: how every service level stands, or one of them at length."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from observer.cli.output import console
from observer.cli.slo_inputs import form_option, level_options, read_levels
from observer.errors import ExitCode
from observer.wiring import opened_store

if TYPE_CHECKING:
    from observer.reports.slo_status import Level


@click.command(short_help="How service levels stand: SLI, budget left, burn, alerts.")
@click.argument("names", nargs=-1, metavar="[SLO]…")
@form_option
@level_options
@click.pass_context
def status(
    context: click.Context,
    names: tuple[str, ...],
    form: str,
    config: Path | None,
    contract: tuple[Path, ...],
    slos: tuple[Path, ...],
    state: str | None,
) -> None:
    """Tell how service levels stand; a single SLO at length. Nothing is looked at anew: `observer serve` does that.

    Exit code 0: all are met and known; 1: one is missed or burning; 3: one has no data, or nobody looked lately.
    """
    from observer.jobs.slo_levels import levels_now
    from observer.reports.slo_json import status_json
    from observer.reports.slo_level import render_level
    from observer.reports.slo_status import render_status

    read = read_levels(config, contract, slos, state)
    wanted = tuple(read.named(name) for name in dict.fromkeys(names)) or read.slos
    at = datetime.now(UTC)
    with opened_store(read.settings) as store:
        levels = levels_now(store, wanted, at=at)
    if form == "json":
        click.echo(json.dumps(status_json(levels, at=at), indent=2, ensure_ascii=False))
    elif len(names) == 1:
        render_level(levels[0], console())
    else:
        render_status(levels, console(), at=at)
    context.exit(exit_code(levels))


def exit_code(levels: Sequence[Level]) -> ExitCode:
    """What is bad outranks what is not known."""
    from observer.reports.slo_status import is_known
    from observer.slo.standing import Condition

    if any(level.condition in {Condition.MISSED, Condition.BURNING} for level in levels):
        return ExitCode.CHECKS_FAILED
    return ExitCode.OK if all(is_known(level) for level in levels) else ExitCode.COULD_NOT_RUN
