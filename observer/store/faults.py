"""Database faults → StoreError. In: an exception of SQLAlchemy or the driver. Out: a message a person can act on.

The text of a driver is quoted only where it speaks of the connection or the file; elsewhere it could hold a value.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from observer.errors import StoreError

#: Part of SQLite's message → what it means, and the remedy. `{place}` is the file.
_SQLITE_FAULTS: tuple[tuple[str, str, str], ...] = (
    (
        "database is locked",
        "another process is writing the state {place} and did not finish in time",
        "wait for it to end and run again; if none is running, look for a process that holds the file open",
    ),
    (
        "readonly database",
        "the state {place} cannot be written",
        "give this user write permission on the file and its folder, or name another state",
    ),
    (
        "unable to open database file",
        "the state {place} cannot be opened",
        "check that it is a file, and that this user may write its folder",
    ),
    (
        "not a database",
        "{place} is no state of crm-observer: it is not an SQLite file",
        "name another state, or move the file away and run again",
    ),
    (
        "malformed",
        "the state {place} is damaged",
        "move the file away and run again (a new one is made; past runs are lost), or put a backup in its place",
    ),
    (
        "disk is full",
        "there is no room left to write the state {place}",
        "free some space on that disk and run again",
    ),
    (
        "disk i/o error",
        "the disk failed while the state {place} was read or written",
        "check the disk (a network folder is no place for SQLite); use a local folder or PostgreSQL",
    ),
)

#: SQLSTATEs of a server that is stopping, starting, or has no room for one more connection.
_SERVER_GOES = frozenset({"57P01", "57P02", "57P03", "53300"})


def shown(url: URL) -> str:
    """The state as it may be shown: the file of SQLite, else the URL without its password."""
    if url.get_backend_name() == "sqlite":
        return url.database or ":memory:"
    return url.set(query={}).render_as_string(hide_password=True)


@contextmanager
def told_as_store_error(url: URL) -> Iterator[None]:
    """Whatever the database raises inside comes out as StoreError."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as fault:
        raise _explain(fault, url) from fault


def _explain(fault: Exception, url: URL) -> StoreError:
    place = shown(url)
    cause = (fault.orig if isinstance(fault, DBAPIError) else None) or fault
    text = str(cause).strip().splitlines()
    first_line = text[0] if text else type(fault).__name__
    if url.get_backend_name() == "sqlite":
        for mark, meaning, remedy in _SQLITE_FAULTS:
            if mark in first_line.lower():
                return StoreError(meaning.format(place=place), fix=remedy)
    state = getattr(cause, "sqlstate", None)
    if state == "42501" or "permission denied" in first_line:
        return StoreError(
            f"the state {place} may not be written by this user",
            fix="grant it CREATE and USAGE on the schema, or name another state",
        )
    if state == "55P03":
        return StoreError(
            f"another process holds the state {place} and did not finish in time",
            fix="wait for it to end and run again",
        )
    if state in {"57014", "25P03"} or isinstance(fault, PoolTimeout):
        return StoreError(
            f"the state {place} is too slow: a statement did not end in time",
            fix="look for what keeps that server busy, or for a pause of this machine",
        )
    if state in _SERVER_GOES:
        return StoreError(
            f"the state {place} could not be reached: the server ended the connection, or is starting or stopping",
            fix="nothing to do if the server was restarted: the next attempt connects anew",
        )
    if isinstance(fault, OperationalError) and state is None:
        return StoreError(
            f"the state {place} could not be reached: {first_line}",
            fix="check host, port, database name and password of the state's URL, and that the server runs",
        )
    kind = f"{type(cause).__name__}{f', SQLSTATE {state}' if state else ''}"
    return StoreError(
        f"the state {place} refused a statement ({kind})",
        fix="run again; if it stays, report it with this message",
    )
