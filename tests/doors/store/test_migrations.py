"""The schema of the state: how it comes to be, and what is refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from observer.errors import StoreError
from observer.store.connect import parse_url
from observer.store.migrate import VERSION_TABLE
from observer.store.store import Store
from observer.store.tables import METADATA
from tests import real_parts


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


def test_processes_that_open_an_empty_state_at_once_all_get_it(url: str) -> None:
    with get_context("spawn").Pool(3) as pool:
        assert pool.map(_open_in_a_process, [url] * 3, chunksize=1) == [0, 0, 0]


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
