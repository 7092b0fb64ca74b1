"""PostgreSQL, the real one: one instant, read-only, true types, and faults that cost only their table."""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import psycopg
import pyarrow as pa
import pytest
import sqlalchemy as sa

from observer.errors import SourceError
from observer.sources.source import Source
from tests import real_parts
from tests.doors.sources.reading import opened, plan, read, rows_of


@pytest.fixture(scope="module")
def admin(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def source(postgres_url: str) -> Iterator[Source]:
    source = opened(postgres_url)
    yield source
    source.close()


def test_every_table_is_seen_as_of_the_same_instant(admin: psycopg.Connection, source: Source) -> None:
    admin.execute("CREATE TABLE leads (id int); CREATE TABLE users (id int); INSERT INTO leads VALUES (1)")
    with source.session() as session:
        admin.execute("INSERT INTO leads VALUES (2); INSERT INTO users VALUES (1)")
        assert rows_of(session, plan("leads", "id"))[1].num_rows == 1
        assert rows_of(session, plan("users", "id"))[1].num_rows == 0
        assert session.one_instant
        assert abs(session.source_time - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


def test_types_arrive_as_what_they_are(admin: psycopg.Connection, source: Source) -> None:
    admin.execute("CREATE TYPE mood AS ENUM ('happy', 'sad'); CREATE DOMAIN money2 AS numeric(10, 2)")
    values = {
        "b": ("boolean", "true", True),
        "i2": ("smallint", "-2", -2),
        "i8": ("bigint", "9223372036854775807", 9223372036854775807),
        "f4": ("real", "0.5", 0.5),
        "f8": ("double precision", "'NaN'", math.nan),
        "n": ("numeric(12,2)", "12345678.91", Decimal("12345678.91")),
        "nbig": ("numeric(30,10)", "12345678901234567890.0123456789", Decimal("12345678901234567890.0123456789")),
        "nfree": ("numeric", "1234567890123456789012.5", Decimal("1234567890123456789012.5")),
        "dom": ("money2", "-0.05", Decimal("-0.05")),
        "cash": ("money", "12.30", Decimal("12.3")),
        "t": ("text", "'Zoë 🦊'", "Zoë 🦊"),
        "c": ("character(5)", "'ab'", "ab"),
        "d": ("date", "'0044-03-15 BC'", None),
        "ts": (
            "timestamp without time zone",
            "'1969-12-31 23:59:59.999999'",
            dt.datetime(1969, 12, 31, 23, 59, 59, 999999),
        ),
        "tz": ("timestamp with time zone", "'2026-01-01 01:00+02'", dt.datetime(2025, 12, 31, 23, tzinfo=dt.UTC)),
        "tm": ("time without time zone", "'10:30'", dt.time(10, 30)),
        "iv": ("interval", "'1 day'", "1 day"),
        "u": ("uuid", "'6a1f0a52-5d6c-4d8e-9c9f-0123456789ab'", "6a1f0a52-5d6c-4d8e-9c9f-0123456789ab"),
        "e": ("mood", "'sad'", "sad"),
        "j": ("jsonb", """'{"a": 1}'""", '{"a": 1}'),
        "a": ("integer[]", "'{1,2,null}'", "[1,2,null]"),
        "ea": ("mood[]", "'{sad}'", '["sad"]'),
        "ip": ("inet", "'10.0.0.1'", "10.0.0.1/32"),
        "r": ("int4range", "'[1,5)'", "[1,5)"),
        "by": ("bytea", r"'\xff00'", b"\xff\x00"),
        "o": ("oid", "4294967295", 4294967295),
    }
    declared = ", ".join(f"{name} {kind}" for name, (kind, _, _) in values.items())
    admin.execute(f"CREATE TABLE typed ({declared})")
    admin.execute(f"INSERT INTO typed VALUES ({', '.join(text for _, text, _ in values.values())})")
    admin.execute(f"INSERT INTO typed VALUES ({', '.join('NULL' for _ in values)})")
    shape, rows = read(source, plan("typed", *values))
    assert [c.type for c in shape.columns] == [kind for kind, _, _ in values.values()]
    assert rows.schema.field("n").type == pa.decimal128(12, 2)
    assert rows.schema.field("tz").type == pa.timestamp("us", "UTC")
    assert rows.schema.field("ts").type == pa.timestamp("us")
    assert rows.schema.field("d").type == pa.date32()
    for name, (_, _, expected) in values.items():
        if name == "d":
            continue
        seen, nothing = rows.column(name).to_pylist()
        assert nothing is None
        assert seen == expected or (name == "f8" and math.isnan(seen)), name


def test_infinite_times_stay_infinite(admin: psycopg.Connection, source: Source) -> None:
    admin.execute("CREATE TABLE ends (d date, ts timestamp, tz timestamptz)")
    admin.execute(
        "INSERT INTO ends SELECT v::date, v::timestamp, v::timestamptz FROM unnest('{infinity,-infinity}'::text[]) v"
    )
    admin.execute("INSERT INTO ends VALUES ('2026-01-01', '2026-01-01', '2026-01-01'), (null, null, null)")
    _, ends = read(source, plan("ends", "d", "ts", "tz"))
    with duckdb.connect() as duck:
        duck.register("ends", ends)
        seen = duck.sql("SELECT d::text, ts::text, isinf(tz) FROM ends").fetchall()
    assert seen == [
        ("infinity", "infinity", True),
        ("-infinity", "-infinity", True),
        ("2026-01-01", "2026-01-01 00:00:00", False),
        (None, None, None),
    ]


def test_a_time_beyond_what_arrow_holds_is_an_error_and_not_another_time(
    admin: psycopg.Connection, source: Source
) -> None:
    admin.execute("CREATE TABLE far (ts timestamp); INSERT INTO far VALUES ('294276-12-01')")
    with pytest.raises(SourceError, match="'ts' holds a time after the year 294246"):
        read(source, plan("far", "ts"))


def test_a_nan_among_decimals_stays_a_nan(admin: psycopg.Connection, source: Source) -> None:
    admin.execute("CREATE TABLE amounts (small numeric(12,2), wide numeric(30,2), free numeric, fine numeric(6,2))")
    admin.execute("INSERT INTO amounts SELECT 1.25, 2.5, 3, 4 FROM generate_series(1, 1000)")
    admin.execute("INSERT INTO amounts VALUES ('NaN', 'NaN', 'Infinity', 1.1)")
    _, rows = read(source, plan("amounts", "small", "wide", "free", "fine"))
    assert rows.num_rows == 1001
    assert [str(f.type) for f in rows.schema] == ["double", "double", "double", "decimal128(6, 2)"]
    assert math.isnan(rows.column("small")[1000].as_py())
    assert rows.column("free")[1000].as_py() == math.inf


def test_numbers_wider_than_any_decimal_stay_exact_as_text(admin: psycopg.Connection, source: Source) -> None:
    admin.execute("CREATE TABLE huge (n numeric); INSERT INTO huge VALUES (1e40 + 1), (1.50)")
    _, rows = read(source, plan("huge", "n"))
    assert rows.column("n").to_pylist() == ["10000000000000000000000000000000000000001", "1.5"]


def test_odd_names_are_quoted(admin: psycopg.Connection, source: Source) -> None:
    admin.execute('CREATE SCHEMA "Sales Dept"; CREATE TABLE "Sales Dept"."Weird ""Name""" ("a ""b"" %s {}" int)')
    admin.execute('CREATE TABLE "Weird ""Name""" ("x;y" int); CREATE TABLE "dotted.name" (id int)')
    assert read(source, plan('Weird "Name"', "x;y"))[1].num_rows == 0
    shape, rows = read(source, plan('Sales Dept.Weird "Name"', 'a "b" %s {}'))
    assert rows.schema.names == ['a "b" %s {}']
    assert shape.columns[0].type == "integer"
    assert read(source, plan("dotted.name", "id"))[1].num_rows == 0


def test_views_and_partitions_are_tables_too(admin: psycopg.Connection, source: Source) -> None:
    admin.execute("CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id)")
    admin.execute("CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10)")
    admin.execute("INSERT INTO parts SELECT generate_series(0, 9)")
    admin.execute("CREATE VIEW even AS SELECT id FROM parts WHERE id % 2 = 0")
    admin.execute("CREATE MATERIALIZED VIEW odd AS SELECT id FROM parts WHERE id % 2 = 1")
    assert read(source, plan("even", "id"))[1].num_rows == 5
    assert read(source, plan("odd", "id"))[1].num_rows == 5
    shape, rows = read(source, plan("parts", "id"))
    assert (rows.num_rows, shape.unique_keys) == (10, (("id",),))


def test_only_keys_that_hold_for_every_row_prove_uniqueness(admin: psycopg.Connection, source: Source) -> None:
    admin.execute("""
        CREATE TABLE keyed (id int PRIMARY KEY, email text UNIQUE, a int NOT NULL, b int NOT NULL, c int, d int, e int,
                            UNIQUE (a, b), UNIQUE (a, c), UNIQUE (d) DEFERRABLE);
        CREATE UNIQUE INDEX ON keyed (e) WHERE e > 0;
        CREATE UNIQUE INDEX ON keyed (lower(email));
        CREATE TABLE parent (id int PRIMARY KEY);
        CREATE TABLE child () INHERITS (parent);
    """)
    shape, _ = read(source, plan("keyed", "email", "id", "a", "b", "c", "d", "e"))
    assert shape.unique_keys == (("id",), ("email",), ("a", "b"))
    assert [c.nullable for c in shape.columns] == [True, False, False, False, True, True, True]
    assert read(source, plan("parent", "id"))[0].unique_keys == ()


def test_missing_columns_are_named_and_the_rest_is_read(source: Source, admin: psycopg.Connection) -> None:
    admin.execute("CREATE TABLE short (id int); INSERT INTO short VALUES (7)")
    shape, rows = read(source, plan("short", "id", "email"))
    assert shape.missing == ("email",)
    assert rows.to_pydict() == {"id": [7]}


def test_an_unknown_table_costs_itself_and_suggests_another(source: Source, admin: psycopg.Connection) -> None:
    admin.execute("CREATE TABLE opportunities (id int)")
    with source.session() as session:
        shape = session.shape(plan("oportunities", "id"))
        assert shape.error is not None
        assert "did you mean 'opportunities'" in shape.error
        assert rows_of(session, plan("opportunities", "id"))[1].num_rows == 0


def test_nothing_can_be_written(source: Source, admin: psycopg.Connection) -> None:
    admin.execute("CREATE TABLE guarded (id int)")
    assert source.engine is not None
    for statement in ("INSERT INTO guarded VALUES (1)", "DROP TABLE guarded", "CREATE TABLE other (id int)"):
        with source.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="read-only transaction"):
            connection.exec_driver_sql(statement)
    autocommit = source.engine.execution_options(isolation_level="AUTOCOMMIT")
    with autocommit.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="read-only transaction"):
        connection.exec_driver_sql("INSERT INTO guarded VALUES (1)")
    admin.execute("CREATE FUNCTION sneak() RETURNS int LANGUAGE sql AS 'INSERT INTO guarded VALUES (1) RETURNING id'")
    admin.execute("CREATE VIEW sneaky AS SELECT sneak() AS id")
    with pytest.raises(SourceError, match="read-only"):
        read(source, plan("sneaky", "id"))
    assert admin.execute("SELECT count(*) FROM guarded").fetchone() == (0,)


