"""SQLite and DuckDB: files that are opened read-only, whatever they hold."""

from __future__ import annotations

import datetime as dt
import math
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import sqlalchemy as sa

from observer.errors import SourceError
from tests.doors.sources.reading import opened, plan, read, rows_of


def sqlite_file(path: Path, script: str) -> str:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return f"sqlite:///{path}"


def duckdb_file(path: Path, script: str) -> str:
    with duckdb.connect(str(path)) as connection:
        connection.execute(script)
    return f"duckdb:///{path}"


@pytest.fixture(params=["sqlite", "duckdb"])
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    make = sqlite_file if request.param == "sqlite" else duckdb_file
    return make(
        tmp_path / f"crm.{request.param}",
        """
        CREATE TABLE leads (id INTEGER PRIMARY KEY, email TEXT UNIQUE, a INTEGER NOT NULL, b INTEGER, UNIQUE (a, b));
        INSERT INTO leads VALUES (1, 'a@b.c', 1, NULL), (2, NULL, 1, NULL);
        CREATE TABLE "Weird ""Name"" " ("a ""b"" %s" INTEGER);
        CREATE VIEW looks AS SELECT id FROM leads WHERE id > 1;
        """,
    )


def test_rows_keys_views_and_odd_names(crm: str) -> None:
    source = opened(crm)
    with source.session() as session:
        shape, rows = rows_of(session, plan("leads", "email", "id", "a", "b", "nope"))
        assert rows.to_pydict() == {"email": ["a@b.c", None], "id": [1, 2], "a": [1, 1], "b": [None, None]}
        assert shape.missing == ("nope",)
        assert set(shape.unique_keys) == {("id",), ("email",)}
        assert [c.nullable for c in shape.columns] == [True, False, False, True]
        assert rows_of(session, plan("looks", "id"))[1].to_pydict() == {"id": [2]}
        assert rows_of(session, plan('Weird "Name" ', 'a "b" %s'))[1].schema.names == ['a "b" %s']
        assert rows_of(session, plan("main.LEADS", "ID"))[1].to_pydict() == {"ID": [1, 2]}
        assert "did you mean 'leads'" in (session.shape(plan("leeds", "id")).error or "")
        assert session.one_instant
        assert abs(session.source_time - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)
    source.ping()
    source.close()


def test_nothing_can_be_written(crm: str) -> None:
    source = opened(crm)
    assert source.engine is not None
    for statement in ("INSERT INTO leads VALUES (9, 'x', 1, 1)", "DROP TABLE leads", "CREATE TABLE other (id INTEGER)"):
        with source.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match=r"read-?only"):
            connection.exec_driver_sql(statement)
    with source.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM leads").scalar() == 2
    assert read(source, plan("leads", "id"))[1].num_rows == 2
    source.close()


