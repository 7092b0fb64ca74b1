"""What a stretch of time amounted to, for reviews. In: a stretch. Out: last runs with their results, what was written,
and what decides how fast incidents were dealt with.

Runs by hand, perhaps of another source, count nowhere, as they do not in how things stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Text, and_, case, cast, func, or_, select

from observer.checks.measure import Outcome
from observer.contracts.model import Severity
from observer.incidents.events import EventKind, IncidentEvent
from observer.incidents.times import ANSWERS
from observer.store import incident_tables as i
from observer.store import tables as t
from observer.store.database import Database
from observer.store.documents import UnreadableError, read
from observer.store.given import among
from observer.store.incident_logs import damaged, in_parts

#: No run takes longer.
_LONGEST_RUN = timedelta(days=1)
_INVALID_WRITES = "invalid_writes"
_LOOKED = (Outcome.PASSED.value, Outcome.WARNED.value, Outcome.FAILED.value)


@dataclass(frozen=True, kw_only=True)
class ReviewedCheck:
    """One check of such a run."""

    table: str
    property: str | None
    severity: Severity
    outcome: Outcome
    rows_tested: int | None
    rows_failed: int | None


@dataclass(frozen=True, kw_only=True)
class ReviewedRun:
    """The last full run of a contract that ended in the stretch."""

    id: str
    contract: str
    #: When it ended; aware, UTC.
    at: datetime
    trust_score: int | None
    checks: tuple[ReviewedCheck, ...]


@dataclass(frozen=True, kw_only=True)
class WrittenRows:
    """Rows of a table that were written between two snapshots, over all runs of the stretch."""

    contract: str
    table: str
    #: None: no run could compare two snapshots in which rows were written.
    written: int | None
    invalid: int | None
    #: Runs that compared.
    looks: int
    #: Runs that could not tell.
    blind: int


class Reviews:
    """Sums over stretches of time, `begins` in them and `ends` not."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known_since(self) -> datetime | None:
        """The first run or incident that is remembered; None when there is none."""
        r, n = t.runs.c, i.incidents.c
        with self._database.transaction(one_instant=True) as connection:
            run = connection.execute(select(r.started_at).order_by(r.started_at).limit(1)).scalar()
            incident = connection.execute(select(n.opened_at).order_by(n.opened_at).limit(1)).scalar()
        return min((time for time in (run, incident) if time is not None), default=None)

    def last_runs(self, begins: datetime, ends: datetime) -> Mapping[str, ReviewedRun]:
        """By contract; those that had no full run in the stretch are left out."""
        r, s, c = t.runs.c, t.slots.c, t.check_results.c
        last = (
            select(s.contract, func.max(r.finished_at).label("at"))
            .join(t.runs, r.id == s.run_id)
            .where(*_ended_in(begins, ends))
            .group_by(s.contract)
            .subquery()
        )
        query = (
            select(r.id, r.finished_at, r.trust_score, s.contract)
            .join(t.slots, s.run_id == r.id)
            .join(last, (last.c.contract == s.contract) & (last.c.at == r.finished_at))
            .order_by(r.id)
        )
        with self._database.transaction(one_instant=True) as connection:
            runs = {row.contract: row for row in connection.execute(query)}
            checks: dict[str, list[ReviewedCheck]] = {name: [] for name in runs}
            # Never the evidence, which is large.
            wanted = select(c.contract, c.object, c.property, c.severity, c.outcome, c.rows_tested, c.rows_failed)
            of_runs = wanted.where(c.run_id.in_([row.id for row in runs.values()])).order_by(c.run_id, c.position)
            for row in connection.execute(of_runs):
                if row.contract in checks:
                    checks[row.contract].append(
                        ReviewedCheck(
                            table=row.object,
                            property=row.property,
                            severity=Severity(row.severity),
                            outcome=Outcome(row.outcome),
                            rows_tested=row.rows_tested,
                            rows_failed=row.rows_failed,
                        )
                    )
        return {
            name: ReviewedRun(
                id=row.id,
                contract=name,
                at=row.finished_at,
                trust_score=row.trust_score,
                checks=tuple(checks[name]),
            )
            for name, row in runs.items()
        }

    def incidents(self, since: datetime | None = None) -> Mapping[str, int]:
        """Incidents that were open at some time since then (None: that are open now), the oldest first, with the
        number of their last event."""
        n = i.incidents.c
        is_open = n.resolved_at.is_(None)
        query = select(n.id, n.seq).where(is_open if since is None else is_open | (n.resolved_at >= since))
        with self._database.transaction() as connection:
            return {row.id: row.seq for row in connection.execute(query.order_by(n.opened_at, n.id))}

    def turning_points(self, incidents: Sequence[str]) -> Mapping[str, tuple[IncidentEvent, ...]]:
        """Of each log the events that its times depend on, in order: not each look, which may be thousands.

        Where a promise of a contract may be a part of the incident (it is of no table), looks are among them.
        Raises StoreError.
        """
        found: dict[str, list[IncidentEvent]] = {}
        for part in in_parts(incidents):
            with self._database.transaction() as connection:
                for incident, event in _turning_points(connection, part):
                    found.setdefault(incident, []).append(event)
        return {incident: tuple(events) for incident, events in found.items()}

    def writes(self, begins: datetime, ends: datetime) -> tuple[WrittenRows, ...]:
        """Of every table whose writes a run of the stretch tried to judge, by contract and table."""
        r, c = t.runs.c, t.check_results.c
        looked = c.outcome.in_(_LOOKED)
        # A table may have several limits on the same writes: they are counted once per run.
        per_run = (
            select(
                c.contract,
                c.object,
                func.max(case((looked, c.rows_tested))).label("written"),
                func.max(case((looked, c.rows_failed))).label("invalid"),
                func.max(case((c.outcome == Outcome.ERRORED.value, 1), else_=0)).label("blind"),
            )
            .join(t.runs, r.id == c.run_id)
            .where(r.kind == "run", *_ended_in(begins, ends), c.rule == _INVALID_WRITES)
            .group_by(c.run_id, c.contract, c.object)
            .subquery()
        )
        each = per_run.c
        query = (
            select(
                each.contract,
                each.object,
                func.sum(each.written).label("written"),
                func.sum(each.invalid).label("invalid"),
                func.count(each.written).label("looks"),
                func.sum(each.blind).label("blind"),
            )
            .group_by(each.contract, each.object)
            .order_by(each.contract, each.object)
        )
        with self._database.transaction() as connection:
            return tuple(
                WrittenRows(
                    contract=row.contract,
                    table=row.object,
                    written=None if row.written is None else int(row.written),
                    invalid=None if row.invalid is None else int(row.invalid),
                    looks=row.looks,
                    blind=int(row.blind),
                )
                for row in connection.execute(query)
            )


