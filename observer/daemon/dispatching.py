"""Slots → runs. In: schedules, the clock, and the state. Out: due slots, orders for the workers, and what came of them.

Everything here may be done again: the state refuses a slot it knows, a claim of a slot that is taken, and the end of a
run that does not hold its slot.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Protocol

import structlog

from observer.checks.measure import Outcome
from observer.daemon.watching import Watch, Watched
from observer.daemon.workers import Lost, WorkerPool
from observer.errors import SlotTaken, StoreError
from observer.jobs.run_orders import Broke, RunEnded, RunOrder, failed_events, record_lost, started_events
from observer.lineage.ids import new_run_id
from observer.runs.leading import Term
from observer.runs.slots import NewSlot, NextAfter, Slot, SlotState, has_come, jitter_of, plan_slots, superseded
from observer.runs.workers import Ending
from observer.store import Store

log = structlog.get_logger("observer")

#: A slot that was begun so often and never ended is given up: whatever ends the daemon then may be the run itself.
MOST_ATTEMPTS = 3


class RunMetrics(Protocol):
    """What is counted of runs."""

    def run_ended(self, contract: str, outcome: Outcome, seconds: float) -> None: ...

    def run_late(self, contract: str, seconds: float) -> None: ...

    def slot_missed(self, contract: str, count: int = 1) -> None: ...


class Dispatcher:
    """Turns due slots into runs. Its duties are called by one thread at a time, its answers come from others."""

    def __init__(
        self,
        store: Store,
        current: Callable[[], Watch],
        metrics: RunMetrics,
        *,
        source: Callable[[], tuple[str, str]],
        lineage: bool,
        on_trouble: Callable[[str, str | None], None] = lambda door, reason: None,
    ) -> None:
        """`current` gives the Watch in force; `source` how the CRM database is shown, and its kind.

        `on_trouble(door, reason)` hears of whole runs that could not look, of snapshots that could not be kept, and of
        what breaks for one contract and no other.
        """
        self._store = store
        self._current = current
        self._metrics = metrics
        self._source = source
        self._lineage = lineage
        self._on_trouble = on_trouble
        self.pool: WorkerPool | None = None
        #: Contract → the newest slot that is known, or since when it is watched. Another daemon may have added slots
        #: before this term.
        self._known_until: dict[str, datetime] = {}
        self._known_in: int | None = None
        self._next: dict[str, datetime | None] = {}
        self._times: Mapping[str, NextAfter] = _times_of(current())
        #: Contracts whose schedule is new, or that are watched again; None: no reload since the last look.
        self._new_times: set[str] | None = None
        self._unrecorded: dict[str, tuple[RunOrder, Lost | Broke]] = {}
        self._lock = threading.Lock()
        #: Held while they are recorded, one after the other.
        self._recording = threading.Lock()
        #: Contract → when its last run began, by count: who waited longest comes first.
        self._turns: dict[str, int] = {}

    # --- slots ------------------------------------------------------------------------------------------------------

    def watch_changed(self) -> None:
        """Schedules may be others now: they hold from now on. From any thread."""
        times = _times_of(self._current())
        with self._lock:
            new = {name for name, own in times.items() if self._times.get(name) != own}
            self._new_times = new | (self._new_times or set())
            self._times = times

    def add_slots(self, term: Term, now: datetime) -> None:
        """Add the slots that are due by now. Raises StoreError, NotLeading."""
        if self._known_in != term.epoch:
            self._known_until = dict(self._store.slots.newest(now))
            self._known_in = term.epoch
            self._next.clear()
        self._follow_new_times(now)
        for name, watched in self._current().contracts.items():
            with self._on_its_own(f"schedule of {name}"):
                self._add(watched, term, now)

    def _follow_new_times(self, now: datetime) -> None:
        with self._lock:
            new, self._new_times = self._new_times, None
        if new is None:
            return
        self._next.clear()
        for name in new & self._known_until.keys():
            # What was not on the schedule then cannot have been missed.
            self._known_until[name] = max(self._known_until[name], now)

    def _add(self, watched: Watched, term: Term, now: datetime) -> None:
        name = watched.contract.id
        known = self._known_until.get(name)
        if known is None:
            # A contract that never ran is looked at at once.
            self._add_first(watched, term, now)
        elif known > now:
            # The clock stepped back; slots that ran already are refused by the state.
            self._known_until[name] = now
            self._next.pop(name, None)
        elif name not in self._next or ((due := self._next[name]) is not None and due <= now):
            self._add_due(watched, term, known, now)

    def _add_first(self, watched: Watched, term: Term, now: datetime) -> None:
        name, at = watched.contract.id, now.replace(microsecond=0)
        first = NewSlot(contract=name, scheduled_for=at, due_at=at + jitter_of(name, watched.jitter))
        self._store.slots.add([first], term)
        self._known_until[name] = at

    def _add_due(self, watched: Watched, term: Term, known: datetime, now: datetime) -> None:
        name = watched.contract.id
        plan = plan_slots(
            name, watched.next_after, known_until=known, now=now, jitter=watched.jitter, catch_up=watched.catch_up
        )
        self._store.slots.add(plan.slots, term)
        if plan.left_out:
            self._store.slots.add_missed(name, plan.left_out, term)
        missed = plan.left_out + sum(slot.missed is not None for slot in plan.slots)
        if missed:
            log.warning("slots_missed", contract=name, count=missed)
            self._metrics.slot_missed(name, missed)
        if plan.slots:
            self._known_until[name] = plan.slots[-1].scheduled_for
        self._next[name] = watched.next_after(self._known_until[name])

    # --- runs -------------------------------------------------------------------------------------------------------

    def dispatch(self, term: Term, now: datetime) -> None:
        """Give due slots to free workers, one run per contract at a time. Raises StoreError, NotLeading."""
        assert self.pool is not None
        self.record_what_was_not()
        due = [slot for slot in self._store.slots.in_state(SlotState.DUE) if has_come(slot, now)]
        due.sort(key=lambda slot: slot.contract)
        waiting = [
            s for name, group in groupby(due, lambda s: s.contract) for s in self._pruned(name, list(group), term)
        ]
        busy = {order.slot.contract for order in self.pool.under_way}
        for slot in sorted(waiting, key=lambda slot: (self._turns.get(slot.contract, 0), slot.due_at)):
            if self.pool.idle == 0:
                break
            if slot.contract in busy:
                continue
            with self._on_its_own(f"start of {slot.contract}"):
                order = self._claimed(slot, term, now)
                if order is not None:
                    busy.add(slot.contract)
                    self._begin(order, now)

    def _begin(self, order: RunOrder, now: datetime) -> None:
        assert self.pool is not None
        slot = order.slot
        self._turns[slot.contract] = max(self._turns.values(), default=0) + 1
        if not self.pool.take(order):
            self.answered(order, Lost(ending=Ending.STOPPED, reason="the daemon stopped before this run began"))
            return
        log.info("run_started", contract=slot.contract, run_id=order.run_id, scheduled_for=slot.scheduled_for)
        self._metrics.run_late(slot.contract, max(0.0, (now - slot.due_at).total_seconds()))

    def _pruned(self, contract: str, due: list[Slot], term: Term) -> list[Slot]:
        watched = self._current().contracts.get(contract)
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
        order = self._order(replace(slot, run_id=new_run_id(), started_at=now))
        if order is None:
            return None
        events = started_events(order, at=now)
        try:
            claimed = self._store.slots.claim(slot, order.run_id, term=term, deliveries=events)
        except SlotTaken:
            return None
        return replace(order, slot=claimed)

    def _order(self, slot: Slot) -> RunOrder | None:
        current = self._current()
        watched = current.contracts.get(slot.contract)
        if watched is None:
            return None
        shown, kind = self._source()
        return RunOrder(
            slot=slot,
            contract=watched.contract,
            plan=watched.plan,
            settings=current.settings,
            source=shown,
            source_kind=kind,
            lineage=self._lineage,
        )

    # --- answers ----------------------------------------------------------------------------------------------------

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
                with self._on_its_own(f"record of {order.slot.contract}"):
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
        if order.slot.contract not in self._current().contracts:
            # No later run would ever end what is told now.
            return
        self._on_trouble(f"run of {order.slot.contract}", ended.error)
        self._on_trouble(f"snapshot of {order.slot.contract}", ended.not_kept)

    def recover(self, term: Term) -> None:
        """Slots that are RUNNING though no worker of ours has them: their daemon ended. They are run anew.

        Raises StoreError, NotLeading.
        """
        with self._lock:
            ours = set(self._unrecorded)
        ours |= {order.run_id for order in self.pool.under_way} if self.pool else set()
        for slot in self._store.slots.in_state(SlotState.RUNNING):
            if slot.run_id not in ours:
                with self._on_its_own(f"recovery of {slot.contract}"), suppress(SlotTaken):
                    self._recover(slot, term)

    def _recover(self, slot: Slot, term: Term) -> None:
        order = self._order(slot)
        reason = "the daemon that ran it ended before the run did"
        if order is not None and slot.attempt >= MOST_ATTEMPTS:
            reason = f"begun {slot.attempt} times, never ended"
            self._ended(order, record_lost(order, self._store, reason, term=term))
        elif order is not None:
            self._hand_back(order, reason, term=term)
        else:
            self._store.slots.hand_back(slot, reason, term=term)

    @contextmanager
    def _on_its_own(self, door: str) -> Iterator[None]:
        """A fault of ours in what is done for one contract stops nothing else, and is not hidden."""
        try:
            yield
        except StoreError:
            raise
        except Exception as error:
            log.exception("contract_broke", door=door)
            self._on_trouble(door, f"unexpected {type(error).__name__}; the log says where")
        else:
            self._on_trouble(door, None)


def _times_of(watch: Watch) -> Mapping[str, NextAfter]:
    return {name: watched.next_after for name, watched in watch.contracts.items()}
