"""The outbox. In: deliveries, written with the change they tell of. Out: the next ones to deliver, under a lease.

Guarantee: at least once; in the order of writing within a line; one with a known key is never kept twice; nobody waits
longer than the receiver fails, but for what fails by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    case,
    func,
    not_,
    or_,
    select,
    update,
)

from observer.runs.deliveries import (
    GIVE_UP_AFTER,
    LONGEST_WAIT,
    DeadLetter,
    Delivery,
    Failure,
    NewDelivery,
    OutboxDepth,
    Reason,
    ReceiverCondition,
    Verdict,
)
from observer.runs.leading import Term
from observer.store import tables as t
from observer.store.database import Database, changed, insert_new, insert_or_change
from observer.store.evidence import storable, storable_text
from observer.store.incident_states import KnownStates, note_delivered
from observer.store.rows import AnyRow

#: A time to come that is later than any wait can be was written by a clock that has stepped back since.
_ABSURD = 4 * LONGEST_WAIT


def add_deliveries(connection: Connection, deliveries: Iterable[NewDelivery], *, now: datetime) -> None:
    """Within somebody's transaction; those whose key is known already are left out."""
    rows = [
        {
            "receiver": new.receiver,
            "key": new.key,
            "line": new.line,
            "payload": storable(new.payload),
            "created_at": now,
            "attempts": 0,
            "available_at": max(now, new.not_before or now),
        }
        for new in deliveries
    ]
    insert_new(connection, t.outbox, rows)


