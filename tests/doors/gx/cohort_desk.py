"""A CRM of a few rows in a real database, and the glass through which a time-to-fill level sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from observer.checks.plan import plan_contract
from observer.contracts.model import Contract, LogicalType, Property, SchemaObject, TypeOptions
from observer.gx.cohort import Cohort, Glass
from observer.slo.ledger import Range, SeenRow
from observer.slo.model import FillColumn, HistoryTable, TimeToFill
from observer.sources.opening import open_source
from observer.sources.source import Source
from tests.fakes.contracts import contract, prop, table

#: Past, whenever the tests run.
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
PLACES = ("postgresql", "sqlite", "duckdb", "mariadb")
_TYPES = {
    "postgresql": {"tz": "timestamptz", "naive": "timestamp", "text": "text", "uuid": "uuid", "bytes": "bytea"},
    "sqlite": {"tz": "TEXT", "naive": "TEXT", "text": "TEXT", "uuid": "TEXT", "bytes": "BLOB"},
    "duckdb": {"tz": "TIMESTAMPTZ", "naive": "TIMESTAMP", "text": "VARCHAR", "uuid": "UUID", "bytes": "BLOB"},
    "mariadb": {
        "tz": "timestamp(6) NULL DEFAULT NULL",
        "naive": "datetime(6)",
        "text": "varchar(80)",
        "uuid": "uuid",
        "bytes": "varbinary(16)",
    },
}


@dataclass
class Desk:
    """One database. Tables are made anew for each test."""

    place: str
    url: str

    def make(
        self, columns: str, rows: Sequence[Sequence[object]] = (), *, name: str = "leads", after: str = ""
    ) -> None:
        """Make the table; types in braces (`{tz}`) are those of the database."""
        engine = self._engine()
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
            connection.exec_driver_sql(f"CREATE TABLE {name} ({columns.format(**_TYPES[self.place])})")
            for row in rows:
                names = [f"p{n}" for n in range(len(row))]
                statement = sa.text(f"INSERT INTO {name} VALUES ({', '.join(f':{n}' for n in names)})")
                connection.execute(statement, dict(zip(names, map(self._stored, row), strict=True)))
            for statement_text in filter(None, after.split(";")):
                connection.exec_driver_sql(statement_text)
        engine.dispose()

    def run(self, statement: str) -> None:
        """Execute it beside the observer."""
        engine = self._engine()
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def _engine(self) -> sa.Engine:
        drivers = {"postgresql": "postgresql+psycopg", "mariadb": "mysql+pymysql"}
        scheme, _, rest = self.url.partition("://")
        arguments = {"init_command": "SET time_zone = '+00:00'"} if self.place == "mariadb" else {}
        return sa.create_engine(f"{drivers.get(self.place, scheme)}://{rest}", connect_args=arguments)

    def _stored(self, value: object) -> object:
        if self.place == "sqlite" and isinstance(value, datetime | date):
            return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
        if self.place == "mariadb" and isinstance(value, datetime) and value.tzinfo:
            return value.astimezone(UTC).replace(tzinfo=None)
        return str(value) if isinstance(value, UUID) else value

    def _source(self) -> Source:
        patience = timedelta(seconds=10)
        return open_source(self.url, statement_timeout=patience, connect_timeout=patience)

    @contextmanager
    def glass(self, under: Contract, indicator: TimeToFill | None = None, **more: Any) -> Iterator[Glass]:
        """One instant of the database, seen for the level."""
        cohort = Cohort(indicator or level(), plan_contract(under), **({"key_secret": None} | more))
        with closing(self._source()) as source:
            assert source.engine is not None
            with source.session() as session:
                shapes = [session.shape(one) for one in cohort.plan.tables]
            with cohort.open(source.engine, cohort.views_of(source.engine, shapes)) as glass:
                yield glass

    def rows(self, under: Contract, indicator: TimeToFill | None = None, **more: Any) -> dict[str, SeenRow]:
        """All rows of the day of `NOON` by their keys."""
        with self.glass(under, indicator, **more) as glass:
            day = Range(after=NOON - timedelta(days=1), upto=NOON + timedelta(days=1))
            return {row.key: row for page in glass.pages([day]) for row in glass.with_histories(page.rows)}


def desk_at(place: str, request: pytest.FixtureRequest, folder: Path) -> Desk:
    """A desk in that database; skipped where it is not there."""
    match place:
        case "postgresql":
            return Desk(place, request.getfixturevalue("postgres_url"))
        case "mariadb":
            return Desk(place, request.getfixturevalue("mariadb_url"))
    return Desk(place, f"{place}:///{folder / 'crm.db'}")


ZONED = TypeOptions(timezone=True)


def when(name: str, options: TypeOptions = ZONED) -> Property:
    """A property that holds times."""
    return prop(name, LogicalType.TIMESTAMP, options=options)


def leads(*more: Property, name: str = "leads", options: TypeOptions = ZONED, **about: Any) -> SchemaObject:
    """id, email (required), created, written, and more."""
    columns = {
        p.name: p
        for p in (
            prop("id", LogicalType.INTEGER, primary_key_position=1),
            prop("email", required=True),
            when("created", options),
            when("written", options),
            *more,
        )
    }
    made = table(name, *columns.values(), event_time=("created",))
    return replace(made, **({"update_time": ("written",)} | about))


def crm(*objects: SchemaObject) -> Contract:
    """A contract of these tables, or of `leads` alone."""
    return contract(*(objects or (leads(),)))


def level(
    *rules: str, property: str = "email", history: FillColumn | HistoryTable | None = None, minutes: float = 5
) -> TimeToFill:
    """`leads.email` holds its rules within five minutes."""
    return TimeToFill(
        contract="crm",
        object="leads",
        property=property,
        checks=tuple(f"crm.leads.{property}.{rule}" for rule in rules or ("required",)),
        deadline=timedelta(minutes=minutes),
        poll=timedelta(minutes=1),
        history=history,
    )


def minutes(count: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=count)


def span(after: float, upto: float) -> Range:
    """Of minutes after noon."""
    return Range(after=minutes(after), upto=minutes(upto))
