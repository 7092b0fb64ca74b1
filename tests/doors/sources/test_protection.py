"""What protects a source from its reader, told by the real databases: the session, the user's rights, or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pymysql
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from observer.errors import SourceError
from observer.sources.indexes import leading_columns
from observer.sources.protection import Protection, protection
from tests import real_parts
from tests.doors.sources.reading import opened

PASSWORD = "r3ader"


@dataclass
class Unguarded:
    """A source whose sessions are not read-only: what must be noticed, and harmed by nothing."""

    kind: str
    engine: sa.Engine
    dialect: str = ""
    display_url: str = "unguarded"


def seen_by(url: URL) -> Protection:
    source = opened(url.render_as_string(hide_password=False))
    try:
        return protection(source)
    finally:
        source.close()


def unguarded(kind: str, url: URL | str) -> Protection:
    engine = sa.create_engine(url)
    try:
        return protection(Unguarded(kind, engine))  # type: ignore[arg-type]  # as much of a source as is asked for
    finally:
        engine.dispose()


@pytest.fixture(scope="module")
def postgres(postgres_url: str) -> URL:
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("CREATE TABLE leads (id int PRIMARY KEY, email text, created_at timestamptz, note text)")
        admin.execute("CREATE INDEX ON leads (created_at, id); CREATE INDEX ON leads (lower(note))")
        admin.execute("CREATE SCHEMA sales CREATE TABLE calls (at timestamptz UNIQUE)")
        admin.execute("CREATE VIEW fresh AS SELECT * FROM leads")
        for role, rights in (("doctor_reader", "SELECT"), ("doctor_writer", "SELECT, UPDATE (note)")):
            admin.execute(f"DROP ROLE IF EXISTS {role}")  # type: ignore[call-overload]  # made two lines above
            admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")  # type: ignore[call-overload]
            admin.execute(f"GRANT {rights} ON leads TO {role}")  # type: ignore[call-overload]
    return make_url(postgres_url)


def test_a_postgresql_superuser_reads_only_for_the_sessions_sake(postgres: URL):
    assert seen_by(postgres) == Protection(session=True, user=False, seen="a superuser, who may write everything")


def test_a_postgresql_user_is_told_by_its_rights(postgres: URL):
    reader = seen_by(postgres.set(username="doctor_reader", password=PASSWORD))
    assert (reader.session, reader.user, reader.seen) == (True, True, "a user who may not write")
    writer = seen_by(postgres.set(username="doctor_writer", password=PASSWORD))
    assert (writer.session, writer.user, writer.seen) == (True, False, "a user who may write 1 table")


def test_a_postgresql_session_that_is_not_read_only_is_noticed(postgres: URL):
    url = postgres.set(drivername="postgresql+psycopg")
    assert unguarded("postgresql", url).session is False
    # Without the right to lock even none of the rows, nothing is known of the session.
    assert unguarded("postgresql", url.set(username="doctor_reader", password=PASSWORD)).session is None


def test_indexes_of_postgresql_are_told_by_their_first_column(postgres: URL):
    engine = sa.create_engine(postgres.set(drivername="postgresql+psycopg"))
    assert leading_columns(engine, "leads") == {"id", "created_at"}
    assert leading_columns(engine, "sales.calls") == {"at"}
    assert leading_columns(engine, "fresh") is None
    assert leading_columns(engine, "nowhere") is None
    engine.dispose()
    gone = sa.create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(SourceError, match="the indexes of leads cannot be read"):
        leading_columns(gone, "leads")


@pytest.fixture(scope="module")
def mariadb(mariadb_url: str) -> Iterator[URL]:
    url = make_url(mariadb_url)
    with (
        pymysql.connect(
            host="127.0.0.1", port=url.port or 0, user="root", password=real_parts.PASSWORD, autocommit=True
        ) as admin,
        admin.cursor() as run,
    ):
        run.execute(f"CREATE TABLE {url.database}.leads (id int PRIMARY KEY, created_at datetime, KEY (created_at))")
        run.execute(f"CREATE OR REPLACE USER doctor_reader@localhost IDENTIFIED BY '{PASSWORD}'")
        run.execute(f"GRANT SELECT ON {url.database}.* TO doctor_reader@localhost")
    yield url


def test_a_mariadb_user_is_told_by_its_rights(mariadb: URL):
    assert seen_by(mariadb) == Protection(session=True, user=False, seen="a user who may write")
    reader = seen_by(mariadb.set(username="doctor_reader", password=PASSWORD))
    assert (reader.session, reader.user, reader.seen) == (None, True, "a user who may not write")


def test_a_mariadb_session_that_is_not_read_only_is_noticed_and_nothing_is_lost(mariadb: URL):
    url = mariadb.set(drivername="mysql+pymysql")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO leads VALUES (1, NULL)")
    assert unguarded("mysql", url).session is False
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM leads").scalar() == 1
    assert leading_columns(engine, "leads") == {"id", "created_at"}
    engine.dispose()


def test_files_of_databases_are_protected_by_how_they_are_opened(tmp_path: Path):
    files = {"sqlite": tmp_path / "crm.db", "duckdb": tmp_path / "crm.duckdb"}
    with sqlite3.connect(files["sqlite"]) as made:
        made.execute("CREATE TABLE leads (id INTEGER PRIMARY KEY)")
    made.close()
    duckdb.connect(str(files["duckdb"])).execute("CREATE TABLE leads (id INTEGER)").close()
    for kind, file in files.items():
        found = seen_by(make_url(f"{kind}:///{file}"))
        assert (found.session, found.remedy) == (True, f"chmod a-w {file}")
    assert unguarded("sqlite", f"sqlite:///{files['sqlite']}").session is False
    with sqlite3.connect(files["sqlite"]) as read:
        assert read.execute("SELECT name FROM sqlite_master").fetchall() == [("leads",)]
    read.close()


def test_a_folder_is_only_read_and_another_dialect_is_not_known(tmp_path: Path):
    (tmp_path / "leads.csv").write_text("id\n1\n")
    source: Any = opened(f"file:{tmp_path}")
    assert protection(source).session is True
    assert unguarded("snowflake", "sqlite://") == Protection(
        session=None, user=None, seen="whether a session of snowflake is read-only cannot be tried"
    )


def test_a_source_that_does_not_answer_says_so_without_the_password():
    with pytest.raises(SourceError, match="does not say what its user may do") as caught:
        unguarded("postgresql", f"postgresql+psycopg://ada:{PASSWORD}@127.0.0.1:1/crm")
    assert PASSWORD not in str(caught.value)


def test_rights_in_another_mariadb_database_do_not_count(mariadb: URL):
    name = str(mariadb.database)
    with (
        pymysql.connect(
            host="127.0.0.1", port=mariadb.port or 0, user="root", password=real_parts.PASSWORD, autocommit=True
        ) as admin,
        admin.cursor() as run,
    ):
        run.execute("GRANT ALL PRIVILEGES ON `elsewhere`.* TO doctor_reader@localhost")
        assert seen_by(mariadb.set(username="doctor_reader", password=PASSWORD)).user is True
        run.execute(f"GRANT UPDATE ON `{name[:5]}%`.* TO doctor_reader@localhost")
        assert seen_by(mariadb.set(username="doctor_reader", password=PASSWORD)).user is False
