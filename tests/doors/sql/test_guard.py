"""The SQL guard: harmless questions pass, everything else is refused, in every dialect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.sql.columns import Columns
from observer.sql.guard import fill_placeholders, problem_with

LEADS = Columns(
    names=frozenset({"id", "x", "a", "b", "c", "d", "t", "email", "created_at", "Phone", "secret"}),
    restricted=frozenset({"Phone", "secret"}),
)
OPPS = Columns(names=frozenset({"id", "amount"}))
TABLES = {"leads": LEADS, "sales.opps": OPPS, 'Weird "Name"': Columns(names=frozenset())}
DIALECTS = ("postgres", "duckdb", "mysql", "sqlite", None)

HARMLESS = [
    "select count(*) from leads",
    "SELECT count(*) AS n FROM Leads l JOIN sales.opps o ON o.id = l.id WHERE l.x IS NULL",
    "with a as (select * from leads), b as (select * from a) select count(*) from b",
    "select 100.0 * sum(case when email is null then 1 else 0 end) / count(*) from leads",
    "select count(*) from (select id from leads group by id having count(*) > 1) t",
    "select (select count(*) from leads) - (select count(*) from sales.opps)",
    "select count(*) from leads where exists (select 1 from sales.opps o where o.id = leads.id)",
    "select coalesce(sum(x), 0) from leads where a between 1 and 2 and b like 'x%' and c in (1, 2) and not d",
    "(select count(*) from leads)",
    "select count(distinct lower(trim(email))) from leads",
    "select max(gap) from (select x - lag(x) over (partition by id order by t) as gap from leads) q",
    "select cast(avg(length(email)) as integer) from leads",
    "select count(*) from leads -- ; drop table leads",
]
POSTGRES = [
    "select count(*) from leads where created_at < now() - interval '1 day'",
    "select extract(epoch from now() - max(created_at)) from leads",
    "select count(*) from leads where email !~* '^[a-z]+$'",
    "select count(*) filter (where a)::int from leads",
    "select current_date - max(created_at)::date from leads",
    "select count(*) from leads where jsonb_typeof(x) = 'a' and x ->> 'k' = 'b'",
    'select count(*) from "Weird ""Name"""',
    "select percentile_cont(0.5) within group (order by x) from leads",
]
REFUSED = [
    "",
    "   ",
    "-- nothing",
    "select 1; select 2",
    "select count(*) from leads; drop table leads",
    "delete from leads",
    "update leads set x = 1",
    "insert into leads values (1)",
    "merge into leads using x on 1 = 1 when matched then delete",
    "truncate table leads",
    "drop table leads",
    "create table x as select 1",
    "alter table leads add y int",
    "grant all on leads to public",
    "copy leads to '/x'",
    "vacuum",
    "call f()",
    "explain analyze select count(*) from leads",
    "set x = 1",
    "pragma table_info(leads)",
    "attach 'x.db' as y",
    "install httpfs",
    "values (1)",
    "table leads",
    "select * from leads",
    "select l.* from leads l",
    "select a, b from leads",
    "select count(*) into x from leads",
    "select count(*) from leads for update",
    "select count(*) from leads into outfile '/x'",
    "select count(*) from other",
    "select count(*) from public.leads",
    "select count(*) from pg_catalog.pg_user",
    "select count(*) from leads where (select count(*) from secret) > 0",
    "select x from leads union select password from users",
    "select count(*) from '/etc/passwd'",
    "select count(*) from read_csv('/etc/passwd')",
    "select count(*) from read_parquet('s3://x/y')",
    "select count(*) from glob('/*')",
    "select count(*) from query('drop table x')",
    "select count(*) from generate_series(1, 1000000000)",
    "select count(*) from leads, lateral (select pg_sleep(1)) x",
    "select pg_sleep(10)",
    "select sleep(5)",
    "select benchmark(1000000, 1)",
    "select pg_read_file('/etc/passwd')",
    "select load_file('/etc/passwd')",
    "select lo_import('/x')",
    "select lo_export(1, 'x')",
    "select dblink('a', 'b')",
    "select query_to_xml('drop table x', true, false, '')",
    "select nextval('s')",
    "select set_config('a', 'b', false)",
    "select current_setting('x')",
    "select load_extension('x')",
    "select getenv('HOME')",
    "select xp_cmdshell('x')",
    "select random()",
    "select pg_catalog.pg_sleep(1)",
    "select count(*) from leads tablesample bernoulli (10)",
    "select count(*) from leads pivot (sum(x) for y in (1, 2))",
    "select @a := 1",
    "select count(*) from leads where id = :x",
    "select count(*) from leads where id = ?",
    "with leads as (delete from leads returning *) select count(*) from leads",
    "with secrets as (select * from secrets) select count(*) from secrets",
    "with a as (select * from b), b as (select 1) select count(*) from a",
    "select (with secrets as (select 1 as x) select count(*) from secrets) + (select count(*) from secrets)",
    "with recursive a as (select 1 union all select * from a) select count(*) from a",
    "select count(*) from leads /*! union select password from users */",
    "selec 1",
    "select " + "(" * 3000 + "1" + ")" * 3000,
    "select " + "+".join(["1"] * 20_000),
]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("query", HARMLESS)
def test_a_harmless_question_may_be_asked(query: str, dialect: str | None) -> None:
    assert problem_with(query, dialect, TABLES) is None


