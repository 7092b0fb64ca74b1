"""The lease of the leader. In: who asks, for how long. Out: a Term, or None while somebody else leads.

Guarantee: at any time at most one holder has a term that the fence of `Database.transaction` lets through.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from observer.runs.leading import LEADER, Term
from observer.store import tables as t
from observer.store.database import Database, insert_new

#: No daemon asks for more; one that does is taken over in the middle.
_LONGEST_LEASE = timedelta(minutes=5)
_LONG_AGO = datetime.fromtimestamp(0, UTC)


class Leadership:
    """Taking, renewing and giving up the lease."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def campaign(self, holder: str, lease: timedelta, *, alone: bool = False) -> Term | None:
        """Take the lease if nobody holds it; renew it when `holder` does. Raises StoreError.

        `holder` names one process and no other, ever. `alone`: the caller knows by other means that no other daemon
        lives, so that what a dead one held is taken at once. A renewal keeps the epoch, so what was begun under it may
        be ended. A lease that ends absurdly late was written by a clock that has stepped back since: it is taken too.
        """
        with self._database.transaction(writes=True) as connection:
            nobody = {"name": LEADER, "holder": "", "epoch": 0, "until": _LONG_AGO}
            insert_new(connection, t.leases, [nobody])
            row = connection.execute(select(t.leases).where(t.leases.c.name == LEADER).with_for_update()).one()
            now = self._database.now(connection)  # only here: the row may have been waited for, and renewed meanwhile
            mine = row.holder == holder
            if not mine and not alone and now <= row.until <= now + max(2 * lease, _LONGEST_LEASE):
                return None
            term = Term(holder=holder, epoch=row.epoch if mine else row.epoch + 1, until=now + lease)
            connection.execute(
                update(t.leases)
                .where(t.leases.c.name == LEADER)
                .values(holder=holder, epoch=term.epoch, until=term.until)
            )
            return term

    def is_led(self) -> bool:
        """Whether anybody leads now, by the clock of the state. Raises StoreError."""
        with self._database.transaction() as connection:
            held = select(t.leases.c.until).where(t.leases.c.name == LEADER, t.leases.c.holder != "")
            until: datetime | None = connection.execute(held).scalar()
            return until is not None and until > self._database.now(connection)

    def resign(self, term: Term) -> None:
        """Let the next one lead at once. Does nothing when somebody else leads already. Raises StoreError."""
        with self._database.transaction(writes=True) as connection:
            mine = (t.leases.c.name == LEADER, t.leases.c.epoch == term.epoch, t.leases.c.holder == term.holder)
            connection.execute(update(t.leases).where(*mine).values(holder="", epoch=term.epoch + 1, until=_LONG_AGO))
