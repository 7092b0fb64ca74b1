"""What the commands on incidents share: who acts, and what is read of settings, contracts and state."""

from __future__ import annotations

import getpass
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from observer.config.settings import ACTOR_VARIABLE
from observer.contracts.model import Contract
from observer.errors import InputError
from observer.settings import Settings

if TYPE_CHECKING:
    from observer.jobs.briefs import Briefs
    from observer.store import Store

actor_option = click.option(
    "--as",
    "actor",
    metavar="EMAIL",
    help=f"Who you are.  [default: {ACTOR_VARIABLE}, else your login name]",
)


def actor_of(given: str | None) -> str:
    """Who acts. Raises InputError when nothing tells."""
    name = (given or os.environ.get(ACTOR_VARIABLE) or "").strip()
    if name:
        return name
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise InputError("nobody knows who you are", fix=f"say it with --as EMAIL, or in {ACTOR_VARIABLE}") from None


def sound_contracts(settings: Settings) -> tuple[Contract, ...]:
    """Those without an error: an incident is shown and acted on whatever somebody wrote into another file."""
    from observer.jobs.lint_contracts import lint_contracts

    report = lint_contracts(settings.contracts)
    if report.errors:
        count = len({problem.file for problem in report.errors})
        broken = f"{count} contract file{' is' if count == 1 else 's are'} broken and left out"
        click.echo(f"observer: {broken}; `observer lint` says why", err=True)
    return report.contracts


def briefs_of(store: Store, settings: Settings) -> Briefs:
    """Incidents for people, of this state and these settings."""
    from observer.jobs.briefs import Briefs
    from observer.jobs.incident_policy import PolicyNow
    from observer.jobs.load_slos import slos_for_run
    from observer.jobs.slo_standing import standings

    contracts = sound_contracts(settings)
    try:
        slos = slos_for_run(settings.slos, contracts)
    except InputError as error:
        click.echo(f"observer: budgets are not shown: {error.message}; `observer slo lint` says why", err=True)
        slos = ()
    return Briefs(
        store,
        PolicyNow(store, lambda: (settings, contracts)),
        levels=lambda: standings(store, slos, at=datetime.now(UTC)),
        page=lambda: settings.web.public_url,
    )
