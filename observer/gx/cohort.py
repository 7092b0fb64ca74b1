"""The door through which a time-to-fill level reads its rows. Great Expectations plays no part.

In: an indicator, the plan of its contract, a source's engine with the shapes of the tables. Out: SeenRows of ranges of
event times, all seen as of one instant. What a look costs grows with the rows of its ranges, not with the table, as
long as an index begins with the event time and the column is of a type of time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from observer.checks.measure import TableShape
from observer.checks.spec import CheckSpec, ContractPlan, TablePlan
from observer.errors import EngineError, InputError, SourceError
from observer.gx.asking import reason
from observer.gx.bench import Bench, stored_table
from observer.gx.cohort_changes import KEYS_AT_ONCE, CohortChanges
from observer.gx.cohort_plan import CohortPlan, cohort_plan
from observer.gx.cohort_rows import NO_TIME, CohortRows, Columns
from observer.gx.dialect_words import CannotSay
from observer.gx.instants import ISOLATION, Instant, take_instant
from observer.slo.keys import Keys, parts_of
from observer.slo.ledger import Range, SeenRow
from observer.slo.model import TimeToFill

#: Rows that are read at once.
PAGE_ROWS = 5_000
_SHORTEST = timedelta(microseconds=1)
_FIX = "run `observer doctor`, and correct the contract or grant the user SELECT"


@dataclass(frozen=True, kw_only=True)
class CohortViews:
    """How the rows are read, found out once for many looks. Of one engine."""

    dialect: str
    rows: CohortRows
    #: Given where a table of changes tells the history.
    changes: CohortChanges | None = None
    #: Queries that were put into words already.
    compiled: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Page:
    """A part of a range, read to its end: a live row of it that is not in `rows` was not there."""

    read: Range
    #: By event time.
    rows: tuple[SeenRow, ...]


class Cohort:
    """Reads the rows of one time-to-fill level. For one thread at a time."""

    def __init__(self, indicator: TimeToFill, plan: ContractPlan, *, key_secret: bytes | None) -> None:
        """Raises InputError: the key is restricted and there is no secret.

        KeyError: the plan is of another version of the contract than the indicator.
        """
        self.indicator = indicator
        self._plan: CohortPlan = cohort_plan(indicator, plan)
        if self._plan.restricted and key_secret is None:
            raise InputError(
                f"the key of {indicator.object} is restricted, and is only kept as digests, which need a secret",
                fix="set OBSERVER_TOKEN_KEY (or OBSERVER_TOKEN_KEY_FILE) to at least 32 random characters",
            )
        #: How keys of rows are kept, and what a person who names one means.
        self.keys = Keys(
            contract=indicator.contract,
            object=indicator.object,
            columns=len(self._plan.table.key),
            secret=key_secret if self._plan.restricted else None,
        )

    @property
    def plan(self) -> ContractPlan:
        """Just the tables and columns that are read: ask a session for the shapes of these tables."""
        return self._plan.plan

    def views_of(self, engine: sa.Engine, shapes: Sequence[TableShape]) -> CohortViews:
        """Put the queries into words. Raises EngineError: the source cannot be connected to, or a table not be read."""
        bench = Bench(engine, owns_engine=False)
        try:
            own, types = self._columns(bench, shapes, self._plan.table, self._plan.types)
            rows = CohortRows(self._plan, own, self.keys, types, self.indicator.deadline)
            changes = None
            if (past := self._plan.changes) is not None:
                columns, types = self._columns(bench, shapes, past.table, past.types)
                changes = CohortChanges(past, columns, types, self.indicator.deadline)
            return CohortViews(dialect=bench.dialect, rows=rows, changes=changes)
        except (sa.exc.SQLAlchemyError, CannotSay) as error:
            raise self._unreadable(error) from None
        finally:
            bench.close()

    def _columns(
        self, bench: Bench, shapes: Sequence[TableShape], table: TablePlan, types: Sequence[CheckSpec]
    ) -> tuple[Columns, dict[str, str]]:
        """The table, and how the source declares its columns."""
        shape = next((s for s in shapes if s.physical_name == table.physical_name), None)
        if shape is None or shape.error is not None:
            raise CannotSay(shape.error if shape and shape.error else f"`{table.physical_name}` was not described")
        stored, kinds = stored_table(bench, shape)
        return Columns(table, types, stored, kinds, bench.dialect), {c.name: c.type for c in shape.columns}

    @contextmanager
    def open(self, engine: sa.Engine, views: CohortViews) -> Iterator[Glass]:
        """Take one instant of the source, in one read-only transaction, which ends with the block.

        Raises SourceError: the source cannot be connected to. EngineError: it cannot show one instant, or not the rows.
        """
        options: dict[str, Any] = {"compiled_cache": views.compiled}
        if views.dialect in ISOLATION:
            options["isolation_level"] = ISOLATION[views.dialect]
        try:
            connection = engine.connect()
        except sa.exc.SQLAlchemyError as error:
            raise SourceError(
                f"the {views.dialect} source could not be connected to ({type(error).__name__})",
                fix="check that it is up and that the address and the user are right",
            ) from None
        try:
            connection = connection.execution_options(**options)
            instant = take_instant(connection, views.dialect)
            yield Glass(self, connection, views, _of_copy(connection, views, instant))
        except (sa.exc.SQLAlchemyError, CannotSay) as error:
            raise self._unreadable(error) from None
        finally:
            with suppress(sa.exc.SQLAlchemyError):
                connection.rollback()
            connection.close()

    def _unreadable(self, error: Exception) -> EngineError:
        return EngineError(f"rows of {self.indicator.object} cannot be read: {reason(error)}", fix=_FIX)


def _of_copy(connection: sa.Connection, views: CohortViews, instant: Instant) -> Instant:
    """When a copy was made says the newest value in it; what was copied later is not there. Raises CannotSay."""
    column = views.rows.as_of
    if column is None:
        return instant
    ((stored,),) = connection.execute(column.newest()).all()
    newest = None if stored is None else column.instant(stored)
    if newest is None:
        raise CannotSay(f"no value of `{column.name}` says as of when it was copied")
    at = min(newest, instant.at)
    return replace(instant, at=at, until=at)


class Glass:
    """One instant of a source, seen through `Cohort.open`. Whatever fails raises EngineError out of that block."""

    def __init__(self, cohort: Cohort, connection: sa.Connection, views: CohortViews, instant: Instant) -> None:
        self._cohort, self._connection, self._rows, self._changes = cohort, connection, views.rows, views.changes
        #: Digest of a restricted key → its text, for as long as the look lasts.
        self._texts: dict[str, str] = {}
        #: As of when what is shown is true, by the source's clock; on a replica, what it has replayed.
        self.at = instant.at
        #: The source's clock after the instant was taken.
        self.until = instant.until
        #: How far what is shown is behind the clock; zero but on a replica of PostgreSQL.
        self.lag = instant.lag
        #: Ranges of about this length fit into a page, where rows are not read in order.
        self._width: timedelta | None = None
        self._most = PAGE_ROWS

    def pages(self, ranges: Iterable[Range], *, limit: int = PAGE_ROWS) -> Iterator[Page]:
        """All rows of the ranges, by event time, in pages of about `limit` rows, which follow each other."""
        for span in ranges:
            read = span.after
            while read < span.upto:
                page = self.page(Range(after=read, upto=span.upto), limit=limit)
                yield page
                read = page.read.upto

    def page(self, span: Range, *, limit: int = PAGE_ROWS) -> Page:
        """The first rows of the range: about `limit`, more where they share one event time. Always reads some of it."""
        part, most = span, limit
        order = self._rows.ordered_by
        if order is None and self._width is not None:
            most = max(limit, self._most)
            part = Range(after=span.after, upto=min(span.after + self._width, span.upto))
        while True:
            raws = self._fetch(part, most + 1)
            if len(raws) <= most:
                page = self._page(part, raws)
                # Rows of the range, not what the database gave too many: else pages would grow with every one.
                wider = 2 if 2 * len(page.rows) <= limit else 1
                self._width, self._most = ((part.upto - part.after) * wider if part != span else None), most
                return page
            if order is not None:
                # Rows that are not read are as late as the last one at least.
                next_at = order.first_after(self._order_value(raws[-1]))
                upto = min(next_at - _SHORTEST, span.upto) if next_at is not None else span.after
                if upto > span.after:
                    return self._page(Range(after=span.after, upto=upto), raws)
            elif (half := (part.upto - part.after) / 2) >= _SHORTEST:
                part = Range(after=part.after, upto=part.after + half)
            # Rows of one time; or texts, of which the database gives some too many however short the part is.
            most *= 2

    def _fetch(self, span: Range, at_most: int) -> Sequence[Any]:
        return self._connection.execute(self._rows.in_range, self._rows.bounds(span, at_most)).all()

    def _order_value(self, raw: Sequence[Any]) -> Any:
        return raw[self._cohort.keys.columns]

    def _page(self, read: Range, raws: Sequence[Any]) -> Page:
        rows = list(self._rows.rows(raws, read, self.at, self._texts))
        rows.sort(key=attrgetter("event_at"))
        return Page(read=read, rows=tuple(rows))

    def rows_of(self, keys: Sequence[str]) -> tuple[SeenRow, ...]:
        """Live rows with these keys (as `SeenRow.key`), whatever their event time; one that has none gets `NO_TIME`.

        Nothing can be asked where the key is restricted: `keys` are digests, and no rows are given.
        """
        if self._cohort.keys.secret is not None:
            return ()
        wanted, found = set(keys), list[SeenRow]()
        for start in range(0, len(keys), KEYS_AT_ONCE):
            parts = list(self._parts(keys[start : start + KEYS_AT_ONCE]))
            query = self._rows.with_keys(parts) if parts else None
            if query is None:
                continue
            raws = self._ask(query)
            found += (row for row in self._rows.rows(raws, None, self.at, self._texts) if row.key in wanted)
        return tuple(found)

    def _parts(self, keys: Sequence[str]) -> Iterator[tuple[str, ...]]:
        for key in keys:
            # One that was too long to be kept whole has no parts.
            with suppress(ValueError):
                yield parts_of(key, self._cohort.keys.columns)

    def with_histories(self, rows: Sequence[SeenRow]) -> tuple[SeenRow, ...]:
        """The rows of pages, with what a table of changes says of those whose deadline is over; one query per batch.

        Rows of levels without such a table are as they are already: ask for those alone that are not decided yet.
        """
        if self._changes is None:
            return tuple(rows)
        over = self.at - self._cohort.indicator.deadline
        due = {row.key: row for row in rows if row.event_at != NO_TIME and row.event_at <= over}
        texts = {key: self._texts.get(key, key) for key in due}
        told = {row.key: row for row in self._changes.told(tuple(due.values()), texts, self._ask)}
        return tuple(told.get(row.key, row) for row in rows)

    def _ask(self, query: sa.Select[Any]) -> Sequence[Any]:
        """Each number of keys is a query of its own: none is worth remembering."""
        return self._connection.execute(query, execution_options={"compiled_cache": None}).all()

    def undatable(self, now: datetime | None = None) -> int:
        """Live rows that no range ever shows: without event time, with one that cannot be read, lacks the zone that the
        contract asks for, or lies after `now` (the clock of the look when None); and rows without a key.

        Without an index, and where times are text, the whole table is looked at: not for every tick.
        """
        query = self._rows.undated(now or self.until)
        (row,) = self._ask(query)
        return int(row[0])
