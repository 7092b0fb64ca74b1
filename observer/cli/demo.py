"""`observer demo`: a CRM with believable dirt, audited."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from observer.cli.audit import perform_audit
from observer.cli.inputs import read_contracts
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
    help="Folder of the SQLite file and the report.",
)
def demo(leads: int, seed: int, source: str | None, out: Path) -> int:
    """Build a demo CRM with believable dirt, audit it, and say where the report is.

    Exits 0 although checks fail: the dirt is there to be found.
    """
    from observer.demo import build_demo_crm, demo_contracts

    out.mkdir(parents=True, exist_ok=True)
    url = source or f"sqlite:///{out / 'crm.db'}"
    click.echo(f"Building a CRM with {leads:,} leads in {out / 'crm.db' if source is None else 'your database'} …")
    built = build_demo_crm(url, leads=leads, seed=seed, now=datetime.now(UTC))
    click.echo(f"Injected {sum(d.rows for d in built.dirt):,} bad values of {len(built.dirt)} kinds. Auditing …\n")
    code = perform_audit(read_contracts((demo_contracts(),)), (), url, load_settings(), out=out)
    return ExitCode.OK if code in (ExitCode.CHECKS_FAILED, ExitCode.WARNINGS_ONLY) else code