class Outbox:
    """What waits to be delivered."""

    def __init__(self, database: Database, known: KnownStates | None = None) -> None:
        self._database = database
        self._known = known or KnownStates()

    def take(
        self, receiver: str, limit: int, lease: timedelta, *, term: Term | None = None, impatient: bool = False
    ) -> tuple[Delivery, ...]:
        """The first of each line that may be tried now, longest due first; nobody else gets them before `lease` passed.

        A line whose first one waits for its next attempt, or is being delivered, waits with it; a dead one, and one
        whose own hour has not come, hold up nobody. None while the receiver itself waits. `impatient`: whatever waits
        for its next attempt is tried now, but nothing before its hour.

        Who leads delivers one batch at a time, so that what is leased under `term` or an earlier one was left behind
        and is taken at once. Raises NotLeading.
        """
        o = t.outbox
        with self._database.transaction() as connection:
            # A look that locks nothing: every second there is mostly nothing to take, or nothing that may be taken yet.
            if connection.execute(_WAITING, {"to": receiver}).first() is None:
                return ()
            now = self._database.now(connection)
            ready = _ready(receiver, limit, now=now, term=term, impatient=impatient)
            if connection.execute(ready.with_only_columns(o.c.id).limit(1)).first() is None:
                return ()
            waits_until = _condition(connection, receiver).waits_until
            if not impatient and waits_until is not None and now < waits_until <= now + _ABSURD:
                return ()
        with self._database.transaction(writes=True, term=term) as connection:
            now = self._database.now(connection)
            ready = _ready(receiver, limit, now=now, term=term, impatient=impatient)
            rows = connection.execute(ready.with_for_update(skip_locked=True)).all()
            if rows:
                taken = update(o).where(o.c.id.in_([row.id for row in rows]))
                epoch = None if term is None else term.epoch
                held = {"leased_until": now + lease, "leased_epoch": epoch, "created_at": _FREE_SINCE}
                connection.execute(taken.values(held))
        return tuple(_delivery(row, leased_until=now + lease) for row in rows)

    def delivered(self, *deliveries: Delivery) -> None:
        """They landed together: that is true even when the lease has passed and others try them, or gave them up.

        Only their keys are kept: the events of one run are as large as its record, and nobody reads them again. A
        receiver that failed before is well again: what failed with it is due at once. The log of an incident says which
        of its notices landed.
        """
        with self._database.transaction(writes=True) as connection:
            now = self._database.now(connection)
            over: dict[str, object] = {"leased_until": None, "dead_at": None, "payload": {}}
            for delivery in deliveries:
                landed = update(t.outbox).where(t.outbox.c.id == delivery.id, t.outbox.c.delivered_at.is_(None))
                if changed(connection, landed.values(delivered_at=now, attempts=delivery.attempts + 1, **over)):
                    note_delivered(connection, self._known, delivery, now=now)
            for receiver in {delivery.receiver for delivery in deliveries}:
                failures = _condition(connection, receiver).failures
                if failures:
                    _write_condition(connection, receiver, ReceiverCondition())
                    _end_waits(connection, receiver, failures, now=now)

    def condition(self, receiver: str) -> ReceiverCondition:
        """How the receiver itself does."""
        with self._database.transaction() as connection:
            return _condition(connection, receiver)

    def failed(
        self, delivery: Delivery, failure: Failure, verdict: Verdict, condition: ReceiverCondition | None = None
    ) -> None:
        """It did not: tried again at the verdict's time, or dead. Nothing when somebody else has it by now.

        `condition` is how the receiver does since then.
        """
        self.failed_together([(delivery, verdict)], failure, condition)

    def failed_together(
        self, fates: Sequence[tuple[Delivery, Verdict]], failure: Failure, condition: ReceiverCondition | None = None
    ) -> None:
        """The same of several that failed as one."""
        with self._database.transaction(writes=True) as connection:
            now = self._database.now(connection)
            for delivery, verdict in fates:
                if condition is not None:
                    _write_condition(connection, delivery.receiver, condition)
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

    def release(self, *deliveries: Delivery) -> None:
        """Give them back untried, those that nobody else has by now."""
        with self._database.transaction(writes=True) as connection:
            for delivery in deliveries:
                self._give_back(connection, delivery)

    def _give_back(self, connection: Connection, delivery: Delivery, **values: object) -> None:
        o = t.outbox.c
        mine = (o.id == delivery.id, o.leased_until == delivery.leased_until, o.delivered_at.is_(None))
        connection.execute(update(t.outbox).where(*mine).values(leased_until=None, **values))

    def redrive(self, receiver: str | None = None) -> int:
        """Dead ones are tried again, of one receiver or of all, which are waited for no more; says how many."""
        dead = [t.outbox.c.dead_at.is_not(None), *([t.outbox.c.receiver == receiver] if receiver else [])]
        with self._database.transaction(writes=True) as connection:
            now = self._database.now(connection)
            # `created_at` decides when to give up: it begins anew.
            again = update(t.outbox).where(*dead).values(dead_at=None, attempts=0, available_at=now, created_at=now)
            theirs = [t.receivers.c.name == receiver] if receiver else []
            connection.execute(update(t.receivers).where(*theirs).values(waits_until=None))
            return changed(connection, again)

    def give_up_on_others(self, receivers: Collection[str], *, term: Term) -> int:
        """What waits for anybody but these, whom nobody delivers to any more, is given up as late as anything is; says
        how much. Raises NotLeading.
        """
        o = t.outbox.c
        waits = (o.receiver.not_in(receivers), o.delivered_at.is_(None), o.dead_at.is_(None))
        why = {"last_reason": Reason.NOT_CONFIGURED.value, "last_detail": "there is no such receiver in the settings"}
        with self._database.transaction(writes=True, term=term) as connection:
            now = self._database.now(connection)
            late = update(t.outbox).where(*waits, now - GIVE_UP_AFTER > _FREE_SINCE)
            return changed(connection, late.values(dead_at=now, leased_until=None, **why))

    def receivers_of(self, line: str) -> tuple[str, ...]:
        """Those that anything of the line was written for and not given up, by name."""
        o = t.outbox.c
        written = select(o.receiver).where(o.line == line, o.dead_at.is_(None)).distinct().order_by(o.receiver)
        with self._database.transaction() as connection:
            return tuple(connection.execute(written).scalars())

    def depths(self) -> tuple[OutboxDepth, ...]:
        """How each receiver's outbox stands, by name."""
        with self._database.transaction() as connection:
            return outbox_depths(connection, now=self._database.now(connection))

    def dead(self, limit: int = 50) -> tuple[DeadLetter, ...]:
        """Deliveries that were given up, the latest first."""
        o = t.outbox.c
        shown = (o.receiver, o.key, o.line, o.attempts, o.last_reason, o.last_detail, o.dead_at)
        given_up = select(*shown).where(o.dead_at.is_not(None), o.delivered_at.is_(None))
        with self._database.transaction() as connection:
            rows = connection.execute(given_up.order_by(o.dead_at.desc(), o.id.desc()).limit(limit))
            return tuple(DeadLetter(**{**row._mapping, "last_reason": Reason(row.last_reason)}) for row in rows)

    def now(self) -> datetime:
        """The clock by which deliveries wait."""
        with self._database.transaction() as connection:
            return self._database.now(connection)


