"""Bad input: a sentence with its remedy, the right exit code, all that could be checked, and nothing left behind."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import real_parts
from tests.fakes.desk import CANARY, CONTRACT, ENCODED, LEADS, PASSWORD, USERS, Desk, refused, told


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name in [name for name in os.environ if name.startswith("OBSERVER_")]:
        monkeypatch.delenv(name)
    return Desk(tmp_path)


# --- databases ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crm(postgres_url: str) -> Iterator[psycopg.Connection]:
    """The CRM in PostgreSQL, with a reader who may not see the users."""
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("CREATE TABLE leads (id int PRIMARY KEY, email text, status text, owner_id int)")
        admin.execute("CREATE TABLE users (id int PRIMARY KEY, name text)")
        admin.execute("INSERT INTO leads VALUES (1, 'a@example.com', 'new', 1), (2, 'canary-mail', 'wno', 2)")
        admin.execute("INSERT INTO users VALUES (1, 'Ada')")
        admin.execute(f"CREATE ROLE clerk LOGIN PASSWORD '{PASSWORD}'")  # type: ignore[call-overload]  # a constant
        admin.execute("GRANT SELECT ON leads TO clerk")
        yield admin
        admin.execute("DROP OWNED BY clerk")
        admin.execute("DROP ROLE clerk")


def test_a_table_that_does_not_exist_is_told_from_a_misspelt_one(desk, crm, postgres_url):
    desk.contract(CONTRACT.replace("name: users\n", "name: usres\n").replace("to: users", "to: usres"))
    ran = desk.audit(postgres_url)
    assert ran.code == 1, "the other table's checks failed, and that outranks what could not be looked at"
    assert "there is no table 'usres' in the source. Fix: did you mean 'users'?" in told(ran.out)
    assert "(1 could not be read)" in ran.out
    assert desk.outcomes("usres") == {"errored"}
    assert desk.outcomes("leads") == {"passed", "failed", "errored"}


@pytest.mark.parametrize("execution", ["snapshot", "pushdown"])
def test_a_column_that_does_not_exist_is_told_from_a_misspelt_one(execution, desk, crm, postgres_url):
    desk.contract(CONTRACT.replace("name: status", "name: stauts"))
    ran = desk.audit(postgres_url, "--execution", execution)
    assert ran.code == 1
    (check,) = (c for c in desk.report()["checks"] if c["id"].endswith("stauts.type"))
    assert check["observed"] == "no such column; did you mean `status`?"
    by_field = [(c["rule"], c["outcome"]) for c in desk.report()["checks"] if c["property"] == "stauts"]
    assert by_field == [("type", "failed"), ("enum", "errored")]
    assert len(desk.report()["checks"]) == 17


@pytest.mark.parametrize("execution", ["snapshot", "pushdown"])
def test_permission_denied_on_one_table_costs_only_that_table(execution, desk, crm, postgres_url):
    source = postgres_url.replace(f"postgres:{real_parts.QUOTED_PASSWORD}", f"clerk:{ENCODED}")
    ran = desk.audit(source, "--execution", execution, "--debug")
    assert ran.code == 1
    assert "permission denied for table 'public.users' of postgresql://clerk:***@" in told(ran.out)
    assert 'Fix: GRANT SELECT ON "public"."users" TO "clerk".' in told(ran.out)
    assert desk.outcomes("users") == {"errored"}
    assert desk.report()["summary"]["failed"] == 2


def test_a_source_of_which_nothing_can_be_read_is_exit_code_3_and_still_a_report(desk, crm, postgres_url):
    desk.contract(CONTRACT.replace("leads", "nothing").replace("users", "nobody"))
    ran = desk.audit(postgres_url)
    assert ran.code == 3
    assert "No trust score: nothing could be judged." in ran.out
    assert {c["outcome"] for c in desk.report()["checks"]} == {"errored"}


def test_a_table_dropped_while_another_is_read_costs_only_itself(desk, crm, postgres_url):
    """The audit waits for a locked table; meanwhile the other one is dropped."""
    crm.execute("CREATE SCHEMA short_lived")
    crm.execute("CREATE TABLE short_lived.leads AS SELECT * FROM leads")
    crm.execute("CREATE TABLE short_lived.users AS SELECT * FROM users")
    desk.contract(
        CONTRACT.replace("name: leads", "name: leads\n    physicalName: short_lived.leads").replace(
            "name: users\n", "name: users\n    physicalName: short_lived.users\n"
        )
    )
    with psycopg.connect(postgres_url) as holder:
        holder.execute("LOCK TABLE short_lived.leads")

        def drop_when_the_audit_waits() -> None:
            for _ in range(600):
                if crm.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
                    break
                time.sleep(0.05)
            crm.execute("DROP TABLE short_lived.users")
            holder.rollback()

        dropper = threading.Thread(target=drop_when_the_audit_waits)
        dropper.start()
        ran = desk.audit(postgres_url)
        dropper.join()
    crm.execute("DROP SCHEMA short_lived CASCADE")
    assert ran.code == 1
    assert "no longer exists. Fix: run again" in told(ran.out)
    assert desk.outcomes("users") == {"errored"}
    assert desk.report()["summary"]["failed"] == 2
    assert desk.report()["summary"]["rows"] == 2


@pytest.mark.parametrize("execution", ["snapshot", "pushdown"])
def test_a_view_is_read_like_a_table_and_a_broken_one_costs_only_itself(execution, desk, crm, postgres_url):
    crm.execute("CREATE VIEW lead_view AS SELECT * FROM leads")
    crm.execute("CREATE VIEW user_view AS SELECT (1 / (id - 1)) AS id, name FROM users")
    desk.contract(
        CONTRACT.replace("name: leads", "name: leads\n    physicalName: lead_view").replace(
            "name: users\n", "name: users\n    physicalName: user_view\n"
        )
    )
    ran = desk.audit(postgres_url, "--execution", execution)
    crm.execute("DROP VIEW lead_view, user_view")
    assert ran.code == 1
    assert desk.report()["summary"]["failed"] == 2
    assert "errored" in desk.outcomes("users")
    assert "Fix: " in told(ran.out) or "division by zero" in told(ran.out)


@pytest.mark.parametrize("execution", ["snapshot", "pushdown"])
def test_tables_without_rows_are_never_green(execution, desk, crm, postgres_url):
    crm.execute("CREATE SCHEMA empty")
    crm.execute("CREATE TABLE empty.leads (LIKE leads)")
    crm.execute("CREATE TABLE empty.users (LIKE users)")
    desk.contract(
        CONTRACT.replace("name: leads", "name: leads\n    physicalName: empty.leads").replace(
            "name: users\n", "name: users\n    physicalName: empty.users\n"
        )
    )
    ran = desk.audit(postgres_url, "--execution", execution)
    crm.execute("DROP SCHEMA empty CASCADE")
    assert ran.code == 2
    seen = {c["rule"]: c["outcome"] for c in desk.report()["checks"]}
    assert seen["rows"] == "warned"
    assert {outcome for rule, outcome in seen.items() if rule not in ("rows", "type")} == {"skipped"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("s3cret", "wrong"), "the user name or password was refused. Fix: correct them"),
        (("postgres:s3", "nobody:s3"), "the user name or password was refused"),
        (("/crm_", "/mrc_"), "there is no such database. Fix: correct the database name"),
        (("127.0.0.1", "nowhere.invalid"), "the host is unknown. Fix: correct the host"),
    ],
)
def test_a_login_that_fails_says_what_of_it_is_wrong(change, says, desk, postgres_url):
    refused(desk.audit(postgres_url.replace(*change), "--debug"), desk, says)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("postgresql://ada:{}@127.0.0.1:1/crm", "postgresql://ada:***@127.0.0.1:1/crm: the server cannot be reached"),
        ("mysql://ada:{}@127.0.0.1:1/crm", "mysql://ada:***@127.0.0.1:1/crm: the server cannot be reached"),
        ("mysql://ada:{}@127.0.0.1:1", "names no database. Fix: name it at the end"),
        ("https://ada:{}@crm.example.com/", "no SQLAlchemy dialect is installed for https://"),
        ("postgresql://ada:{}", "'postgresql://***' is no source URL"),
        ("host=db user=ada password={}", "'***' is no source URL"),
        ("sqlite:///nowhere.db", "there is no file nowhere.db"),
        ("sqlite:///crm.odcs.yaml", "the file is no SQLite database"),
        ("duckdb:///crm.odcs.yaml", "the file is no DuckDB database"),
        ("crm.odcs.yaml", "is a file, not a URL"),
        ("dump", "is a folder, not a URL. Fix: write it as file:dump"),
        ("file:nowhere", "there is no folder nowhere"),
        ("file:workspace", "workspace holds no table"),
    ],
)
def test_a_source_that_is_none_is_refused_without_its_password(source, says, desk):
    refused(desk.audit(source.format(ENCODED), "--debug"), desk, says)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql", "snowflake"])
def test_a_password_typed_as_it_is_is_not_shown_and_told_how_to_be_written(scheme, desk):
    refused(desk.audit(f"{scheme}://ada:{PASSWORD}@127.0.0.1:1/crm", "--debug"), desk, "write @ as %40")


# --- contracts ------------------------------------------------------------------------------------------------


def bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (bomb(), "more than 250,000 values"),
        ("x: " + "y" * 50_000_000, "the file has 50,000,003 bytes"),
        (CONTRACT + "name: again\n", "`name` stands on line 5 already and again on line 25"),
        ("[" * 10_000, "more than 60 levels of nesting"),
        ("", "the file holds no mapping"),
        ("\x00\x1b[2J", "is not allowed in YAML"),
        (CONTRACT.replace("to: users.id", "to: uesrs.id"), "crm.odcs.yaml:20:"),
    ],
    ids=["bomb", "50 MB", "duplicate key", "depth", "empty", "binary", "reference"],
)
def test_a_contract_that_cannot_run_is_refused_before_anything_is_read(text, says, desk):
    desk.contract(text)
    refused(desk.audit(), desk, says)
    linted = desk.typed("lint", "crm.odcs.yaml")
    assert linted.code == 3
    assert says in linted.out


def test_every_kind_of_mistake_is_said_at_once(desk):
    folder = Path(__file__).parents[1] / "data" / "invalid"
    linted = desk.typed("lint", str(folder), "--format", "json")
    assert linted.code == 3
    problems = json.loads(linted.out)["problems"]
    assert {Path(p["file"]).name for p in problems} >= {f.name for f in folder.iterdir()}
    assert all(p["message"] and p["fix"] for p in problems)
    refused(desk.typed("audit", "-c", str(folder), "-s", "file:dump"), desk, "the contracts have")


# --- files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (LEADS + f"3,{CANARY},new,1,extra\n", "leads.csv, line 4: 5 fields where the header has 4"),
        (LEADS.replace("new,", ""), "leads.csv, line 2: 3 fields where the header has 4"),
        (f'{LEADS}3,"{CANARY},new,1\n', "leads.csv, line 4: a quote is opened and not closed"),
        (f"{LEADS}3,Zoë{CANARY},new,1\n".encode() + b"4,Zo\xeb,new,1\n", "line 4 is UTF-8, line 5 is not"),
        (b"", "leads.csv is empty"),
    ],
    ids=["too many", "too few", "quote", "mixed encodings", "empty"],
)
def test_a_csv_that_cannot_be_trusted_costs_only_its_table(content, says, desk):
    (desk.dump / "leads.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    ran = desk.audit()
    assert ran.code == 3
    assert says in told(ran.out)
    assert "Fix: " in ran.out
    assert desk.outcomes("leads") == {"errored"}
    assert desk.outcomes("users") == {"passed"}


def test_a_csv_with_a_byte_order_mark_and_semicolons_is_read_and_what_was_assumed_is_said(desk):
    (desk.dump / "leads.csv").write_bytes(b"\xef\xbb\xbf" + LEADS.replace(",", ";").encode())
    (desk.dump / "users.csv").write_bytes(USERS.replace("Ada", "Zoë").encode("cp1252"))
    ran = desk.audit()
    assert ran.code == 1
    assert desk.report()["summary"]["failed"] == 3
    assert "separated by ';'" in ran.out
    assert "line 2 is not UTF-8: read as Windows-1252" in ran.out
    assert [t["notes"] for t in desk.report()["tables"]] == [
        ["separated by ';'"],
        ["line 2 is not UTF-8: read as Windows-1252"],
    ]


def test_a_parquet_file_cut_in_half_costs_only_its_table(desk):
    (desk.dump / "users.csv").unlink()
    whole = desk.dump / "users.parquet"
    pq.write_table(pa.table({"id": range(1000), "name": ["Ada"] * 1000}), whole)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    ran = desk.audit()
    assert ran.code == 1
    assert "users.parquet is no whole Parquet file" in told(ran.out)
    assert desk.outcomes("users") == {"errored"}
    assert desk.report()["summary"]["failed"] == 2
