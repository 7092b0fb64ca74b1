"""DuckDB: the file opened read-only, and no other file; rows stream as Arrow."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from observer.checks.measure import TableShape
from observer.checks.spec import TablePlan
from observer.errors import SourceError
from observer.sources.duck_types import expression, quoted
from observer.sources.faults import Faults
from observer.sources.naming import TableName, find_table
from observer.sources.shapes import FoundColumns, contracted, shape_of, unreadable
from observer.sources.source import BATCH_ROWS, SourceSession

_TABLES = """
SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database() AND NOT internal
UNION ALL
SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = current_database() AND NOT internal
"""
_COLUMNS = """
SELECT column_name, data_type, is_nullable FROM duckdb_columns()
WHERE database_name = current_database() AND schema_name = ? AND table_name = ? ORDER BY column_index
"""
_KEYS = """
SELECT constraint_column_names FROM duckdb_constraints()
WHERE database_name = current_database() AND schema_name = ? AND table_name = ?
  AND constraint_type IN ('PRIMARY KEY', 'UNIQUE') ORDER BY constraint_type
"""


class DuckSource:
    """A DuckDB file. Implements `Source`."""

    kind = "duckdb"
    dialect = "duckdb"

    def __init__(self, path: Path, *, statement_timeout: timedelta) -> None:
        self.display_url = f"duckdb:///{path}"
        self.faults = Faults(self.display_url)
        self.timeout = statement_timeout.total_seconds()
        # One engine for sessions too: DuckDB refuses a second way of opening a file in the same process.
        self.engine: Engine = create_engine(f"duckdb:///{path}", connect_args={"read_only": True}, query_cache_size=0)
        event.listen(self.engine, "connect", _speak_utc_and_lock)
        event.listen(self.engine, "before_cursor_execute", self._start_clock)
        event.listen(self.engine, "after_cursor_execute", _stop_clock)
        event.listen(self.engine, "handle_error", _stop_clock_after_error)

    @contextmanager
    def session(self) -> Iterator[SourceSession]:
        try:
            connection = self.engine.raw_connection()
        except (duckdb.Error, DBAPIError) as error:
            raise self.faults.explain(error) from None
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT epoch_us(now())")
            [(microseconds,)] = cursor.fetchall()
            now = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)
            cursor.execute(_TABLES)
            yield DuckSession(self, cursor, [TableName(*row) for row in cursor.fetchall()], now)
        except duckdb.Error as error:
            raise self.faults.explain(error) from None
        finally:
            connection.close()

    def ping(self) -> None:
        with self.session():
            pass

    def close(self) -> None:
        self.engine.dispose()

    def _start_clock(self, connection: Any, _cursor: object, *_: object) -> None:
        _stop_clock(connection)
        connection.info["clock"] = started_clock(connection.connection.cursor(), self.timeout)


def _speak_utc_and_lock(connection: Any, _record: object) -> None:
    """Queries of a contract run here too: they reach no file or network. Settings are shared by all connections."""
    cursor = connection.cursor()
    cursor.execute("SELECT current_setting('lock_configuration')")
    if cursor.fetchone() == (True,):
        return
    cursor.execute("SET GLOBAL TimeZone = 'UTC'")
    cursor.execute("SET enable_external_access = false")
    cursor.execute("SET lock_configuration = true")


def started_clock(cursor: Any, seconds: float) -> threading.Timer:
    """Interrupts what the cursor's connection is doing when the time is over. Must be cancelled when it is done."""
    clock = threading.Timer(seconds, cursor.interrupt)
    clock.daemon = True
    clock.start()
    return clock


def _stop_clock(connection: Any, *_: object) -> None:
    clock = connection.info.pop("clock", None)
    if clock is not None:
        clock.cancel()


def _stop_clock_after_error(context: Any) -> None:
    if context.connection is not None:
        _stop_clock(context.connection)


class DuckSession:
    """Implements `SourceSession`: while the file is open for reading, DuckDB lets nobody write it."""

    one_instant = True

    def __init__(self, source: DuckSource, cursor: Any, tables: list[TableName], now: datetime) -> None:
        self._source = source
        self._cursor = cursor
        self._tables = tables
        self.source_time = now

    def shape(self, table: TablePlan) -> TableShape:
        try:
            found, columns = self._columns(table)
            self._cursor.execute(_KEYS, list(found))
            keys = [row[0] for row in self._cursor.fetchall()]
            return shape_of(table, columns, keys, self.source_time)
        except (duckdb.Error, SourceError) as error:
            problem = self._source.faults.explain(error, table=table.physical_name)
            return unreadable(table, problem, self.source_time)

    def stream(self, table: TablePlan, shape: TableShape) -> Iterator[pa.RecordBatch]:
        try:
            found, (columns, _) = self._columns(table)
            selected = ", ".join(f"{expression(c.source_name, c.type)} AS {quoted(c.name)}" for c in columns)
            statement = f"SELECT {selected} FROM {quoted(*(part for part in found if part))}"
            yield from arrow_batches(self._cursor, statement, self._source.timeout)
        except (duckdb.Error, pa.ArrowException, SourceError) as error:
            raise self._source.faults.explain(error, table=table.physical_name) from None

    def _columns(self, table: TablePlan) -> tuple[TableName, FoundColumns]:
        found = find_table(table.physical_name, self._tables, ["main"], fold_case=True)
        self._cursor.execute(_COLUMNS, list(found))
        return found, contracted(table, self._cursor.fetchall(), self._source.faults.place)


def arrow_batches(cursor: Any, statement: str, seconds: float) -> Iterator[pa.RecordBatch]:
    """The result in constant memory; for no rows, one batch of none. Raises duckdb.Error or pyarrow.ArrowException."""
    clock = started_clock(cursor, seconds)
    try:
        reader = cursor.sql(statement).to_arrow_reader(BATCH_ROWS)
        empty = True
        for batch in reader:
            empty = False
            yield batch
        if empty:
            nothing = [pa.array([], field.type) for field in reader.schema]
            yield pa.RecordBatch.from_arrays(nothing, schema=reader.schema)
    finally:
        clock.cancel()
