"""`observer owners`: who owns which field, how it is watched, how it did last, and what nobody owns."""

from __future__ import annotations

import json
from pathlib import Path

import click

from observer.cli.inputs import config_option, no_such, read_contracts
from observer.cli.output import console
from observer.cli.slo_inputs import form_option
from observer.config.settings import load_settings
from observer.errors import ExitCode
from observer.wiring import opened_store


@click.command()
@click.option("--contract", metavar="ID", help="Only the fields of this contract.")
@click.option("--owner", metavar="EMAIL", help="Only the fields of this owner.")
@click.option("--nobody", is_flag=True, help="Only the fields that nobody owns.")
@form_option
@config_option
def owners(contract: str | None, owner: str | None, nobody: bool, form: str, config: Path | None) -> int:
    """Print the matrix: field, owner, steward, consumers, rules, SLOs, last state.

    Exit code 0: every field that is printed has an owner; 2: some have none.
    """
    from observer.jobs.load_slos import slos_for_run
    from observer.jobs.owners import owners as matrix_of
    from observer.reports.incident_json import ownership_json
    from observer.reports.routing_text import render_owners

    settings = load_settings(config)
    contracts = read_contracts((), settings)
    slos = slos_for_run(settings.slos, contracts)
    with opened_store(settings) as store:
        matrix = matrix_of(contracts, slos, store)
    if contract is not None and contract not in (names := [known.id for known in contracts]):
        raise no_such("contract", contract, names)
    if owner is not None and owner not in (people := sorted({row.owner for row in matrix if row.owner})):
        raise no_such("owner", owner, people)
    rows = [
        row
        for row in matrix
        if contract in (None, row.contract) and owner in (None, row.owner) and not (nobody and row.owner)
    ]
    if form == "json":
        click.echo(json.dumps([ownership_json(row) for row in rows], indent=2, ensure_ascii=False))
    else:
        render_owners(rows, console())
    return ExitCode.WARNINGS_ONLY if any(row.owner is None for row in rows) else ExitCode.OK
