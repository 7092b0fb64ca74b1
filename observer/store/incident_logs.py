"""Logs of incidents, as they are read. In: ids. Out: events."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Integer, Select, Text, and_, select

from observer.errors import StoreError
from observer.incidents.events import IncidentEvent
from observer.store import incident_tables as t
from observer.store.documents import UnreadableError, read
from observer.store.given import among, given

#: Incidents whose logs are read at once.
_LOGS_AT_ONCE = 50


def damaged(incident: str, why: str) -> StoreError:
    return StoreError(
        f"the log of incident {incident} is damaged ({why})",
        fix="put a backup of the state in its place, or remove that incident from the table `incidents`",
    )


def events_after(connection: Connection, seqs: Mapping[str, int]) -> Generator[IncidentEvent, None, None]:
    """Events of these incidents with a number greater than that, by incident and number. Raises StoreError."""
    if not seqs:
        return
    e = t.incident_events.c
    behind = given(connection, id=(Text(), list(seqs)), seq=(Integer(), list(seqs.values())))
    newer = and_(e.incident == behind.c.id, e.seq > behind.c.seq)
    query = select(e.incident, e.seq, e.document).join(behind, newer).order_by(e.incident, e.seq)
    yield from _read(connection, query)


def events_at(connection: Connection, keys: Sequence[tuple[str, int]]) -> Iterator[IncidentEvent]:
    """Those events, by incident and number; unknown ones are left out. Raises StoreError."""
    if not keys:
        return
    e = t.incident_events.c
    asked = given(connection, id=(Text(), [key[0] for key in keys]), seq=(Integer(), [key[1] for key in keys]))
    same = and_(e.incident == asked.c.id, e.seq == asked.c.seq)
    yield from _read(connection, select(e.incident, e.seq, e.document).join(asked, same).order_by(e.incident, e.seq))


def _read(connection: Connection, query: Select[str, int, Any]) -> Iterator[IncidentEvent]:
    # In parts: a log may be longer than what should be held at once.
    with connection.execute(query, execution_options={"yield_per": 500}) as rows:
        for row in rows:
            try:
                yield read(IncidentEvent, row.document)
            except UnreadableError as fault:
                raise damaged(row.incident, f"event {row.seq} is {fault}") from fault


def logs_of(connection: Connection, ids: Sequence[str]) -> tuple[tuple[IncidentEvent, ...], ...]:
    """Whole logs, by id. Raises StoreError."""
    events = events_after(connection, dict.fromkeys(ids, 0))
    return tuple(tuple(log) for _, log in groupby(events, key=lambda event: event.incident))


def in_parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many as have their logs read at once."""
    for begin in range(0, len(ids), _LOGS_AT_ONCE):
        yield ids[begin : begin + _LOGS_AT_ONCE]


def heads_of(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """Id → how many events it has; ids that no incident has are not in it."""
    if not ids:
        return {}
    i = t.incidents.c
    return {row.id: row.seq for row in connection.execute(select(i.id, i.seq).where(among(connection, i.id, ids)))}


def open_at_some_time(connection: Connection, since: datetime) -> Sequence[str]:
    """Ids of the incidents that were open at some time since then, the oldest first."""
    i = t.incidents.c
    query = select(i.id).where((i.resolved_at.is_(None)) | (i.resolved_at >= since)).order_by(i.opened_at, i.id)
    return connection.execute(query).scalars().all()
