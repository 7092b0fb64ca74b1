"""`observer outbox`: what waits to be told to others, and what was given up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from observer.checks.words import duration_text
from observer.cli.inputs import MOST_LISTED, config_option
from observer.cli.slo_inputs import form_option
from observer.config.settings import load_settings
from observer.errors import ExitCode
from observer.jobs.receivers import RECEIVERS
from observer.lineage.words import RECEIVER as LINEAGE
from observer.reports.sentences import count_text
from observer.reports.visible import visible
from observer.runs.deliveries import DeadLetter, OutboxDepth
from observer.wiring import opened_store


@click.command()
@config_option
@click.option("--redrive", is_flag=True, help="Try those again that were given up.")
@click.option("--receiver", type=click.Choice([*RECEIVERS, LINEAGE]), help="Of this receiver only.")
@click.option(
    "--limit",
    "-n",
    type=click.IntRange(1, MOST_LISTED),
    default=10,
    show_default=True,
    help="Given up: how many at most.",
)
@form_option
def outbox(config: Path | None, redrive: bool, receiver: str | None, limit: int, form: str) -> int:
    """Show what waits per receiver, and what was given up; exits 4 when something was."""
    with opened_store(load_settings(config)) as store:
        again = store.outbox.redrive(receiver) if redrive else 0
        depths = [depth for depth in store.outbox.depths() if receiver in (None, depth.receiver)]
        # Asked for all, as long as there are some of another receiver between them.
        most = limit if receiver is None else sum(depth.dead for depth in store.outbox.depths())
        dead = store.outbox.dead(max(most, 1)) if any(depth.dead for depth in depths) else ()
    shown = [letter for letter in dead if receiver in (None, letter.receiver)][:limit]
    if form == "json":
        click.echo(json.dumps(_json(depths, shown), indent=2, ensure_ascii=False))
    else:
        if redrive:
            click.echo(f"{again:,} given up {'is' if again == 1 else 'are'} tried again.")
        _print(depths, shown)
    return ExitCode.DELIVERY_FAILED if any(depth.dead for depth in depths) else ExitCode.OK


def _print(depths: Sequence[OutboxDepth], shown: Sequence[DeadLetter]) -> None:
    now = datetime.now(UTC)
    for depth in depths:
        age = f", the oldest for {duration_text(now - depth.oldest)}" if depth.oldest is not None else ""
        click.echo(f"{depth.receiver}: {depth.waiting:,} waiting{age}; {depth.dead:,} given up")
    if not depths:
        click.echo("Nothing waits, nothing was given up.")
    if shown:
        click.echo("\nGiven up, the latest first:")
    for letter in shown:
        when, tries = f"{letter.dead_at:%Y-%m-%d %H:%M} UTC", count_text(letter.attempts, "attempt")
        click.echo(f"  {when}  {letter.receiver} {visible(letter.key)}, {tries}: {visible(letter.last_detail)}")
    hidden = sum(depth.dead for depth in depths) - len(shown)
    if hidden:
        click.echo(f"  and {hidden:,} more")
    if shown:
        click.echo("`observer outbox --redrive` tries them again.")


def _json(depths: Sequence[OutboxDepth], shown: Sequence[DeadLetter]) -> dict[str, Any]:
    return {
        "receivers": [
            {
                "receiver": depth.receiver,
                "waiting": depth.waiting,
                "given_up": depth.dead,
                "oldest": depth.oldest.isoformat() if depth.oldest else None,
            }
            for depth in depths
        ],
        "given_up": [
            {
                "receiver": letter.receiver,
                "key": letter.key,
                "line": letter.line,
                "attempts": letter.attempts,
                "reason": letter.last_reason.value,
                "detail": letter.last_detail,
                "at": letter.dead_at.isoformat(),
            }
            for letter in shown
        ],
    }