def test_the_server_sees_who_is_asking(source: Source) -> None:
    assert source.engine is not None
    with source.engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW application_name").scalar() == "crm-observer"
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "30s"
        assert connection.exec_driver_sql("SHOW TimeZone").scalar() == "UTC"


def test_a_slow_statement_ends_and_costs_only_its_table(postgres_url: str, admin: psycopg.Connection) -> None:
    admin.execute("CREATE VIEW slow AS SELECT pg_sleep(30)::text AS id; CREATE TABLE quick (id int)")
    source = opened(postgres_url, seconds=0.3)
    with source.session() as session:
        table = plan("slow", "id")
        with pytest.raises(SourceError, match=r"table 'slow'.*statement timeout"):
            list(session.stream(table, session.shape(table)))
        assert rows_of(session, plan("quick", "id"))[1].num_rows == 0
    source.close()


def test_permission_denied_costs_only_its_table(postgres_url: str, admin: psycopg.Connection) -> None:
    admin.execute("""
        CREATE ROLE analyst LOGIN PASSWORD 'pw';
        CREATE TABLE open_to_all (id int); CREATE TABLE secret (id int, name text);
        CREATE TABLE half (id int, salary int); CREATE SCHEMA vault; CREATE TABLE vault.gold (id int);
        CREATE TABLE rls (id int, owner text); ALTER TABLE rls ENABLE ROW LEVEL SECURITY;
        CREATE POLICY mine ON rls USING (owner = current_user); INSERT INTO rls VALUES (1, 'analyst'), (2, 'bob');
        GRANT SELECT ON open_to_all, rls TO analyst; GRANT SELECT (id) ON half TO analyst;
    """)
    url = postgres_url.replace(f"postgres:{real_parts.QUOTED_PASSWORD}", "analyst:pw")
    source = opened(url)
    with source.session() as session:
        refused = session.shape(plan("secret", "id")).error or ""
        assert "permission denied for table 'public.secret'" in refused
        assert 'GRANT SELECT ON "public"."secret" TO "analyst"' in refused
        assert "permission denied" in (session.shape(plan("vault.gold", "id")).error or "")
        assert "(columns salary)" in (session.shape(plan("half", "id", "salary")).error or "")
        assert "row-level security hides rows" in (session.shape(plan("rls", "id")).error or "")
        assert rows_of(session, plan("half", "id"))[1].num_rows == 0
        assert rows_of(session, plan("open_to_all", "id"))[1].num_rows == 0
    source.close()


