"""Incidents: queued looks and time → events, notices and their deliveries; actions of people; what there is to read.

Guarantee: an event, what is told of it and what is taken from the queue for it are written together or not at all; of
one group no more than one incident is open; however many daemons and people write at once, nothing is lost or doubled.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection, Row, and_, func, insert, select

from observer.errors import AmbiguousIncident, NoSuchIncident
from observer.incidents.acting import Action, Answer, act
from observer.incidents.events import Group, IncidentEvent, Resolution
from observer.incidents.findings import Grade, Look
from observer.incidents.incident import Incident, Status
from observer.incidents.policy import Policy
from observer.runs.leading import Term
from observer.store import incident_tables as t
from observer.store.database import Database
from observer.store.documents import read, written
from observer.store.evidence import storable_text
from observer.store.incident_logs import events_at, heads_of, in_parts, logs_of, open_at_some_time
from observer.store.incident_states import KnownStates, take_pen, write
from observer.store.incident_turns import DeliveriesOf, Turn, Withdrawn, live_rows
from observer.store.outbox import add_deliveries
from observer.store.posts import Posts
from observer.store.records import Advanced, IncidentRow, LookSetAside
from observer.store.rows import AnyRow
from observer.store.silences import Silences

#: Seconds of stepping after which a transaction takes no other look: others wait for it.
_A_TURN = 0.5
#: Seconds after which `advance` leaves the rest of the queue to the next time.
_LONGEST = 10.0


class Incidents(Silences, Posts):
    """What is wrong, who knows, and what was done about it."""

    def __init__(self, database: Database, known: KnownStates) -> None:
        super().__init__(database)
        self._known = known

    def add_look(self, look: Look, *, origin: str, term: Term | None = None) -> None:
        """Queue a look. Raises NotLeading."""
        with self._database.transaction(writes=True, term=term) as connection:
            queue_looks(connection, [look], origin=origin, now=self._database.now(connection))

    def advance(
        self,
        policy: Policy,
        deliveries_of: DeliveriesOf,
        *,
        withdrawn: Withdrawn | None = None,
        term: Term | None = None,
    ) -> Advanced:
        """Step every queued look in the order of queueing, then let time pass. Writes nothing when nothing follows.

        `deliveries_of` says what each notice sends; `withdrawn` which findings of the live incidents nothing looks for
        any more. Raises StoreError, NotLeading.
        """
        with self._database.transaction(one_instant=True) as connection:
            turn = Turn(connection, self._database, self._known, policy)
            if not turn.has_looks():
                self._known.keep(turn.live)
                turn.pass_time(withdrawn)
                if not turn.writes:
                    return Advanced()
        done = Advanced()
        ends = time.monotonic() + _LONGEST
        while True:
            with self._database.transaction(writes=True, term=term) as connection:
                take_pen(connection)
                turn = Turn(connection, self._database, self._known, policy)
                is_last = turn.take_looks(until=time.monotonic() + _A_TURN)
                turn.pass_time(withdrawn)
                done += turn.write(deliveries_of)
            self._known.keep(turn.live)
            if is_last or time.monotonic() > ends:
                return done

    def act(self, incident_id: str, action: Action, deliveries_of: DeliveriesOf) -> Answer:
        """What a person does, with what is told of it. Raises NoSuchIncident (the id is to be whole), StoreError."""
        said = read(Action, written(action))
        with self._database.transaction(writes=True) as connection:
            take_pen(connection)
            head = _head(connection, incident_id)
            if head is None:
                raise _no_such(incident_id)
            before = self._known.of(connection, {incident_id: head.seq})[incident_id]
            now = self._database.now(connection)
            answer = act(before, said, now)
            if answer.done:
                # Whether it lives on is for the next advance to say.
                write(
                    connection,
                    {incident_id: answer.incident},
                    answer.events,
                    live_until={},
                    unkept={incident_id: head.unkept},
                )
                add_deliveries(connection, (new for notice in answer.notices for new in deliveries_of(notice)), now=now)
        if answer.done:
            self._known.keep_one(answer.incident)
        return answer

    def get(self, id_or_prefix: str) -> Incident:
        """By its id or enough of its first characters. Raises NoSuchIncident, AmbiguousIncident."""
        with self._database.transaction() as connection:
            row = _one(connection, id_or_prefix)
            return self._known.of(connection, {row.id: row.seq})[row.id]

    def log(self, id_or_prefix: str) -> tuple[IncidentEvent, ...]:
        """All that happened to one, in order. Raises NoSuchIncident, AmbiguousIncident."""
        with self._database.transaction() as connection:
            (log,) = logs_of(connection, [_one(connection, id_or_prefix).id])
            return log

    def at_notices(
        self, notices: Iterable[tuple[str, int]]
    ) -> Mapping[tuple[str, int], tuple[Incident, IncidentEvent]]:
        """Of many (incident, seq): the incident as it stands now, and that event; what is not known is left out.

        However long the logs are, only these events are read of them.
        """
        asked = list(dict.fromkeys(notices))
        with self._database.transaction(one_instant=True) as connection:
            heads = heads_of(connection, [incident for incident, _ in asked])
            states = self._known.of(connection, heads)
            return {
                (event.incident, event.seq): (states[event.incident], event) for event in events_at(connection, asked)
            }

    def live(self) -> tuple[Incident, ...]:
        """Those that still decide anything (`Incident.is_live`), by id."""
        with self._database.transaction(one_instant=True) as connection:
            heads = {row.id: row.seq for row in live_rows(connection, self._database.now(connection))}
            states = self._known.of(connection, heads)
        self._known.keep(states)
        return tuple(states[incident] for incident in sorted(states))

    def rows(
        self,
        *,
        limit: int = 50,
        open_only: bool = False,
        contract: str | None = None,
        table: str | None = None,
        owner: str | None = None,
    ) -> tuple[IncidentRow, ...]:
        """Those that began (again) last, first."""
        i = t.incidents.c
        wanted = {i.contract: contract, i.object: table, i.owner: owner}
        where = [column == value for column, value in wanted.items() if value is not None]
        where += [i.resolved_at.is_(None)] if open_only else []
        query = select(t.incidents).where(*where).order_by(i.begins.desc(), i.id).limit(limit)
        with self._database.transaction() as connection:
            return tuple(_incident_row(row) for row in connection.execute(query))

    def logs(self, since: datetime) -> Iterator[tuple[IncidentEvent, ...]]:
        """The whole log of every incident that was open at some time since then, the oldest first."""
        with self._database.transaction() as connection:
            ids = open_at_some_time(connection, since)
        for part in in_parts(ids):
            with self._database.transaction() as connection:
                logs = {log[0].incident: log for log in logs_of(connection, part)}
            yield from (logs[incident] for incident in part if incident in logs)

    def set_aside(self) -> tuple[LookSetAside, ...]:
        """Looks that could not be taken, the latest first."""
        k = t.incident_looks.c
        query = select(k.id, k.origin, k.queued_at, k.set_aside_at, k.set_aside_because.label("because"))
        with self._database.transaction() as connection:
            rows = connection.execute(query.where(k.set_aside_at.is_not(None)).order_by(k.set_aside_at.desc(), k.id))
            return tuple(LookSetAside(**row._mapping) for row in rows)

    def forget(self, before: datetime, *, term: Term) -> int:
        """Remove incidents that were resolved, and ceased to matter, earlier, with all that hangs on them; says how
        many. Silences that ended and looks that were set aside earlier go too. Raises NotLeading.
        """
        i, p = t.incidents, t.incident_posts
        gone = self._database.delete_in_parts(
            i, and_(i.c.resolved_at < before, i.c.live_until < before), term=term, part=100
        )
        of_none = and_(p.c.incident.not_in(select(i.c.id)), p.c.begun_at < before)
        self._database.delete_in_parts(p, of_none, term=term)
        self._database.delete_in_parts(t.incident_silences, t.incident_silences.c.ends < before, term=term)
        self._database.delete_in_parts(t.incident_looks, t.incident_looks.c.set_aside_at < before, term=term)
        return gone


def queue_looks(connection: Connection, looks: Iterable[Look], *, origin: str, now: datetime) -> None:
    """Within somebody's transaction."""
    rows = [{"origin": storable_text(origin), "queued_at": now, "document": written(look)} for look in looks]
    if rows:
        connection.execute(insert(t.incident_looks), rows)


