"""Options that several commands share, and how their values become contracts."""

from __future__ import annotations

from pathlib import Path

import click

from observer.config.settings import load_settings
from observer.contracts.model import Contract
from observer.settings import Settings

contract_option = click.option(
    "--contract",
    "-c",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PATH",
    help="A contract file, or a folder of them; may be given again.  [default: those of the settings]",
)


config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The settings.  [default: OBSERVER_CONFIG, else ./observer.toml if it is there]",
)


def read_contracts(paths: tuple[Path, ...], settings: Settings | None = None) -> tuple[Contract, ...]:
    """Load and lint; without paths those of the settings. Warnings are left to `observer lint`.

    Raises:
        InputError: any contract has an error. It holds every problem found.
    """
    from observer.jobs.lint_contracts import load_for_run

    return load_for_run(paths or (settings or load_settings()).contracts)