def test_a_table_dropped_or_truncated_mid_run_costs_only_itself(source: Source, admin: psycopg.Connection) -> None:
    admin.execute("CREATE TABLE going (id int); CREATE TABLE emptied (id int); INSERT INTO emptied VALUES (1)")
    admin.execute("CREATE TABLE staying (id int)")
    with source.session() as session:
        going, emptied = plan("going", "id"), plan("emptied", "id")
        shapes = session.shape(going), session.shape(emptied)
        admin.execute("DROP TABLE going; TRUNCATE emptied")
        with pytest.raises(SourceError, match=r"table 'going'.*no longer exists"):
            list(session.stream(going, shapes[0]))
        with pytest.raises(SourceError, match="was truncated or rewritten"):
            list(session.stream(emptied, shapes[1]))
        assert rows_of(session, plan("staying", "id"))[1].num_rows == 0


def test_a_connection_cut_mid_stream_costs_only_its_table(source: Source, admin: psycopg.Connection) -> None:
    admin.execute("CREATE TABLE long AS SELECT g AS id, repeat('x', 200) AS t FROM generate_series(1, 400000) g")
    with source.session() as session:
        table = plan("long", "id", "t")
        stream = session.stream(table, session.shape(table))
        next(stream)
        admin.execute("""
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE query LIKE 'COPY%"long"%' AND pid <> pg_backend_pid()
        """)
        with pytest.raises(SourceError, match="table 'long'"):
            list(stream)
        assert rows_of(session, plan("quick", "id"))[1].num_rows == 0


