"""`observer slo`: service levels."""

from __future__ import annotations

import json
from pathlib import Path

import click

from observer.cli.inputs import contract_option, read_contracts
from observer.cli.lint import github_text, problem_json
from observer.errors import ExitCode

#: Where service levels stand when nothing is named.
DEFAULT = Path("slo.yaml")


@click.group()
def slo() -> None:
    """Service levels on CRM data, in OpenSLO v1."""


@slo.command(short_help="Find every problem in service levels, with line, column and remedy.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]…")
@contract_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "github", "json"]),
    default="text",
    show_default=True,
    help="text for people, github for annotations in a pull request, json for programs.",
)
@click.pass_context
def lint(context: click.Context, paths: tuple[Path, ...], contract: tuple[Path, ...], form: str) -> None:
    """Check service levels, or folders with slo.yaml and *.slo.yaml (default: ./slo.yaml), against the contracts.

    Exit code 0: clean; 2: warnings only; 3: errors.
    """
    from observer.config.openslo import load_slos
    from observer.reports.sentences import count_text

    loaded = load_slos(paths or (DEFAULT,), read_contracts(contract))
    errors, warnings = len(loaded.errors), len(loaded.warnings)
    if form == "json":
        found = {
            "summary": {"slos": len(loaded.slos), "errors": errors, "warnings": warnings},
            "problems": [problem_json(problem) for problem in loaded.problems],
        }
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        for problem in loaded.problems:
            click.echo(github_text(problem) if form == "github" else str(problem))
        counts = ((len(loaded.slos), "sound SLO"), (errors, "error"), (warnings, "warning"))
        click.echo(", ".join(count_text(count, name) for count, name in counts))
    context.exit(ExitCode.COULD_NOT_RUN if errors else ExitCode.WARNINGS_ONLY if warnings else ExitCode.OK)
