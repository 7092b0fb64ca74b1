"""`observer migrate`: brings the state to the schema of this version."""

from __future__ import annotations

from pathlib import Path

import click

from observer.cli.inputs import config_option
from observer.config.settings import load_settings
from observer.errors import ExitCode, StoreError


@click.command()
@config_option
@click.option("--check", is_flag=True, help="Change nothing; exit 2 when there is something to do.")
def migrate(config: Path | None, check: bool) -> int:
    """Bring the state to the newest schema. Back it up first; there is no way back.

    Every command that writes the state does this by itself; here it happens when you want it to.
    """
    from observer.store.versions import schema_versions
    from observer.wiring import opened_store

    settings = load_settings(config)
    before = schema_versions(settings.state)
    if not before.known:
        raise StoreError(
            f"the state {before.place} was written by a newer version of crm-observer (schema {before.current})",
            fix="install that version or a newer one, or name another state",
        )
    at = f"at schema {before.current}" if before.current else "empty"
    if before.up_to_date:
        click.echo(f"{before.place} is {at}: nothing to do.")
        return ExitCode.OK
    if check:
        click.echo(f"{before.place} is {at}; `observer migrate` brings it to {before.newest}.")
        return ExitCode.WARNINGS_ONLY
    with opened_store(settings):
        pass
    click.echo(f"{before.place} was {at}, and is now at schema {schema_versions(settings.state).current}.")
    return ExitCode.OK
