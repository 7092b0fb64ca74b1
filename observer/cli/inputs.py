"""Options that several commands share, and how their values become contracts."""

from __future__ import annotations

from pathlib import Path

import click

from observer.contracts.model import Contract

DEFAULT_CONTRACTS = Path("expectations/contracts")

contract_option = click.option(
    "--contract",
    "-c",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PATH",
    help=f"A contract file, or a folder of them; may be given again.  [default: {DEFAULT_CONTRACTS}]",
)


def read_contracts(paths: tuple[Path, ...]) -> tuple[Contract, ...]:
    """Load and lint; warnings are left to `observer lint`.

    Raises:
        InputError: any contract has an error. It holds every problem found.
    """
    from observer.jobs.lint_contracts import load_for_run

    return load_for_run(paths or (DEFAULT_CONTRACTS,))