def _ended_in(begins: datetime, ends: datetime) -> tuple[ColumnElement[bool], ...]:
    """The beginnings of runs have an index, their ends have none."""
    r = t.runs.c
    return r.started_at >= begins - _LONGEST_RUN, r.started_at < ends, r.finished_at >= begins, r.finished_at < ends


#: Few of each in any log.
_TURNS = tuple(kind.value for kind in (EventKind.OPENED, EventKind.REOPENED, EventKind.RESOLVED, *ANSWERS))


def _turning_points(connection: Connection, incidents: Sequence[str]) -> Iterator[tuple[str, IncidentEvent]]:
    n, e, told = i.incidents.c, i.incident_events.c, i.incident_events.alias()
    first = (
        select(told.c.incident, func.min(told.c.seq).label("seq"))
        .where(among(connection, told.c.incident, incidents), told.c.kind == EventKind.TOLD.value)
        .group_by(told.c.incident)
        .subquery()
    )
    heard = e.document["notice"].as_string() == e.incident + ":" + cast(first.c.seq, Text)
    turns = or_(
        e.kind.in_(_TURNS),
        e.seq == first.c.seq,
        and_(e.kind == EventKind.DELIVERED.value, heard),
        and_(e.kind == EventKind.LOOKED.value, n.object == ""),
    )
    query = (
        select(e.incident, e.seq, e.document)
        .join(i.incidents, n.id == e.incident)
        .outerjoin(first, first.c.incident == e.incident)
        .where(among(connection, e.incident, incidents), turns)
        .order_by(e.incident, e.seq)
    )
    for row in connection.execute(query):
        try:
            yield row.incident, read(IncidentEvent, row.document)
        except UnreadableError as fault:
            raise damaged(row.incident, f"event {row.seq} is {fault}") from fault
