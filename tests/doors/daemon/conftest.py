"""A state of its own for each test, and a house with one contract on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from observer.store import Store
from tests.fakes.house import House, small


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}") as opened:
        yield opened


@pytest.fixture
def house(store: Store) -> House:
    return House(store, small("leads"))
