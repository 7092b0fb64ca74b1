"""URL → engine of the state. In: `sqlite:///….db` or `postgresql://…`. Out: an engine; nothing is written yet."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from observer.errors import StoreError
from observer.store.postgres import make_postgres_engine


def parse_url(url: str) -> URL:
    """Text → URL with the driver we use. Raises StoreError for anything but SQLite and PostgreSQL."""
    parsed = None
    with suppress(ArgumentError, ValueError):  # their messages may quote the password
        parsed = make_url(url)
    if parsed is None:
        encode = ", and in a password @ as %40, : as %3A, / as %2F, % as %25" if "@" in url else ""
        raise StoreError(
            "the URL of the state is no URL",
            fix=f"write `sqlite:///path/to/state.db` or `postgresql://user@host/database`{encode}",
        )
    if parsed.password is not None and "@" in url.partition("://")[2].partition(":")[2].partition("@")[2]:
        # The first `@` ends the password, so that its rest would pass for a host, and be shown.
        raise StoreError("the password in the URL of the state holds an @ as it is", fix="write it as %40")
    backend = "postgresql" if parsed.get_backend_name() in {"postgres", "postgresql"} else parsed.get_backend_name()
    if backend not in {"sqlite", "postgresql"}:
        raise StoreError(
            f"the state cannot live in {backend}",
            fix="write `sqlite:///path/to/state.db` or `postgresql://user@host/database`",
        )
    return parsed.set(drivername="sqlite" if backend == "sqlite" else "postgresql+psycopg")


def make_engine(url: URL, *, lock_timeout: float) -> Engine:
    """An engine; for SQLite the parent folder of the file is made. `lock_timeout` is in seconds."""
    if url.get_backend_name() == "postgresql":
        return make_postgres_engine(url, lock_timeout=lock_timeout)
    if url.database and url.database != ":memory:" and "uri" not in url.query:
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise StoreError(
                f"the folder {folder} of the state cannot be made ({fault.strerror})",
                fix="make it yourself, or name another state",
            ) from fault
    engine = create_engine(url, connect_args={"timeout": lock_timeout})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def keep_wal(engine: Engine, *, lock_timeout: float) -> None:
    """Readers never wait for the writer. The mode stays with the file; switching ignores SQLite's own timeout."""
    if engine.dialect.name != "sqlite":
        return
    deadline = time.monotonic() + lock_timeout
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        while True:
            try:
                cursor.execute(
                    "PRAGMA journal_mode=WAL"
                )  # where it is not to be had, the old mode stays: slower, not wrong
                return
            except sqlite3.OperationalError as fault:
                if "readonly" in str(fault):
                    return  # the statement that needs to write says so with its remedy
                if "locked" not in str(fault) or time.monotonic() > deadline:
                    raise
            time.sleep(0.02)
    finally:
        raw.close()


def _set_up_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver must not open transactions of its own, or DDL escapes them
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=NORMAL")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
