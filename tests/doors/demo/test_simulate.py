"""The living demo CRM: it writes what contracts allow, and every fault is there, in exactly its rows."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from observer.demo import build_demo_crm, words
from observer.demo.enrichment import DEADLINE
from observer.demo.faults import COLUMN, FAULTS, MEND_AFTER, SILENCE, WIDENED, FaultPlan, stop_integration
from observer.demo.injected import FaultKind, Injected
from observer.demo.simulate import SimulatedCrm, Simulator
from observer.errors import SourceError
from tests import real_parts

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
#: Longer than any fault takes to be mended.
STEPS = 120
TABLES = ("leads", "opportunities", "contacts", "accounts", "crm_events")


class Database:
    """The CRM behind a URL, asked in plain SQL."""

    def __init__(self, url: str) -> None:
        self.url = url

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as lite:
                return lite.execute(query).fetchall()
        with psycopg.connect(self.url) as post:
            return post.execute(query.encode()).fetchall()

    def one(self, query: str) -> Any:
        return self.rows(query)[0][0]

    def keys(self, table: str, where: str) -> set[tuple[Any, ...]]:
        return set(self.rows(f"SELECT id FROM {table} WHERE {where}"))

    def columns(self, table: str) -> dict[str, str]:
        if self.url.startswith("sqlite"):
            return {row[1]: row[2].lower() for row in self.rows(f"PRAGMA table_info({table})")}
        query = f"SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '{table}'"
        return dict(self.rows(query))


@pytest.fixture(params=["sqlite", "postgresql"])
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    url = f"sqlite:///{tmp_path}/crm.db"
    if request.param == "postgresql":
        url = real_parts.new_postgres_database(request.getfixturevalue("postgres_server_url"))
    build_demo_crm(url, leads=400, seed=7, now=NOW)
    return Database(url)


@pytest.fixture
def simulator(crm: Database) -> Iterator[Simulator]:
    with Simulator(crm.url, seed=3, now=NOW) as opened:
        yield opened


def steps(simulator: Simulator, first: int, last: int) -> tuple[Injected, ...]:
    return tuple(fault for second in range(first, last + 1) for fault in simulator.step(NOW + second * SECOND))


def at(crm: Database, second: int) -> str:
    return (NOW + second * SECOND).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_people_write_all_the_time_and_break_no_rule(crm: Database, simulator: Simulator) -> None:
    before = {table: crm.one(f"SELECT COUNT(*) FROM {table}") for table in TABLES}
    allowed = "status NOT IN ('new', 'contacted', 'qualified', 'disqualified')"
    slips = crm.one(f"SELECT COUNT(*) FROM leads WHERE {allowed}")

    assert steps(simulator, 1, STEPS) == ()

    after = {table: crm.one(f"SELECT COUNT(*) FROM {table}") for table in TABLES}
    grown = {table: after[table] - before[table] for table in TABLES}
    assert grown["leads"] > 40
    assert grown["crm_events"] > STEPS
    assert grown["opportunities"] > 10
    assert grown["contacts"] == grown["accounts"] == 0
    new = f"created_at > '{at(crm, 0)}' AND created_at < '2030-01-01'"
    assert crm.one(f"SELECT COUNT(*) FROM leads WHERE {new} AND owner_id NOT IN (SELECT id FROM users)") == 0
    assert crm.one(f"SELECT COUNT(*) FROM leads WHERE {allowed}") == slips
    assert crm.one(f"SELECT COUNT(DISTINCT email) - COUNT(email) FROM leads WHERE {new}") == 0
    lost = "SELECT COUNT(*) FROM crm_events WHERE lead_id NOT IN (SELECT id FROM leads)"
    assert crm.one(f"{lost} AND ingested_at > '{at(crm, 0)}'") == 0


def test_emails_come_at_once_or_well_within_the_deadline_and_move_the_time_of_the_last_write(
    crm: Database, simulator: Simulator
) -> None:
    new = f"created_at > '{at(crm, 0)}' AND created_at <= '{at(crm, 100)}'"
    counts = []
    for first in range(1, 116, 5):
        steps(simulator, first, first + 4)
        counts.append(crm.one(f"SELECT COUNT(*) FROM leads WHERE {new} AND email IS NULL"))

    assert max(counts) > counts[-1] == len(simulator.unmet)
    later = crm.one(f"SELECT COUNT(*) FROM leads WHERE {new} AND updated_at > created_at")
    assert 0 < later < crm.one(f"SELECT COUNT(*) FROM leads WHERE {new}") / 2


def test_while_the_enrichment_is_down_leads_come_without_emails_which_come_late_or_never(
    crm: Database, simulator: Simulator
) -> None:
    simulator.begin_faults(FaultPlan(first=NOW + SECOND, every=timedelta(hours=1)))
    (late,) = steps(simulator, 1, 10)
    keys = ", ".join(f"'{key}'" for (key,) in late.keys)

    def empty() -> int:
        found: int = crm.one(f"SELECT COUNT(*) FROM leads WHERE id IN ({keys}) AND email IS NULL")
        return found

    assert late.rows == len(late.keys) == empty()
    steps(simulator, 11, 40)
    assert empty() == late.rows
    steps(simulator, 41, 140)
    assert empty() < late.rows
    assert {key for (key,) in late.keys} <= simulator.unmet
    deadline = (
        "strftime('%s', updated_at) - strftime('%s', created_at)"
        if crm.url.startswith("sqlite")
        else ("EXTRACT(EPOCH FROM updated_at - created_at)")
    )
    filled = crm.rows(f"SELECT {deadline} FROM leads WHERE id IN ({keys}) AND email IS NOT NULL")
    assert min(seconds for (seconds,) in filled) > DEADLINE.total_seconds()


def test_every_fault_is_in_the_database_in_exactly_its_rows(crm: Database, simulator: Simulator) -> None:
    stages = str((*words.STAGES, *words.STAGE_SLIPS, "Closed Won"))
    odd_stages = crm.keys("opportunities", f"stage NOT IN {stages}")
    lost = "account_id >= 90000000"
    deals = crm.keys("opportunities", "1 = 1")
    disqualified = crm.keys("leads", "status = 'disqualified'")
    assert odd_stages == set()
    employees = crm.rows(f"SELECT id, {WIDENED} FROM accounts ORDER BY 1")
    assert crm.columns("accounts")[WIDENED] == "integer"
    simulator.begin_faults(FaultPlan(first=NOW + 2 * SECOND, every=2 * SECOND, rounds=1))

    injected = {fault.kind: fault for fault in steps(simulator, 1, 2 * len(FAULTS))}

    assert len(injected) == len(FAULTS)
    keys = {kind: set(fault.keys) for kind, fault in injected.items()}
    assert all(fault.rows == len(fault.keys) for fault in injected.values())
    assert keys[FaultKind.STAGE_RENAMED] == crm.keys("opportunities", f"stage NOT IN {stages}")
    assert keys[FaultKind.DANGLING_REFERENCE] == crm.keys("opportunities", lost)
    assert keys[FaultKind.ROWS_DELETED] == deals - crm.keys("opportunities", "1 = 1")
    assert keys[FaultKind.ILLEGAL_TRANSITION] == disqualified & crm.keys("leads", "status = 'new'")
    assert keys[FaultKind.PLACEHOLDERS] == crm.keys("contacts", "email = 'n/a'")
    assert COLUMN in crm.columns("leads")
    assert keys[FaultKind.EMAILS_LATE] <= crm.keys("leads", "email IS NULL")
    assert crm.columns("accounts")[WIDENED] == "bigint"
    assert crm.rows(f"SELECT id, {WIDENED} FROM accounts ORDER BY 1") == employees
    silent_from = 2 + 2 * FAULTS.index(stop_integration)
    assert crm.one(f"SELECT COUNT(*) FROM crm_events WHERE ingested_at > '{at(crm, silent_from)}'") == 0
    assert injected[FaultKind.INTEGRATION_STALE].at == NOW + silent_from * SECOND


def test_faults_pass_and_the_next_round_finds_new_rows_and_a_new_name(crm: Database, simulator: Simulator) -> None:
    simulator.begin_faults(FaultPlan(first=NOW + SECOND, every=SECOND, rounds=2))
    last = int(MEND_AFTER.total_seconds()) + 2 * len(FAULTS) + 2

    injected = steps(simulator, 1, last)

    assert Counter(fault.kind for fault in injected)[FaultKind.STAGE_RENAMED] == 2
    keys = [key for fault in injected for key in (fault.object, fault.keys)]
    assert len(set(map(str, keys))) >= len(FAULTS)
    renamed = [fault for fault in injected if fault.kind is FaultKind.STAGE_RENAMED]
    assert set(renamed[0].keys).isdisjoint(renamed[1].keys)
    assert renamed[0].story != renamed[1].story
    assert [fault.kind for fault in injected if fault.property == COLUMN] == [
        FaultKind.COLUMN_ADDED,
        FaultKind.COLUMN_REMOVED,
    ]
    assert COLUMN not in crm.columns("leads")
    assert crm.keys("opportunities", "account_id >= 90000000") == set()
    assert crm.keys("contacts", "email = 'n/a'") == set()
    assert crm.one(f"SELECT COUNT(*) FROM crm_events WHERE ingested_at > '{at(crm, last - 10)}'") > 0


def test_events_come_again_when_the_integration_is_mended(crm: Database, simulator: Simulator) -> None:
    silent = int(SILENCE.total_seconds())
    every = timedelta(hours=1)
    simulator.begin_faults(FaultPlan(first=NOW + 5 * SECOND - FAULTS.index(stop_integration) * every, every=every))

    steps(simulator, 1, 5 + silent + 10)

    events = "SELECT COUNT(*) FROM crm_events WHERE ingested_at"
    assert crm.one(f"{events} BETWEEN '{at(crm, 6)}' AND '{at(crm, 4 + silent)}'") == 0
    assert crm.one(f"{events} > '{at(crm, 4 + silent)}'") >= 10


def test_the_same_seed_and_times_write_the_same_rows(tmp_path: Path) -> None:
    seen = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        url = f"sqlite:///{tmp_path}/{name}.db"
        build_demo_crm(url, leads=100, seed=7, now=NOW)
        with Simulator(url, seed=seed, now=NOW) as simulator:
            simulator.begin_faults(FaultPlan(first=NOW + SECOND, every=2 * SECOND, rounds=1))
            injected = steps(simulator, 1, 40)
        crm = Database(url)
        seen.append((injected, {table: crm.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES}))

    assert seen[0] == seen[1]
    assert seen[0] != seen[2]


def test_a_thread_lives_in_it_and_leaves_a_plain_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/crm.db"
    build_demo_crm(url, leads=100, seed=7, now=datetime.now(UTC))
    heard: list[Injected] = []
    everything = threading.Event()

    def hear(fault: Injected) -> None:
        heard.append(fault)
        if len(heard) == len(FAULTS):
            everything.set()

    crm = SimulatedCrm(url, seed=3, pace=timedelta(milliseconds=5), on_injected=hear)

    crm.start()
    crm.begin_faults(FaultPlan(first=datetime.now(UTC), every=timedelta(milliseconds=10), rounds=1))
    everything.wait(30)
    crm.stop()
    crm.stop()

    assert crm.failure is None
    assert tuple(heard) == crm.injected
    assert len(heard) == len(FAULTS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crm.db"]
    assert Database(url).one("PRAGMA journal_mode") == "delete"


def test_a_crm_that_can_be_written_no_more_is_told_when_patience_ends(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/crm.db"
    build_demo_crm(url, leads=100, seed=7, now=datetime.now(UTC))
    crm = SimulatedCrm(url, seed=3, pace=timedelta(milliseconds=5), patience=timedelta())
    with closing(sqlite3.connect(tmp_path / "crm.db")) as other:
        other.execute("DROP TABLE crm_events")
        other.commit()

    crm.start()
    ended = threading.Event()
    for _ in range(1_000):
        if crm.failure is not None:
            break
        ended.wait(0.02)
    crm.stop()

    assert isinstance(crm.failure, SourceError)
    assert "crm_events" in str(crm.failure)


def test_a_database_that_is_no_demo_crm_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="observer demo"):
        Simulator(f"sqlite:///{tmp_path}/nothing.db", now=NOW)

    assert list(tmp_path.iterdir()) == []
