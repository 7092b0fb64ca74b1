"""Ticks in the state. In: what glances at tables showed. Out: the latest, and the course of one check."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from observer.checks.measure import Outcome
from observer.runs.leading import Term
from observer.runs.ticks import Tick
from observer.store import tables as t
from observer.store.database import Database, changed
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
        dialect = postgresql if self._database.shared else sqlite
        rows = [
            vars(tick)
            | {"outcome": tick.outcome.value, "error": None if tick.error is None else storable_text(tick.error)}
            for tick in ticks
        ]
        with self._database.transaction(writes=True, term=term) as connection:
            connection.execute(dialect.insert(t.ticks).on_conflict_do_nothing(), rows)

    def latest(self) -> tuple[Tick, ...]:
        """The newest of every check."""
        newest = select(t.ticks.c.check_id, func.max(t.ticks.c.at)).group_by(t.ticks.c.check_id)
        query = select(t.ticks).where(tuple_(t.ticks.c.check_id, t.ticks.c.at).in_(newest))
        with self._database.transaction() as connection:
            return tuple(_tick(row) for row in connection.execute(query.order_by(t.ticks.c.check_id)))

    def course(self, check_id: str, since: datetime) -> tuple[Tick, ...]:
        """What one check showed since then, oldest first."""
        query = select(t.ticks).where(t.ticks.c.check_id == check_id, t.ticks.c.at >= since).order_by(t.ticks.c.at)
        with self._database.transaction() as connection:
            return tuple(_tick(row) for row in connection.execute(query))

    def forget(self, before: datetime, *, term: Term) -> int:
        """Remove what is older; says how many. Raises NotLeading."""
        with self._database.transaction(writes=True, term=term) as connection:
            return changed(connection, delete(t.ticks).where(t.ticks.c.at < before))


def _tick(row: AnyRow) -> Tick:
    fields = dict(row._mapping)
    return Tick(**fields | {"outcome": Outcome(fields["outcome"])})
