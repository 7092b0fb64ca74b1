"""How commands that look for problems in files print them, and how they exit."""

from __future__ import annotations

import json

import click

from observer.contracts.problems import Level, Problem, ProblemReport, path_text
from observer.errors import ExitCode

problem_format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "github", "json"]),
    default="text",
    show_default=True,
    help="text for people, github for annotations in a pull request, json for programs.",
)


def print_problems(report: ProblemReport, form: str, *, looked_at: tuple[int, str, str]) -> None:
    """Every problem and a summary. `looked_at`: how many of what, as a key of the JSON and as a word for people."""
    count, key, word = looked_at
    errors, warnings = len(report.errors), len(report.warnings)
    if form == "json":
        found = {
            "summary": {key: count, "errors": errors, "warnings": warnings},
            "problems": [_problem_json(problem) for problem in report.problems],
        }
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    from observer.reports.sentences import count_text

    for problem in report.problems:
        click.echo(github_text(problem) if form == "github" else str(problem))
    counts = ((count, word), (errors, "error"), (warnings, "warning"))
    click.echo(", ".join(count_text(number, name) for number, name in counts))


def exit_code(report: ProblemReport) -> ExitCode:
    """Errors outrank warnings."""
    if report.errors:
        return ExitCode.COULD_NOT_RUN
    return ExitCode.WARNINGS_ONLY if report.warnings else ExitCode.OK


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


def _problem_json(problem: Problem) -> dict[str, object]:
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
