"""One daemon on a state in SQLite, by whatever way it comes to the file."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from observer.daemon.serve import _alone
from observer.errors import StoreError
from observer.store import Store


def test_a_second_daemon_is_refused_by_a_link_too_and_welcome_when_the_first_has_ended(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "state.db")
    with Store.open(f"sqlite:///{tmp_path}/state.db") as store, Store.open(f"sqlite:///{tmp_path}/link.db") as linked:
        with ExitStack() as first:
            assert _alone(store, first)
            with pytest.raises(StoreError, match="another daemon uses the state"):
                _alone(linked, ExitStack())
        with ExitStack() as second:
            assert _alone(linked, second)


def test_a_state_in_memory_is_refused() -> None:
    with Store.open("sqlite://") as store, pytest.raises(StoreError, match="in memory") as raised:
        _alone(store, ExitStack())
    assert "OBSERVER_STATE" in raised.value.fix
