"""`observer generate`: suites from contracts and rules from service levels, written or checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from observer.cli.inputs import contract_option, read_contracts
from observer.config.settings import load_settings
from observer.errors import ExitCode
from observer.reports.sentences import count_text

if TYPE_CHECKING:
    from observer.jobs.generated_files import GeneratedFile


@click.command()
@contract_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("expectations/suites"),
    show_default=True,
    help="Folder of the suites; those whose table or contract is gone are removed.",
)
@click.option(
    "--rules",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("deploy/prometheus/slo-rules.yaml"),
    show_default=True,
    help="File of the rules for Prometheus; written only where there is a slo.yaml.",
)
@click.option("--check", is_flag=True, help="Write nothing; show what is stale and exit 1 if anything is.")
def generate(contract: tuple[Path, ...], out: Path, rules: Path, check: bool) -> int:
    """Write one Great Expectations suite per table under contract, and Prometheus rules for the service levels.

    The suites are plain GX 1.x JSON. The rules record each service level of slo.yaml under Sloth's names and alert on
    its burn rates; they are made of all contracts, so not when some are named. Commit both: their diff shows a reviewer
    what a change of a contract or a level means.
    """
    from observer.jobs.generate_rules import compare_rules
    from observer.jobs.generate_suites import compare_suites
    from observer.jobs.generated_files import write_files
    from observer.jobs.load_slos import slos_for_run

    settings = None if contract else load_settings()
    contracts = read_contracts(contract, settings)
    files = compare_suites(contracts, out, whole=not contract)
    suites = len(files)
    if settings is not None:
        files += compare_rules(slos_for_run(settings.slos, contracts), rules)
    made = _count_text(suites, len(files) - suites)
    if check:
        return _check(files, made)
    write_files(files)
    stale = [file for file in files if file.stale]
    for file in stale:
        verb = "removed" if file.wanted is None else "updated" if file.present is not None else "wrote"
        click.echo(f"{verb} {file.path}")
    click.echo(f"{made}, {len(stale)} changed.")
    return ExitCode.OK


def _check(files: Sequence[GeneratedFile], made: str) -> int:
    stale = [file for file in files if file.stale]
    for file in stale:
        click.echo(file.diff(), nl=False)
    if stale:
        click.echo(f"stale: {len(stale)} of {made}. Fix: run `observer generate` and commit.", err=True)
        return ExitCode.CHECKS_FAILED
    click.echo(f"up to date: {made}.")
    return ExitCode.OK


def _count_text(suites: int, rule_files: int) -> str:
    """`6 suites and 1 rule file`; rules are not spoken of where there are none."""
    told = count_text(suites, "suite")
    return f"{told} and {count_text(rule_files, 'rule file')}" if rule_files else told
