"""Deliveries out of a real outbox to receivers that behave as told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from observer.jobs.deliver import deliver, flush
from observer.runs.deliveries import Delivery, Failure, Reason
from observer.store import Store
from tests.fakes.small_runs import delivery, small_run

MINUTE = timedelta(minutes=1)


@dataclass
class Receiver:
    """Keeps what it is sent, or refuses it."""

    failure: Failure | None = None
    keys: list[str] = field(default_factory=list)

    def send(self, delivery: Delivery) -> Failure | None:
        self.keys.append(delivery.key)
        return self.failure


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}") as opened:
        opened.record_audit(small_run("r"), deliveries=[delivery(str(n), line=str(n % 3)) for n in range(9)])
        yield opened


def test_a_flush_goes_on_as_long_as_anything_lands(store: Store) -> None:
    receiver = Receiver()
    assert len(list(flush(store, {"lineage": receiver}, within=MINUTE))) == 9
    assert sorted(receiver.keys) == [str(n) for n in range(9)]
    assert store.outbox.depths() == ()


def test_a_flush_ends_in_time_and_holds_nothing_back_from_the_next(store: Store) -> None:
    receiver = Receiver()
    assert list(flush(store, {"lineage": receiver}, within=timedelta())) == []
    assert deliver(store, {"lineage": receiver}, until=0.0) == ()
    assert receiver.keys == []
    assert len(deliver(store, {"lineage": receiver})) == 3


def test_a_receiver_that_is_down_is_asked_once_and_a_flush_ends_with_it(store: Store) -> None:
    receiver = Receiver(failure=Failure(reason=Reason.UNREACHABLE, detail="connection refused"))
    (attempt,) = flush(store, {"lineage": receiver}, within=MINUTE)
    assert attempt.failure is receiver.failure
    assert receiver.keys == ["0"]


def test_what_is_refused_for_good_does_not_hold_up_its_line(store: Store) -> None:
    receiver = Receiver(failure=Failure(reason=Reason.REFUSED, detail="400", can_retry=False))
    for _ in range(3):
        assert all(attempt.dead for attempt in deliver(store, {"lineage": receiver}))
    assert len(receiver.keys) == 9
    assert store.outbox.depths()[0].dead == 9
