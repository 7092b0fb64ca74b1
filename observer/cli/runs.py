"""`observer runs` and `observer show`: what ran, and what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from observer.checks.measure import Outcome
from observer.cli.output import console
from observer.errors import ExitCode
from observer.reports.visible import visible
from observer.wiring import opened_store, read_settings

if TYPE_CHECKING:
    from observer.store import RecordedRun, RunRow


@click.command()
@click.option("--limit", "-n", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@click.option("--contract", metavar="ID", help="Only runs of this contract.")
def runs(limit: int, contract: str | None) -> int:
    """List what ran, newest first."""
    with opened_store(read_settings()) as store:
        found = store.runs(limit, contract)
    if not found:
        click.echo("Nothing ran yet. Try: observer audit --source URL")
        return ExitCode.OK
    _print_runs(found)
    return ExitCode.OK


@click.command()
@click.argument("run")
@click.option("--all-checks", is_flag=True, help="Print passed checks too.")
def show(run: str, all_checks: bool) -> int:
    """Print one run. RUN is its id, or the first characters of it."""
    with opened_store(read_settings()) as store:
        found = store.run(run)
    _print_run(found, all_checks=all_checks)
    return ExitCode.OK


def _print_runs(found: tuple[RunRow, ...]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("Run", "Started (UTC)", "Outcome", "Checks", "Rows", "Trust"):
        table.add_column(head, no_wrap=True, justify="right" if head in ("Rows", "Trust") else "left")
    table.add_column("Contracts", overflow="fold")
    for row in found:
        table.add_row(
            row.id[:8],
            f"{row.started_at:%Y-%m-%d %H:%M:%S}",
            row.outcome,
            _counts(row),
            f"{row.rows:,}",
            "–" if row.trust_score is None else str(row.trust_score),
            Text(visible(", ".join(row.contracts))),
        )
    console().print(table)


def _counts(row: RunRow) -> str:
    counts = {"failed": row.failed, "errored": row.errored, "warned": row.warned, "passed": row.passed}
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def _print_run(found: RecordedRun, *, all_checks: bool) -> None:
    from rich import box
    from rich.table import Table

    row, out = found.run, console()
    out.print(visible(f"Run {row.id} of {', '.join(row.contracts)} on {row.source}"), markup=False)
    shown = [c for c in found.results if all_checks or c.outcome is not Outcome.PASSED]
    if shown:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for head in ("Outcome", "Check", "Observed", "Expected", "Owner"):
            table.add_column(head, overflow="fold", no_wrap=head == "Check")
        for check in shown:
            texts = (check.outcome, check.check_id, check.error or check.observed, check.expected, check.owner or "–")
            table.add_row(*(Text(visible(text)) for text in texts))
        out.print(table)
    out.print(f"{_counts(row)} of {row.checks:,} checks, {row.rows:,} rows, {row.seconds:.1f} s.", markup=False)
