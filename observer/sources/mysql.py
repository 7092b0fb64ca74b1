"""MySQL and MariaDB: one consistent-snapshot, read-only transaction; rows stream through an unbuffered cursor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pymysql
from pymysql.cursors import SSCursor
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from observer.checks.measure import TableShape
from observer.checks.spec import TablePlan
from observer.errors import SourceError
from observer.sources.addresses import secrets_of, shown
from observer.sources.faults import Faults
from observer.sources.mysql_types import TIMES, base_type, quoted, reading
from observer.sources.naming import TableName, find_table
from observer.sources.rows import batches
from observer.sources.shapes import FoundColumn, FoundColumns, contracted, shape_of, unreadable
from observer.sources.source import APPLICATION_NAME, SourceSession, whole_seconds

_TABLES = """
SELECT table_schema, table_name, engine FROM information_schema.tables
WHERE table_schema NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')
"""
_COLUMNS = """
SELECT column_name, column_type, is_nullable = 'YES' FROM information_schema.columns
WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position
"""
_KEYS = """
SELECT index_name, column_name, sub_part FROM information_schema.statistics
WHERE table_schema = %s AND table_name = %s AND non_unique = 0
ORDER BY index_name <> 'PRIMARY', index_name, seq_in_index
"""
#: Storage engines whose tables a consistent snapshot covers.
_TRANSACTIONAL = frozenset({"InnoDB", "ROCKSDB", "RocksDB", "TokuDB", "ndbcluster"})
_NO_SUCH_DATABASE = "name it at the end of the source URL: mysql://…/database"


class MysqlSource:
    """A MySQL or MariaDB database, opened read-only. Implements `Source`."""

    kind = "mysql"
    dialect = "mysql"

    def __init__(self, url: URL, *, statement_timeout: timedelta, connect_timeout: timedelta) -> None:
        self.display_url = shown(url.set(drivername=url.get_backend_name()))
        self.faults = Faults(self.display_url, secrets_of(url))
        if not url.database:
            raise SourceError(f"{self.display_url} names no database", fix=_NO_SUCH_DATABASE)
        self.database = url.database
        self._timeout = statement_timeout
        self._connect_timeout = connect_timeout
        self.engine: Engine = create_engine(
            url.set(drivername=f"{url.get_backend_name()}+pymysql"),
            connect_args=self._connect_arguments(),
            pool_pre_ping=True,
            query_cache_size=0,
        )
        self._url = url.set(drivername="mysql+pymysql")
        event.listen(self.engine, "connect", lambda connection, _record: self._make_read_only(connection))

    @contextmanager
    def session(self) -> Iterator[SourceSession]:
        try:
            connection = self._connect()
        except pymysql.MySQLError as error:
            raise self.faults.explain(error) from None
        with closing(connection):
            try:
                with connection.cursor() as run:
                    run.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                    run.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
                    run.execute("SELECT UTC_TIMESTAMP(6)")
                    [(now,)] = run.fetchall()
                    run.execute(_TABLES)
                    engines = {TableName(schema, name): engine for schema, name, engine in run.fetchall()}
            except pymysql.MySQLError as error:
                raise self.faults.explain(error) from None
            yield MysqlSession(self, connection, engines, now.replace(tzinfo=UTC))

    def ping(self) -> None:
        try:
            with closing(self._connect()) as connection:
                connection.ping(reconnect=False)
        except pymysql.MySQLError as error:
            raise self.faults.explain(error) from None

    def close(self) -> None:
        self.engine.dispose()

    def _connect(self) -> pymysql.Connection[Any]:
        _, arguments = self.engine.dialect.create_connect_args(self._url)
        connection: pymysql.Connection[Any] = pymysql.connect(**{**arguments, **self._connect_arguments()})
        self._make_read_only(connection)
        return connection

    def _connect_arguments(self) -> dict[str, Any]:
        return {
            "charset": "utf8mb4",
            "connect_timeout": whole_seconds(self._connect_timeout),
            # What accepts a connection and then says nothing must not be waited for as long as for a statement.
            "read_timeout": whole_seconds(self._connect_timeout),
            "program_name": APPLICATION_NAME,
        }

    def _make_read_only(self, connection: pymysql.Connection[Any]) -> None:
        with connection.cursor() as run:
            run.execute("SET SESSION TRANSACTION READ ONLY")
            run.execute("SET SESSION time_zone = '+00:00'")
            seconds = self._timeout.total_seconds()
            run.execute("SELECT VERSION()")
            [(version,)] = run.fetchall()
            if "mariadb" in str(version).lower():
                run.execute(f"SET SESSION max_statement_time = {seconds}")
            else:
                run.execute(f"SET SESSION max_execution_time = {int(seconds * 1000)}")
        connection.commit()
        # The server ends a statement that takes too long; this is for a server that does not answer at all.
        connection._read_timeout = whole_seconds(self._timeout) + 10  # type: ignore[attr-defined]  # missing in its stubs


class MysqlSession:
    """Implements `SourceSession`: every InnoDB table as of one instant; another engine's table clears `one_instant`."""

    def __init__(
        self,
        source: MysqlSource,
        connection: pymysql.Connection[Any],
        engines: dict[TableName, str | None],
        now: datetime,
    ) -> None:
        self._source = source
        self._connection = connection
        self._engines = engines
        self.source_time = now
        self.one_instant = True

    def shape(self, table: TablePlan) -> TableShape:
        try:
            found, columns = self._columns(table)
            keys: dict[str, list[str]] = {}
            partial = set()
            for index, column, prefix in self._rows(_KEYS, found):
                keys.setdefault(index, []).append(column or "")
                # An index over the beginning of a text, or over an expression.
                if prefix is not None or column is None:
                    partial.add(index)
            unique = [members for index, members in keys.items() if index not in partial]
            engine = self._engines[found]
            if engine is not None and engine not in _TRANSACTIONAL:
                self.one_instant = False
            return shape_of(table, columns, unique, self.source_time)
        except (pymysql.MySQLError, SourceError) as error:
            problem = self._source.faults.explain(error, table=table.physical_name)
            return unreadable(table, problem, self.source_time)

    def stream(self, table: TablePlan, shape: TableShape) -> Iterator[pa.RecordBatch]:
        try:
            found, (columns, _) = self._columns(table)
            texts: set[str] = set()
            while True:
                try:
                    yield from self._read(found, columns, texts)
                    return
                except pa.ArrowInvalid:
                    # A zero date: no calendar has it, and yet it is no null. Read again, that column as text.
                    zero = self._columns_without_calendar(found, columns) - texts
                    if not zero:
                        raise
                    texts |= zero
        except (pymysql.MySQLError, pa.ArrowException, UnicodeError, SourceError) as error:
            raise self._source.faults.explain(error, table=table.physical_name) from None

    def _columns(self, table: TablePlan) -> tuple[TableName, FoundColumns]:
        try:
            found = find_table(table.physical_name, list(self._engines), [self._source.database], fold_case=True)
        except SourceError as error:
            raise SourceError(error.message, fix=f"{error.fix}, or grant this user SELECT on it") from None
        described = [(name, kind, bool(nullable)) for name, kind, nullable in self._rows(_COLUMNS, found)]
        return found, contracted(table, described, self._source.faults.place)

    def _rows(self, query: str, found: TableName) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as run:
            run.execute(query, (found.schema, found.name))
            return list(run.fetchall())

    def _read(self, found: TableName, columns: tuple[FoundColumn, ...], texts: set[str]) -> Iterator[pa.RecordBatch]:
        readings = [reading(c.source_name, c.type, times_as_text=c.name in texts) for c in columns]
        selected = ", ".join(how.expression for how in readings)
        with closing(self._connection.cursor(SSCursor)) as cursor, _undecoded(self._connection):
            try:
                cursor.execute(f"SELECT {selected} FROM {_qualified(found)}")
                yield from batches(cursor.fetchmany, [c.name for c in columns], [how.convert for how in readings])
            finally:
                result = getattr(cursor, "_result", None)
                if result is not None and not self._connection.open:
                    # Else closing the cursor would read the rest of the rows from a connection that is gone.
                    result.unbuffered_active = False

    def _columns_without_calendar(self, found: TableName, columns: tuple[FoundColumn, ...]) -> set[str]:
        times = [c for c in columns if base_type(c.type) in TIMES]
        if not times:
            return set()
        # A day or month of zero is no date either; both show in the text alone.
        looks = ", ".join(f"max(CAST({quoted(c.source_name)} AS CHAR) LIKE '%-00%')" for c in times)
        with self._connection.cursor() as run:
            run.execute(f"SELECT {looks} FROM {_qualified(found)}")
            [row] = run.fetchall()
        zero = {column.name for column, has_zero in zip(times, row, strict=True) if has_zero}
        # With ALLOW_INVALID_DATES there may be a 31st of February.
        return zero or {column.name for column in times}


def _qualified(table: TableName) -> str:
    return quoted(*(part for part in table if part is not None))


@contextmanager
def _undecoded(connection: pymysql.Connection[Any]) -> Iterator[None]:
    """Values come as the text that the server sends: they are parsed in bulk, not one by one."""
    decoders = connection.decoders
    connection.decoders = {}
    try:
        yield
    finally:
        connection.decoders = decoders
