"""Due slots → runs. In: what is due in the state, and the workers. Out: orders for them, under claimed slots.

Everything here may be done again: the state refuses a claim of a slot that is taken.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Protocol

import structlog

from observer.daemon.ordering import Orders
from observer.daemon.run_ends import RunEnds
from observer.daemon.troubles import OnTrouble, on_its_own
from observer.daemon.workers import Lost, WorkerPool
from observer.errors import SlotTaken
from observer.jobs.run_orders import RunOrder, started_events
from observer.lineage.ids import new_run_id
from observer.runs.leading import Term
from observer.runs.slots import Slot, SlotState, has_come, superseded
from observer.runs.workers import Ending
from observer.store import Store

log = structlog.get_logger("observer")


class StartMetrics(Protocol):
    """What is counted of runs that begin, and of those that do not."""

    def run_late(self, contract: str, seconds: float) -> None: ...

    def slot_missed(self, contract: str, count: int = 1) -> None: ...


class Dispatcher:
    """Gives due slots to free workers. For one thread at a time."""

    def __init__(
        self,
        store: Store,
        orders: Orders,
        pool: WorkerPool,
        ends: RunEnds,
        metrics: StartMetrics,
        on_trouble: OnTrouble,
    ) -> None:
        self._store = store
        self._orders = orders
        self._pool = pool
        self._ends = ends
        self._metrics = metrics
        self._on_trouble = on_trouble
        #: Contract → when its last run began, by count: who waited longest comes first.
        self._turns: dict[str, int] = {}

    def dispatch(self, term: Term, now: datetime) -> None:
        """Begin what is due, one run per contract at a time. Raises StoreError, NotLeading."""
        self._ends.record_what_was_not()
        due = [slot for slot in self._store.slots.in_state(SlotState.DUE) if has_come(slot, now)]
        due.sort(key=lambda slot: slot.contract)
        waiting = [
            s for name, group in groupby(due, lambda s: s.contract) for s in self._pruned(name, list(group), term)
        ]
        busy = {order.slot.contract for order in self._pool.under_way}
        for slot in sorted(waiting, key=lambda slot: (self._turns.get(slot.contract, 0), slot.due_at)):
            if self._pool.idle == 0:
                break
            if slot.contract in busy:
                continue
            with on_its_own(f"start of {slot.contract}", self._on_trouble):
                order = self._claimed(slot, term, now)
                if order is not None:
                    busy.add(slot.contract)
                    self._begin(order, now)

    def _begin(self, order: RunOrder, now: datetime) -> None:
        slot = order.slot
        self._turns[slot.contract] = max(self._turns.values(), default=0) + 1
        if not self._pool.take(order):
            self._ends.answered(order, Lost(ending=Ending.STOPPED, reason="the daemon stopped before this run began"))
            return
        log.info("run_started", contract=slot.contract, run_id=order.run_id, scheduled_for=slot.scheduled_for)
        self._metrics.run_late(slot.contract, max(0.0, (now - slot.due_at).total_seconds()))

    def _pruned(self, contract: str, due: list[Slot], term: Term) -> list[Slot]:
        watched = self._orders.current().contracts.get(contract)
        gone = list(due) if watched is None else list(superseded(due, watched.catch_up))
        reason = (
            "the contract is no longer watched" if watched is None else "a later slot came before a worker was free"
        )
        for slot in gone:
            try:
                self._store.slots.miss(slot, reason, term=term)
            except SlotTaken:  # by a hand, meanwhile
                continue
            log.warning("slot_missed", contract=contract, scheduled_for=slot.scheduled_for, reason=reason)
            if watched is not None:
                self._metrics.slot_missed(contract, 1)
        return [slot for slot in due if slot not in gone]

    def _claimed(self, slot: Slot, term: Term, now: datetime) -> RunOrder | None:
        order = self._orders.of(replace(slot, run_id=new_run_id(), started_at=now))
        if order is None:
            return None
        events = started_events(order, at=now)
        try:
            claimed = self._store.slots.claim(slot, order.run_id, term=term, deliveries=events)
        except SlotTaken:
            return None
        return replace(order, slot=claimed)
