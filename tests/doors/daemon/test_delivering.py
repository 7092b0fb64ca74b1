"""Receivers are told side by side: one that hangs holds up no other, not even when the daemon stops."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from observer.daemon import delivering as module
from observer.daemon.delivering import Delivering
from observer.daemon.troubles import Troubles
from observer.incidents.incident import Incident
from observer.runs.deliveries import Delivery, Failure, Reason
from observer.store import Store
from tests.fakes.small_runs import delivery, small_run

DOWN = Failure(reason=Reason.UNREACHABLE, detail="nobody answers")


@dataclass
class Receiver:
    """Takes what it is told."""

    keys: list[str] = field(default_factory=list)

    def send(self, delivery: Delivery) -> Failure | None:
        self.keys.append(delivery.key)
        return None


@dataclass
class Hanging:
    """Answers when it is let go."""

    taken: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def send(self, delivery: Delivery) -> Failure | None:
        self.taken.set()
        assert self.go_on.wait(60)
        return None


@dataclass
class Forgetful(Receiver):
    """Has to be told again."""

    failure: Failure | None = None
    told: int = 0

    def resend(self, incidents: Iterable[Incident]) -> Failure | None:
        self.told += 1
        return self.failure


class NoMetrics:
    def delivered(self, receiver: str) -> None: ...

    def delivery_failed(self, receiver: str, reason: Reason) -> None: ...


def waiting(store: Store) -> None:
    new = [delivery(str(n), line=str(n), receiver=receiver) for n in range(3) for receiver in ("slow", "quick")]
    store.record_audit(small_run("r"), deliveries=new)


def test_one_that_hangs_holds_up_no_other(store: Store) -> None:
    waiting(store)
    slow, quick = Hanging(), Receiver()
    delivering = Delivering(store, {"slow": slow, "quick": quick}, NoMetrics(), Troubles())
    beat = threading.Thread(target=delivering.deliver, args=("slow", None), kwargs={"within": timedelta(seconds=2)})
    beat.start()
    assert slow.taken.wait(60)
    delivering.deliver("quick", None, within=timedelta(minutes=1))
    assert quick.keys == ["0", "1", "2"]
    slow.go_on.set()
    beat.join()


def test_a_stop_tells_whoever_listens_and_leaves_one_that_hangs(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting(store)
    slow, quick = Hanging(), Receiver()
    monkeypatch.setattr(module, "STOP_WAITS", timedelta(seconds=0.5))
    delivering = Delivering(store, {"slow": slow, "quick": quick}, NoMetrics(), Troubles())
    delivering.last_words(None)
    said = capsys.readouterr().out
    slow.go_on.set()
    assert quick.keys == ["0", "1", "2"]
    assert "outbox_not_flushed" in said
    assert "receiver=slow" in said


def test_one_that_forgets_is_told_again_and_its_trouble_is_known(store: Store) -> None:
    troubles, forgetful = Troubles(), Forgetful(failure=DOWN)
    delivering = Delivering(store, {"forgetful": forgetful, "quick": Receiver()}, NoMetrics(), troubles)
    delivering.resend()
    assert troubles.doors() == {"forgetful": "nobody answers"}
    forgetful.failure = None
    delivering.resend()
    assert (troubles.doors(), forgetful.told) == ({"forgetful": None}, 2)
