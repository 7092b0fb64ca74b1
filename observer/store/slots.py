"""Slots in the state. In: slots to add, to take, to give back. Out: slots.

Guarantee: a slot exists once, is taken by one run at a time, and is finished only by the run that holds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Text, bindparam, func, select, update

from observer.errors import SlotTaken
from observer.runs.deliveries import NewDelivery
from observer.runs.leading import Term
from observer.runs.slots import NewSlot, Slot, SlotState, Trigger
from observer.store import tables as t
from observer.store.database import Database, changed, insert_new, insert_or_change
from observer.store.outbox import add_deliveries
from observer.store.rows import AnyRow

#: Put together once: it is asked every second.
_IN_STATE = (
    select(t.slots)
    .where(t.slots.c.state == bindparam("in_state", type_=Text))
    .order_by(t.slots.c.due_at, t.slots.c.contract)
)


class Slots:
    """Due times of contracts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self, until: datetime) -> Mapping[str, datetime]:
        """Contract → its newest scheduled slot up to that time; contracts that have none are not in it."""
        query = (
            select(t.slots.c.contract, func.max(t.slots.c.scheduled_for))
            .where(t.slots.c.trigger == Trigger.SCHEDULE.value, t.slots.c.scheduled_for <= until)
            .group_by(t.slots.c.contract)
        )
        with self._database.transaction() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def add(self, slots: Sequence[NewSlot], term: Term | None = None) -> int:
        """Add what is not there yet, and say how many that were. Raises NotLeading.

        Without a term: what a hand asks for, which any process may add.
        """
        if not slots:
            return 0
        added = 0
        with self._database.transaction(writes=True, term=term) as connection:
            now = self._database.now(connection)
            for slot in slots:
                row = {
                    "contract": slot.contract,
                    "scheduled_for": slot.scheduled_for,
                    "trigger": slot.trigger.value,
                    "state": (SlotState.MISSED if slot.missed else SlotState.DUE).value,
                    "due_at": slot.due_at,
                    "attempt": 0,
                    "finished_at": now if slot.missed else None,
                    "reason": slot.missed,
                }
                fresh = insert_new(connection, t.slots, [row])
                added += fresh
                if fresh and slot.missed:
                    _count_missed(connection, slot.contract, 1)
        return added

    def add_missed(self, contract: str, count: int, term: Term) -> None:
        """Count slots that are not recorded one by one (`SlotPlan.left_out`)."""
        with self._database.transaction(writes=True, term=term) as connection:
            _count_missed(connection, contract, count)

    def in_state(self, state: SlotState) -> tuple[Slot, ...]:
        """Every slot in that state, the one that was due first first. Meant for DUE and RUNNING, which are few."""
        with self._database.transaction() as connection:
            return tuple(_slot(row) for row in connection.execute(_IN_STATE, {"in_state": state.value}))

    def of_contract(self, contract: str, limit: int = 50) -> tuple[Slot, ...]:
        """Its latest slots, newest first."""
        query = select(t.slots).where(t.slots.c.contract == contract)
        with self._database.transaction() as connection:
            rows = connection.execute(query.order_by(t.slots.c.scheduled_for.desc()).limit(limit))
            return tuple(_slot(row) for row in rows)

    def get(self, contract: str, scheduled_for: datetime) -> Slot | None:
        """One slot, or None."""
        query = select(t.slots).where(t.slots.c.contract == contract, t.slots.c.scheduled_for == scheduled_for)
        with self._database.transaction() as connection:
            row = connection.execute(query).first()
            return None if row is None else _slot(row)

    def claim(
        self, slot: Slot, run_id: str, *, term: Term | None = None, deliveries: Iterable[NewDelivery] = ()
    ) -> Slot:
        """DUE → RUNNING under this run id, with what is to be told of its start.

        Raises SlotTaken when it is no longer due, NotLeading.
        """
        with self._database.transaction(writes=True, term=term) as connection:
            now = self._database.now(connection)
            taken = changed(
                connection,
                update(t.slots)
                .where(*_same(slot), t.slots.c.state == SlotState.DUE.value)
                .values(
                    state=SlotState.RUNNING.value,
                    run_id=run_id,
                    attempt=t.slots.c.attempt + 1,
                    started_at=now,
                    reason=None,
                ),
            )
            if not taken:
                raise _taken(slot)
            add_deliveries(connection, deliveries, now=now)
            return _slot(connection.execute(select(t.slots).where(*_same(slot))).one())

    def hand_back(
        self, slot: Slot, reason: str, *, term: Term | None = None, deliveries: Iterable[NewDelivery] = ()
    ) -> None:
        """RUNNING → DUE, to be run anew; the run that held it is never recorded. Raises SlotTaken, NotLeading."""
        with self._database.transaction(writes=True, term=term) as connection:
            back = (
                update(t.slots)
                .where(*_held(slot))
                .values(state=SlotState.DUE.value, run_id=None, started_at=None, reason=reason)
            )
            if not changed(connection, back):
                raise _taken(slot)
            add_deliveries(connection, deliveries, now=self._database.now(connection))

    def miss(self, slot: Slot, reason: str, *, term: Term) -> None:
        """DUE → MISSED. Raises SlotTaken, NotLeading."""
        with self._database.transaction(writes=True, term=term) as connection:
            now = self._database.now(connection)
            gone = (
                update(t.slots)
                .where(*_same(slot), t.slots.c.state == SlotState.DUE.value)
                .values(state=SlotState.MISSED.value, finished_at=now, reason=reason)
            )
            if not changed(connection, gone):
                raise _taken(slot)
            _count_missed(connection, slot.contract, 1)


def finish(connection: Connection, slot: Slot, *, now: datetime) -> None:
    """RUNNING → DONE within the transaction that records its run. Raises SlotTaken when another run holds it."""
    done = update(t.slots).where(*_held(slot)).values(state=SlotState.DONE.value, finished_at=now)
    if not changed(connection, done):
        raise _taken(slot)


_Clauses = tuple[ColumnElement[bool], ...]


def _same(slot: Slot) -> _Clauses:
    return (t.slots.c.contract == slot.contract, t.slots.c.scheduled_for == slot.scheduled_for)


def _held(slot: Slot) -> _Clauses:
    running = t.slots.c.state == SlotState.RUNNING.value
    return (*_same(slot), running, t.slots.c.run_id == slot.run_id)


def _taken(slot: Slot) -> SlotTaken:
    return SlotTaken(
        f"the slot of {slot.contract} at {slot.scheduled_for:%Y-%m-%d %H:%M:%S} UTC is held by another run or over",
        fix="nothing to do: another worker has it",
    )


def _count_missed(connection: Connection, contract: str, count: int) -> None:
    stand(connection, contract, {"missed_slots": count}, {"missed_slots": t.contract_standings.c.missed_slots + count})


def stand(
    connection: Connection, contract: str, values: Mapping[str, object], changes: Mapping[str, object] | None = None
) -> None:
    """Write `values` of a contract's standing; `changes` instead where it stands already. Two at once both succeed."""
    insert_or_change(
        connection, t.contract_standings, {"contract": contract, "missed_slots": 0, **values}, changes or values
    )


def _slot(row: AnyRow) -> Slot:
    fields = dict(row._mapping)
    return Slot(**{**fields, "trigger": Trigger(fields["trigger"]), "state": SlotState(fields["state"])})
