"""Slots, runs and their ends on a real state, with a pool that does nothing and a clock that is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from observer.checks.measure import Outcome
from observer.daemon.dispatching import Dispatcher
from observer.daemon.due_slots import DueSlots
from observer.daemon.ordering import Orders
from observer.daemon.run_ends import RunEnds
from observer.daemon.watching import Watch
from observer.jobs.run_orders import RunOrder
from observer.runs.leading import Term
from observer.store import Store
from tests.fakes.contracts import contract, prop, table
from tests.fakes.watching import watch_of

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)


@dataclass
class FakePool:
    """Takes orders and keeps them."""

    idle: int = 2
    under_way: list[RunOrder] = field(default_factory=list)
    stopping: bool = False

    def take(self, order: RunOrder) -> bool:
        if self.stopping:
            return False
        self.under_way.append(order)
        self.idle -= 1
        return True

    def done(self) -> list[RunOrder]:
        orders, self.under_way = self.under_way, []
        self.idle += len(orders)
        return orders


@dataclass
class FakeMetrics:
    """Counts."""

    ended: list[tuple[str, Outcome]] = field(default_factory=list)
    missed: int = 0

    def run_ended(self, contract: str, outcome: Outcome, seconds: float) -> None:
        self.ended.append((contract, outcome))

    def run_late(self, contract: str, seconds: float) -> None:
        assert seconds >= 0

    def slot_missed(self, contract: str, count: int = 1) -> None:
        self.missed += count


class House:
    """What a daemon turns slots into runs with, and everything around it."""

    def __init__(self, store: Store, watch: Watch) -> None:
        self.store = store
        self.watch = watch
        self.pool = FakePool()
        self.metrics = FakeMetrics()
        self.troubles: dict[str, str] = {}
        orders = Orders(current=lambda: self.watch, source="sqlite:///crm.db", source_kind="sqlite", lineage=True)
        self.due_slots = DueSlots(store, orders.current, self.metrics, self._hear)
        self.ends = RunEnds(store, orders, self.metrics, self._hear)
        pool: Any = self.pool  # a fake with the same shape
        self.dispatcher = Dispatcher(store, orders, pool, self.ends, self.metrics, self._hear)
        self.term = self.campaign("here")

    def _hear(self, door: str, reason: str | None) -> None:
        self.troubles.pop(door, None)
        if reason is not None:
            self.troubles[door] = reason

    def reload(self, watch: Watch) -> None:
        self.watch = watch
        self.due_slots.watch_changed()

    def campaign(self, holder: str) -> Term:
        term = self.store.leadership.campaign(holder, timedelta(seconds=15), alone=True)
        assert term is not None
        return term

    def at(self, now: datetime) -> None:
        self.due_slots.add(self.term, now)
        self.dispatcher.dispatch(self.term, now)

    def recover(self) -> None:
        self.ends.recover(self.pool.under_way, self.term)

    def slots(self, name: str = "leads") -> dict[str, str]:
        found = self.store.slots.of_contract(name)
        return {f"{slot.scheduled_for:%H:%M:%S}": slot.state.value for slot in reversed(found)}


def small(name: str, **schedule: timedelta) -> Watch:
    return watch_of(contract(table(name, prop("email")), id=name), **schedule)  # type: ignore[arg-type]  # spans only
