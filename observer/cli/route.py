"""`observer route`: who would be told of a check, how, and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from observer.checks.measure import Outcome
from observer.cli.inputs import config_option, read_contracts
from observer.cli.slo_inputs import form_option
from observer.config.settings import load_settings
from observer.errors import ExitCode, InputError
from observer.reports.visible import visible
from observer.wiring import opened_store

if TYPE_CHECKING:
    from observer.checks.spec import CheckSpec
    from observer.contracts.model import Contract
    from observer.jobs.would_tell import Case

_WHEN = {Outcome.FAILED: "When it fails", Outcome.ERRORED: "When we cannot look"}


@click.command()
@click.argument("check", metavar="CHECK")
@form_option
@config_option
def route(check: str, form: str, config: Path | None) -> int:
    """Say who would be told of CHECK (its id, as `observer show` prints it), in and out of working hours, and why.

    Exit code 0: somebody would be; 2: in some case nobody.
    """
    from observer.jobs.incident_policy import PolicyNow
    from observer.jobs.receivers import receivers_of
    from observer.jobs.would_tell import would_tell

    settings = load_settings(config)
    contracts = read_contracts((), settings)
    spec, contract = _named(check, contracts)
    now = datetime.now(UTC)
    with opened_store(settings) as store:
        cases = would_tell(spec, contract, PolicyNow(store, lambda: (settings, contracts))(), at=now)
    receivers = receivers_of(settings)
    if form == "json":
        told = {"check": spec.id, "statement": spec.statement, "receivers": list(receivers)}
        click.echo(json.dumps({**told, "cases": [_case_json(case) for case in cases]}, indent=2, ensure_ascii=False))
    else:
        _print(spec, cases, receivers)
    reaches = receivers and not any(case.route.reaches_nobody for case in cases)
    return ExitCode.OK if reaches else ExitCode.WARNINGS_ONLY


def _named(check: str, contracts: Sequence[Contract]) -> tuple[CheckSpec, Contract]:
    from observer.jobs.owners import checks_of

    known = {spec.id: (spec, contract) for contract in contracts for spec in checks_of(contract, contracts)}
    if check in known:
        return known[check]
    near = sorted(name for name in known if check in name)[:3] or get_close_matches(check, known, n=2, cutoff=0.6)
    fix = f"write {' or '.join(f'`{name}`' for name in near)}" if near else "take an id from `observer show RUN`"
    raise InputError(f"there is no check `{visible(check)}`", fix=fix)


def _print(spec: CheckSpec, cases: Sequence[Case], receivers: Sequence[str]) -> None:
    from observer.reports.routing_text import route_text

    click.echo(f"{click.style(visible(spec.statement), bold=True)}  {visible(spec.id)}, {spec.severity}")
    for outcome, of_outcome in groupby(cases, key=lambda case: case.outcome):
        click.echo(f"\n{_WHEN[outcome]}")
        told = list(of_outcome)
        # Where the hour makes no difference, it is told once.
        same = len({route_text(case.route) for case in told}) == 1
        for case in told[:1] if same else told:
            hours = f"{'in' if case.in_hours else 'out of'} working hours"
            when = "now" if case.is_now else f"from {case.at:%Y-%m-%d %H:%M} UTC"
            click.echo(f"  {'at any hour' if same else f'{hours} ({when})'}:", nl=False)
            click.echo(f" {click.style(route_text(case.route), bold=True)}")
            for reason in case.route.reasons:
                click.echo(click.style(f"    {visible(reason)}", dim=True))
        for silence in told[0].silences:
            ends = f"{silence.ends:%Y-%m-%d %H:%M} UTC"
            click.echo(f"  but silence {silence.id} of {visible(silence.by)} covers it until {ends}")
    if receivers:
        click.echo(f"\nMessages go to {', '.join(receivers)}.")
    else:
        click.echo("\nNo receiver is configured, so nobody is told: set [slack], [webhook] or [alertmanager].")


def _case_json(case: Case) -> dict[str, Any]:
    from observer.reports.incident_json import route_json
    from observer.reports.slo_json import time_json

    return {
        "outcome": case.outcome.value,
        "grade": case.finding.grade.value,
        "at": time_json(case.at),
        "in_hours": case.in_hours,
        "now": case.is_now,
        "silences": [silence.id for silence in case.silences],
        **route_json(case.route),
    }
