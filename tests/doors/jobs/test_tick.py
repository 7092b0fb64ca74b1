"""Glances at real tables: freshness and volume between full runs, under the ids of the full run's checks."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from observer.checks.measure import Outcome
from observer.checks.plan import plan_contract
from observer.contracts.model import Contract, DeletedFlag, LogicalType, Sla, SlaKind, TypeOptions
from observer.contracts.schedules import Calendar
from observer.jobs.audit import AuditRequest, run_audit
from observer.jobs.tick import Glancer
from observer.reports.progress import SilentProgress
from observer.runs.ticks import Tick
from observer.sources.opening import open_source
from observer.sources.source import Source
from tests.fakes.contracts import contract, prop, table


def leads(*columns: str, limit: timedelta = timedelta(minutes=15), zoned: bool = True) -> Contract:
    options = TypeOptions(timezone=zoned, default_timezone=None if zoned else "UTC")
    times = [prop(name, LogicalType.TIMESTAMP, options=options) for name in ("written", "created")]
    obj = table("leads", prop("id", LogicalType.INTEGER), *times, prop("gone", LogicalType.BOOLEAN))
    obj = replace(obj, deleted_flag=DeletedFlag(column="gone"))
    fresh = Sla(id="fresh", kind=SlaKind.FRESHNESS, limit=limit, object="leads", columns=columns or ("written",))
    return contract(obj, slas=(fresh,))


def look(source: Source, under: Contract, *, volume: bool = False) -> dict[str, Tick]:
    glancer = Glancer(plan_contract(under))
    return {
        tick.check_id.rpartition(".")[2]: tick for tick in glancer.look(source, at=datetime.now(UTC), volume=volume)
    }


Opened = Callable[[list[tuple[object, ...]]], Source]


@pytest.fixture(params=["postgresql", "sqlite"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    """A CRM database with these leads: id, written, created, gone."""
    sources: list[Source] = []

    def make(rows: list[tuple[object, ...]]) -> Source:
        if request.param == "sqlite":
            file = tmp_path / "crm.db"
            with sqlite3.connect(file) as connection:
                connection.execute("CREATE TABLE leads (id INTEGER, written TEXT, created TEXT, gone INTEGER)")
                texts = [tuple(v.isoformat() if isinstance(v, datetime) else v for v in row) for row in rows]
                connection.executemany("INSERT INTO leads VALUES (?, ?, ?, ?)", texts)
            url = f"sqlite:///{file}"
        else:
            url = request.getfixturevalue("postgres_url")
            engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
            with engine.begin() as connection:
                connection.execute(sa.text("DROP TABLE IF EXISTS leads"))
                columns = "id bigint, written timestamptz, created timestamptz, gone boolean"
                connection.execute(sa.text(f"CREATE TABLE leads ({columns})"))
                for row in rows:
                    values = dict(zip("abcd", (*row[:3], bool(row[3])), strict=True))
                    connection.execute(sa.text("INSERT INTO leads VALUES (:a, :b, :c, :d)"), values)
            engine.dispose()
        source = open_source(url, statement_timeout=timedelta(seconds=10), connect_timeout=timedelta(seconds=10))
        sources.append(source)
        return source

    yield make
    for source in sources:
        source.close()


def ago(minutes: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=minutes)


def test_the_newest_row_tells_the_age(opened: Opened) -> None:
    source = opened([(1, ago(40), ago(90), 0), (2, ago(5), ago(80), 0)])
    tick = look(source, leads())["fresh"]
    assert tick.outcome is Outcome.PASSED
    assert tick.value is not None
    assert 290 <= tick.value < 400
    assert tick.expected == "at most 15 min old"


def test_an_old_table_fails_under_the_id_of_the_full_runs_check(opened: Opened) -> None:
    under = leads()
    source = opened([(1, ago(40), ago(90), 0)])
    tick = look(source, under)["fresh"]
    assert tick.outcome is Outcome.FAILED
    assert tick.check_id in {spec.id for spec in plan_contract(under).checks}


def test_a_row_never_written_counts_by_its_creation(opened: Opened) -> None:
    source = opened([(1, ago(40), ago(90), 0), (2, None, ago(3), 0)])
    assert look(source, leads("written", "created"))["fresh"].outcome is Outcome.PASSED


def test_a_creation_behind_a_later_write_does_not_count(opened: Opened) -> None:
    source = opened([(1, ago(40), ago(3), 0)])
    assert look(source, leads("written", "created"))["fresh"].outcome is Outcome.FAILED


def test_a_soft_deleted_row_does_not_exist(opened: Opened) -> None:
    source = opened([(1, ago(40), ago(90), 0), (2, ago(1), ago(1), 1)])
    seen = look(source, leads(), volume=True)
    assert seen["fresh"].outcome is Outcome.FAILED
    assert seen["rows"].value == 1


def test_volume_is_asked_only_when_it_is_due(opened: Opened) -> None:
    source = opened([(1, ago(1), ago(1), 0)])
    assert set(look(source, leads())) == {"fresh"}
    assert set(look(source, leads(), volume=True)) == {"fresh", "rows"}


def test_an_empty_table_is_never_green(opened: Opened) -> None:
    seen = look(opened([]), leads(), volume=True)
    assert seen["fresh"].outcome is Outcome.SKIPPED
    assert seen["rows"].outcome is Outcome.WARNED


def test_a_missing_table_is_errored_and_says_so(opened: Opened) -> None:
    source = opened([])
    under = leads()
    gone = replace(under, objects=(replace(under.objects[0], physical_name="no_such_table"),))
    tick = look(source, gone)["fresh"]
    assert tick.outcome is Outcome.ERRORED
    assert "no_such_table" in (tick.error or "")


def test_a_missing_time_column_is_errored_and_says_so(opened: Opened) -> None:
    source = opened([])
    under = leads()
    renamed = tuple(replace(p, physical_name="nope") if p.name == "written" else p for p in under.objects[0].properties)
    tick = look(source, replace(under, objects=(replace(under.objects[0], properties=renamed),)))["fresh"]
    assert tick.outcome is Outcome.ERRORED
    assert "nope" in (tick.error or "")


def test_closed_hours_do_not_count(opened: Opened) -> None:
    source = opened([(1, ago(40), ago(40), 0)])
    quiet = Calendar(zone="UTC", weekdays=frozenset(range(7)), opens=time(0), closes=time(0, 1))
    under = leads()
    open_for_a_minute = replace(under, calendar=quiet)
    tick = look(source, open_for_a_minute)["fresh"]
    assert tick.outcome is Outcome.PASSED
    assert tick.value is not None
    assert tick.value <= 60


@pytest.mark.parametrize("opened", ["postgresql"], indirect=True)
def test_for_ever_is_no_time_in_a_glance_as_in_a_full_run(opened: Opened) -> None:
    under, newest = leads("written", "created"), ago(7)
    source = opened([(1, "infinity", ago(1), 0), (2, None, newest, 0), (3, None, "infinity", 0)])
    tick = look(source, under)["fresh"]
    full = run_audit(AuditRequest(contracts=(under,)), source, SilentProgress())
    (result,) = (result for result in full.results if result.spec.id == tick.check_id)
    assert (tick.error, tick.outcome, result.outcome) == (None, Outcome.PASSED, Outcome.PASSED)
    said = f"(newest {newest.isoformat().replace('+00:00', 'Z')})"
    assert tick.observed.endswith(said)
    assert result.observed.endswith(said)


def test_a_time_that_no_year_of_utc_has_is_errored_in_a_glance_as_in_a_full_run(tmp_path: Path) -> None:
    under = leads(zoned=False)
    (obj,) = under.objects
    west = TypeOptions(timezone=False, default_timezone="America/New_York")
    times = [replace(p, options=west) if p.name == "written" else p for p in obj.properties]
    under = replace(under, objects=(replace(obj, properties=tuple(times)),))
    with sqlite3.connect(tmp_path / "crm.db") as connection:
        connection.execute("CREATE TABLE leads (id INTEGER, written TEXT, created TEXT, gone INTEGER)")
        connection.execute("INSERT INTO leads VALUES (1, '9999-12-31 23:59:59', '2026-01-01 00:00:00', 0)")
    patience = timedelta(seconds=10)
    with closing(
        open_source(f"sqlite:///{tmp_path / 'crm.db'}", statement_timeout=patience, connect_timeout=patience)
    ) as source:
        tick = look(source, under)["fresh"]
        full = run_audit(AuditRequest(contracts=(under,)), source, SilentProgress())
    (seen,) = (result.measurement for result in full.results if result.spec.id == tick.check_id)
    assert tick.error == seen.error == "the newest time cannot be read as a time"


def test_a_source_that_is_away_is_errored_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "crm.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE leads (id INTEGER, written TEXT, created TEXT, gone INTEGER)")
    span = timedelta(seconds=5)
    source = open_source(f"sqlite:///{file}", statement_timeout=span, connect_timeout=span)
    file.unlink()
    tick = look(source, leads())["fresh"]
    source.close()
    assert tick.outcome is Outcome.ERRORED
    assert tick.error


def test_files_cannot_be_glanced_at(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("id,written,created,gone\n1,2026-01-01T00:00:00Z,,false\n")
    span = timedelta(seconds=5)
    source = open_source(f"file:{tmp_path}", statement_timeout=span, connect_timeout=span)
    assert look(source, leads(), volume=True) == {}
    source.close()
