"""The schema of the state: how it comes to be, and what is refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import Pool
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from observer.errors import StoreError
from observer.store.connect import parse_url
from observer.store.migrate import VERSION_TABLE, alembic_config
from observer.store.store import Store
from observer.store.tables import METADATA
from tests import real_parts
from tests.fakes.small_runs import small_run


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state.db"
    return real_parts.new_postgres_database(request.getfixturevalue("postgres_server_url"))


def test_migrating_from_empty_ends_at_the_metadata(url: str) -> None:
    Store.open(url).close()

    engine = create_engine(parse_url(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_opening_twice_changes_nothing(url: str) -> None:
    Store.open(url).close()
    with Store.open(url) as again:
        assert again.runs() == ()


def test_many_that_open_an_empty_state_at_once_all_get_it(url: str) -> None:
    start = threading.Barrier(4)

    def open_it() -> int:
        start.wait()
        with Store.open(url) as opened:
            return len(opened.runs())

    with ThreadPoolExecutor(4) as pool:
        assert [f.result() for f in [pool.submit(open_it) for _ in range(4)]] == [0, 0, 0, 0]


def _open_in_a_process(url: str) -> int:
    with Store.open(url) as opened:
        return len(opened.runs())


def test_processes_that_open_an_empty_state_at_once_all_get_it(url: str, processes: Pool) -> None:
    assert processes.map(_open_in_a_process, [url] * 2, chunksize=1) == [0, 0]


def _first_version(url: str) -> None:
    """A state as the first release wrote it: one run with a check, a contract and a snapshot."""
    engine = create_engine(parse_url(url))
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for row in (
            "INSERT INTO contract_versions VALUES (1, 'crm-leads', '1.0.0', 'd1', 'leads.odcs.yaml', :at)",
            (
                "INSERT INTO runs VALUES ('r1', 'audit', 'crm', :at, :at, 'failed', 0, 0, 1, 0, 0, 8800, 40, "
                "'snapshot', '0.1.0', NULL)"
            ),
            "INSERT INTO run_contracts VALUES ('r1', 0, 1)",
            "INSERT INTO snapshots VALUES (1, 'r1', 'crm-leads', :at, NULL, 8800, 900, NULL, true)",
            (
                "INSERT INTO check_results VALUES ('r1', 0, 'c', 'crm-leads', 'leads', NULL, 'enum', 's', 'validity', "
                "'error', 'failed', 8800, 312, NULL, NULL, '312 rows', 'no row', NULL, NULL, '{\"keys\": [[1]]}')"
            ),
        ):
            connection.execute(text(row), {"at": "2026-03-01 12:00:00.000000+00:00"})
    engine.dispose()


def test_a_state_of_the_first_release_keeps_its_runs_and_ends_at_the_metadata(url: str) -> None:
    _first_version(url)

    with Store.open(url) as opened:
        kept = opened.run("r1")
        assert (kept.run.rows, kept.run.failed, kept.contracts[0].contract) == (8_800, 1, "crm-leads")
        assert kept.results[0].evidence == {"keys": [[1]]}
        assert (kept.snapshots[0].bytes, kept.snapshots[0].seconds) == (900, None)
        assert opened.standing().contracts == ()
        opened.record_audit(small_run("r2"))

    engine = create_engine(parse_url(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_an_upgrade_and_what_opens_the_state_meanwhile_both_succeed(url: str, processes: Pool) -> None:
    _first_version(url)

    assert processes.map(_open_in_a_process, [url] * 2, chunksize=1) == [1, 1]


def test_an_upgrade_that_breaks_half_way_changes_nothing(url: str) -> None:
    _first_version(url)
    engine = create_engine(parse_url(url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE ticks (somebody TEXT)"))  # the last table that the upgrade makes

    with pytest.raises(StoreError):
        Store.open(url)

    assert set(inspect(engine).get_table_names()).isdisjoint({"slots", "leases", "outbox"})
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE ticks"))
    engine.dispose()
    Store.open(url).close()


def test_a_state_of_a_newer_version_is_refused_with_the_remedy(url: str) -> None:
    Store.open(url).close()
    engine = create_engine(parse_url(url))
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    engine.dispose()

    with pytest.raises(StoreError, match=r"newer version of crm-observer.*Fix: install"):
        Store.open(url)


def test_a_database_with_somebody_elses_table_is_left_alone(url: str) -> None:
    engine = create_engine(parse_url(url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE runs (marathon TEXT)"))

    with pytest.raises(StoreError, match="holds a table `runs` that crm-observer did not make"):
        Store.open(url)

    assert inspect(engine).get_table_names() == ["runs"]
    engine.dispose()


def test_the_folder_of_a_state_is_made(tmp_path: Path) -> None:
    Store.open(f"sqlite:///{tmp_path}/.observer/state.db").close()

    assert (tmp_path / ".observer" / "state.db").is_file()
