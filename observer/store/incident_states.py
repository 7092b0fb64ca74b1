"""Incidents folded from their logs, and what is written of them. In: events. Out: incidents as they stand.

Whoever writes holds the pen: of all daemons and commands, one at a time writes to logs, from what it read under it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from observer import __version__
from observer.incidents.acting import delivered
from observer.incidents.events import EventKind, IncidentEvent
from observer.incidents.incident import Incident, after
from observer.incidents.policy import Waits
from observer.runs.deliveries import Delivery
from observer.store import incident_tables as t
from observer.store.database import insert_or_change
from observer.store.documents import UnreadableError, read, written
from observer.store.evidence import storable_text
from observer.store.given import among
from observer.store.incident_logs import damaged, events_after

#: Any number will do, as long as nobody else takes it (nor `migrate`).
_PEN = 7_305_461_989
#: As the key of a notice ends; longer numbers no database column holds.
_SEQ = re.compile("[0-9]{1,9}")
#: A state is kept when so much was written since, and as much as it holds itself: a restart reads little more than it.
_KEPT_AFTER = 200


def take_pen(connection: Connection) -> None:
    """Until the end of this transaction nobody else writes to logs. With SQLite whoever writes has it anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_PEN)))


class KnownStates:
    """Live incidents as far as this process read their logs: only what was written since is read again. Thread-safe,
    because a set of states is never changed, only exchanged; what is lost that way is read once more.
    """

    def __init__(self) -> None:
        self._states: Mapping[str, Incident] = {}

    def of(self, connection: Connection, heads: Mapping[str, int]) -> dict[str, Incident]:
        """The incidents of these ids, as they stand; `heads` says how many events each has. Raises StoreError."""
        known = self._states
        # One that is ahead of its log was read before a backup took the log's place.
        states = {id_: known[id_] for id_, seq in heads.items() if id_ in known and known[id_].seq <= seq}
        states |= _kept_states(connection, {id_: seq for id_, seq in heads.items() if id_ not in states})
        behind = {id_: states[id_].seq if id_ in states else 0 for id_ in heads}
        behind = {id_: seq for id_, seq in behind.items() if seq < heads[id_]}
        with closing(events_after(connection, behind)) as events:
            for event in events:
                states[event.incident] = _after(states.get(event.incident), event)
        return states

    def keep(self, live: Mapping[str, Incident]) -> None:
        """These are the live ones; others are forgotten."""
        self._states = dict(live)

    def keep_one(self, incident: Incident) -> None:
        """It changed, and what was written of it stands."""
        self._states = {**self._states, incident.id: incident}


def _after(state: Incident | None, event: IncidentEvent) -> Incident:
    try:
        return after(state, event)
    except (ValueError, KeyError, AssertionError) as fault:
        raise damaged(event.incident, f"event {event.seq} does not follow") from fault


def _kept_states(connection: Connection, heads: Mapping[str, int]) -> dict[str, Incident]:
    """States that this version kept; those that it cannot read, or that are ahead of their log, it folds anew."""
    if not heads:
        return {}
    k = t.incident_states.c
    query = select(k.incident, k.seq, k.document).where(
        k.version == __version__, among(connection, k.incident, list(heads))
    )
    states = {}
    for row in connection.execute(query):
        if row.seq <= heads[row.incident]:
            try:
                states[row.incident] = read(Incident, row.document)
            except UnreadableError:
                continue  # the log has it all
    return states


def write(
    connection: Connection,
    changed: Mapping[str, Incident],
    events: Sequence[IncidentEvent],
    *,
    live_until: Mapping[str, datetime | None],
    unkept: Mapping[str, int],
) -> None:
    """Append the events, which lead to these states, under the pen. Incidents that are not in `live_until` live until
    something happens to them. `unkept`: how much of each log was written since its state was kept.
    """
    weights = Counter(unkept)
    for event in events:
        weights[event.incident] += 1 + len(event.found)
    kept = [
        incident for incident in changed.values() if weights[incident.id] >= max(_KEPT_AFTER, 2 * len(incident.held))
    ]
    weights.update({incident.id: -weights[incident.id] for incident in kept})
    openings = {event.incident: event for event in events if event.kind is EventKind.OPENED}
    rows = [
        _row(incident) | {"live_until": live_until.get(id_), "unkept": weights[id_]}
        for id_, incident in changed.items()
    ]
    # Of one group one may be open: those that are over make room first.
    rows.sort(key=lambda row: (row["resolved_at"] is None, row["id"]))
    old = [{"is": row.pop("id"), **row} for row in rows if row["id"] not in openings]
    new = [{**row, "reason": storable_text(openings[row["id"]].reason)} for row in rows if "id" in row]
    if old:
        connection.execute(update(t.incidents).where(t.incidents.c.id == bindparam("is")), old)
    if new:
        connection.execute(insert(t.incidents), new)
    if events:
        connection.execute(insert(t.incident_events), [_event_row(event) for event in events])
    for incident in kept:
        state = {"incident": incident.id, "seq": incident.seq, "version": __version__, "document": written(incident)}
        insert_or_change(connection, t.incident_states, state)


def _row(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "contract": storable_text(incident.group.contract),
        "object": storable_text(incident.group.table),
        "owner": storable_text(incident.group.owner),
        "seq": incident.seq,
        "status": incident.status.value,
        "grade": incident.gravest.value,
        "opened_at": incident.opened_at,
        "begins": incident.begins,
        "resolved_at": incident.resolved_at,
        "resolution": None if incident.resolution is None else incident.resolution.value,
        "acknowledged_by": incident.acknowledged_by,
        "snoozed_until": None if incident.snooze is None else incident.snooze.until,
        "going_on": sum(held.ended is None for held in incident.held.values()),
        "told": incident.told is not None,
    }


def _event_row(event: IncidentEvent) -> dict[str, object]:
    return {
        "incident": event.incident,
        "seq": event.seq,
        "kind": event.kind.value,
        "at": event.at,
        "document": written(event),
    }


def live_until(incident: Incident, waits: Waits) -> datetime | None:
    """Until when it may decide something by `Incident.is_live`; None: until something happens to it."""
    resolved_at = incident.resolved_at
    if incident.is_open or incident.is_told or resolved_at is None:
        return None
    if any(held.ended is None for held in incident.held.values()):
        return None
    return max([resolved_at, *(held.seen_at for held in incident.held.values())]) + waits.remembered


def note_delivered(connection: Connection, known: KnownStates, delivery: Delivery, *, now: datetime) -> None:
    """The delivery landed: when it was the notice of an incident, its log says so. Other deliveries: nothing."""
    incident, _, seq = delivery.key.rpartition(":")
    if not incident or _SEQ.fullmatch(seq) is None:
        return
    e = t.incident_events.c
    is_notice = (e.incident == incident, e.seq == int(seq), e.kind == EventKind.TOLD.value)
    if connection.execute(select(e.seq).where(*is_notice)).first() is None:
        return
    take_pen(connection)
    head = connection.execute(select(t.incidents.c.seq).where(t.incidents.c.id == incident).with_for_update()).scalar()
    if head is None:
        return  # forgotten meanwhile
    ((_, state),) = known.of(connection, {incident: head}).items()
    # Of several receivers each has its own event.
    event = replace(delivered(state, delivery.key, now), reason=delivery.receiver)
    connection.execute(
        update(t.incidents).where(t.incidents.c.id == incident).values(seq=event.seq, unkept=t.incidents.c.unkept + 1)
    )
    connection.execute(insert(t.incident_events), [_event_row(event)])
