"""What the commands on service levels share: their options, and how these become contracts and SLOs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from observer.cli.inputs import config_option, contract_option, no_such, read_contracts
from observer.config.settings import load_settings
from observer.contracts.model import Contract
from observer.errors import InputError
from observer.settings import Settings
from observer.slo.model import Slo

_P = ParamSpec("_P")
_R = TypeVar("_R")

form_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text for people, json for programs.",
)


@dataclass(frozen=True, kw_only=True)
class Levels:
    """What a command on service levels works with."""

    settings: Settings
    contracts: tuple[Contract, ...]
    slos: tuple[Slo, ...]

    def named(self, name: str) -> Slo:
        """The SLO of that name. Raises InputError, with the nearest name."""
        found = next((slo for slo in self.slos if slo.name == name), None)
        if found is not None:
            return found
        raise no_such("SLO", name, [slo.name for slo in self.slos])


def level_options(command: Callable[_P, _R]) -> Callable[_P, _R]:
    """`--config`, `--contract`, `--slos` and `--state`, as `read_levels` takes them."""
    options = (
        config_option,
        contract_option,
        click.option(
            "--slos",
            type=click.Path(path_type=Path),
            multiple=True,
            metavar="PATH",
            help="A file of service levels, or a folder of them; may be given again.  [default: those of the settings]",
        ),
        click.option("--state", metavar="URL", help="The state.  [default: that of the settings]"),
    )
    for option in reversed(options):
        command = option(command)
    return command


def read_levels(config: Path | None, contract: Sequence[Path], slos: Sequence[Path], state: str | None) -> Levels:
    """Settings, contracts and SLOs, all of them sound.

    Raises:
        InputError: one of them is wrong, or there is no SLO. It holds every problem found.
    """
    from observer.jobs.load_slos import slos_for_run

    settings = load_settings(config)
    if state is not None:
        settings = replace(settings, state=state)
    contracts = read_contracts(tuple(contract), settings)
    found = slos_for_run(tuple(slos) or settings.slos, contracts)
    if not found:
        raise InputError("there are no service levels", fix="write slo.yaml (docs/slo.md), or name a file with --slos")
    return Levels(settings=settings, contracts=contracts, slos=found)