def _head(connection: Connection, incident: str) -> Row[int, int] | None:
    i = t.incidents.c
    return connection.execute(select(i.seq, i.unkept).where(i.id == incident)).first()


def _one(connection: Connection, id_or_prefix: str) -> Row[str, int]:
    i, wanted = t.incidents.c, id_or_prefix.strip().lower()
    begins = func.lower(i.id).startswith(wanted, autoescape=True)
    query = select(i.id, i.seq).where(begins).order_by(func.length(i.id), i.id).limit(4)
    found = connection.execute(query).all() if wanted else []
    found = [row for row in found if row.id.lower() == wanted] or found
    if not found:
        raise _no_such(id_or_prefix)
    if len(found) > 1:
        some = ", ".join(row.id for row in found[:3]) + (", …" if len(found) > 3 else "")
        raise AmbiguousIncident(f"several incidents begin with `{id_or_prefix}`: {some}", fix="give more of the id")
    return found[0]


def _no_such(id_or_prefix: str) -> NoSuchIncident:
    return NoSuchIncident(f"no incident begins with `{id_or_prefix}`", fix="take an id from `observer incidents`")


def _incident_row(row: AnyRow) -> IncidentRow:
    return IncidentRow(
        id=row.id,
        group=Group(contract=row.contract, table=row.object, owner=row.owner),
        status=Status(row.status),
        grade=Grade(row.grade),
        opened_at=row.opened_at,
        begins=row.begins,
        resolved_at=row.resolved_at,
        resolution=None if row.resolution is None else Resolution(row.resolution),
        acknowledged_by=row.acknowledged_by,
        snoozed_until=row.snoozed_until,
        going_on=row.going_on,
        reason=row.reason,
        told=row.told,
    )