def test_a_lost_session_says_so_for_each_table(source: Source, admin: psycopg.Connection) -> None:
    with source.session() as session:
        table = plan("quick", "id")
        shape = session.shape(table)
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'crm-observer'")
        time.sleep(0.2)
        with pytest.raises(SourceError, match=r"table 'quick'.*(lost|closed)"):
            list(session.stream(table, shape))
        assert "table 'quick'" in (session.shape(table).error or "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((real_parts.QUOTED_PASSWORD, "wrong"), "user name or password was refused"),
        (("/crm_", "/nowhere_"), "there is no such database"),
        (("127.0.0.1:", "127.0.0.1:1"), "cannot be reached|refused|invalid port"),
        (("127.0.0.1", "no-such-host.invalid"), "the host is unknown"),
    ],
)
def test_what_keeps_it_from_connecting_is_said_without_the_password(
    postgres_url: str, change: tuple[str, str], message: str
) -> None:
    url = postgres_url.replace(*change)
    source = opened(url if ":1" not in change[1] else "postgresql://ada:topsecret@127.0.0.1:1/crm", connect_seconds=2)
    for attempt in (source.ping, lambda: source.session().__enter__()):
        with pytest.raises(SourceError, match=message) as caught:
            attempt()
        for secret in ("topsecret", real_parts.PASSWORD, real_parts.QUOTED_PASSWORD, "wrong@"):
            assert secret not in str(caught.value)
        assert "***" in str(caught.value)
