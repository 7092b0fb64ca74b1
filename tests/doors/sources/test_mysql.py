"""MariaDB, the real one, through the source for MySQL and MariaDB."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pymysql
import pytest
import sqlalchemy as sa
from pymysql.constants import CLIENT
from sqlalchemy.engine import make_url

from observer.errors import SourceError
from observer.sources.source import Source
from tests import real_parts
from tests.doors.sources.reading import opened, plan, read, rows_of


@pytest.fixture(scope="module")
def admin(mariadb_url: str) -> Iterator[pymysql.Connection[Any]]:
    url = make_url(mariadb_url)
    with pymysql.connect(
        host="127.0.0.1",
        port=url.port or 0,
        user="root",
        password=real_parts.PASSWORD,
        database=url.database,
        autocommit=True,
        client_flag=CLIENT.MULTI_STATEMENTS,
    ) as connection:
        yield connection


@pytest.fixture(scope="module")
def source(mariadb_url: str) -> Iterator[Source]:
    source = opened(mariadb_url)
    yield source
    source.close()


def run(admin: pymysql.Connection[Any], *statements: str) -> None:
    with admin.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_every_table_is_seen_as_of_the_same_instant(admin: pymysql.Connection[Any], source: Source) -> None:
    run(admin, "CREATE TABLE leads (id int)", "CREATE TABLE users (id int)", "INSERT INTO leads VALUES (1)")
    with source.session() as session:
        run(admin, "INSERT INTO leads VALUES (2)", "INSERT INTO users VALUES (1)")
        assert rows_of(session, plan("leads", "id"))[1].num_rows == 1
        assert rows_of(session, plan("users", "id"))[1].num_rows == 0
        assert session.one_instant
        assert abs(session.source_time - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


def test_a_table_without_transactions_clears_one_instant(admin: pymysql.Connection[Any], source: Source) -> None:
    run(admin, "CREATE TABLE old (id int) ENGINE=MyISAM")
    with source.session() as session:
        assert rows_of(session, plan("old", "id"))[1].num_rows == 0
        assert not session.one_instant


def test_types_arrive_as_what_they_are(admin: pymysql.Connection[Any], source: Source) -> None:
    values: dict[str, tuple[str, str, object, pa.DataType]] = {
        "yes": ("tinyint(1)", "1", 1, pa.int64()),
        "ub": ("bigint(20) unsigned", "18446744073709551615", 18446744073709551615, pa.uint64()),
        "i": ("int(11)", "-5", -5, pa.int64()),
        "y": ("year(4)", "2026", 2026, pa.int64()),
        "bits": ("bit(10)", "b'1000000001'", 513, pa.uint64()),
        "n": ("decimal(12,2)", "1234.50", Decimal("1234.50"), pa.decimal128(12, 2)),
        "wide": ("decimal(50,2)", "1.5", "1.50", pa.string()),
        "f": ("float", "0.1", 0.10000000149011612, pa.float64()),
        "g": ("double", "0.1", 0.1, pa.float64()),
        "d": ("date", "'1969-12-31'", dt.date(1969, 12, 31), pa.date32()),
        "t": ("datetime(6)", "'2026-01-01 10:00:00.000001'", dt.datetime(2026, 1, 1, 10, 0, 0, 1), pa.timestamp("us")),
        "tz": (
            "timestamp",
            "'2026-01-01 10:00:00'",
            dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC),
            pa.timestamp("us", "UTC"),
        ),
        "tm": ("time", "'-100:00:00'", "-100:00:00", pa.string()),
        "c": ("varchar(20)", "'Zoë 🦊'", "Zoë 🦊", pa.string()),
        "e": ("enum('a','b')", "'b'", "b", pa.string()),
        "j": ("longtext", "'{\"a\": 1}'", '{"a": 1}', pa.string()),
        "b": ("blob", "x'FF00'", b"\xff\x00", pa.binary()),
    }
    declared = ", ".join(f"{name} {kind} NULL" for name, (kind, *_) in values.items())
    run(
        admin,
        f"CREATE TABLE typed ({declared}) CHARACTER SET utf8mb4",
        "SET time_zone = '+02:00'",
        f"INSERT INTO typed VALUES ({', '.join(text for _, text, *_ in values.values())})",
        f"INSERT INTO typed VALUES ({', '.join('NULL' for _ in values)})",
    )
    shape, rows = read(source, plan("typed", *values))
    assert [c.type for c in shape.columns] == [kind for kind, *_ in values.values()]
    for name, (_, _, expected, kind) in values.items():
        assert rows.schema.field(name).type == kind, name
        assert rows.column(name).to_pylist() == [expected, None], name


def test_a_zero_date_is_neither_null_nor_a_date(admin: pymysql.Connection[Any], source: Source) -> None:
    run(
        admin,
        "SET SESSION sql_mode = ''",
        "CREATE TABLE zeros (id int, closed date, opened datetime)",
        "INSERT INTO zeros SELECT seq, '2026-01-01', '2026-01-01' FROM seq_1_to_30000",
        "INSERT INTO zeros VALUES (0, '0000-00-00', null)",
    )
    _, rows = read(source, plan("zeros", "id", "closed", "opened"))
    assert rows.num_rows == 30001
    assert rows.schema.field("closed").type == pa.string()
    assert rows.schema.field("opened").type == pa.timestamp("us")
    assert rows.column("closed")[30000].as_py() == "0000-00-00"


def test_odd_names_are_quoted(admin: pymysql.Connection[Any], source: Source) -> None:
    run(admin, 'CREATE TABLE `Weird "Na``me"` (`a ``b`` %s` int)', "CREATE VIEW looks AS SELECT 1 AS one")
    assert read(source, plan('Weird "Na`me"', "a `b` %s"))[1].num_rows == 0
    assert read(source, plan("looks", "one"))[1].to_pydict() == {"one": [1]}


def test_only_keys_that_hold_for_every_row_prove_uniqueness(admin: pymysql.Connection[Any], source: Source) -> None:
    run(
        admin,
        "CREATE TABLE keyed (id int PRIMARY KEY, email varchar(100) UNIQUE, a int NOT NULL, b int NOT NULL, c int, "
        "t varchar(100), UNIQUE (a, b), UNIQUE (a, c), UNIQUE (t(5)))",
    )
    shape, _ = read(source, plan("keyed", "id", "email", "a", "b", "c", "t"))
    assert set(shape.unique_keys) == {("id",), ("email",), ("a", "b")}


def test_nothing_can_be_written(admin: pymysql.Connection[Any], source: Source) -> None:
    run(admin, "CREATE TABLE guarded (id int)", "CREATE TABLE guarded_too (id int) ENGINE=MyISAM")
    assert source.engine is not None
    for statement in (
        "INSERT INTO guarded VALUES (1)",
        "INSERT INTO guarded_too VALUES (1)",
        "DROP TABLE guarded",
        "CREATE TABLE other (id int)",
    ):
        with source.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="READ ONLY"):
            connection.exec_driver_sql(statement)


def test_faults_cost_only_their_table(admin: pymysql.Connection[Any], source: Source) -> None:
    run(admin, "CREATE TABLE going (id int)", "CREATE TABLE staying (id int)")
    with source.session() as session:
        going = plan("going", "id")
        shape = session.shape(going)
        assert "did you mean 'staying'" in (session.shape(plan("stayin", "id")).error or "")
        assert session.shape(plan("staying", "id", "email")).missing == ("email",)
        run(admin, "DROP TABLE going")
        with pytest.raises(SourceError, match="table 'going'"):
            list(session.stream(going, shape))
        assert rows_of(session, plan("staying", "id"))[1].num_rows == 0


def test_permission_denied_costs_only_its_table(
    mariadb_url: str, mariadb_server_url: str, admin: pymysql.Connection[Any]
) -> None:
    database = make_url(mariadb_url).database
    run(
        admin,
        "CREATE TABLE allowed (id int)",
        "CREATE TABLE secret (id int)",
        "CREATE USER analyst@'127.0.0.1' IDENTIFIED BY 'pw'",
        f"GRANT SELECT ON `{database}`.allowed TO analyst@'127.0.0.1'",
    )
    source = opened(mariadb_url.replace(f"root:{real_parts.QUOTED_PASSWORD}", "analyst:pw"))
    with source.session() as session:
        assert "grant this user SELECT" in (session.shape(plan("secret", "id")).error or "")
        assert rows_of(session, plan("allowed", "id"))[1].num_rows == 0
    source.close()


def test_a_slow_statement_ends_and_costs_only_its_table(mariadb_url: str, admin: pymysql.Connection[Any]) -> None:
    run(admin, "CREATE VIEW slow AS SELECT SLEEP(20) AS id")
    source = opened(mariadb_url, seconds=0.5)
    with source.session() as session:
        table = plan("slow", "id")
        with pytest.raises(SourceError, match=r"table 'slow'.*statement timeout"):
            list(session.stream(table, session.shape(table)))
        assert rows_of(session, plan("staying", "id"))[1].num_rows == 0
    source.close()


def test_pushdown_has_the_timeouts_and_speaks_utc(mariadb_url: str) -> None:
    source = opened(mariadb_url, seconds=0.5)
    assert source.engine is not None
    with source.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT @@time_zone").scalar() == "+00:00"
        with pytest.raises(sa.exc.DBAPIError, match="max_statement_time exceeded"):
            connection.exec_driver_sql("SELECT SLEEP(5)")
    source.close()


def test_a_connection_cut_mid_stream_is_an_error(admin: pymysql.Connection[Any], source: Source) -> None:
    run(admin, "CREATE TABLE long_one AS SELECT seq AS id, repeat('x', 200) AS t FROM seq_1_to_300000")
    with source.session() as session:
        table = plan("long_one", "id", "t")
        stream = session.stream(table, session.shape(table))
        next(stream)
        with admin.cursor() as cursor:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE info LIKE '%FROM `%long_one`'")
            for (process,) in cursor.fetchall():
                cursor.execute(f"KILL {process}")
        with pytest.raises(SourceError, match="table 'long_one'"):
            list(stream)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (real_parts.QUOTED_PASSWORD, "wrong", "user name or password was refused"),
        ("/crm_", "/nowhere_", "there is no such database"),
        ("127.0.0.1:", "127.0.0.1:1", "cannot be reached|did not answer|failed"),
    ],
)
def test_what_keeps_it_from_connecting_is_said_without_the_password(
    mariadb_url: str, old: str, new: str, message: str
) -> None:
    url = mariadb_url.replace(old, new) if not new.endswith(":1") else "mysql://ada:topsecret@127.0.0.1:1/crm"
    source = opened(url, connect_seconds=2)
    with pytest.raises(SourceError, match=message) as caught:
        source.ping()
    assert "topsecret" not in str(caught.value)
    assert real_parts.PASSWORD not in str(caught.value)
    assert "***" in str(caught.value)


def test_a_url_without_a_database_is_refused(mariadb_server_url: str) -> None:
    with pytest.raises(SourceError, match="names no database"):
        opened(mariadb_server_url)
