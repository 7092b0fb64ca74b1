"""Schedules → slots. In: the contracts under watch, the clock, and what the state knows. Out: due slots in the state.

Everything here may be done again: the state refuses a slot it knows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

import structlog

from observer.daemon.troubles import OnTrouble, on_its_own
from observer.daemon.watching import Watch, Watched
from observer.runs.leading import Term
from observer.runs.slots import NewSlot, NextAfter, jitter_of, plan_slots
from observer.store import Store

log = structlog.get_logger("observer")


class SlotMetrics(Protocol):
    """What is counted of slots."""

    def slot_missed(self, contract: str, count: int = 1) -> None: ...


class DueSlots:
    """Adds slots when their time has come. For one thread at a time."""

    def __init__(self, store: Store, current: Callable[[], Watch], metrics: SlotMetrics, on_trouble: OnTrouble) -> None:
        self._store = store
        self._current = current
        self._metrics = metrics
        self._on_trouble = on_trouble
        #: Contract → the newest slot that is known, or since when it is watched. Another daemon may have added slots
        #: before this term.
        self._known_until: dict[str, datetime] = {}
        self._known_in: int | None = None
        self._next: dict[str, datetime | None] = {}
        self._times: Mapping[str, NextAfter] = _times_of(current())
        #: Contracts whose schedule is new, or that are watched again; None: no reload since the last look.
        self._new_times: set[str] | None = None
        self._lock = threading.Lock()

    def watch_changed(self) -> None:
        """Schedules may be others now: they hold from now on. From any thread."""
        times = _times_of(self._current())
        with self._lock:
            new = {name for name, own in times.items() if self._times.get(name) != own}
            self._new_times = new | (self._new_times or set())
            self._times = times

    def add(self, term: Term, now: datetime) -> None:
        """Add the slots that are due by now. Raises StoreError, NotLeading."""
        if self._known_in != term.epoch:
            self._known_until = dict(self._store.slots.newest(now))
            self._known_in = term.epoch
            self._next.clear()
        self._follow_new_times(now)
        for name, watched in self._current().contracts.items():
            if self._has_come(name, now):
                with on_its_own(f"schedule of {name}", self._on_trouble):
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

    def _has_come(self, name: str, now: datetime) -> bool:
        """Whether there is anything to do for the contract: mostly not, and this is asked of all of them every second.

        What broke is tried again: its next slot is not known then.
        """
        known = self._known_until.get(name)
        if known is None or known > now or name not in self._next:
            return True
        due = self._next[name]
        return due is not None and due <= now

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
        else:
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


def _times_of(watch: Watch) -> Mapping[str, NextAfter]:
    return {name: watched.next_after for name, watched in watch.contracts.items()}
