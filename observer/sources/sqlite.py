"""SQLite: the file opened with mode=ro and query_only, one read transaction per session.

SQLite types values, not columns. One scan of `typeof()` per table decides how a column is read: whole numbers as int64,
numbers as double, texts as string, blobs as binary, any mixture as string (blobs in it as hex digits).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

from observer.checks.measure import TableShape
from observer.checks.spec import TablePlan
from observer.errors import SourceError
from observer.sources.faults import Faults
from observer.sources.naming import TableName, find_table
from observer.sources.rows import as_type, batches
from observer.sources.shapes import FoundColumn, FoundColumns, contracted, shape_of, unreadable
from observer.sources.source import SourceSession

_TABLES = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND substr(name, 1, 7) <> 'sqlite_'"
_STORAGE_CLASSES = ("integer", "real", "text", "blob")
#: A result has at most 2,000 columns; four are needed per column scanned.
_COLUMNS_PER_SCAN = 400
_STEPS_BETWEEN_LOOKS = 50_000
#: How long to wait for a writer that is just committing.
_BUSY_SECONDS = 5.0


class SqliteSource:
    """A SQLite file. Implements `Source`."""

    kind = "sqlite"
    dialect = "sqlite"

    def __init__(self, path: Path, *, statement_timeout: timedelta) -> None:
        self.display_url = f"sqlite:///{path}"
        self.faults = Faults(self.display_url)
        self._address = f"{path.resolve().as_uri()}?mode=ro"
        self._timeout = statement_timeout.total_seconds()
        self.engine: Engine = create_engine(
            "sqlite://", creator=lambda: self.connect()[0], poolclass=QueuePool, query_cache_size=0
        )
        # Each pooled connection has its own clock; the event tells it that a statement begins.
        event.listen(self.engine, "before_cursor_execute", _restart_clock)

    def connect(self) -> tuple[sqlite3.Connection, Clock]:
        """A read-only connection whose statements end when its clock has run out."""
        clock = Clock(self._timeout)
        connection = sqlite3.connect(
            self._address,
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=_TimedConnection,
        )
        assert isinstance(connection, _TimedConnection)
        connection.clock = clock
        connection.set_progress_handler(clock.has_run_out, _STEPS_BETWEEN_LOOKS)
        connection.execute("PRAGMA query_only = ON")
        return connection, clock

    @contextmanager
    def session(self) -> Iterator[SourceSession]:
        try:
            connection, clock = self.connect()
            with closing(connection):
                connection.execute("BEGIN")
                tables = [TableName("main", name) for (name,) in connection.execute(_TABLES)]
                now = connection.execute("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')").fetchone()[0]
                session = SqliteSession(
                    self, connection, clock, tables, datetime.fromisoformat(now).replace(tzinfo=UTC)
                )
                yield session
        except sqlite3.Error as error:
            raise self.faults.explain(error) from None

    def ping(self) -> None:
        with self.session():
            pass

    def close(self) -> None:
        self.engine.dispose()


class Clock:
    """How long the statement that runs now may still run."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.restart()

    def restart(self) -> None:
        self._ends = time.monotonic() + self._seconds

    def has_run_out(self) -> bool:
        return time.monotonic() > self._ends


class _TimedConnection(sqlite3.Connection):
    clock: Clock


def _restart_clock(connection: Connection, *_: object) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, _TimedConnection)
    driver.clock.restart()


