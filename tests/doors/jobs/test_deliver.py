"""Deliveries out of a real outbox to receivers that behave as told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from observer.jobs.deliver import deliver, flush
from observer.runs.deliveries import Delivery, Failure, Reason, Verdict
from observer.store import Store
from tests.fakes.small_runs import delivery, small_run

MINUTE = timedelta(minutes=1)


@dataclass
class Receiver:
    """Keeps what it is sent, or refuses it."""

    failure: Failure | None = None
    keys: list[str] = field(default_factory=list)
    #: Refuses these only.
    poisons: Sequence[str] = ()

    def send(self, delivery: Delivery) -> Failure | None:
        self.keys.append(delivery.key)
        return self.failure if not self.poisons or delivery.key in self.poisons else None


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


BROKEN = Failure(reason=Reason.SERVER_ERROR, detail="500")


def test_a_receiver_with_a_fault_is_given_two_different_ones_and_then_left_alone(store: Store) -> None:
    """The first may have been the fault of what was sent."""
    receiver = Receiver(failure=BROKEN)
    assert len(list(flush(store, {"lineage": receiver}, within=MINUTE))) == 2
    assert list(flush(store, {"lineage": receiver}, within=MINUTE)) == []
    assert receiver.keys == ["0", "1"]


def test_who_stops_tries_once_whatever_waits_and_tells_all_when_it_is_heard(store: Store) -> None:
    receiver = Receiver(failure=Failure(reason=Reason.RATE_LIMITED, detail="429", retry_after=MINUTE))
    assert len(list(flush(store, {"lineage": receiver}, within=MINUTE))) == 1
    assert list(flush(store, {"lineage": receiver}, within=MINUTE)) == []
    assert len(list(flush(store, {"lineage": receiver}, within=MINUTE, impatient=True))) == 1

    receiver.failure = None
    assert list(flush(store, {"lineage": receiver}, within=MINUTE)) == []
    assert len(list(flush(store, {"lineage": receiver}, within=MINUTE, impatient=True))) == 9
    assert store.outbox.depths() == ()


def test_what_always_fails_holds_up_nobody_else_and_waits_ever_longer(store: Store) -> None:
    receiver = Receiver(failure=BROKEN, poisons=["0"])
    landed = [attempt for attempt in flush(store, {"lineage": receiver}, within=MINUTE) if attempt.failure is None]
    assert len(landed) == 6, "two lines of three"
    assert receiver.keys.count("0") == 2, "once more when the receiver took another, and no more"

    (poison,) = store.outbox.take("lineage", 1, MINUTE, impatient=True)
    later = store.outbox.now() + MINUTE * 30
    store.outbox.failed(poison, BROKEN, Verdict(retry_at=later))
    for n in range(5):
        new = [delivery(f"{n}-{line}", line=f"{n}-{line}") for line in range(2)]
        store.record_audit(small_run(f"run-{n}"), deliveries=new)
        assert len(list(flush(store, {"lineage": receiver}, within=MINUTE))) == 2
    assert receiver.keys.count("0") == 2


def test_what_is_refused_for_good_does_not_hold_up_its_line(store: Store) -> None:
    receiver = Receiver(failure=Failure(reason=Reason.REFUSED, detail="400", can_retry=False))
    for _ in range(3):
        assert all(attempt.dead for attempt in deliver(store, {"lineage": receiver}))
    assert len(receiver.keys) == 9
    assert store.outbox.depths()[0].dead == 9
