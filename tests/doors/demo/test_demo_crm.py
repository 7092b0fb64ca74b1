"""The demo CRM: the summary tells the truth about the rows, counted here with plain SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from observer.demo import DemoSummary, build_demo_crm, demo_contracts, tables
from observer.demo.load import open_target, parse_target
from observer.errors import InputError, SourceError
from tests import real_parts

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
TABLES = ("users", "accounts", "contacts", "leads", "opportunities", "crm_events")

LIVE_LEADS = "leads WHERE NOT is_deleted AND"
LIVE_ACCOUNTS = "accounts WHERE deleted_at IS NULL AND"
LIVE_CONTACTS = "contacts WHERE NOT is_deleted AND"
LIVE_DEALS = "opportunities WHERE NOT is_deleted AND"
EVENTS = "crm_events WHERE"
NO_OWNER = "owner_id IS NOT NULL AND owner_id NOT IN (SELECT id FROM users)"
LIVE_ACCOUNT_IDS = "(SELECT id FROM accounts WHERE deleted_at IS NULL)"
LIVE_LEAD_IDS = "(SELECT id FROM leads WHERE NOT is_deleted)"
UUID = "________-____-____-____-____________"
REPEATED_EMAIL = (
    "email IN (SELECT email FROM leads WHERE NOT is_deleted AND email <> 'n/a' GROUP BY 1 HAVING COUNT(*) > 1)"
)
REPEATED_DOMAIN = "domain IN (SELECT domain FROM accounts WHERE deleted_at IS NULL GROUP BY 1 HAVING COUNT(*) > 1)"
LAG = "(julianday(ingested_at) - julianday(occurred_at)) * 1440"

#: (table, field, kinds) → the rows, in SQL of their own.
TRUTH = {
    ("accounts", "industry", "not_allowed"): f"{LIVE_ACCOUNTS} industry IN ('sofware', 'manufactoring', 'health care')",
    ("accounts", "country", "malformed"): f"{LIVE_ACCOUNTS} country NOT GLOB '[A-Z][A-Z]'",
    ("accounts", "website", "placeholder"): f"{LIVE_ACCOUNTS} website = 'n/a'",
    ("accounts", "employees", "out_of_range"): f"{LIVE_ACCOUNTS} employees <= 0",
    ("accounts", "annual_revenue", "out_of_range"): f"{LIVE_ACCOUNTS} annual_revenue % 1000 <> 0",
    ("accounts", "owner_id", "orphan"): f"{LIVE_ACCOUNTS} {NO_OWNER}",
    ("accounts", "merged_into_id", "contradiction"): f"{LIVE_ACCOUNTS} merged_into_id IS NOT NULL",
    ("accounts", "domain", "duplicate"): f"{LIVE_ACCOUNTS} {REPEATED_DOMAIN}",
    ("contacts", "email", "malformed"): f"{LIVE_CONTACTS} email NOT LIKE '%@%'",
    ("contacts", "phone", "placeholder"): f"{LIVE_CONTACTS} phone IN ('n/a', 'Select')",
    ("contacts", "last_name", "placeholder"): f"{LIVE_CONTACTS} last_name IN ('Unknown', '-')",
    ("contacts", "consent_at", "missing"): f"{LIVE_CONTACTS} marketing_consent AND consent_at IS NULL",
    ("contacts", "account_id", "orphan"): f"{LIVE_CONTACTS} account_id NOT IN {LIVE_ACCOUNT_IDS}",
    ("leads", "id", "malformed"): f"{LIVE_LEADS} id NOT LIKE '{UUID}'",
    ("leads", "email", "missing"): f"{LIVE_LEADS} email IS NULL",
    ("leads", "email", "placeholder"): f"{LIVE_LEADS} email = 'n/a'",
    ("leads", "email", "malformed"): f"{LIVE_LEADS} email NOT LIKE '%@%' AND email <> 'n/a'",
    ("leads", "email", "duplicate"): f"{LIVE_LEADS} {REPEATED_EMAIL}",
    ("leads", "company", "missing"): f"{LIVE_LEADS} company IS NULL",
    ("leads", "phone", "placeholder"): f"{LIVE_LEADS} phone IN ('n/a', 'Select')",
    ("leads", "country", "malformed"): f"{LIVE_LEADS} country NOT GLOB '[A-Z][A-Z]'",
    ("leads", "source", "not_allowed"): f"{LIVE_LEADS} source NOT IN ('web', 'demo_request', 'partner', 'event')",
    ("leads", "status", "not_allowed"): (
        f"{LIVE_LEADS} status NOT IN ('new', 'contacted', 'qualified', 'disqualified')"
    ),
    ("leads", "score", "out_of_range"): f"{LIVE_LEADS} score NOT BETWEEN 0 AND 100",
    ("leads", "owner_id", "missing"): f"{LIVE_LEADS} owner_id IS NULL",
    ("leads", "owner_id", "orphan"): f"{LIVE_LEADS} {NO_OWNER}",
    ("leads", "created_at", "out_of_range"): f"{LIVE_LEADS} created_at > '2040'",
    ("opportunities", "stage", "not_allowed"): (f"{LIVE_DEALS} stage IN ('Closed Won', 'negociation', 'propsal')"),
    ("opportunities", "amount", "out_of_range"): f"{LIVE_DEALS} amount < 0",
    ("opportunities", "amount", "missing"): (
        f"{LIVE_DEALS} amount IS NULL AND stage IN ('proposal', 'negotiation', 'closed_won')"
    ),
    ("opportunities", "currency", "not_allowed"): f"{LIVE_DEALS} currency NOT IN ('EUR', 'USD', 'GBP')",
    ("opportunities", "probability", "out_of_range"): f"{LIVE_DEALS} probability % 5 <> 0",
    ("opportunities", "close_date", "missing"): (
        f"{LIVE_DEALS} close_date IS NULL AND stage IN ('closed_won', 'closed_lost')"
    ),
    ("opportunities", "close_date", "contradiction"): f"{LIVE_DEALS} close_date < created_at",
    ("opportunities", "account_id", "orphan"): f"{LIVE_DEALS} account_id NOT IN {LIVE_ACCOUNT_IDS}",
    ("opportunities", "primary_contact_id", "orphan"): (
        f"{LIVE_DEALS} primary_contact_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contacts AS c "
        "WHERE NOT c.is_deleted AND c.id = primary_contact_id AND c.account_id = opportunities.account_id)"
    ),
    ("opportunities", "owner_id", "orphan"): f"{LIVE_DEALS} {NO_OWNER}",
    ("crm_events", "event_id", "malformed"): f"{EVENTS} event_id NOT LIKE '{UUID}'",
    ("crm_events", "event_type", "not_allowed"): f"{EVENTS} event_type IN ('lead_create', 'LeadUpdated')",
    ("crm_events", "schema_version", "out_of_range"): f"{EVENTS} schema_version < 1",
    ("crm_events", "lead_id", "orphan"): f"{EVENTS} lead_id NOT IN {LIVE_LEAD_IDS}",
    ("crm_events", "attributes", "missing"): f"{EVENTS} attributes IS NULL",
    ("crm_events", "attributes", "malformed"): (
        f"{EVENTS} event_type = 'campaign_touch' AND attributes NOT LIKE '%\"channel\": \"%'"
    ),
    ("crm_events", "ingested_at", "late"): f"{EVENTS} {LAG} > 15",
    ("crm_events", "ingested_at", "contradiction"): f"{EVENTS} ingested_at < occurred_at",
    ("crm_events", "occurred_at", "expired"): f"{EVENTS} occurred_at < date('{NOW:%Y-%m-%d}', '-810 days')",
}


@pytest.fixture(scope="module", params=[100, 1_000, 20_000])
def built(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[DemoSummary, sqlite3.Connection]]:
    file = tmp_path_factory.mktemp("demo") / "crm.db"
    summary = build_demo_crm(f"sqlite:///{file}", leads=request.param, seed=7, now=NOW)
    with closing(sqlite3.connect(file)) as connection:
        yield summary, connection


def one(connection: sqlite3.Connection, query: str) -> Any:
    return connection.execute(query).fetchone()[0]


def test_every_kind_of_dirt_is_counted_exactly(built: tuple[DemoSummary, sqlite3.Connection]) -> None:
    summary, crm = built

    counted = {key: one(crm, f"SELECT COUNT(*) FROM {rows}") for key, rows in TRUTH.items()}

    assert counted == {key: summary.count(*key) for key in TRUTH}
    assert {(d.table, d.field, d.kind) for d in summary.dirt} - TRUTH.keys() == {("accounts", "synced_at", "stale")}


def test_no_kind_of_dirt_is_absent_from_a_crm_of_a_usual_size(built: tuple[DemoSummary, sqlite3.Connection]) -> None:
    summary, _ = built
    if summary.rows_of("leads") < 1_000:
        pytest.skip("a hundred leads have no room for every kind")

    assert [key for key in TRUTH if not summary.count(*key)] == []


def test_the_summary_knows_how_many_rows_there_are(built: tuple[DemoSummary, sqlite3.Connection]) -> None:
    summary, crm = built

    assert [(t, one(crm, f"SELECT COUNT(*) FROM {t}")) for t in TABLES] == list(summary.rows)


def test_nothing_but_the_broken_clocks_is_in_the_future(built: tuple[DemoSummary, sqlite3.Connection]) -> None:
    _, crm = built

    for table, column in (("leads", "updated_at"), ("opportunities", "updated_at"), ("crm_events", "ingested_at")):
        newest = datetime.fromisoformat(one(crm, f"SELECT MAX({column}) FROM {table}"))
        assert (NOW - newest).total_seconds() >= 0, table
        assert (NOW - newest).total_seconds() < 2 * 86_400, table


def test_open_deals_have_no_close_date_and_closed_ones_only_then(built: tuple[DemoSummary, sqlite3.Connection]) -> None:
    _, crm = built

    assert (
        one(
            crm,
            "SELECT COUNT(*) FROM opportunities WHERE close_date IS NOT NULL AND stage IN ('discovery', 'proposal')",
        )
        == 0
    )


def test_the_dirt_has_stories_that_a_segment_tells(built: tuple[DemoSummary, sqlite3.Connection]) -> None:
    _, crm = built

    sellers = crm.execute("SELECT DISTINCT owner_id FROM opportunities WHERE stage = 'Closed Won'").fetchall()
    assert sellers == [(2,)]
    sources = crm.execute(
        "SELECT source, COUNT(*) FROM leads WHERE email IS NULL GROUP BY 1 ORDER BY 2 DESC"
    ).fetchall()
    assert sources[0][0] == "partner"
    silent = "SELECT COUNT(*) FROM leads WHERE source = 'partner' AND NOT is_deleted AND email IS NOT NULL"
    assert one(crm, f"{silent} AND created_at BETWEEN '2026-02-01' AND '2026-03-03'") == 0
    days = "SELECT COUNT(DISTINCT substr(created_at, 1, 10)) FROM leads WHERE NOT is_deleted AND"
    assert one(crm, f"{days} {REPEATED_EMAIL}") == 1


def test_every_address_is_below_example_com(built: tuple[DemoSummary, sqlite3.Connection]) -> None:
    _, crm = built

    for table in ("users", "contacts", "leads"):
        elsewhere = f"SELECT COUNT(*) FROM {table} WHERE email LIKE '%@%' AND email NOT LIKE '%.example.com'"
        assert one(crm, elsewhere) == 0


def plain(value: object) -> object:
    """A value as SQLite keeps it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def test_postgresql_and_sqlite_get_the_same_rows_and_the_same_seed_the_same_crm(
    tmp_path: Path, postgres_server_url: str
) -> None:
    file, server = tmp_path / "crm.db", real_parts.new_postgres_database(postgres_server_url)

    in_sqlite = build_demo_crm(f"sqlite:///{file}", leads=1_000, seed=3, now=NOW)
    in_postgres = build_demo_crm(server, leads=1_000, seed=3, now=NOW)

    assert (in_sqlite.rows, in_sqlite.dirt) == (in_postgres.rows, in_postgres.dirt)
    with closing(sqlite3.connect(file)) as lite, psycopg.connect(server) as post:
        for table in TABLES:
            query = f"SELECT * FROM {table}"
            expected = sorted(lite.execute(query).fetchall(), key=repr)
            rows: list[tuple[Any, ...]] = post.execute(query.encode()).fetchall()
            found = sorted((tuple(plain(v) for v in row) for row in rows), key=repr)
            assert [tuple(float(v) if isinstance(v, int) else v for v in r) for r in sorted(found, key=str)] == [
                tuple(float(v) if isinstance(v, int) else v for v in r) for r in sorted(expected, key=str)
            ], table


