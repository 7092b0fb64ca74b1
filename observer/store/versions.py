"""Which schema a state has, and which one this version knows. In: its URL. Out: both; nothing is written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from observer.errors import StoreError
from observer.store.connect import make_engine, parse_url
from observer.store.faults import shown, told_as_store_error
from observer.store.migrate import VERSION_TABLE, alembic_config


@dataclass(frozen=True, kw_only=True)
class SchemaVersions:
    """The two schemas of a state."""

    #: The URL as it may be shown.
    place: str
    #: None: there is no state yet.
    current: str | None
    newest: str
    #: False: written by a newer version of crm-observer, and not to be touched by this one.
    known: bool
    #: Several daemons may share it.
    shared: bool

    @property
    def up_to_date(self) -> bool:
        return self.current == self.newest


def schema_versions(url: str, *, lock_timeout: float = 10.0) -> SchemaVersions:
    """Ask, and change nothing. Raises StoreError: it cannot be reached, read, or made."""
    parsed = parse_url(url)
    script = ScriptDirectory.from_config(alembic_config())
    newest = script.get_current_head()
    assert newest is not None, "this package has migrations"
    current = None
    shared = parsed.get_backend_name() == "postgresql"
    if shared or _is_there(parsed.database):
        engine = make_engine(parsed, lock_timeout=lock_timeout)
        try:
            with told_as_store_error(parsed), engine.connect() as connection:
                context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
                current = context.get_current_revision()
        finally:
            engine.dispose()
    known = current is None or current in {revision.revision for revision in script.walk_revisions()}
    return SchemaVersions(place=shown(parsed), current=current, newest=newest, known=known, shared=shared)


def _is_there(database: str | None) -> bool:
    """Whether the file of a SQLite state is there. Raises StoreError where it could not be made either."""
    if not database or database == ":memory:":
        return False
    file = Path(database)
    if file.exists():
        return True
    folder = next(parent for parent in file.absolute().parents if parent.exists())
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise StoreError(
            f"the state {file} is not there and cannot be made in {folder}", fix="make the folder writable"
        )
    return False
