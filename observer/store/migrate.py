"""Brings a state to the schema this version knows. In: an engine. Out: a state at head, or a StoreError.

Safe when several processes do it at once: the first does the work under a lock, the others find it done.
"""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from observer.errors import StoreError
from observer.store.faults import shown
from observer.store.postgres import taking_its_time
from observer.store.tables import METADATA

VERSION_TABLE = "observer_schema_version"

#: Any number will do, as long as nobody else takes it.
_POSTGRESQL_LOCK = 7_305_461_988

#: Alembic keeps the migration under way in module globals: one at a time per process.
_one_migration = threading.Lock()


def alembic_config() -> Config:
    """Alembic set to the migrations of this package; needs no ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def migrate(engine: Engine, *, lock_timeout: float) -> None:
    """Upgrade to head. Does not write when the state is at head already.

    Raises StoreError when the schema is newer than this version, or holds tables of somebody else.
    """
    config = alembic_config()
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head()
    with engine.connect() as connection:
        if _revision(connection) == head:
            return
    writing = engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
    with _one_migration, writing.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{int(lock_timeout * 1000)}ms'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRESQL_LOCK})
        current = _revision(connection)
        if current == head:
            return
        if current is None:
            _refuse_foreign_tables(connection)
        elif current not in {revision.revision for revision in script.walk_revisions()}:
            raise StoreError(
                f"the state {shown(engine.url)} was written by a newer version of crm-observer (schema {current})",
                fix="install that version or a newer one, or name another state",
            )
        config.attributes["connection"] = connection
        with taking_its_time(connection):  # a new index on a large table
            command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def _refuse_foreign_tables(connection: Connection) -> None:
    """A database that is not ours may hold a table named `runs`: never touch it."""
    foreign = sorted(set(inspect(connection).get_table_names()) & set(METADATA.tables))
    if foreign:
        raise StoreError(
            f"the database {shown(connection.engine.url)} holds a table `{foreign[0]}` that crm-observer did not make",
            fix="give the state a database or schema of its own (PostgreSQL: `?options=-csearch_path%3Dobserver`)",
        )