def test_another_seed_makes_another_crm(tmp_path: Path) -> None:
    for seed in (1, 2):
        build_demo_crm(f"sqlite:///{tmp_path}/{seed}.db", leads=100, seed=seed, now=NOW)
    ids = []
    for seed in (1, 2):
        with closing(sqlite3.connect(tmp_path / f"{seed}.db")) as crm:
            ids.append(one(crm, "SELECT MIN(id) FROM leads"))

    assert ids[0] != ids[1]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/crm.db"
    return real_parts.new_postgres_database(request.getfixturevalue("postgres_server_url"))


def run_sql(url: str, statement: str) -> list[tuple[Any, ...]]:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as lite, lite:
            return lite.execute(statement).fetchall()
    with psycopg.connect(url, autocommit=True) as post:
        cursor = post.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_an_earlier_demo_crm_is_replaced_as_a_whole(empty_url: str) -> None:
    build_demo_crm(empty_url, leads=300, seed=1, now=NOW)
    build_demo_crm(empty_url, leads=100, seed=1, now=NOW)

    assert run_sql(empty_url, "SELECT COUNT(*) FROM leads") == [(100,)]
    assert run_sql(empty_url, "SELECT leads FROM demo_crm_origin") == [(100,)]


@pytest.mark.parametrize("table", ["leads", "invoices"])
def test_a_database_with_other_tables_is_left_alone(empty_url: str, table: str) -> None:
    run_sql(empty_url, f"CREATE TABLE {table} (id INTEGER)")

    with pytest.raises(
        InputError, match=rf"tables that are not of a demo CRM \(`{table}`\).*Fix: name an empty database"
    ):
        build_demo_crm(empty_url, leads=100, now=NOW)

    assert run_sql(empty_url, f"SELECT COUNT(*) FROM {table}") == [(0,)]


