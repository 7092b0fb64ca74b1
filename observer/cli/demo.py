"""`observer demo`: a CRM with believable dirt. It lives and is watched; with `--once` it is audited and left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from observer.cli.audit import perform_audit
from observer.cli.inputs import Span, read_contracts
from observer.config.settings import load_settings
from observer.errors import ExitCode


@click.command()
@click.option("--leads", type=click.IntRange(100), default=20_000, show_default=True, help="How many leads to make.")
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed makes the same CRM.")
@click.option("--source", metavar="URL", help="Make it in this empty database instead of a SQLite file.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="Folder of the SQLite file, the report, and what the daemon keeps.",
)
@click.option("--for", "lasts", type=Span(), metavar="SPAN", help="End after this time (90s, 10min) with a summary.")
@click.option("--once", is_flag=True, help="Build, audit once, and end; nothing lives.")
def demo(leads: int, seed: int, source: str | None, out: Path, lasts: timedelta | None, once: bool) -> int:
    """Build a demo CRM with believable dirt, let people work in it, and watch it.

    Mistakes happen on purpose: it prints which, and what the daemon finds of them. It runs until Ctrl-C, or for the
    time given: then it exits 0 when everything was found, else 1. With --once it exits 0 although checks fail: the
    dirt is there to be found.
    """
    if once and lasts is not None:
        raise click.UsageError("--once has no duration: leave out --for")
    url = source or f"sqlite:///{out / 'crm.db'}"
    if not once:
        from observer.cli.live_demo import live_demo

        return live_demo(url, leads=leads, seed=seed, out=out, lasts=lasts)
    build(url, leads=leads, seed=seed, out=out)
    click.echo("Auditing it …\n")
    from observer.demo import demo_contracts

    code = perform_audit(read_contracts((demo_contracts(),)), (), url, load_settings(), out=out)
    return ExitCode.OK if code in (ExitCode.CHECKS_FAILED, ExitCode.WARNINGS_ONLY) else code


def build(url: str, *, leads: int, seed: int, out: Path) -> None:
    """Build the CRM and say so."""
    from observer.demo import build_demo_crm

    out.mkdir(parents=True, exist_ok=True)
    click.echo(
        f"Building a CRM with {leads:,} leads in {out / 'crm.db' if url.startswith('sqlite') else 'your database'} …"
    )
    built = build_demo_crm(url, leads=leads, seed=seed, now=datetime.now(UTC))
    click.echo(f"Injected {sum(d.rows for d in built.dirt):,} bad values of {len(built.dirt)} kinds.")
