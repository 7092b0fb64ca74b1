"""The outbox. In: deliveries, written with the change they tell of. Out: the next ones to deliver, under a lease.

Guarantee: at least once; in the order of writing within a line; one with a known key is never kept twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from observer.runs.deliveries import LONGEST_WAIT, Delivery, Failure, NewDelivery, OutboxDepth, Verdict
from observer.runs.leading import Term
from observer.store import tables as t
from observer.store.database import Database, changed
from observer.store.evidence import storable, storable_text
from observer.store.rows import AnyRow

#: A time to come that is later than any wait can be was written by a clock that has stepped back since.
_ABSURD = 4 * LONGEST_WAIT


def add_deliveries(connection: Connection, deliveries: Iterable[NewDelivery], *, now: datetime) -> None:
    """Within somebody's transaction; those whose key is known already are left out."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    for new in deliveries:
        row = {
            "receiver": new.receiver,
            "key": new.key,
            "line": new.line,
            "payload": storable(new.payload),
            "created_at": now,
            "attempts": 0,
            "available_at": now,
        }
        connection.execute(dialect.insert(t.outbox).values(row).on_conflict_do_nothing())


class Outbox:
    """What waits to be delivered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, receiver: str, limit: int, lease: timedelta, *, term: Term | None = None) -> tuple[Delivery, ...]:
        """The first of each line that may be tried now, oldest first; nobody else gets them before `lease` has passed.

        A line whose first one waits for its next attempt, or is being delivered, waits with it; a dead one holds up
        nobody. Raises NotLeading.
        """
        o = t.outbox
        with self._database.transaction() as connection:
            # A look that locks nothing: every second there is mostly nothing to take, however much waits.
            ready = self._ready(receiver, limit, now=self._database.now(connection))
            if connection.execute(ready.with_only_columns(o.c.id).limit(1)).first() is None:
                return ()
        with self._database.transaction(writes=True, term=term) as connection:
            now = self._database.now(connection)
            ready = self._ready(receiver, limit, now=now)
            rows = connection.execute(ready.with_for_update(skip_locked=True)).all()
            if rows:
                taken = update(o).where(o.c.id.in_([row.id for row in rows])).values(leased_until=now + lease)
                connection.execute(taken)
        return tuple(_delivery(row, leased_until=now + lease) for row in rows)

    def _ready(self, receiver: str, limit: int, *, now: datetime) -> Select[Any]:
        o = t.outbox
        open_ones = and_(o.c.receiver == receiver, o.c.delivered_at.is_(None), o.c.dead_at.is_(None))
        first = select(func.min(o.c.id)).where(open_ones).group_by(o.c.line)
        free = or_(o.c.leased_until.is_(None), o.c.leased_until <= now, o.c.leased_until > now + _ABSURD)
        due = or_(o.c.available_at <= now, o.c.available_at > now + _ABSURD)
        # `open_ones` once more: another taker may deliver one between the choice and the lock.
        return select(o).where(o.c.id.in_(first), open_ones, free, due).order_by(o.c.id).limit(limit)

    def delivered(self, delivery: Delivery) -> None:
        """It landed: that is true even when the lease has passed and others try it, or gave it up, by now.

        Only its key is kept: the events of one run are as large as its record, and nobody reads them again.
        """
        with self._database.transaction(writes=True) as connection:
            landed = update(t.outbox).where(t.outbox.c.id == delivery.id, t.outbox.c.delivered_at.is_(None))
            now = self._database.now(connection)
            over: dict[str, object] = {"leased_until": None, "dead_at": None, "payload": {}}
            connection.execute(landed.values(delivered_at=now, attempts=delivery.attempts + 1, **over))

    def failed(self, delivery: Delivery, failure: Failure, verdict: Verdict) -> None:
        """It did not: tried again at the verdict's time, or dead. Nothing when somebody else has it by now."""
        with self._database.transaction(writes=True) as connection:
            now = self._database.now(connection)
            fate: dict[str, object] = (
                {"dead_at": now} if verdict.retry_at is None else {"available_at": verdict.retry_at}
            )
            self._give_back(
                connection,
                delivery,
                attempts=delivery.attempts + 1,
                last_reason=failure.reason.value,
                last_detail=storable_text(failure.detail),
                **fate,
            )

    def release(self, delivery: Delivery) -> None:
        """Give it back untried. Nothing when somebody else has it by now."""
        with self._database.transaction(writes=True) as connection:
            self._give_back(connection, delivery)

    def _give_back(self, connection: Connection, delivery: Delivery, **values: object) -> None:
        o = t.outbox.c
        mine = (o.id == delivery.id, o.leased_until == delivery.leased_until, o.delivered_at.is_(None))
        connection.execute(update(t.outbox).where(*mine).values(leased_until=None, **values))

    def redrive(self, receiver: str | None = None) -> int:
        """Dead ones are tried again, of one receiver or of all; says how many."""
        dead = [t.outbox.c.dead_at.is_not(None), *([t.outbox.c.receiver == receiver] if receiver else [])]
        with self._database.transaction(writes=True) as connection:
            now = self._database.now(connection)
            # `created_at` decides when to give up: it begins anew.
            again = update(t.outbox).where(*dead).values(dead_at=None, attempts=0, available_at=now, created_at=now)
            return changed(connection, again)

    def depths(self) -> tuple[OutboxDepth, ...]:
        """How each receiver's outbox stands, by name."""
        with self._database.transaction() as connection:
            return outbox_depths(connection)

    def now(self) -> datetime:
        """The clock by which deliveries wait."""
        with self._database.transaction() as connection:
            return self._database.now(connection)


def outbox_depths(connection: Connection) -> tuple[OutboxDepth, ...]:
    """How each receiver's outbox stands, within a transaction."""
    o = t.outbox
    waiting = o.c.dead_at.is_(None)
    query = (
        select(
            o.c.receiver,
            func.count().filter(waiting).label("waiting"),
            func.count().filter(~waiting).label("dead"),
            func.min(o.c.created_at).filter(waiting).label("oldest"),
        )
        .where(o.c.delivered_at.is_(None))
        .group_by(o.c.receiver)
        .order_by(o.c.receiver)
    )
    return tuple(OutboxDepth(**row._mapping) for row in connection.execute(query))


def _delivery(row: AnyRow, *, leased_until: datetime) -> Delivery:
    return Delivery(
        id=row.id,
        receiver=row.receiver,
        key=row.key,
        line=row.line,
        payload=row.payload,
        created_at=row.created_at,
        attempts=row.attempts,
        leased_until=leased_until,
    )
