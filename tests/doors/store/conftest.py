"""A state on SQLite and on PostgreSQL, migrated once per module and empty for each test."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path

import pytest

from observer.store.store import Store
from observer.store.tables import METADATA
from tests import real_parts
from tests.fakes.incident_steps import Clock


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def state_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where a state of this module's own is; nothing is there yet."""
    if request.param == "sqlite":
        folder: Path = tmp_path_factory.mktemp("state")
        return f"sqlite:///{folder}/state.db"
    return real_parts.new_postgres_database(request.getfixturevalue("postgres_server_url"))


@pytest.fixture(scope="module")
def module_state(state_url: str) -> Iterator[Store]:
    with Store.open(state_url) as opened:
        yield opened


@pytest.fixture
def state(module_state: Store) -> Store:
    """The same state for every test of a module, emptied."""
    with module_state._database.transaction(writes=True) as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(table.delete())
    return module_state


@pytest.fixture
def clock(state: Store) -> Iterator[Clock]:
    """The clock of the state, from now on."""
    state._database._clock = clock = Clock()
    yield clock
    state._database._clock = None


@pytest.fixture(scope="session")
def processes() -> Iterator[Pool]:
    """Two other processes, as a second daemon and a worker are."""
    with get_context("spawn").Pool(2) as pool:
        yield pool
