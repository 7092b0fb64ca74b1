"""Rows of time-to-fill ledgers, pending and decided. In: a connection, rows to keep. Out: what is known of rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, Result, and_, delete, func, literal, or_, select, text

from observer.slo.ledger import Decided, Pending, Range
from observer.slo.verdicts import State
from observer.store import slo_tables as t
from observer.store.database import insertion
from observer.store.given import among, given
from observer.store.slo_rows import decided_of, hour_of, pending_columns, pending_of, record_columns, stored_key

_LOOKED = ("before_at", "before_holds", "before_written_at")


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a ledger knows of some rows."""

    #: By key: those of the ranges, and those with the keys.
    pending: Mapping[str, Pending]
    #: Those of the keys that were decided before.
    decided: frozenset[str]


def known_rows(connection: Connection, ledger: int, ranges: Sequence[Range], keys: Collection[str]) -> Known:
    """Pending rows of these event times or keys, and those of the keys that were decided before."""
    asked = {stored_key(key): key for key in keys}
    p, r = t.slo_pending, t.slo_records
    pending: dict[str, Pending] = {}
    decided: list[str] = []
    if ranges:
        spans = or_(*(and_(p.c.event_at > span.after, p.c.event_at <= span.upto) for span in ranges))
        pending.update(_by_key(connection.execute(select(p).where(p.c.ledger_id == ledger, spans)), asked))
    if asked:
        keys_asked = list(asked)
        others = [key for key in keys_asked if asked[key] not in pending]
        if others:
            rows = connection.execute(select(p).where(p.c.ledger_id == ledger, among(connection, p.c.key, others)))
            pending.update(_by_key(rows, asked))
        found = select(r.c.key).where(r.c.ledger_id == ledger, among(connection, r.c.key, keys_asked))
        decided = [asked[key] for key in connection.execute(found).scalars().all()]
    return Known(pending=pending, decided=frozenset(decided))


def _by_key(rows: Result[Any], asked: Mapping[str, str]) -> Iterator[tuple[str, Pending]]:
    for row in rows.all():
        key = asked.get(row.key, row.key)
        yield key, pending_of(row, key)


def end_pending(connection: Connection, ledger: int, keys: Sequence[str]) -> frozenset[str]:
    """They are pending no longer; says which of them were."""
    p = t.slo_pending
    gone = delete(p).where(p.c.ledger_id == ledger, among(connection, p.c.key, keys)).returning(p.c.key)
    return frozenset(connection.execute(gone).scalars().all())


def keep_pending(connection: Connection, ledger: int, rows: dict[str, Pending]) -> int:
    """Keep them with their last look; says how many are new. The event time stays as it was first seen."""
    p = t.slo_pending
    columns = pending_columns(rows)
    table = given(connection, **columns)
    there = select(func.count()).where(p.c.ledger_id == ledger, among(connection, p.c.key, list(rows)))
    known: int = connection.execute(there).scalar_one()
    chosen = select(literal(ledger, Integer()), *table.c).where(table.c.key.is_not(None))
    new = insertion(connection, p).from_select(["ledger_id", *columns], chosen)
    looked = {name: new.excluded[name] for name in _LOOKED}
    connection.execute(new.on_conflict_do_update(index_elements=["ledger_id", "key"], set_=looked))
    return len(rows) - known


def keep_records(connection: Connection, ledger: int, rows: dict[str, Decided]) -> tuple[str, ...]:
    """Keep those that are not there yet; says which those were."""
    columns = record_columns(rows)
    table = given(connection, **columns)
    chosen = select(literal(ledger, Integer()), *table.c).where(table.c.key.is_not(None))
    new = insertion(connection, t.slo_records).from_select(["ledger_id", *columns], chosen)
    kept = new.on_conflict_do_nothing().returning(t.slo_records.c.key)
    return tuple(connection.execute(kept).scalars().all())


def newest_records(
    connection: Connection, ledger: int, states: Collection[State], *, since: datetime | None, limit: int
) -> tuple[Decided, ...]:
    """Decided records of these states with an event time of `since` or later, the newest first."""
    r = t.slo_records.c
    query = select(t.slo_records).where(r.ledger_id == ledger, r.state.in_([t.STATES[state] for state in states]))
    if since is not None:
        query = query.where(r.hour >= hour_of(since), r.event_at >= since)
    if State.GOOD in states:
        query = query.order_by(r.hour.desc(), r.event_at.desc(), r.key)
    else:
        # In the words and the order of the index that holds just those.
        query = query.where(text("state <> 1")).order_by(r.event_at.desc(), r.key)
    rows = connection.execute(query.limit(limit))
    return tuple(decided_of(row) for row in rows)


def one_record(connection: Connection, ledger: int, key: str) -> Decided | Pending | None:
    """What is known of one row."""
    p, r, stored = t.slo_pending, t.slo_records, stored_key(key)
    row = connection.execute(select(r).where(r.c.ledger_id == ledger, r.c.key == stored)).first()
    if row is not None:
        return decided_of(row)
    row = connection.execute(select(p).where(p.c.ledger_id == ledger, p.c.key == stored)).first()
    return None if row is None else pending_of(row, key)