def test_a_build_that_breaks_leaves_no_trace(empty_url: str, tmp_path: Path) -> None:
    build_demo_crm(empty_url, leads=100, seed=1, now=NOW)

    with pytest.raises(ZeroDivisionError), open_target(parse_target(empty_url)) as target:
        target.create(tables.leads)
        raise ZeroDivisionError

    assert run_sql(empty_url, "SELECT COUNT(*) FROM leads") == [(100,)]
    assert not list(tmp_path.glob("*.building"))


@pytest.mark.parametrize(
    ("url", "leads", "now"),
    [
        ("mysql://root@127.0.0.1/crm", 100, NOW),
        ("sqlite://", 100, NOW),
        ("crm.db", 100, NOW),
        ("sqlite:///crm.db", 3, NOW),
        ("sqlite:///crm.db", 100, NOW.replace(tzinfo=None)),
    ],
)
def test_what_cannot_be_built_is_said_before_anything_is_written(url: str, leads: int, now: datetime) -> None:
    with pytest.raises(InputError, match="Fix: "):
        build_demo_crm(url, leads=leads, now=now)


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "crm.db").write_text("Dear diary, " * 100)

    with pytest.raises(SourceError, match="not a database"):
        build_demo_crm(f"sqlite:///{tmp_path}/crm.db", leads=100, now=NOW)

    assert (tmp_path / "crm.db").read_text().startswith("Dear diary")


def test_an_unreachable_server_is_told_without_its_password() -> None:
    url = f"postgresql://ana:s3cret@127.0.0.1:{real_parts.free_port()}/crm"

    with pytest.raises(SourceError, match="cannot be written") as caught:
        build_demo_crm(url, leads=100, now=NOW)

    assert "s3cret" not in str(caught.value)


def test_the_contracts_of_the_demo_are_where_the_command_looks() -> None:
    assert sorted(p.name for p in demo_contracts().glob("*.odcs.yaml")) == [
        "accounts.odcs.yaml",
        "crm_events.odcs.yaml",
        "leads.odcs.yaml",
        "opportunities.odcs.yaml",
        "users.odcs.yaml",
    ]
