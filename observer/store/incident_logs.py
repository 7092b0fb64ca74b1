"""Logs of incidents, as they are read. In: ids. Out: events."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, Integer, Text, and_, select

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


def known_ids(connection: Connection, ids: Sequence[str]) -> frozenset[str]:
    """Those of the ids that an incident has."""
    if not ids:
        return frozenset()
    found = select(t.incidents.c.id).where(among(connection, t.incidents.c.id, ids))
    return frozenset(connection.execute(found).scalars())


def open_at_some_time(connection: Connection, since: datetime) -> Sequence[str]:
    """Ids of the incidents that were open at some time since then, the oldest first."""
    i = t.incidents.c
    query = select(i.id).where((i.resolved_at.is_(None)) | (i.resolved_at >= since)).order_by(i.opened_at, i.id)
    return connection.execute(query).scalars().all()
