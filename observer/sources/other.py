"""Any other SQLAlchemy dialect (Snowflake, BigQuery, SQL Server, …): for pushdown alone; nothing is copied.

Keys that such a database declares prove nothing here: warehouses let duplicates into a primary key.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Engine, create_engine, func, inspect, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, CompileError, NoSuchModuleError, NoSuchTableError
from sqlalchemy.types import TypeEngine

from observer.checks.measure import TableShape
from observer.checks.spec import TablePlan
from observer.errors import SourceError
from observer.sources.addresses import secrets_of, shown
from observer.sources.faults import Faults
from observer.sources.shapes import contracted, shape_of, unreadable
from observer.sources.source import SourceSession

#: SQLAlchemy's name → sqlglot's, where they differ.
_SQLGLOT_NAMES = {"mssql": "tsql", "awsathena": "athena", "postgresql": "postgres"}


class OtherSource:
    """A database that SQLAlchemy knows. Read-only only as far as its user is: grant it SELECT and nothing else."""

    def __init__(self, url: URL) -> None:
        self.kind = url.get_backend_name()
        self.dialect = _SQLGLOT_NAMES.get(self.kind, self.kind)
        self.display_url = shown(url)
        self.faults = Faults(self.display_url, secrets_of(url))
        try:
            self.engine: Engine = create_engine(url, pool_pre_ping=True, query_cache_size=0)
        except NoSuchModuleError:
            raise SourceError(
                f"no SQLAlchemy dialect is installed for {url.drivername}:// ({self.display_url})",
                fix=f"correct the scheme, or pip install the SQLAlchemy dialect for {self.kind}",
            ) from None
        except ModuleNotFoundError as error:
            raise SourceError(
                f"the driver {error.name!r} for {self.display_url} is not installed", fix=f"pip install {error.name}"
            ) from None
        except (ArgumentError, TypeError, ValueError) as error:
            raise self.faults.explain(error) from None

    @contextmanager
    def session(self) -> Iterator[SourceSession]:
        """What its tables look like. It can stream none of them."""
        try:
            connection = self.engine.connect()
        except Exception as error:  # noqa: BLE001  # the dialect's driver is not known here, nor are its exceptions
            raise self.faults.explain(error) from None
        with connection:
            yield OtherSession(self, connection)

    def ping(self) -> None:
        try:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
        except Exception as error:  # noqa: BLE001  # the dialect's driver is not known here, nor are its exceptions
            raise self.faults.explain(error) from None

    def close(self) -> None:
        self.engine.dispose()


class OtherSession:
    """Describes tables through SQLAlchemy's inspector; there is no one instant for them."""

    one_instant = False

    def __init__(self, source: OtherSource, connection: Connection) -> None:
        self._source = source
        self._connection = connection
        self._inspector = inspect(connection)
        self.source_time = self._clock()

    def _clock(self) -> datetime:
        """The database's clock; this machine's where it does not say in which zone its own is."""
        try:
            now = self._connection.execute(select(func.current_timestamp())).scalar()
        except Exception as error:  # noqa: BLE001  # the dialect's driver is not known here, nor are its exceptions
            raise self._source.faults.explain(error) from None
        if isinstance(now, datetime) and now.tzinfo is not None:
            return now.astimezone(UTC)
        return datetime.now(UTC)

    def shape(self, table: TablePlan) -> TableShape:
        try:
            columns = self._columns(table)
            return shape_of(table, contracted(table, columns, self._source.display_url), (), self.source_time)
        except SourceError as error:
            return unreadable(table, error, self.source_time)
        except Exception as error:  # noqa: BLE001  # the dialect's driver is not known here, nor are its exceptions
            return unreadable(table, self._source.faults.explain(error, table=table.physical_name), self.source_time)

    def _columns(self, table: TablePlan) -> list[tuple[str, str, bool]]:
        schema, _, name = table.physical_name.rpartition(".")
        for where, what in ((None, table.physical_name), (schema or None, name)):
            try:
                found = self._inspector.get_columns(what, schema=where)
            except NoSuchTableError:
                continue
            if found:
                return [(c["name"], _type_text(c["type"], self._source.engine), c["nullable"]) for c in found]
        near = get_close_matches(name, self._inspector.get_table_names(schema or None), 1)
        raise SourceError(
            f"there is no table `{table.physical_name}` in {self._source.display_url}",
            fix=f"correct physicalName in the contract{f'; did you mean `{near[0]}`' if near else ''}",
        )

    def stream(self, table: TablePlan, shape: TableShape) -> Iterator[pa.RecordBatch]:
        raise SourceError(
            f"{self._source.display_url}: snapshots of {self._source.kind} are not supported",
            fix="run with --execution pushdown",
        )


def _type_text(kind: TypeEngine[Any], engine: Engine) -> str:
    try:
        return str(kind.compile(engine.dialect))
    except CompileError:
        return str(kind)
