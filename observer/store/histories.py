"""How things went, for pages: runs, checks and glances of the past, sampled, so that ninety days cost what a day costs.

In: a contract, checks, a span of time. Out: of each stretch of the span the last run, or glance, with what it found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, FromClause, func, select

from observer.checks.measure import Outcome
from observer.runs.slots import SlotState
from observer.runs.ticks import Tick
from observer.store import tables as t
from observer.store.database import Database
from observer.store.given import among, given
from observer.store.glances import tick_of

_MICROSECOND = timedelta(microseconds=1)
_LOOKED = (Outcome.PASSED, Outcome.WARNED, Outcome.FAILED)


@dataclass(frozen=True, kw_only=True)
class Span:
    """A span of time in stretches of equal length; aware, UTC."""

    begins: datetime
    ends: datetime
    stretches: int

    @property
    def stretch(self) -> timedelta:
        """How long one is."""
        return (self.ends - self.begins) / self.stretches

    def borders(self) -> tuple[datetime, ...]:
        """Where stretches begin, and where the last one ends: just behind `ends`, so that what is at `ends` counts."""
        inner = [self.begins + place * self.stretch for place in range(self.stretches)]
        return (*inner, self.ends + _MICROSECOND)


@dataclass(frozen=True, kw_only=True)
class PastRun:
    """A run that a slot of the contract asked for."""

    id: str
    #: When it began; aware, UTC.
    at: datetime
    outcome: Outcome
    trust_score: int | None


@dataclass(frozen=True, kw_only=True)
class PastResult:
    """What one check showed in one of these runs. None is "not measured"."""

    run: PastRun
    outcome: Outcome
    rows_tested: int | None
    rows_failed: int | None
    value: float | None

    @property
    def counts(self) -> bool:
        """Whether rows were counted."""
        return self.outcome in _LOOKED and bool(self.rows_tested) and self.rows_failed is not None


@dataclass(frozen=True, kw_only=True)
class PastTable:
    """A table as a run saw it."""

    run: PastRun
    rows: int | None
    freshness_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class TableHistory:
    """The course of one table; everything oldest first."""

    runs: tuple[PastRun, ...] = ()
    tables: tuple[PastTable, ...] = ()
    #: Check id → its results in those runs.
    results: Mapping[str, tuple[PastResult, ...]] = field(default_factory=dict)
    #: Check id → its glances.
    glances: Mapping[str, tuple[Tick, ...]] = field(default_factory=dict)


class Histories:
    """The past of contracts and tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begins(self, contract: str) -> datetime | None:
        """The slot of the oldest run that is remembered; None when none is."""
        s = t.slots.c
        query = select(s.scheduled_for).where(*_ran(contract)).order_by(s.scheduled_for).limit(1)
        with self._database.transaction() as connection:
            oldest: datetime | None = connection.execute(query).scalar()
            return oldest

    def runs(self, contract: str, span: Span) -> tuple[PastRun, ...]:
        """Of each stretch the last run that a slot of the contract asked for, oldest first."""
        with self._database.transaction() as connection:
            return _runs(connection, contract, span)

    def table(
        self, contract: str, object_name: str, span: Span, *, checks: Sequence[str], glanced: Sequence[str] = ()
    ) -> TableHistory:
        """What these checks of a table showed in those runs; of `glanced`, the last glance of each stretch too."""
        with self._database.transaction(one_instant=True) as connection:
            runs = _runs(connection, contract, span)
            return TableHistory(
                runs=runs,
                tables=_tables(connection, contract, object_name, runs),
                results=_results(connection, checks, runs),
                glances=_glances(connection, glanced, span),
            )


def _ran(contract: str) -> tuple[ColumnElement[bool], ...]:
    s = t.slots.c
    return s.contract == contract, s.state == SlotState.DONE.value, s.run_id.is_not(None)


def _stretches(connection: Connection, span: Span) -> FromClause:
    borders = [_given_time(connection, border) for border in span.borders()]
    return given(connection, begins=(t.UtcTime(), borders[:-1]), ends=(t.UtcTime(), borders[1:]))


def _given_time(connection: Connection, moment: datetime) -> object:
    """As the column holds it: in SQLite a time is text."""
    return moment if connection.dialect.name == "postgresql" else f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def _runs(connection: Connection, contract: str, span: Span) -> tuple[PastRun, ...]:
    # The key of slots is entered once per stretch: there may be a run every minute for a year.
    s, r, each = t.slots.c, t.runs.c, _stretches(connection, span)
    last = (
        select(s.run_id)
        .where(*_ran(contract), s.scheduled_for >= each.c.begins, s.scheduled_for < each.c.ends)
        .order_by(s.scheduled_for.desc())
        .limit(1)
        .scalar_subquery()
    )
    ids = [row[0] for row in connection.execute(select(last.label("id")).select_from(each)) if row[0] is not None]
    known = select(r.id, r.started_at, r.outcome, r.trust_score).where(among(connection, r.id, ids))
    rows = connection.execute(known.order_by(r.started_at, r.id))
    return tuple(
        PastRun(id=row.id, at=row.started_at, outcome=Outcome(row.outcome), trust_score=row.trust_score) for row in rows
    )


def _tables(connection: Connection, contract: str, object_name: str, runs: Sequence[PastRun]) -> tuple[PastTable, ...]:
    c, by_id = t.run_tables.c, {run.id: run for run in runs}
    query = select(c.run_id, c.rows, c.freshness_seconds).where(
        c.run_id.in_(list(by_id)), c.contract == contract, c.object == object_name
    )
    found = [
        PastTable(run=by_id[row.run_id], rows=row.rows, freshness_seconds=row.freshness_seconds)
        for row in connection.execute(query)
    ]
    return tuple(sorted(found, key=lambda table: table.run.at))


def _results(
    connection: Connection, checks: Sequence[str], runs: Sequence[PastRun]
) -> Mapping[str, tuple[PastResult, ...]]:
    """Never the evidence, which is large."""
    c, by_id = t.check_results.c, {run.id: run for run in runs}
    query = select(c.check_id, c.run_id, c.outcome, c.rows_tested, c.rows_failed, c.value).where(
        c.check_id.in_(checks), c.run_id.in_(list(by_id))
    )
    found: dict[str, list[PastResult]] = {check: [] for check in checks}
    for row in connection.execute(query):
        found[row.check_id].append(
            PastResult(
                run=by_id[row.run_id],
                outcome=Outcome(row.outcome),
                rows_tested=row.rows_tested,
                rows_failed=row.rows_failed,
                value=row.value,
            )
        )
    return {check: tuple(sorted(results, key=lambda result: result.run.at)) for check, results in found.items()}


def _glances(connection: Connection, checks: Sequence[str], span: Span) -> Mapping[str, tuple[Tick, ...]]:
    if not checks:
        return {}
    c, other, each = t.ticks.c, t.ticks.alias().c, _stretches(connection, span)
    found: dict[str, tuple[Tick, ...]] = {}
    for check in checks:
        last = (
            select(func.max(other.at))
            .where(other.check_id == check, other.at >= each.c.begins, other.at < each.c.ends)
            .scalar_subquery()
        )
        times = [row[0] for row in connection.execute(select(last).select_from(each)) if row[0] is not None]
        query = select(t.ticks).where(c.check_id == check, c.at.in_(times)).order_by(c.at)
        found[check] = tuple(tick_of(row) for row in connection.execute(query))
    return found