def test_a_duckdb_file_is_all_that_duckdb_reads(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a\n1\n", encoding="utf-8")
    source = opened(duckdb_file(tmp_path / "crm.duckdb", "CREATE TABLE leads AS SELECT now() AS t"))
    assert source.engine is not None
    with source.engine.connect() as first, source.engine.connect() as second, source.session():
        for connection in (first, second):
            assert connection.exec_driver_sql("SELECT current_setting('TimeZone')").scalar() == "UTC"
            for statement in (f"SELECT sum(a) FROM '{tmp_path}/x.csv'", f"SELECT * FROM glob('{tmp_path}/*')"):
                with pytest.raises(sa.exc.DBAPIError, match="disabled by configuration"):
                    connection.exec_driver_sql(statement)
            with pytest.raises(sa.exc.DBAPIError, match="locked"):
                connection.exec_driver_sql("SET enable_external_access = true")
    source.close()


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_file_that_is_missing_or_of_another_kind_is_an_error_and_not_made(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "nowhere.db"
    with pytest.raises(SourceError, match="there is no file"):
        opened(f"{kind}:///{path}")
    assert not path.exists()
    path.write_text("This is no database, but it is long enough to be looked at closely. " * 100)
    source = opened(f"{kind}:///{path}")
    with pytest.raises(SourceError, match=r"the file is no (SQLite|DuckDB) database"):
        source.ping()
    for url, message in ((f"{kind}:///{tmp_path}", "is a folder"), (f"{kind}://", "names no file")):
        with pytest.raises(SourceError, match=message):
            opened(url)


@pytest.mark.parametrize(
    ("make", "endless"),
    [
        (sqlite_file, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS i FROM n"),
        (duckdb_file, "SELECT sum(a.range * b.range) AS i FROM range(1000000) a, range(1000000) b"),
    ],
)
def test_a_slow_statement_ends_and_costs_only_its_table(make: object, endless: str, tmp_path: Path) -> None:
    assert callable(make)
    url = make(tmp_path / "slow.db", f"CREATE TABLE quick (id INTEGER); CREATE VIEW endless AS {endless}")
    source = opened(url, seconds=0.5)
    with source.session() as session:
        table = plan("endless", "i")
        with pytest.raises(SourceError, match=r"table 'endless'.*statement timeout"):
            list(session.stream(table, session.shape(table)))
        assert rows_of(session, plan("quick", "id"))[1].num_rows == 0
    assert source.engine is not None
    with source.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match=r"(?i)interrupt"):
        connection.exec_driver_sql("SELECT * FROM endless").all()
    source.close()


def test_sqlite_columns_are_read_as_what_their_values_are(tmp_path: Path) -> None:
    url = sqlite_file(
        tmp_path / "crm.db",
        """
        CREATE TABLE t (i, r, ir REAL, x TEXT, b, mixed, none INTEGER, void TEXT, weird VARCHAR(3));
        INSERT INTO t VALUES (9223372036854775807, 0.5, 1, 'Zoë', x'ff', 1, NULL, NULL, 'toolong');
        INSERT INTO t VALUES (NULL, 9e999, 2.5, '', x'', 'two', NULL, NULL, 'x');
        INSERT INTO t VALUES (-1, NULL, NULL, NULL, NULL, x'00ff', NULL, NULL, NULL);
        """,
    )
    shape, rows = read(opened(url), plan("t", "i", "r", "ir", "x", "b", "mixed", "none", "void", "weird"))
    assert [c.type for c in shape.columns] == ["", "", "REAL", "TEXT", "", "", "INTEGER", "TEXT", "VARCHAR(3)"]
    assert [str(f.type) for f in rows.schema] == [
        *("int64", "double", "double", "string", "binary", "string", "int64", "string", "string"),
    ]
    assert rows.column("r").to_pylist() == [0.5, math.inf, None]
    assert rows.column("mixed").to_pylist() == ["1", "two", "00FF"]
    assert rows.column("x").to_pylist() == ["Zoë", "", None]


def test_sqlite_reads_one_instant_while_others_write(tmp_path: Path) -> None:
    url = sqlite_file(tmp_path / "crm.db", "PRAGMA journal_mode = WAL; CREATE TABLE u (id INTEGER)")
    source = opened(url)
    with source.session() as session, closing(sqlite3.connect(tmp_path / "crm.db")) as writer:
        writer.execute("INSERT INTO u VALUES (1)")
        writer.commit()
        assert rows_of(session, plan("u", "id"))[1].num_rows == 0


def test_sqlite_text_that_is_not_utf8_is_an_error_and_not_a_guess(tmp_path: Path) -> None:
    url = sqlite_file(tmp_path / "crm.db", "CREATE TABLE t (x TEXT); INSERT INTO t VALUES (CAST(x'e9' AS TEXT))")
    with pytest.raises(SourceError, match="not UTF-8"):
        read(opened(url), plan("t", "x"))


def test_duckdb_types_arrive_as_what_they_are(tmp_path: Path) -> None:
    url = duckdb_file(
        tmp_path / "crm.duckdb",
        """
        CREATE TABLE t (u UUID, e ENUM ('a', 'b'), l INTEGER[], s STRUCT(a INTEGER), h HUGEINT, m DECIMAL(12, 2),
                        iv INTERVAL, tz TIMESTAMPTZ, ts TIMESTAMP, d DATE, j JSON, b BLOB);
        INSERT INTO t VALUES ('6a1f0a52-5d6c-4d8e-9c9f-0123456789ab', 'b', [1, NULL], {'a': 1}, 5, 1.5,
                              INTERVAL 1 DAY, '2026-01-01 00:00:00+00', '2026-01-01', '1950-01-01', '{}', 'x'::BLOB);
        """,
    )
    names = ("u", "e", "l", "s", "h", "m", "iv", "tz", "ts", "d", "j", "b")
    shape, rows = read(opened(url), plan("t", *names))
    assert rows.to_pylist() == [
        {
            "u": "6a1f0a52-5d6c-4d8e-9c9f-0123456789ab",
            "e": "b",
            "l": "[1,null]",
            "s": '{"a":1}',
            "h": Decimal(5),
            "m": Decimal("1.50"),
            "iv": "1 day",
            "tz": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            "ts": dt.datetime(2026, 1, 1),
            "d": dt.date(1950, 1, 1),
            "j": "{}",
            "b": b"x",
        }
    ]
    assert rows.schema.field("tz").type == pa.timestamp("us", "UTC")
    assert shape.columns[5].type == "DECIMAL(12,2)"
