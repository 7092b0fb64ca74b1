"""Options that several commands share, and how their values become contracts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path

import click

from observer.config.settings import load_settings
from observer.contracts.durations import BadDuration, parse_span
from observer.contracts.model import Contract
from observer.errors import InputError
from observer.reports.visible import visible
from observer.settings import Settings

#: No state can count further.
MOST_LISTED = 1_000_000
_MOST_NAMED = 10


def no_such(kind: str, wanted: str, names: Sequence[str]) -> InputError:
    """There is no `kind` of that name: with the nearest one, or with those that there are."""
    shown = names[:_MOST_NAMED]
    more = f" and {len(names) - len(shown):,} more" if len(names) > len(shown) else ""
    there_are = f"{', '.join(map(visible, shown))}{more}"
    near = get_close_matches(wanted, names, n=1)
    fix = f"choose from {there_are}" if names else f"there is no {kind} at all yet"
    if near:
        fix = f"did you mean `{visible(near[0])}`? There are {there_are}"
    return InputError(f"there is no {kind} `{visible(wanted)}`", fix=fix)


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
