"""`observer runs` and `observer show`: what ran, and what it found."""

from __future__ import annotations

import click

from observer.errors import ExitCode
from observer.wiring import opened_store, read_settings


@click.command()
@click.option("--limit", "-n", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@click.option("--contract", metavar="ID", help="Only runs of this contract.")
def runs(limit: int, contract: str | None) -> int:
    """List what ran, newest first."""
    from rich.console import Console

    from observer.reports import render_runs

    with opened_store(read_settings()) as store:
        found = store.runs(limit, contract)
    if not found:
        click.echo("Nothing ran yet. Try: observer audit --source URL")
        return ExitCode.OK
    render_runs(found, Console())
    return ExitCode.OK


@click.command()
@click.argument("run")
@click.option("--all-checks", is_flag=True, help="Print passed checks too.")
def show(run: str, all_checks: bool) -> int:
    """Print one run. RUN is its id, or the first characters of it."""
    from rich.console import Console

    from observer.reports import render_run

    with opened_store(read_settings()) as store:
        found = store.run(run)
    render_run(found, Console(), show_passed=all_checks)
    return ExitCode.OK
