"""Fixtures that every room's tests share: the real databases and the real data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests import real_parts
from tests.golden_files import golden, pytest_addoption

__all__ = ["golden", "pytest_addoption"]

# A busy machine is no failure of a law. Examples are drawn anew in every run, so that each may do with fewer.
hypothesis.settings.register_profile("shared", deadline=None, max_examples=50)
hypothesis.settings.load_profile("shared")


@pytest.fixture(scope="session")
def postgres_server_url() -> Iterator[str]:
    """A PostgreSQL server for the whole session: `postgresql://postgres:…@127.0.0.1:PORT`, no database."""
    with real_parts.postgres_server() as url:
        yield url


@pytest.fixture(scope="module")
def postgres_url(postgres_server_url: str) -> str:
    """A fresh PostgreSQL database per test module; its user is the superuser."""
    return real_parts.new_postgres_database(postgres_server_url)


@pytest.fixture(scope="session")
def mariadb_server_url() -> Iterator[str]:
    """A MariaDB server for the whole session: `mysql://root:…@127.0.0.1:PORT`, no database."""
    with real_parts.mariadb_server() as url:
        yield url


@pytest.fixture(scope="module")
def mariadb_url(mariadb_server_url: str) -> str:
    """A fresh MariaDB database per test module; its user is root."""
    return real_parts.new_mariadb_database(mariadb_server_url)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real CRM data that stands beside the repository."""
    if not real_parts.SHARED_DATA.is_dir():
        real_parts.missing("the folder ../shared/data is not here")
    return real_parts.SHARED_DATA


#: What takes minutes begins first, so that nothing long is left for one process at the end.
LONG = (
    "test_real_inputs",
    "test_daemon_kills",
    "test_live_demo",
    "test_daemon_faults",
    "test_two_daemons",
    "test_demo_crm",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; the others as they were found."""
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))
