"""PostgreSQL: one exported snapshot, seen by every connection; rows stream as binary COPY straight into Arrow.

Each table is read on a connection of its own (ADBC) in that snapshot, so a table that fails costs only itself, and
no lock outlives the reading of its table. Row-level security is switched off for the session, which makes PostgreSQL
refuse a table whose rows it would hide: a part is never taken for the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta

import adbc_driver_postgresql.dbapi as adbc
import psycopg
import pyarrow as pa
from adbc_driver_manager._reader import AdbcRecordBatchReader
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from observer.checks.measure import SourceColumn, TableShape
from observer.checks.spec import TablePlan
from observer.errors import SourceError
from observer.impatience import ImpatientConnection
from observer.sources import postgres_catalog as catalog
from observer.sources.addresses import libpq_uri, secrets_of, shown
from observer.sources.faults import Faults
from observer.sources.naming import TableName, find_table
from observer.sources.postgres_types import PgColumn, Reading, Width, needs_measuring, quoted, reading
from observer.sources.shapes import unreadable
from observer.sources.source import APPLICATION_NAME, SourceSession, whole_seconds

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
#: "cannot convert NaN to bigint".
_FEATURE_NOT_SUPPORTED = "0A000"


class PostgresSource:
    """A PostgreSQL database (13 or newer, replicas too), opened read-only. Implements `Source`."""

    kind = "postgresql"
    dialect = "postgres"

    def __init__(self, url: URL, *, statement_timeout: timedelta, connect_timeout: timedelta) -> None:
        url = url.set(drivername="postgresql+psycopg")
        self.display_url = shown(url.set(drivername="postgresql"))
        self.faults = Faults(self.display_url, secrets_of(url))
        self.uri = libpq_uri(
            url,
            connect_timeout=str(max(2, whole_seconds(connect_timeout))),
            application_name=APPLICATION_NAME,
            # A peer that is cut off is noticed within a minute, also in the middle of a COPY.
            keepalives_idle="30",
            keepalives_interval="10",
            keepalives_count="3",
            tcp_user_timeout="60000",
        )
        #: As long as a statement may take, and a little for the server to say that it ended it.
        self._limit = statement_timeout.total_seconds() + 5
        milliseconds = int(statement_timeout / timedelta(milliseconds=1))
        self.settings = (
            f"statement_timeout = {milliseconds}",
            "TimeZone = 'UTC'",
            "row_security = off",
            "idle_in_transaction_session_timeout = 0",
        )
        self.engine: Engine = create_engine(
            "postgresql+psycopg://", creator=self._connect, pool_pre_ping=True, query_cache_size=0
        )
        event.listen(self.engine, "connect", self._make_read_only)

    @contextmanager
    def session(self) -> Iterator[SourceSession]:
        try:
            anchor = self._connect(autocommit=True)
        except psycopg.Error as error:
            raise self.faults.explain(error) from None
        with closing(anchor):
            try:
                anchor.execute(_BEGIN)
                for setting in self.settings:
                    anchor.execute(f"SET LOCAL {setting}")
                now, snapshot = _row(anchor, "SELECT statement_timestamp(), pg_export_snapshot()")
                schemas, tables = catalog.tables(anchor)
            except psycopg.Error as error:
                raise self.faults.explain(error) from None
            yield PostgresSession(self, anchor, snapshot, now.astimezone(UTC), schemas, tables)

    def ping(self) -> None:
        try:
            with closing(self._connect(autocommit=True)) as connection:
                connection.execute("SELECT 1")
        except psycopg.Error as error:
            raise self.faults.explain(error) from None

    def close(self) -> None:
        self.engine.dispose()

    def _connect(self, *, autocommit: bool = False) -> psycopg.Connection:
        connection = ImpatientConnection.connect(self.uri, autocommit=autocommit)
        connection.limit = self._limit
        return connection

    def _make_read_only(self, connection: psycopg.Connection, _record: object) -> None:
        connection.autocommit = True
        connection.execute("SET default_transaction_read_only = on")
        for setting in self.settings:
            connection.execute(f"SET {setting}")
        connection.autocommit = False
        connection.read_only = True


class PostgresSession:
    """Implements `SourceSession`: every table as of one exported snapshot."""

    one_instant = True

    def __init__(
        self,
        source: PostgresSource,
        anchor: psycopg.Connection,
        snapshot: str,
        now: datetime,
        schemas: tuple[str, ...],
        tables: tuple[TableName, ...],
    ) -> None:
        self._source = source
        self._anchor = anchor
        self._snapshot = snapshot
        self._schemas = schemas
        self._tables = tables
        self.source_time = now

    def shape(self, table: TablePlan) -> TableShape:
        try:
            found, columns, others = self._columns(table)
            catalog.assert_readable(self._anchor, found, [c.name for c in columns], self._source.faults.place)
            keys = catalog.unique_keys(self._anchor, found)
            estimate = catalog.rows_estimate(self._anchor, found)
        except (psycopg.Error, SourceError) as error:
            problem = self._source.faults.explain(error, table=table.physical_name)
            return unreadable(table, problem, self.source_time)
        names = {c.name for c in columns}
        return TableShape(
            object=table.object,
            physical_name=table.physical_name,
            columns=tuple(SourceColumn(name=c.name, type=c.shown_type, nullable=c.nullable) for c in columns),
            missing=tuple(name for name in table.columns if name not in names),
            others=others,
            unique_keys=tuple(key for key in keys if names.issuperset(key)),
            rows_estimate=estimate,
            source_time=self.source_time,
        )

    def stream(self, table: TablePlan, shape: TableShape) -> Iterator[pa.RecordBatch]:
        try:
            found, columns, _ = self._columns(table)
            wanted = {column.name for column in shape.columns}
            columns = [column for column in columns if column.name in wanted]
            widths = self._measured(found, [c for c in columns if needs_measuring(c)])
            try:
                yield from self._copied(found, columns, widths)
            except (adbc.Error, pa.ArrowInvalid) as error:
                if isinstance(error, adbc.Error) and error.sqlstate != _FEATURE_NOT_SUPPORTED:
                    raise
                # A NaN in a numeric(p, s): decimals cannot hold it, so such columns are read again as doubles.
                numbers = [c for c in columns if c.base_type == "numeric" and not c.is_array and c.name not in widths]
                measured = self._measured(found, numbers)
                widths |= {name: width for name, width in measured.items() if width.special}
                yield from self._copied(found, columns, widths)
        except (adbc.Error, psycopg.Error, pa.ArrowException, SourceError) as error:
            raise self._source.faults.explain(error, table=table.physical_name) from None

    def _columns(self, table: TablePlan) -> tuple[TableName, list[PgColumn], tuple[str, ...]]:
        """The table, its contracted columns in contract order, and the names of the others."""
        found = find_table(table.physical_name, self._tables, self._schemas)
        by_name = {column.name: column for column in catalog.columns(self._anchor, found)}
        columns = [by_name[name] for name in table.columns if name in by_name]
        if not columns:
            raise SourceError(
                f"none of the contracted columns of {str(found)!r} exists",
                fix=f"correct physicalName of the properties; the table has {', '.join(list(by_name)[:8])}",
            )
        return found, columns, tuple(name for name in by_name if name not in table.columns)

    def _measured(self, found: TableName, columns: list[PgColumn]) -> dict[str, Width]:
        if not columns:
            return {}
        with self._connected() as cursor:
            cursor.execute(catalog.widths_query(found, columns))
            row = cursor.fetchone()
        assert row is not None
        return {column.name: Width(*row[3 * i : 3 * i + 3]) for i, column in enumerate(columns)}

    def _copied(self, found: TableName, columns: list[PgColumn], widths: dict[str, Width]) -> Iterator[pa.RecordBatch]:
        readings = [reading(column, widths) for column in columns]
        names = [column.name for column in columns]
        selected = ", ".join(f"{how.expression} AS {quoted(c.name)}" for how, c in zip(readings, columns, strict=True))
        with self._connected() as cursor:
            cursor.execute(f"SELECT {selected} FROM {catalog.qualified(found)}")
            # `fetch_record_batch` gives a reader whose errors have lost their SQLSTATE (apache/arrow-adbc#1523).
            handle = cursor.fetch_arrow()
            reader = AdbcRecordBatchReader._import_from_c(handle.address)
            empty = True
            for batch in reader:
                empty = False
                yield _finished(batch, names, readings)
            if empty:
                columns_of_none = [pa.array([], type=field.type) for field in reader.schema]
                yield _finished(pa.RecordBatch.from_arrays(columns_of_none, names=names), names, readings)
            reader.close()
            cursor.execute(catalog.rewritten_query(found))
            if cursor.fetchone() != (0,):
                raise SourceError(
                    f"the table {str(found)!r} was truncated or rewritten while it was being read", fix="run again"
                )

    @contextmanager
    def _connected(self) -> Iterator[adbc.Cursor]:
        """A cursor on a connection of its own that sees the session's snapshot."""
        with ExitStack() as stack:
            connection = stack.enter_context(adbc.connect(self._source.uri, autocommit=True))
            cursor = stack.enter_context(connection.cursor())
            cursor.execute(_BEGIN)
            cursor.execute(f"SET TRANSACTION SNAPSHOT '{self._snapshot}'")
            for setting in self._source.settings:
                cursor.execute(f"SET LOCAL {setting}")
            yield cursor


def _finished(batch: pa.RecordBatch, names: list[str], readings: list[Reading]) -> pa.RecordBatch:
    arrays = []
    for column, how in zip(batch.columns, readings, strict=True):
        plain = column.storage if isinstance(column, pa.ExtensionArray) else column
        arrays.append(how.finish(plain) if how.finish else plain)
    return pa.RecordBatch.from_arrays(arrays, names=names)


def _row(connection: psycopg.Connection, query: str) -> tuple[datetime, str]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0], row[1]
