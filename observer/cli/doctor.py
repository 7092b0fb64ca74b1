"""`observer doctor`: does everything that a daemon needs answer? One line per door, with a remedy."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from observer.cli.inputs import config_option
from observer.config.settings import load_settings
from observer.errors import ExitCode, InputError
from observer.reports.visible import visible

if TYPE_CHECKING:
    from observer.jobs.doctor.findings import Finding

_COLORS = {"✓": "green", "!": "yellow", "✗": "red", "–": None}


@click.command()
@config_option
def doctor(config: Path | None) -> int:
    """Try every door: settings, contracts, source, state, snapshots, lineage, Slack, webhook, Alertmanager, web.

    Changes nothing, and sends nothing.

    Exit code 0: all good (✓) or not needed (–); 2: warnings (!); 3: something is wrong (✗).
    """
    from observer.jobs.doctor.examine import Doors, examine
    from observer.jobs.doctor.findings import Finding, Health
    from observer.jobs.lint_contracts import lint_contracts
    from observer.lineage.sender import LineageSender
    from observer.wiring import opened_source

    try:
        settings = load_settings(config)
    except InputError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        _print(Finding(door="settings", health=Health.BAD, found=error.message, remedy=error.fix))
        _print(Finding(door="the rest", health=Health.NONE, found="not tried: the settings cannot be used"))
        return ExitCode.COULD_NOT_RUN
    doors = Doors(source=partial(opened_source, settings.source or "", settings), lineage=LineageSender)
    seen = set()
    for finding in examine(settings, lint_contracts(settings.contracts), doors):
        _print(finding)
        seen.add(finding.health)
    if Health.BAD in seen:
        return ExitCode.COULD_NOT_RUN
    return ExitCode.WARNINGS_ONLY if Health.WARNING in seen else ExitCode.OK


def _print(finding: Finding) -> None:
    mark = click.style(finding.health.value, fg=_COLORS[finding.health.value])
    line = f"{mark} {finding.door}: {visible(finding.found)}."
    click.echo(line + (f" Fix: {visible(finding.remedy)}." if finding.remedy else ""))
