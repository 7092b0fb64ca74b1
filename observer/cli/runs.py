"""`observer runs` and `observer show`: what ran, and what it found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from observer.checks.measure import Outcome
from observer.cli.inputs import MOST_LISTED, config_option
from observer.cli.output import console
from observer.config.settings import load_settings
from observer.errors import ExitCode
from observer.reports.visible import visible
from observer.wiring import opened_store

if TYPE_CHECKING:
    from observer.store import RecordedRun, RunRow


@click.command()
@click.option(
    "--limit", "-n", type=click.IntRange(1, MOST_LISTED), default=20, show_default=True, help="How many at most."
)
@click.option("--contract", metavar="ID", help="Only runs of this contract.")
@config_option
def runs(limit: int, contract: str | None, config: Path | None) -> int:
    """List what ran, newest first."""
    with opened_store(load_settings(config)) as store:
        found = store.runs(limit, contract)
    if not found:
        click.echo("Nothing ran yet. Try: observer audit --source URL")
        return ExitCode.OK
    print_runs(found)
    return ExitCode.OK


@click.command()
@click.argument("run")
@click.option("--all-checks", is_flag=True, help="Print passed checks too.")
@config_option
def show(run: str, all_checks: bool, config: Path | None) -> int:
    """Print one run. RUN is its id, or the first characters of it."""
    with opened_store(load_settings(config)) as store:
        found = store.run(run)
    print_run(found, all_checks=all_checks)
    return ExitCode.OK


def print_runs(found: tuple[RunRow, ...]) -> None:
    from rich import box
    from rich.table import Table

    out = console()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Run", no_wrap=True)
    table.add_column("Started (UTC)", no_wrap=True)
    table.add_column("Checks", overflow="fold")
    table.add_column("Rows", no_wrap=True, justify="right")
    table.add_column("Trust", no_wrap=True, justify="right")
    # A narrow terminal shows the numbers and leaves the names to `observer show`.
    if wide := out.width >= _WIDE:
        table.add_column("Contracts", overflow="fold")
    for row in found:
        trust = "–" if row.trust_score is None else str(row.trust_score)
        names = [Text(visible(", ".join(row.contracts)))] if wide else []
        table.add_row(
            row.id[:_ID_WIDTH], f"{row.started_at:%Y-%m-%d %H:%M}", _counts(row), f"{row.rows:,}", trust, *names
        )
    out.print(table)


def _counts(row: RunRow) -> str:
    counts = {
        "failed": row.failed,
        "errored": row.errored,
        "warned": row.warned,
        "skipped": row.skipped,
        "passed": row.passed,
    }
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


_WIDE = 110
#: The part of a UUIDv7 that tells its millisecond.
_ID_WIDTH = 13
_MARKS = {Outcome.PASSED: "✓", Outcome.WARNED: "!", Outcome.FAILED: "✗", Outcome.ERRORED: "?", Outcome.SKIPPED: "–"}


def print_run(found: RecordedRun, *, all_checks: bool) -> None:
    row, out = found.run, console()
    out.print(Text(visible(f"Run {row.id}, {row.started_at:%Y-%m-%d %H:%M:%S} UTC, on {row.source}")))
    if (reason := _only_reason(found)) is not None:
        out.print(Text(visible(f"\n{_MARKS[Outcome.ERRORED]} nothing could be looked at: {reason}")), soft_wrap=True)
    table = ""
    for check in found.results:
        if check.outcome is Outcome.PASSED and not all_checks:
            continue
        if check.object != table:
            table = check.object
            out.print(Text(f"\n{visible(table)}, contract {visible(check.contract)}"), style="bold")
        out.print(
            Text(visible(f"{_MARKS[check.outcome]} {check.check_id}  {check.owner or ''}".rstrip())), soft_wrap=True
        )
        seen = "" if reason is not None else f": {check.error or check.observed}"
        out.print(Text(visible(f"    {check.statement}{seen}")), soft_wrap=True)
    out.print(Text(f"\n{_counts(row)} of {row.checks:,} checks, {row.rows:,} rows, {row.seconds:.1f} s."))


def _only_reason(found: RecordedRun) -> str | None:
    """Why no check at all could be looked at, where all of several say the same: it is told once."""
    reasons = {check.error for check in found.results}
    return reasons.pop() if len(reasons) == 1 and len(found.results) > 1 else None
