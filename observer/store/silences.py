"""Silences, as people set and end them. In: Silence. Out: those that are, or will be, in force."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update

from observer.errors import NoSuchSilence, StoreError
from observer.incidents.policy import Matcher, Silence
from observer.store import incident_tables as t
from observer.store.database import Database, changed, insert_new
from observer.store.documents import read, written
from observer.store.evidence import storable_text


class Silences:
    """Silences, by the time at which they begin."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def silences(self, at: datetime) -> tuple[Silence, ...]:
        """Those that are not over at this time; some may only begin later."""
        s = t.incident_silences
        with self._database.transaction() as connection:
            rows = connection.execute(select(s).where(s.c.ends > at).order_by(s.c.begins, s.c.id))
            return tuple(
                Silence(
                    id=row.id,
                    matchers=tuple(read(Matcher, matcher) for matcher in row.matchers),
                    begins=row.begins,
                    ends=row.ends,
                    by=row.by,
                    reason=row.reason,
                )
                for row in rows
            )

    def add_silence(self, silence: Silence) -> None:
        """Keep it. Raises StoreError when its id is known already."""
        row = {
            "id": silence.id,
            "begins": silence.begins,
            "ends": silence.ends,
            "by": storable_text(silence.by),
            "reason": storable_text(silence.reason),
            "matchers": written(silence.matchers),
        }
        with self._database.transaction(writes=True) as connection:
            if not insert_new(connection, t.incident_silences, [row]):
                raise StoreError(f"there is a silence {silence.id} already", fix="give every silence an id of its own")

    def end_silence(self, id: str, by: str) -> None:
        """It is over now, also when it had not begun. Nothing when it was over. Raises NoSuchSilence."""
        s = t.incident_silences
        with self._database.transaction(writes=True) as connection:
            now = self._database.now(connection)
            known = connection.execute(select(func.count()).where(s.c.id == id)).scalar_one()
            if not known:
                raise NoSuchSilence(f"there is no silence `{id}`", fix="take an id from `observer silence list`")
            over = update(s).where(s.c.id == id, s.c.ends > now).values(ends=now, ended_by=storable_text(by))
            changed(connection, over)
