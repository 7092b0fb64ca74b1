"""Translated SQL gives the same answer, with soft-deleted rows gone: run on DuckDB and SQLite."""

from __future__ import annotations

import sqlite3
from datetime import datetime

import duckdb
import pytest

from observer.checks.spec import LiveRows
from observer.errors import EngineError
from observer.sql.translate import only_live_rows, translate, with_tables_renamed

ROWS = [(1, "a@x", False, None), (2, None, True, None), (3, "c@x", None, datetime(2026, 1, 1)), (4, None, False, None)]


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute('create table leads (id int, email text, "is deleted" boolean, gone timestamp)')
    connection.executemany("insert into leads values (?, ?, ?, ?)", ROWS)
    connection.execute("create schema sales")
    connection.execute("create table sales.opps as select id, id as lead_id from leads")
    return connection


def answer(connection: duckdb.DuckDBPyConnection, query: str) -> object:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


BY_FLAG = LiveRows(column="is deleted", deleted_values=(True,))
BY_TIME = LiveRows(column="gone", deleted_values=())


@pytest.mark.parametrize(
    ("query", "live", "expected"),
    [
        ("select count(*) from leads", BY_FLAG, 3),
        ("select count(*) from LEADS l where l.email is null", BY_FLAG, 1),
        ("select count(*) from leads", BY_TIME, 3),
        ("select count(*) from leads", LiveRows(column="id", deleted_values=(1, 4)), 2),
        ("select count(*) from sales.opps o join leads l on l.id = o.lead_id", BY_FLAG, 3),
        ("select count(*) from leads a join leads b on a.id = b.id join sales.opps o on o.id = a.id", BY_FLAG, 3),
        ("select count(*) from sales.opps where lead_id not in (select id from leads)", BY_FLAG, 1),
        ("with leads as (select * from leads) select count(*) from leads", BY_FLAG, 3),
        ("with x as (select * from leads) select count(*) from x, leads", BY_FLAG, 9),
        ("select (select count(*) from leads) + count(*) from leads", BY_FLAG, 6),
        ("select count(*) from leads union all select count(*) from leads", BY_FLAG, 3),
    ],
)
def test_deleted_rows_do_not_exist(
    connection: duckdb.DuckDBPyConnection, query: str, live: LiveRows, expected: int
) -> None:
    assert answer(connection, only_live_rows(query, "duckdb", {"leads": live})) == expected


def test_a_qualified_table_can_have_deleted_rows_too(connection: duckdb.DuckDBPyConnection) -> None:
    live = {"sales.opps": LiveRows(column="id", deleted_values=(1,)), "leads": BY_FLAG}
    query = "select count(*) from sales.opps o join leads l on l.id = o.lead_id"
    assert answer(connection, only_live_rows(query, "duckdb", live)) == 2


def test_a_table_with_another_name_keeps_its_columns(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute('create table "CRM Leads" as select * from leads')
    query = "select count(leads.email) from leads join opps on opps.id = leads.id"
    renamed = with_tables_renamed(query, "duckdb", {"leads": "CRM Leads", "opps": "sales.opps"})
    assert answer(connection, renamed) == 2


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select count(*) from leads where email !~* '^A'", 1),
        ("select count(*) filter (where email is null)::int from leads", 2),
        ("select count(*) from leads where gone < '2026-06-01'::timestamp - interval '1 day'", 1),
        ("select string_agg(email, ',' order by id) from leads", "a@x,c@x"),
    ],
)
def test_postgresql_runs_on_duckdb(connection: duckdb.DuckDBPyConnection, query: str, expected: object) -> None:
    assert answer(connection, translate(query, read="postgres", write="duckdb")) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select count(*) from leads where email regexp '^a'", 1),
        ("select ifnull(max(email), 'x') from `leads`", "c@x"),
        ("select timestampdiff(day, gone, timestamp '2026-01-03 00:00:00') from leads where id = 3", 2),
    ],
)
def test_mysql_runs_on_duckdb(connection: duckdb.DuckDBPyConnection, query: str, expected: object) -> None:
    assert answer(connection, translate(query, read="mysql", write="duckdb")) == expected


def test_deleted_rows_do_not_exist_in_sqlite() -> None:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table leads (id int, deleted int)")
        connection.executemany("insert into leads values (?, ?)", [(1, 0), (2, 1), (3, None)])
        live = {"leads": LiveRows(column="deleted", deleted_values=(1,))}
        (count,) = connection.execute(only_live_rows("select count(*) from leads", "sqlite", live)).fetchone()
    connection.close()
    assert count == 2


def test_deleted_rows_do_not_exist_in_postgresql(postgres_url: str) -> None:
    import psycopg

    with psycopg.connect(postgres_url) as connection:
        connection.execute('create table "Leads" (id int, "Is Deleted" boolean)')
        connection.execute('insert into "Leads" values (1, false), (2, true), (3, null)')
        live = {"Leads": LiveRows(column="Is Deleted", deleted_values=(True,))}
        row = connection.execute(only_live_rows('select count(*) from "Leads" x', "postgres", live).encode()).fetchone()
    assert row == (2,)


@pytest.mark.parametrize("query", ["select from where", "", "select 1; select 2"])
def test_what_is_no_query_is_an_error_with_a_remedy(query: str) -> None:
    with pytest.raises(EngineError, match="Fix: "):
        translate(query, read="postgres", write="duckdb")