@pytest.mark.parametrize("query", POSTGRES)
def test_postgresql_has_its_own_way_to_ask(query: str) -> None:
    assert problem_with(query, "postgres", TABLES) is None


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("query", REFUSED, ids=lambda q: q[:40])
def test_everything_else_is_refused(query: str, dialect: str | None) -> None:
    complaint = problem_with(query, dialect, TABLES)
    assert complaint is not None
    assert complaint.message and complaint.fix


def test_a_quoted_name_must_be_exact() -> None:
    assert problem_with('select count(*) from "LEADS"', "postgres", TABLES) is not None
    assert problem_with("select count(*) from LEADS", "postgres", TABLES) is None


def test_a_dialect_without_sql_is_named() -> None:
    complaint = problem_with("select count(*) from leads", "kafka", TABLES)
    assert complaint is not None
    assert "kafka" in complaint.message


COLUMNS = [
    ("select max(length(tax_number)) from leads", "column `tax_number` is not in this contract"),
    ("select max(l.row_to_json) from leads l", "column `row_to_json` is not in this contract"),
    ("select count(distinct leads) from leads", "`leads` "),
    ("select count(distinct l) from leads l", "`l` "),
    ("select max(l) from leads l", "`l` "),
    ("select max(emial) from leads", "did you mean `email`?"),
    ("select count(*) from leads where exists (select 1 from sales.opps o where o.email = leads.id)", "`email`"),
    ("select count(*) from leads l join sales.opps o on l.id = o.id where id > 1", "`id` is in several tables"),
    ("with a as (select id from leads) select max(x) from a", "column `x` is not in this contract"),
]
SHOWN = [
    "select max(phone) from leads",
    "select sum(Phone) from leads",
    "select max(length(secret)) from leads",
    "select secret from leads limit 1",
    "select max(l.phone) from Leads l",
    "select max(case when id > 1 then phone end) from leads",
    "select coalesce((select max(phone) from leads), 0)",
    "select max(p) from (select phone as p from leads) q",
    "select max(phone) from (select * from leads) q",
    "with a as (select id, phone p from leads), b as (select * from a) select min(p) from b",
    "with a(n) as (select phone from leads) select min(n) from a",
    "select max(n) from (select id as n from leads union all select phone from leads) u",
    "select max(lag) from (select lag(phone) over (order by id) as lag from leads) q",
    "select max(k) from (select (select phone) as k from leads) q",
]
HIDDEN = [
    "select count(phone) from leads",
    "select count(distinct lower(trim(secret))) from leads",
    "select count(*) from leads where phone > 5 and secret is not null",
    "select sum(case when secret is null or secret like '%x%' then 1 else 0 end) from leads",
    "select count(*) from (select secret from leads group by secret having count(*) > 1) t",
    "select count(*) from (select row_number() over (partition by secret order by id) as n from leads) t where n > 1",
    "select max(id) from leads where secret in (select secret from leads where id = 3) order by 1",
    "select count(*) from (select * from leads) q where q.phone between 1 and 2",
    "select count(*) from leads l join leads m on l.secret = m.secret and l.id < m.id",
    "select count(sales.opps.id) from sales.opps",
    "select max(amount) as y from sales.opps order by y",
]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("query", "told"), COLUMNS)
def test_columns_out_of_contract_and_whole_rows_are_refused(query: str, told: str, dialect: str | None) -> None:
    complaint = problem_with(query, dialect, TABLES)
    assert complaint is not None
    assert told in str(complaint)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("query", SHOWN)
def test_a_value_of_a_restricted_column_may_not_come_out(query: str, dialect: str | None) -> None:
    complaint = problem_with(query, dialect, TABLES)
    assert complaint is not None
    assert "shows a value of the restricted column `" in complaint.message
    assert "count rows instead" in complaint.fix


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("query", HIDDEN)
def test_restricted_columns_may_be_counted_and_compared(query: str, dialect: str | None) -> None:
    assert problem_with(query, dialect, TABLES) is None


@given(st.text(alphabet="select*from,() ;'\"-/leads1=:$@\\", max_size=40), st.sampled_from(DIALECTS))
def test_no_text_makes_the_guard_raise(query: str, dialect: str | None) -> None:
    complaint = problem_with(query, dialect, TABLES)
    assert complaint is None or complaint.message


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        ("postgres", 'select count(*) from "sales"."we""ird" where "a b" is null or "a b" = 1'),
        ("mysql", 'select count(*) from `sales`.`we"ird` where `a b` is null or `a b` = 1'),
    ],
)
def test_placeholders_become_quoted_names(dialect: str, expected: str) -> None:
    query = "select count(*) from {object} where ${column} is null or {property} = 1"
    assert fill_placeholders(query, dialect, table='sales.we"ird', column="a b") == expected


def test_a_placeholder_without_meaning_stays_and_is_refused() -> None:
    filled = fill_placeholders(
        "select count(*) from {object} where {property} is null", None, table="leads", column=None
    )
    assert "{property}" in filled
    complaint = problem_with(filled, "postgres", TABLES)
    assert complaint is not None
    assert complaint.message == "`{property}` stands for nothing here"
