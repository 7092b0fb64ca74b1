"""How runs end. In: what workers answer, and runs that nobody has any more. Out: their end in the state, and told.

Everything here may be done again: the state refuses the end of a run that does not hold its slot.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

import structlog

from observer.checks.measure import Outcome
from observer.daemon.ordering import Orders
from observer.daemon.troubles import OnTrouble, on_its_own
from observer.daemon.workers import Lost
from observer.errors import SlotTaken, StoreError
from observer.jobs.run_orders import Broke, RunEnded, RunOrder, failed_events, record_lost
from observer.runs.leading import Term
from observer.runs.slots import Slot, SlotState
from observer.runs.workers import Ending
from observer.store import Store

log = structlog.get_logger("observer")

#: A slot that was begun so often and never ended is given up: whatever ends the daemon then may be the run itself.
MOST_ATTEMPTS = 3


class EndMetrics(Protocol):
    """What is counted of runs that ended."""

    def run_ended(self, contract: str, outcome: Outcome, seconds: float) -> None: ...


class RunEnds:
    """Sees to the end of every run that was begun. Answers come from any thread, one recovers at a time."""

    def __init__(self, store: Store, orders: Orders, metrics: EndMetrics, on_trouble: OnTrouble) -> None:
        """`on_trouble` hears of whole runs that could not look, of snapshots that could not be kept, and of what breaks
        for one contract and no other.
        """
        self._store = store
        self._orders = orders
        self._metrics = metrics
        self._on_trouble = on_trouble
        self._unrecorded: dict[str, tuple[RunOrder, Lost | Broke]] = {}
        self._lock = threading.Lock()
        #: Held while they are recorded, one after the other.
        self._recording = threading.Lock()

    def answered(self, order: RunOrder, answer: RunEnded | Lost | Broke) -> None:
        """A worker's answer, from its thread."""
        if isinstance(answer, RunEnded):
            self._ended(order, answer)
            return
        if isinstance(answer, Broke) and answer.taken:
            log.warning("run_discarded", contract=order.slot.contract, run_id=order.run_id, reason=answer.reason)
            return
        with self._lock:
            self._unrecorded[order.run_id] = (order, answer)
        try:
            self.record_what_was_not()
        except StoreError as error:
            # The next dispatch tries again.
            log.warning("run_not_recorded_yet", run_id=order.run_id, reason=str(error))

    def record_what_was_not(self) -> None:
        """Runs that ended with their worker: recorded as ERRORED, or handed back when the daemon itself stops."""
        with self._recording:
            with self._lock:
                todo = tuple(self._unrecorded.values())
            for order, answer in todo:
                with on_its_own(f"record of {order.slot.contract}", self._on_trouble):
                    try:
                        self._record(order, answer)
                    except SlotTaken as error:
                        log.info("run_recorded_by_its_worker", run_id=order.run_id, reason=str(error))
                # Only now: until it is recorded, it is no orphan.
                with self._lock:
                    del self._unrecorded[order.run_id]

    def _record(self, order: RunOrder, answer: Lost | Broke) -> None:
        if isinstance(answer, Lost) and answer.ending is Ending.STOPPED:
            self._hand_back(order, answer.reason)
        else:
            self._ended(order, record_lost(order, self._store, answer.reason))

    def _hand_back(self, order: RunOrder, reason: str, *, term: Term | None = None) -> None:
        events = failed_events(order, reason, at=datetime.now(UTC))
        self._store.slots.hand_back(order.slot, reason, term=term, deliveries=events)
        log.info("run_handed_back", contract=order.slot.contract, run_id=order.run_id, reason=reason)

    def _ended(self, order: RunOrder, ended: RunEnded) -> None:
        log.info(
            "run_ended",
            contract=order.slot.contract,
            run_id=ended.run_id,
            outcome=ended.outcome.value,
            rows=ended.rows,
            seconds=round(ended.seconds, 3),
            error=ended.error,
        )
        self._metrics.run_ended(order.slot.contract, ended.outcome, ended.seconds)
        if order.slot.contract not in self._orders.current().contracts:
            # No later run would ever end what is told now.
            return
        self._on_trouble(f"run of {order.slot.contract}", ended.error)
        self._on_trouble(f"snapshot of {order.slot.contract}", ended.not_kept)

    def recover(self, under_way: Iterable[RunOrder], term: Term) -> None:
        """Slots that are RUNNING though no worker of ours has them: their daemon ended. They are run anew.

        `under_way` are the orders that our workers have. Raises StoreError, NotLeading.
        """
        # In this turn: an answer is taken in before its order is under way no more.
        ours = {order.run_id for order in under_way}
        with self._lock:
            ours |= set(self._unrecorded)
        orphans = [slot for slot in self._store.slots.in_state(SlotState.RUNNING) if slot.run_id not in ours]
        for slot in orphans:
            with on_its_own(f"recovery of {slot.contract}", self._on_trouble), suppress(SlotTaken):
                self._recover(slot, term)
        for contract in self._orders.current().contracts.keys() - {slot.contract for slot in orphans}:
            # What was in the way of it, perhaps in a daemon before this one, is over.
            self._on_trouble(f"recovery of {contract}", None)
            self._on_trouble(f"record of {contract}", None)

    def _recover(self, slot: Slot, term: Term) -> None:
        order = self._orders.of(slot)
        reason = "the daemon that ran it ended before the run did"
        if order is not None and slot.attempt >= MOST_ATTEMPTS:
            reason = f"begun {slot.attempt} times, never ended"
            self._ended(order, record_lost(order, self._store, reason, term=term))
        elif order is not None:
            self._hand_back(order, reason, term=term)
        else:
            self._store.slots.hand_back(slot, reason, term=term)
