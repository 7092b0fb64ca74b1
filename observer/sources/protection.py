"""Whether a source can be harmed: by its session, which ought to be read-only, and by the rights of its user.

In: an open source. Out: a Protection. A write is really tried, one that changes nothing even where it is allowed: a
lock on none of the rows, a delete of none of them, or a table that is rolled back.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from observer.errors import SourceError
from observer.sources.source import Source


@dataclass(frozen=True, kw_only=True)
class Protection:
    """What stands between the observer and the data."""

    #: The session refuses writes; None: that could not be tried.
    session: bool | None
    #: The user has no right to write; None: not known.
    user: bool | None
    #: What was seen, in words: "may write 12 tables".
    seen: str
    #: How the user's rights are taken away.
    remedy: str = "give the observer a user of its own with SELECT and nothing else"


_WRITABLE_TABLES = """
SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user), pg_is_in_recovery(), count(*)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND (has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
       OR has_any_column_privilege(c.oid, 'INSERT, UPDATE'))
"""
_SOME_TABLE = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY table_name LIMIT 1
"""
#: Rights and the database in which they hold: `*`, or a pattern of LIKE.
_GRANT = re.compile(r"GRANT (.+?) ON (?:TABLE )?(\*|`(?:[^`]|``)*`)\.", re.IGNORECASE)
_WRITES = re.compile(r"\b(ALL PRIVILEGES|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|SUPER)\b", re.IGNORECASE)
_READ_ONLY_STATE = "25006"
_READ_ONLY_NUMBERS = (1792, 1290, 1836)


def protection(source: Source) -> Protection:
    """How the source is protected from its reader. Raises SourceError when it cannot be asked."""
    if source.engine is None:
        return Protection(session=True, user=None, seen="files are opened for reading only")
    ask = _BY_KIND.get(source.kind)
    if ask is None:
        return Protection(
            session=None, user=None, seen=f"whether a session of {source.kind} is read-only cannot be tried"
        )
    try:
        with source.engine.connect() as connection:
            return ask(connection)
    except SQLAlchemyError as error:
        raise SourceError(
            f"{source.display_url} does not say what its user may do ({type(error).__name__})",
            fix="check the connection and the server's log",
        ) from None


def _postgresql(connection: Connection) -> Protection:
    superuser, replica, writable = connection.exec_driver_sql(_WRITABLE_TABLES).one()
    # Refused by a read-only session before rights are looked at; locks no row even where it is allowed.
    session = _refused(connection, "SELECT 1 FROM pg_catalog.pg_class WHERE false FOR UPDATE", _is_read_only_state)
    if replica:
        return Protection(session=session, user=True, seen="a replica, which nobody can write")
    if superuser:
        return Protection(session=session, user=False, seen="a superuser, who may write everything")
    seen = (
        f"a user who may write {writable} table{'' if writable == 1 else 's'}"
        if writable
        else "a user who may not write"
    )
    return Protection(session=session, user=not writable, seen=seen)


def _is_read_only_state(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) == _READ_ONLY_STATE


def _mysql(connection: Connection) -> Protection:
    grants = [str(grant) for grant in connection.exec_driver_sql("SHOW GRANTS").scalars()]
    database = str(connection.exec_driver_sql("SELECT DATABASE()").scalar())
    writes = any(
        found and _WRITES.search(found[1]) and _covers(found[2], database) for found in map(_GRANT.match, grants)
    )
    tables = [str(name) for name in connection.exec_driver_sql(_SOME_TABLE).scalars()]
    session = None
    if tables:
        name = connection.dialect.identifier_preparer.quote_identifier(tables[0])
        session = _refused(connection, f"DELETE FROM {name} WHERE 1 = 0", _is_read_only_number)
    seen = "a user who may write" if writes else "a user who may not write"
    return Protection(session=session, user=not writes, seen=seen)


def _covers(pattern: str, database: str) -> bool:
    """Whether a right on `pattern` holds in the database."""
    if pattern == "*":
        return True
    parts = re.findall(r"\\.|.", pattern[1:-1].replace("``", "`"))
    likes = {"%": ".*", "_": "."}
    expression = "".join(likes.get(part) or re.escape(part.removeprefix("\\")) for part in parts)
    return re.fullmatch(expression, database, re.IGNORECASE) is not None


def _is_read_only_number(error: DBAPIError) -> bool:
    return error.orig is not None and any(number in error.orig.args for number in _READ_ONLY_NUMBERS)


def _sqlite(connection: Connection) -> Protection:
    file = Path(str(connection.exec_driver_sql("PRAGMA database_list").mappings().one()["file"]))
    connection.exec_driver_sql("BEGIN")
    session = _refused(connection, "CREATE TABLE observer_tries_to_write (a)", _says_read_only)
    return _file(session, file)


def _duckdb(connection: Connection) -> Protection:
    path = connection.exec_driver_sql("SELECT path FROM duckdb_databases() WHERE NOT internal").scalar()
    session = _refused(connection, "CREATE TABLE observer_tries_to_write (a INTEGER)", _says_read_only)
    return _file(session, Path(str(path)))


def _says_read_only(error: DBAPIError) -> bool:
    return re.search("read.?only", str(error.orig), re.IGNORECASE) is not None


def _file(session: bool | None, file: Path) -> Protection:
    writable = os.access(file, os.W_OK)
    seen = "a file that this user may write" if writable else "a file that this user may only read"
    return Protection(session=session, user=not writable, seen=seen, remedy=f"chmod a-w {file}")


def _refused(connection: Connection, statement: str, is_protection: Callable[[DBAPIError], bool]) -> bool | None:
    """True: refused for the session's sake. None: refused for another reason, e.g. a missing right. Rolled back."""
    try:
        connection.exec_driver_sql(statement)
    except DBAPIError as error:
        return is_protection(error) or None
    finally:
        connection.rollback()
    return False


_BY_KIND: dict[str, Callable[[Connection], Protection]] = {
    "postgresql": _postgresql,
    "mysql": _mysql,
    "sqlite": _sqlite,
    "duckdb": _duckdb,
}
