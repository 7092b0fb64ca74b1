"""Several deliveries as one message: they land or fail together, and one that is refused takes no other along."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from observer.jobs.deliver import flush
from observer.runs.deliveries import Delivery, Failure, Reason
from observer.store import Store
from tests.fakes.small_runs import delivery, small_run

MINUTE = timedelta(minutes=1)
REFUSED = Failure(reason=Reason.REFUSED, detail="invalid blocks", can_retry=False)


@dataclass
class Channel:
    """Puts everything that it is given at once into one message."""

    failure: Failure | None = None
    #: Refuses every message that holds one of these.
    poisons: Collection[str] = ()
    messages: list[list[str]] = field(default_factory=list)

    def batches(self, taken: Sequence[Delivery]) -> Sequence[tuple[Delivery, ...]]:
        return [tuple(taken)]

    def send_batch(self, batch: tuple[Delivery, ...]) -> Failure | None:
        self.messages.append([one.key for one in batch])
        if self.failure is not None:
            return self.failure
        return REFUSED if set(self.poisons) & set(self.messages[-1]) else None

    def send(self, delivery: Delivery) -> Failure | None:
        return self.send_batch((delivery,))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}") as opened:
        opened.record_audit(small_run("r"), deliveries=[delivery(str(n), line=str(n % 60)) for n in range(120)])
        yield opened


def test_what_waits_goes_in_one_message_and_a_line_keeps_its_order(store: Store) -> None:
    channel = Channel()
    assert len(list(flush(store, {"lineage": channel}, within=MINUTE))) == 120
    assert channel.messages == [[str(n) for n in range(60)], [str(n) for n in range(60, 120)]]
    assert store.outbox.depths() == ()


def test_a_message_that_fails_is_one_failure_of_the_receiver_and_all_of_it_waits(store: Store) -> None:
    channel = Channel(failure=Failure(reason=Reason.UNREACHABLE, detail="connection refused"))
    assert len(list(flush(store, {"lineage": channel}, within=MINUTE))) == 60
    assert len(channel.messages) == 1
    assert store.outbox.condition("lineage").failures == 1

    channel.failure = None
    assert len(list(flush(store, {"lineage": channel}, within=MINUTE, impatient=True))) == 120
    assert channel.messages[1:] == [[str(n) for n in range(60)], [str(n) for n in range(60, 120)]]


def test_one_that_is_refused_for_good_takes_no_other_along(store: Store) -> None:
    channel = Channel(poisons=["7"])
    attempts = list(flush(store, {"lineage": channel}, within=MINUTE))
    assert [attempt.dead for attempt in attempts].count(True) == 1
    assert len(attempts) == 120
    assert len(channel.messages) < 20, "it is looked for by halves"
    assert [depth.dead for depth in store.outbox.depths()] == [1]


def test_a_fault_of_ours_with_one_delivery_is_a_failure_of_that_one(tmp_path: Path) -> None:
    class Odd:
        def send(self, delivery: Delivery) -> Failure | None:
            if delivery.key == "0":
                raise KeyError("of ana@example.com")
            return None

    with Store.open(f"sqlite:///{tmp_path / 'state.db'}") as store:
        store.record_audit(small_run("r"), deliveries=[delivery(str(n), line=str(n)) for n in range(2)])
        failed, landed = list(flush(store, {"lineage": Odd()}, within=timedelta(seconds=1)))[:2]
    assert landed.failure is None
    assert failed.failure is not None
    assert failed.failure.reason is Reason.UNEXPECTED
    assert "KeyError in send" in failed.failure.detail
    assert "example.com" not in failed.failure.detail
