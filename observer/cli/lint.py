"""`observer lint`: every problem of every contract, at once, where it stands and how to mend it."""

from __future__ import annotations

from pathlib import Path

import click

from observer.cli.problems import exit_code, print_problems, problem_format_option
from observer.config.settings import load_settings
from observer.jobs.lint_contracts import lint_contracts


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]…")
@problem_format_option
@click.pass_context
def lint(context: click.Context, paths: tuple[Path, ...], form: str) -> None:
    """Check contract files, or folders with *.odcs.yaml (default: those of the settings).

    Exit code 0: clean; 2: warnings only; 3: errors.
    """
    report = lint_contracts(paths or load_settings().contracts)
    print_problems(report, form, looked_at=(len(report.files), "contracts", "contract"))
    context.exit(exit_code(report))
