"""`observer slo`: service levels."""

from __future__ import annotations

from pathlib import Path

import click

from observer.cli.inputs import contract_option, read_contracts
from observer.cli.problems import exit_code, print_problems, problem_format_option
from observer.cli.slo_backtest import backtest
from observer.cli.slo_explain import explain
from observer.cli.slo_status import status
from observer.config.settings import load_settings


@click.group()
def slo() -> None:
    """Service levels on CRM data, in OpenSLO v1."""


@slo.command(short_help="Find every problem in service levels, with line, column and remedy.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]…")
@contract_option
@problem_format_option
@click.pass_context
def lint(context: click.Context, paths: tuple[Path, ...], contract: tuple[Path, ...], form: str) -> None:
    """Check service levels, or folders with slo.yaml and *.slo.yaml (default: those of the settings).

    They are held against the contracts, which have to be clean themselves.

    Exit code 0: clean; 2: warnings only; 3: errors.
    """
    from observer.config.openslo import load_slos

    loaded = load_slos(paths or load_settings().slos, read_contracts(contract))
    print_problems(loaded, form, looked_at=(len(loaded.slos), "slos", "sound SLO"))
    context.exit(exit_code(loaded))


for command in (status, explain, backtest):
    slo.add_command(command)
