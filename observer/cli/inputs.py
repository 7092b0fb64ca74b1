"""Options that several commands share, and how their values become contracts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from observer.config.settings import load_settings
from observer.contracts.durations import BadDuration, parse_span
from observer.contracts.model import Contract
from observer.settings import Settings


class Span(click.ParamType[timedelta]):
    """A time span like `90s` or `4h`, above nothing."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Raises BadParameter."""
        try:
            found = value if isinstance(value, timedelta) else parse_span(str(value))
        except BadDuration as bad:
            self.fail(f"`{value}`: {bad}; {bad.fix}", param, ctx)
        if not found:
            self.fail(f"`{value}` is no time at all; write it like 90s, 15min, 4h or 2d", param, ctx)
        return found


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
