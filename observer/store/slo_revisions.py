"""Which ledger and which objective of a level are in force. In: a connection, an SLO. Out: ledgers, their revisions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from observer.slo.model import Slo
from observer.store import slo_tables as t
from observer.store.database import insert_new
from observer.store.slo_rows import revision_values


@dataclass(frozen=True, kw_only=True)
class Revision:
    """An objective that is, or was, in force."""

    revision: str
    #: The ledger that it counts in.
    ledger: int
    since: datetime
    #: For people: `99.5 %`, `28d`, `Occurrences`.
    target: str
    window: str
    method: str


def ledger_in_force(connection: Connection, slo: Slo) -> int | None:
    """Its ledger, when this very objective is the one in force."""
    le, rv = t.slo_ledgers.c, t.slo_revisions.c
    query = (
        select(rv.revision, le.counted, le.id)
        .select_from(t.slo_revisions)
        .join(t.slo_ledgers, le.id == rv.ledger_id)
        .where(rv.slo == slo.name)
        .order_by(rv.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return row.id if row is not None and (row.revision, row.counted) == (slo.revision, slo.counted) else None


def begin_revision(connection: Connection, slo: Slo, now: datetime) -> int:
    """The ledger of a new objective, or of one that came back; a new ledger when none counts what it counts.

    Of two that do it at once, the second finds it done.
    """
    new = {"slo": slo.name, "counted": slo.counted, "contract": slo.indicator.contract, "began_at": now}
    insert_new(connection, t.slo_ledgers, [new | dict.fromkeys(("good", "bad", "unknown", "withdrawn", "pending"), 0)])
    le = t.slo_ledgers.c
    same = select(le.id).where(le.slo == slo.name, le.counted == slo.counted)
    ledger: int = connection.execute(same.with_for_update()).scalar_one()
    if ledger_in_force(connection, slo) == ledger:
        return ledger
    revision = {"slo": slo.name, "revision": slo.revision, "ledger_id": ledger, "since": now}
    connection.execute(insert(t.slo_revisions).values(revision | revision_values(slo)))
    return ledger


def revisions_of(connection: Connection, slo: str) -> tuple[Revision, ...]:
    """Its objectives, the oldest first."""
    query = select(t.slo_revisions).where(t.slo_revisions.c.slo == slo).order_by(t.slo_revisions.c.id)
    return tuple(
        Revision(
            revision=row.revision,
            ledger=row.ledger_id,
            since=row.since,
            target=row.target,
            window=row.window_text,
            method=row.method,
        )
        for row in connection.execute(query)
    )
