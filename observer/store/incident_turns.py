"""One turn at incidents: queued looks are taken, time passes, and what follows is written. In: a transaction.

Out: what was written (Advanced), and the live incidents as they stand then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import chain

from sqlalchemy import Connection, Row, delete, or_, select, update

from observer.incidents.events import Group, IncidentEvent
from observer.incidents.findings import Look
from observer.incidents.incident import Incident
from observer.incidents.policy import Policy
from observer.incidents.stepping import NOTHING_NEW, Step, group_of, see, step
from observer.incidents.telling import Notice
from observer.runs.deliveries import NewDelivery
from observer.store import incident_tables as t
from observer.store.database import Database
from observer.store.documents import UnreadableError, read
from observer.store.evidence import storable_text
from observer.store.incident_logs import heads_of
from observer.store.incident_states import KnownStates, live_until, write
from observer.store.outbox import add_deliveries
from observer.store.records import Advanced

#: Looks that are listed at once.
_LISTED = 1_000

DeliveriesOf = Callable[[Notice], Iterable[NewDelivery]]
Withdrawn = Callable[[Iterable[Incident]], frozenset[str]]


class Turn:
    """One transaction in which looks are taken."""

    def __init__(self, connection: Connection, database: Database, known: KnownStates, policy: Policy) -> None:
        self._connection, self._policy = connection, policy
        self._now = database.now(connection)
        rows = live_rows(connection, self._now)
        #: Id → state, kept up with what is to be written.
        self.live = known.of(connection, {row.id: row.seq for row in rows})
        self._until: dict[str, datetime | None] = {row.id: row.live_until for row in rows}
        self._unkept: dict[str, int] = {row.id: row.unkept for row in rows}
        self._holders: dict[str, set[str]] = {}
        self._members: dict[Group, set[str]] = {}
        #: Contract → incidents with findings that hide others.
        self._hiders: dict[str | None, set[str]] = {}
        self._changed: dict[str, Incident] = {}
        self._events: list[IncidentEvent] = []
        self._notices: list[Notice] = []
        self._taken: list[int] = []
        self._too_old = 0
        self._set_aside: dict[int, str] = {}

    def _enter(self, incident: Incident, fingerprints: Iterable[str]) -> None:
        self._members.setdefault(incident.group, set()).add(incident.id)
        for fingerprint in fingerprints:
            self._holders.setdefault(fingerprint, set()).add(incident.id)
            if (found := incident.held[fingerprint].finding).hides_fields:
                self._hiders.setdefault(found.contract, set()).add(incident.id)

    def has_looks(self) -> bool:
        """Whether any is queued."""
        return bool(self._queue(limit=1))

    def _queue(self, *, limit: int) -> Sequence[int]:
        k = t.incident_looks.c
        query = select(k.id).where(k.set_aside_at.is_(None)).order_by(k.id).limit(limit)
        return self._connection.execute(query).scalars().all()

    def take_looks(self, *, until: float) -> bool:
        """Take the queue up to that time of the monotonic clock, at least one; says whether that was all of it."""
        queue = self._queue(limit=_LISTED)
        if queue:
            for incident in self.live.values():
                self._enter(incident, incident.held)
        for place, id_ in enumerate(queue, start=1):
            self._take(id_)
            if time.monotonic() > until:
                return place == len(queue) < _LISTED
        return len(queue) < _LISTED

    def _take(self, id_: int) -> None:
        """Take one look. One that cannot be taken is set aside, so that it holds up no other."""
        k = t.incident_looks.c
        try:
            document = self._connection.execute(select(k.document).where(k.id == id_)).scalar_one()
            look = read(Look, document)
        except ValueError as fault:  # the JSON itself, or what it says
            self._set_aside[id_] = str(fault) if isinstance(fault, UnreadableError) else "no JSON"
            return
        try:
            seen = see(self._concerned(look), look, self._now, self._policy)
        except (ValueError, LookupError, TypeError, AssertionError, ArithmeticError) as fault:
            self._set_aside[id_] = f"the rules do not take it: {type(fault).__name__}"
            return
        self._taken.append(id_)
        new = [incident.id for incident in seen.changed if incident.id not in self.live]
        # An incident that it opened may be live no more: with longer windows it could be told a second time.
        if seen.is_too_old or heads_of(self._connection, new):
            self._too_old += 1
            return
        self._follow(seen)

    def _concerned(self, look: Look) -> list[Incident]:
        """Those that it may change: a small look costs little, however many incidents are open."""
        names = {finding.fingerprint for finding in look.findings} | look.covered | look.withdrawn
        groups = {group_of(finding, self._policy) for finding in look.findings}
        holders = (self._holders.get(name, ()) for name in names)
        members = (self._members.get(group, ()) for group in groups)
        # What has no contract, the source, hides findings of every one.
        contracts = {None, *(finding.contract for finding in look.findings)}
        hiders = (self._hiders.get(contract, ()) for contract in contracts)
        return [self.live[id_] for id_ in set(chain.from_iterable(chain(holders, members, hiders)))]

    def pass_time(self, withdrawn: Withdrawn | None) -> None:
        """What follows without a look."""
        gone = withdrawn(self.live.values()) if withdrawn else frozenset()
        passes = Look(at=self._now, withdrawn=gone) if gone else NOTHING_NEW
        self._follow(step(self.live.values(), passes, self._now, self._policy))

    def _follow(self, stepped: Step) -> None:
        self._events += stepped.events
        self._notices += stepped.notices
        changed = {incident.id: incident for incident in stepped.changed}
        self._changed |= changed
        self.live |= changed
        for event in stepped.events:
            if event.found:
                self._enter(changed[event.incident], (finding.fingerprint for finding in event.found))

    def _settled(self) -> dict[str, datetime | None]:
        """Incidents whose time to live is another one than was written, though nothing happened to them."""
        waits = self._policy.waits
        now = {id_: live_until(state, waits) for id_, state in self.live.items() if id_ not in self._changed}
        return {id_: until for id_, until in now.items() if until != self._until[id_]}

    @property
    def writes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._events or self._taken or self._set_aside or self._settled())

    def write(self, deliveries_of: DeliveriesOf) -> Advanced:
        """Write all that follows."""
        lives = {id_: live_until(state, self._policy.waits) for id_, state in self._changed.items()}
        write(self._connection, self._changed, self._events, live_until=lives, unkept=self._unkept)
        for id_, until in self._settled().items():
            self._connection.execute(update(t.incidents).where(t.incidents.c.id == id_).values(live_until=until))
        k = t.incident_looks
        for look, why in self._set_aside.items():
            aside = {"set_aside_at": self._now, "set_aside_because": storable_text(why)}
            self._connection.execute(update(k).where(k.c.id == look).values(aside))
        if self._taken:
            self._connection.execute(delete(k).where(k.c.id.in_(self._taken)))
        new = (delivery for notice in self._notices for delivery in deliveries_of(notice))
        add_deliveries(self._connection, new, now=self._now)
        return Advanced(
            events=tuple(self._events),
            notices=tuple(self._notices),
            looks=len(self._taken),
            too_old=self._too_old,
            set_aside=len(self._set_aside),
        )


def live_rows(connection: Connection, now: datetime) -> Sequence[Row[str, int, datetime | None, int]]:
    """Id, number of events, end of life, and what of the log is not kept as a state, of the live incidents."""
    i = t.incidents.c
    query = select(i.id, i.seq, i.live_until, i.unkept).where(or_(i.live_until.is_(None), i.live_until > now))
    return connection.execute(query).all()