class SqliteSession:
    """Implements `SourceSession`: one read transaction."""

    one_instant = True

    def __init__(
        self,
        source: SqliteSource,
        connection: sqlite3.Connection,
        clock: Clock,
        tables: Sequence[TableName],
        now: datetime,
    ) -> None:
        self._source = source
        self._connection = connection
        self._clock = clock
        self._tables = tables
        self.source_time = now

    def shape(self, table: TablePlan) -> TableShape:
        try:
            found, columns = self._columns(table)
            return shape_of(table, columns, self._unique_keys(found), self.source_time, types_bind=False)
        except (sqlite3.Error, SourceError) as error:
            problem = self._source.faults.explain(error, table=table.physical_name)
            return unreadable(table, problem, self.source_time)

    def stream(self, table: TablePlan, shape: TableShape) -> Iterator[pa.RecordBatch]:
        try:
            found, (columns, _) = self._columns(table)
            kinds = self._storage(found, columns)
            readings = [_reading(column, kinds[column.name]) for column in columns]
            selected = ", ".join(expression for expression, _ in readings)
            cursor = self._run(f"SELECT {selected} FROM {_quoted(found.name)}")
            with closing(cursor):
                yield from batches(
                    cursor.fetchmany, [c.name for c in columns], [as_type(target) for _, target in readings]
                )
        except (sqlite3.Error, pa.ArrowException, SourceError) as error:
            raise self._source.faults.explain(error, table=table.physical_name) from None

    def _run(self, statement: str) -> sqlite3.Cursor:
        self._clock.restart()
        return self._connection.execute(statement)

    def _columns(self, table: TablePlan) -> tuple[TableName, FoundColumns]:
        found = find_table(table.physical_name, self._tables, ["main"], fold_case=True)
        described = self._run(f"PRAGMA table_xinfo({_quoted(found.name)})").fetchall()
        # `INTEGER PRIMARY KEY` is the row's number and never null; any other primary key may hold nulls.
        lone_key = sum(1 for row in described if row[5]) == 1
        columns = [
            (name, kind, not (not_null or (key and lone_key and kind.upper() == "INTEGER")))
            for _, name, kind, not_null, _, key, _ in described
        ]
        return found, contracted(table, columns, self._source.faults.place)

    def _unique_keys(self, found: TableName) -> list[list[str]]:
        described = self._run(f"PRAGMA table_xinfo({_quoted(found.name)})").fetchall()
        primary = [row[1] for row in sorted(described, key=lambda row: row[5]) if row[5]]
        keys = [primary] if len(primary) == 1 and self._is_row_number(described) else []
        for _, index, unique, _, partial in self._run(f"PRAGMA index_list({_quoted(found.name)})").fetchall():
            if unique and not partial:
                members = self._run(f"PRAGMA index_info({_quoted(index)})").fetchall()
                if all(name is not None for _, _, name in members):
                    keys.append([name for _, _, name in members])
        return keys

    @staticmethod
    def _is_row_number(described: Sequence[tuple[int, str, str, int, object, int, int]]) -> bool:
        return any(row[5] and row[2].upper() == "INTEGER" for row in described)

    def _storage(self, found: TableName, columns: Sequence[FoundColumn]) -> dict[str, frozenset[str]]:
        """Which storage classes each column holds, nulls aside."""
        kinds: dict[str, frozenset[str]] = {}
        for start in range(0, len(columns), _COLUMNS_PER_SCAN):
            part = columns[start : start + _COLUMNS_PER_SCAN]
            looks = ", ".join(
                f"max(typeof({_quoted(column.source_name)}) = '{kind}')" for column in part for kind in _STORAGE_CLASSES
            )
            row = self._run(f"SELECT {looks} FROM {_quoted(found.name)}").fetchone()
            for number, column in enumerate(part):
                seen = row[len(_STORAGE_CLASSES) * number : len(_STORAGE_CLASSES) * (number + 1)]
                kinds[column.name] = frozenset(k for k, holds in zip(_STORAGE_CLASSES, seen, strict=True) if holds)
        return kinds


def _reading(column: FoundColumn, kinds: frozenset[str]) -> tuple[str, pa.DataType]:
    """SQL expression and Arrow type for a column that holds values of these storage classes."""
    name = _quoted(column.source_name)
    if not kinds:
        return name, _declared(column.type)
    if kinds == {"integer"}:
        return name, pa.int64()
    if kinds <= {"integer", "real"}:
        return f"CAST({name} AS REAL)", pa.float64()
    if kinds == {"text"}:
        return name, pa.string()
    if kinds == {"blob"}:
        return name, pa.binary()
    return f"CASE typeof({name}) WHEN 'blob' THEN hex({name}) ELSE CAST({name} AS TEXT) END", pa.string()


def _declared(kind: str) -> pa.DataType:
    """What a column without values was meant to hold, by SQLite's own affinity rules."""
    kind = kind.upper()
    if "INT" in kind:
        return pa.int64()
    if any(word in kind for word in ("REAL", "FLOA", "DOUB")):
        return pa.float64()
    return pa.string()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
