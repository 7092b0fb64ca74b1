"""`observer outbox`: what waits to be told to others, and what was given up."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from observer.checks.words import duration_text
from observer.cli.inputs import config_option
from observer.config.settings import load_settings
from observer.errors import ExitCode
from observer.wiring import opened_store


@click.command()
@config_option
@click.option("--redrive", is_flag=True, help="Try those again that were given up.")
@click.option("--receiver", metavar="NAME", help="Of this receiver only, e.g. lineage.")
def outbox(config: Path | None, redrive: bool, receiver: str | None) -> int:
    """Show what waits per receiver, and what was given up; exits 4 when something was."""
    with opened_store(load_settings(config)) as store:
        if redrive:
            count = store.outbox.redrive(receiver)
            click.echo(f"{count:,} given up {'is' if count == 1 else 'are'} tried again.")
        depths = [depth for depth in store.outbox.depths() if receiver in (None, depth.receiver)]
    for depth in depths:
        age = ""
        if depth.oldest is not None:
            age = f", the oldest for {duration_text((datetime.now(UTC) - depth.oldest).total_seconds())}"
        click.echo(f"{depth.receiver}: {depth.waiting:,} waiting{age}; {depth.dead:,} given up")
    if not depths:
        click.echo("Nothing waits, nothing was given up.")
    return ExitCode.DELIVERY_FAILED if any(depth.dead for depth in depths) else ExitCode.OK
