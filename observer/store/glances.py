"""Ticks in the state. In: what glances at tables showed. Out: the latest, and the course of one check."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, select

from observer.checks.measure import Outcome
from observer.runs.leading import Term
from observer.runs.ticks import Tick
from observer.store import tables as t
from observer.store.database import Database, insert_new
from observer.store.evidence import storable_text
from observer.store.rows import AnyRow


class Ticks:
    """Glances at tables between full runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, ticks: Sequence[Tick], *, term: Term) -> None:
        """Keep them; one of the same check at the same instant is kept once. Raises NotLeading."""
        if not ticks:
            return
        rows = [
            vars(tick)
            | {
                "outcome": tick.outcome.value,
                "observed": storable_text(tick.observed),
                "error": None if tick.error is None else storable_text(tick.error),
            }
            for tick in ticks
        ]
        with self._database.transaction(writes=True, term=term) as connection:
            insert_new(connection, t.ticks, rows)

    def latest(self) -> tuple[Tick, ...]:
        """The newest of every check.

        There are millions of ticks and few checks: the index is entered once per check, never read as a whole.
        """
        c, other = t.ticks.c, t.ticks.alias().c
        checks = select(func.min(c.check_id).label("id")).cte("checks", recursive=True)
        following = select(func.min(other.check_id)).where(other.check_id > checks.c.id).scalar_subquery()
        checks = checks.union_all(select(following).where(checks.c.id.is_not(None)))
        newest = select(func.max(other.at)).where(other.check_id == checks.c.id).scalar_subquery()
        query = select(t.ticks).join(checks, and_(c.check_id == checks.c.id, c.at == newest)).order_by(c.check_id)
        with self._database.transaction() as connection:
            return tuple(tick_of(row) for row in connection.execute(query))

    def course(self, check_id: str, since: datetime) -> tuple[Tick, ...]:
        """What one check showed since then, oldest first."""
        query = select(t.ticks).where(t.ticks.c.check_id == check_id, t.ticks.c.at >= since).order_by(t.ticks.c.at)
        with self._database.transaction() as connection:
            return tuple(tick_of(row) for row in connection.execute(query))

    def forget(self, before: datetime, *, term: Term) -> int:
        """Remove what is older; says how many. Raises NotLeading."""
        return self._database.delete_in_parts(t.ticks, t.ticks.c.at < before, term=term)


def tick_of(row: AnyRow) -> Tick:
    fields = dict(row._mapping)
    return Tick(**fields | {"outcome": Outcome(fields["outcome"])})
