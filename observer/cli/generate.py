"""`observer generate`: suites from contracts, written or checked."""

from __future__ import annotations

from pathlib import Path

import click

from observer.cli.inputs import contract_option, read_contracts
from observer.errors import ExitCode
from observer.reports.sentences import count_text


@click.command()
@contract_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("expectations/suites"),
    show_default=True,
    help="Folder of the suites; those whose table or contract is gone are removed.",
)
@click.option("--check", is_flag=True, help="Write nothing; show what is stale and exit 1 if anything is.")
def generate(contract: tuple[Path, ...], out: Path, check: bool) -> int:
    """Write one Great Expectations suite per table under contract.

    The suites are plain GX 1.x JSON. Commit them: their diff shows a reviewer what a change of a contract means.
    """
    from observer.jobs.generate_suites import compare_suites, write_suites

    files = compare_suites(read_contracts(contract), out, whole=not contract)
    stale = [file for file in files if file.stale]
    if check:
        for file in stale:
            click.echo(file.diff(), nl=False)
        if stale:
            stale_text = f"stale: {len(stale)} of {count_text(len(files), 'suite')}"
            click.echo(f"{stale_text}. Fix: run `observer generate` and commit.", err=True)
            return ExitCode.CHECKS_FAILED
        click.echo(f"up to date: {count_text(len(files), 'suite')}.")
        return ExitCode.OK
    write_suites(files)
    for file in stale:
        verb = "removed" if file.wanted is None else "updated" if file.present is not None else "wrote"
        click.echo(f"{verb} {file.path}")
    click.echo(f"{count_text(len(files), 'suite')}, {len(stale)} changed.")
    return ExitCode.OK