def _ready(receiver: str, limit: int, *, now: datetime, term: Term | None, impatient: bool) -> Select[Any]:
    o = t.outbox
    lines = select(func.min(o.c.id).label("id")).where(*_open(receiver), _hour_has_come(now)).group_by(o.c.line)
    # Put together once per statement: a planner that knows nothing of the table yet would do it for every row.
    first = lines.cte("first").prefix_with("MATERIALIZED")
    free = or_(o.c.leased_until.is_(None), o.c.leased_until <= now, o.c.leased_until > now + _ABSURD)
    if term is not None:
        free = or_(free, o.c.leased_epoch <= term.epoch)
    due = or_(o.c.available_at <= now, o.c.available_at > now + _ABSURD)
    # `_open` once more: another taker may deliver one between the choice and the lock.
    chosen = [o.c.id.in_(select(first.c.id)), *_open(receiver), free, *([] if impatient else [due])]
    return select(o).where(*chosen).order_by(o.c.available_at, o.c.id).limit(limit)


def _open(receiver: str | BindParameter[str]) -> tuple[ColumnElement[bool], ...]:
    return (t.outbox.c.receiver == receiver, t.outbox.c.delivered_at.is_(None), t.outbox.c.dead_at.is_(None))


#: One that was never tried and is available later than it was written has an hour of its own (`not_before`).
_HAS_HOUR = and_(t.outbox.c.attempts == 0, t.outbox.c.available_at > t.outbox.c.created_at)
#: When it was written, or could leave first.
_FREE_SINCE = case((_HAS_HOUR, t.outbox.c.available_at), else_=t.outbox.c.created_at)


def _hour_has_come(now: datetime) -> ColumnElement[bool]:
    """Whether it may leave, as far as its own hour goes, which is no wait for an attempt: it holds up nobody."""
    return or_(t.outbox.c.available_at <= now, not_(_HAS_HOUR))


#: Put together once: it is asked every other second.
_WAITING = select(t.outbox.c.id).where(*_open(bindparam("to", type_=Text))).limit(1)


def _condition(connection: Connection, receiver: str) -> ReceiverCondition:
    row = connection.execute(select(t.receivers).where(t.receivers.c.name == receiver)).first()
    return ReceiverCondition() if row is None else ReceiverCondition(failures=row.failures, waits_until=row.waits_until)


def _write_condition(connection: Connection, receiver: str, condition: ReceiverCondition) -> None:
    insert_or_change(connection, t.receivers, {"name": receiver, **vars(condition)})


def _end_waits(connection: Connection, receiver: str, failures: int, *, now: datetime) -> None:
    """A delivery that failed more often than its receiver did since it was last well fails by itself: it goes on
    waiting, or every success of another would have it tried again.
    """
    o = t.outbox.c
    waiting = (o.available_at > now, o.attempts.between(1, failures))
    connection.execute(update(t.outbox).where(*_open(receiver), *waiting).values(available_at=now))


def outbox_depths(connection: Connection, *, now: datetime) -> tuple[OutboxDepth, ...]:
    """How each receiver's outbox stands, within a transaction."""
    o = t.outbox
    waiting = o.c.dead_at.is_(None)
    query = (
        select(
            o.c.receiver,
            func.count().filter(waiting).label("waiting"),
            func.count().filter(~waiting).label("dead"),
            func.min(_FREE_SINCE).filter(waiting, _hour_has_come(now)).label("oldest"),
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
        created_at=row.created_at if row.attempts else max(row.created_at, row.available_at),
        attempts=row.attempts,
        leased_until=leased_until,
    )
