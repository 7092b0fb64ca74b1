"""Arrow chunks → tables, in bulk, all or nothing. In: a URL and tables of chunks. Out: a database that holds them.

SQLite is built in a file beside its place and moved there when whole; PostgreSQL is built in one transaction.
A database that this generator did not make is never touched.
"""

from __future__ import annotations

import contextlib
import io
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from sqlalchemy import Dialect, Table, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.schema import CreateIndex, CreateTable

from observer.demo import tables as t
from observer.errors import InputError, SourceError

_OURS = frozenset(table.name for table in (*t.CRM_TABLES, t.origin))


class Target(Protocol):
    """An empty CRM being built. Creating, loading and indexing happen in this order, once per table."""

    def create(self, table: Table) -> None: ...

    def load(self, table: Table, chunk: pa.Table) -> None: ...

    def index(self, table: Table) -> None: ...


def parse_target(url: str) -> URL:
    """Text → URL. Raises InputError unless it is a SQLite file or PostgreSQL."""
    fix = "write sqlite:///path/to/crm.db or postgresql://user@host/database"
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InputError("the URL of the demo CRM is no URL", fix=fix) from error
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql", "postgres") or (backend == "sqlite" and not parsed.database):
        raise InputError(f"a demo CRM cannot be built in {backend}", fix=fix)
    return parsed


def shown(url: URL) -> str:
    """The target without its password."""
    return url.set(query={}).render_as_string(hide_password=True)


def open_target(url: URL) -> AbstractContextManager[Target]:
    """A target that is committed when the block ends, and leaves no trace when it raises.

    Raises InputError when the place holds anything else, SourceError when it cannot be reached or written.
    """
    if url.get_backend_name() == "sqlite":
        return _sqlite_target(Path(url.database or ""))
    return _postgresql_target(url)


def _refuse_strangers(names: Sequence[str], place: str) -> None:
    strangers = sorted(set(names) - _OURS)
    if strangers or (names and t.origin.name not in names):
        raise InputError(
            f"{place} holds tables that are not of a demo CRM (`{(strangers or sorted(names))[0]}`)",
            fix="name an empty database, or a file that does not exist yet",
        )


def _ddl(table: Table, dialect: Dialect) -> str:
    return str(CreateTable(table).compile(dialect=dialect))


def _indexes(table: Table, dialect: Dialect) -> Iterator[str]:
    for index in sorted(table.indexes, key=lambda i: str(i.name)):
        yield str(CreateIndex(index).compile(dialect=dialect))


# ---- SQLite


class _SqliteTarget:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._dialect = URL.create("sqlite").get_dialect()()

    def create(self, table: Table) -> None:
        self._connection.execute(_ddl(table, self._dialect))

    def load(self, table: Table, chunk: pa.Table) -> None:
        columns = [_plain(chunk[column.name]).to_pylist() for column in table.columns]
        marks = ", ".join("?" * len(columns))
        self._connection.executemany(f'INSERT INTO "{table.name}" VALUES ({marks})', zip(*columns, strict=True))

    def index(self, table: Table) -> None:
        for statement in _indexes(table, self._dialect):
            self._connection.execute(statement)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """As SQLite keeps it: times and dates as ISO 8601 text, truth as 0 and 1."""
    if pa.types.is_timestamp(column.type):
        text = column.cast(pa.timestamp("s")).cast(pa.string())  # ten times faster than strftime
        return pc.binary_join_element_wise(pc.replace_substring(text, " ", "T"), "Z", "")
    if pa.types.is_date(column.type):
        return column.cast(pa.string())
    return column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column


@contextlib.contextmanager
def _sqlite_target(file: Path) -> Iterator[Target]:
    building = file.with_name(f"{file.name}.building")
    try:
        if file.exists():
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as present:
                rows = present.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
                _refuse_strangers([name for (name,) in rows], str(file))
        file.parent.mkdir(parents=True, exist_ok=True)
        building.unlink(missing_ok=True)
        with closing(sqlite3.connect(building, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=OFF")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("BEGIN")
            yield _SqliteTarget(connection)
            connection.execute("COMMIT")
        for leftover in (f"{file}-wal", f"{file}-shm"):
            Path(leftover).unlink(missing_ok=True)
        building.replace(file)
    except (sqlite3.Error, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceError(
            f"the demo CRM cannot be written to {file} ({reason})",
            fix="name another file, in a folder that this user may write and that has room",
        ) from error
    finally:
        building.unlink(missing_ok=True)


# ---- PostgreSQL


class _PostgresqlTarget:
    def __init__(self, cursor: psycopg.Cursor) -> None:
        self._cursor = cursor
        self._dialect = URL.create("postgresql+psycopg").get_dialect()()

    def create(self, table: Table) -> None:
        self._cursor.execute(_ddl(table, self._dialect).encode())

    def load(self, table: Table, chunk: pa.Table) -> None:
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        text = io.BytesIO()
        form = pa_csv.WriteOptions(include_header=False, quoting_style="all_valid")  # so that only null is unquoted
        pa_csv.write_csv(chunk.select([column.name for column in table.columns]), text, form)
        with self._cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT csv)'.encode()) as copy:
            copy.write(text.getbuffer())

    def index(self, table: Table) -> None:
        for statement in _indexes(table, self._dialect):
            self._cursor.execute(statement.encode())


@contextlib.contextmanager
def _postgresql_target(url: URL) -> Iterator[Target]:
    try:
        with (
            psycopg.connect(
                host=url.host,
                port=url.port,
                user=url.username,
                password=url.password,
                dbname=url.database,
                connect_timeout=10,
                application_name="crm-observer demo",
                **_texts(url.query),
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
            present = [name for (name,) in cursor.fetchall()]
            _refuse_strangers(present, shown(url))
            for name in sorted(present):
                cursor.execute(f'DROP TABLE "{name}"'.encode())
            yield _PostgresqlTarget(cursor)
            cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
    except psycopg.Error as error:
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise SourceError(
            f"the demo CRM cannot be written to {shown(url)} ({first_line})",
            fix="check host, port, database, user and password, and that this user may create tables",
        ) from error


def _texts(query: Mapping[str, str | tuple[str, ...]]) -> dict[str, Any]:
    return {name: value if isinstance(value, str) else value[-1] for name, value in query.items()}
