"""What the commands on incidents share: who acts, and what is read of settings, contracts and state."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from observer.cli.inputs import no_such
from observer.config.settings import ACTOR_VARIABLE
from observer.contracts.model import Contract, properties_of
from observer.errors import InputError
from observer.incidents.permission import LONGEST_NAME, person_of
from observer.reports.visible import visible
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
    """Who acts. Raises InputError when nothing tells, or what tells is no name."""
    name = (given or os.environ.get(ACTOR_VARIABLE) or "").strip()
    if name:
        if person_of(name) is None:
            fix = f"write one line of at most {LONGEST_NAME} characters: an email address"
            raise InputError(f"`{visible(name[:40])}` is no name of a person", fix=fix)
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


def check_names(store: Store, settings: Settings, *, contract: str | None, owner: str | None) -> None:
    """That nothing is wrong with a name that is written wrong is no good news.

    Raises InputError: no contract and no incident that the state remembers has it.
    """
    contracts = sound_contracts(settings)
    if contract is not None and not store.incidents.rows(limit=1, contract=contract):
        names = [each.id for each in contracts]
        if contract not in names:
            raise no_such("contract", contract, names)
    if owner is not None and not store.incidents.rows(limit=1, owner=owner):
        people = _owners(contracts, settings)
        if owner not in people:
            raise no_such("owner", owner, people)


def _owners(contracts: Iterable[Contract], settings: Settings) -> list[str]:
    named = [settings.incidents.platform_owner, settings.incidents.default_owner]
    for contract in contracts:
        named += [contract.owner, *(prop.owner for _, prop in properties_of(contract))]
    return sorted({name for name in named if name})


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
