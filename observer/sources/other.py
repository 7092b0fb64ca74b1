"""Any other SQLAlchemy dialect (Snowflake, BigQuery, SQL Server, …): for pushdown alone; nothing is copied."""

from __future__ import annotations

from contextlib import AbstractContextManager

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from observer.errors import SourceError
from observer.sources.addresses import secrets_of, shown
from observer.sources.faults import Faults
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

    def session(self) -> AbstractContextManager[SourceSession]:
        raise SourceError(
            f"{self.display_url}: snapshots of {self.kind} are not supported", fix="run with --execution pushdown"
        )

    def ping(self) -> None:
        try:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
        except Exception as error:  # noqa: BLE001  # the dialect's driver is not known here, nor are its exceptions
            raise self.faults.explain(error) from None

    def close(self) -> None:
        self.engine.dispose()
