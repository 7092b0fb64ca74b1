"""`observer outbox`: what waits, what was given up, and trying it again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from observer.runs.deliveries import Failure, NewDelivery, Reason, Verdict
from observer.store import Store
from observer.store.outbox import add_deliveries
from tests.fakes.terminal import observer


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A state in which one delivery was given up and one waits."""
    url = f"sqlite:///{tmp_path / 'state.db'}"
    with Store.open(url) as store:
        new = [NewDelivery(receiver="lineage", key=key, line=key, payload={}) for key in ("refused", "waiting")]
        with store._database.transaction(writes=True) as connection:
            add_deliveries(connection, new, now=store._database.now(connection))
        refused, waiting = store.outbox.take("lineage", 2, timedelta(minutes=1))
        store.outbox.failed(refused, Failure(reason=Reason.REFUSED, detail="no"), Verdict(retry_at=None))
        store.outbox.release(waiting)
    monkeypatch.setenv("OBSERVER_STATE", url)
    return url


def test_it_says_what_waits_and_what_was_given_up(tmp_path: Path) -> None:
    ran = observer("outbox", cwd=tmp_path)
    assert ran.out.startswith("lineage: 1 waiting, the oldest for ")
    assert "; 1 given up" in ran.out
    assert ran.code == 4


def test_what_was_given_up_is_tried_again_when_told_to(state: str, tmp_path: Path) -> None:
    ran = observer("outbox", "--redrive", "--receiver", "lineage", cwd=tmp_path)
    assert "1 given up is tried again." in ran.out
    assert ran.code == 0
    with Store.open(state) as store:
        keys = {delivery.key for delivery in store.outbox.take("lineage", 5, timedelta(minutes=1))}
    assert keys == {"refused", "waiting"}


def test_an_empty_outbox_is_all_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSERVER_STATE", f"sqlite:///{tmp_path / 'new.db'}")
    ran = observer("outbox", cwd=tmp_path)
    assert (ran.code, ran.out) == (0, "Nothing waits, nothing was given up.\n")
