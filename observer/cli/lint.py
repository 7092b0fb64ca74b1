"""`observer lint`: every problem of every contract, at once, where it stands and how to mend it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from observer.config.settings import load_settings
from observer.contracts.problems import Level, Problem, path_text
from observer.errors import ExitCode
from observer.jobs.lint_contracts import LintReport, lint_contracts


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]…")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "github", "json"]),
    default="text",
    show_default=True,
    help="text for people, github for annotations in a pull request, json for programs.",
)
@click.pass_context
def lint(context: click.Context, paths: tuple[Path, ...], form: str) -> None:
    """Check contract files, or folders with *.odcs.yaml (default: those of the settings).

    Exit code 0: clean; 2: warnings only; 3: errors.
    """
    report = lint_contracts(paths or load_settings().contracts)
    if form == "json":
        click.echo(json.dumps(_as_json(report), indent=2, ensure_ascii=False))
    else:
        for problem in report.problems:
            click.echo(github_text(problem) if form == "github" else str(problem))
        click.echo(summary(report))
    context.exit(exit_code(report))


def exit_code(report: LintReport) -> ExitCode:
    """Errors outrank warnings."""
    if report.errors:
        return ExitCode.COULD_NOT_RUN
    return ExitCode.WARNINGS_ONLY if report.warnings else ExitCode.OK


def summary(report: LintReport) -> str:
    """ "7 contracts, 2 errors, 3 warnings"."""
    counts = (
        (len(report.files), "contract"),
        (len(report.errors), "error"),
        (len(report.warnings), "warning"),
    )
    return ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts)


def github_text(problem: Problem) -> str:
    """An annotation as GitHub's workflow commands want it, special characters escaped."""
    kind = "error" if problem.level is Level.ERROR else "warning"
    where = f"file={_escaped(problem.file, property_value=True)}"
    if problem.line:
        where += f",line={problem.line},col={problem.column}"
    at = f"{path_text(problem.path)}: " if problem.path else ""
    said = _escaped(f"{at}{problem.message}. Fix: {problem.fix}.")
    return f"::{kind} {where},title={_escaped(problem.rule, property_value=True)}::{said}"


def _escaped(text: str, *, property_value: bool = False) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return escaped.replace(":", "%3A").replace(",", "%2C") if property_value else escaped


def _as_json(report: LintReport) -> dict[str, object]:
    return {
        "summary": {
            "contracts": len(report.files),
            "errors": len(report.errors),
            "warnings": len(report.warnings),
        },
        "problems": [problem_json(problem) for problem in report.problems],
    }


def problem_json(problem: Problem) -> dict[str, object]:
    """A problem as programs read it."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": path_text(problem.path),
        "level": problem.level.value,
        "rule": problem.rule,
        "message": problem.message,
        "fix": problem.fix,
    }
