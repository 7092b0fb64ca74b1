"""How the rows of one time-to-fill level are asked for, put into words once: keys, times, and whether P holds.

In: what is read (CohortPlan) and the table as it stands in the source. Out: queries with parameters for the bounds, and
rows from what they give.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from observer.checks import rules
from observer.checks.spec import CheckSpec, TablePlan
from observer.gx import dialect_words as words
from observer.gx.cohort_plan import CohortPlan
from observer.gx.conditions import failing, met
from observer.gx.dialect_words import CannotSay, Sql
from observer.gx.exposing import expose_each
from observer.gx.key_values import among_texts
from observer.gx.kinds import Kind
from observer.gx.relations import Relation
from observer.gx.time_columns import FirstOf, TimeColumn
from observer.slo.histories import by_fill_time
from observer.slo.keys import Keys, key_text
from observer.slo.ledger import Range, SeenRow

#: A row that was asked for by its key and has no event time by now: the ledger knows the one it had.
NO_TIME = datetime.fromisoformat("0001-01-01T00:00:00+00:00")


class Columns:
    """A table as it is read: its columns, typed value by value, and times as they are stored.

    Raises CannotSay: it lacks a column, or a column cannot be read as what the contract says.
    """

    def __init__(
        self,
        table: TablePlan,
        types: Sequence[CheckSpec],
        stored: sa.TableClause,
        kinds: Mapping[str, Kind],
        dialect: str,
    ) -> None:
        for name in table.columns:
            if name not in kinds:
                raise CannotSay(f"the table has no column `{name}`")
        self.table, self.types, self.stored, self.kinds, self.dialect = table, types, stored, kinds, dialect
        self.exposed, self._unread = expose_each(table, types, stored, kinds, dialect)
        self._zones = dict(table.timezones)
        self._placeholders = dict(table.placeholders)

    def first_of(self, names: Sequence[str], slot: str) -> FirstOf:
        """The columns as times, of which the first that is not null counts."""
        return FirstOf(columns=tuple(self._time(name, f"{slot}{place}") for place, name in enumerate(names)))

    def _time(self, name: str, slot: str) -> TimeColumn:
        said = next((s.rule for s in self.types if isinstance(s.rule, rules.HasType) and s.rule.column == name), None)
        column = TimeColumn(
            name=name,
            slot=slot,
            column=self.stored.c[name],
            kind=self.kinds[name],
            dialect=self.dialect,
            zone=self._zones.get(name),
            carries_zone=bool(said and said.timezone),
            form=said.format if said else None,
            placeholders=self._placeholders.get(name, ()),
        )
        if column.is_text and column.kind is not Kind.TEXT and self.dialect != "sqlite":
            raise CannotSay(f"`{name}` is {column.kind.value}, not a time")
        # Whether it can be said at all is told here, and not in the middle of a look.
        column.shown()
        return column

    def select(self, columns: Mapping[str, Sql], checks: Sequence[CheckSpec], where: Sequence[Sql]) -> sa.Subquery:
        """Live rows: these columns, and those that the checks read."""
        read = {name for spec in checks for name in (*rules.columns_of(spec.rule), *(c.column for c in spec.when))}
        typed = {name: self.exposed.columns[name] for name in sorted(read)}
        unread = {_mark(name): self._unread[name] for name in sorted(read & set(self._unread))}
        labelled = [
            expression.label(sa.quoted_name(name, quote=True))
            for name, expression in {**typed, **unread, **columns}.items()
        ]
        live = [] if self.exposed.where is None else [self.exposed.where]
        return sa.select(*labelled).select_from(self.stored).where(*live, *where).subquery("batch")

    def holds(self, checks: Sequence[CheckSpec]) -> Sql:
        """1 where no check fails, else 0; beside what `select` gives. A value that is none of its type breaks rules."""
        relation = Relation(name=self.table.physical_name, rows=self.stored, kinds=self.exposed.kinds)
        broken: list[Sql] = []
        for spec in checks:
            (column,) = rules.columns_of(spec.rule)
            if column in self.exposed.untyped:
                raise CannotSay(f"{column} {self.exposed.untyped[column]}")
            fails = failing(spec.rule, relation, self.dialect, spec.when)
            if column in self._unread:
                unread = sa.func.coalesce(words.column(_mark(column)), sa.false())
                if isinstance(spec.rule, rules.Present):
                    fails = sa.and_(fails, sa.not_(unread))
                else:
                    fails = sa.or_(fails, sa.and_(*(met(condition) for condition in spec.when), unread))
            broken.append(fails)
        return sa.case((sa.or_(*broken), 0), else_=1)


def _mark(name: str) -> str:
    return f"{name} does not read"


class CohortRows:
    """The rows of one level. Raises CannotSay: they cannot be read."""

    def __init__(
        self, plan: CohortPlan, columns: Columns, keys: Keys, types: Mapping[str, str], deadline: timedelta
    ) -> None:
        """`types`: how the source declares the columns."""
        table = plan.table
        self._keys, self._columns, self._checks, self._deadline = keys, columns, plan.checks, deadline
        self._types = types
        self.event = columns.first_of(table.event_times, "event")
        self._written = columns.first_of(table.update_times, "written")
        self._filled = columns.first_of([plan.filled_at] if plan.filled_at else [], "filled")
        #: The column that says as of when a copy is true; None where the source's clock does.
        self.as_of = columns.first_of([plan.as_of], "as_of").columns[0] if plan.as_of else None
        self._shown: dict[str, Sql] = {f"key {i}": columns.stored.c[name] for i, name in enumerate(table.key)}
        for what, first in (("event", self.event), ("written", self._written), ("filled", self._filled)):
            self._shown |= {f"{what} {i}": expression for i, expression in enumerate(first.shown())}
        if plan.filled_at:
            self._shown["filled given"] = sa.not_(self._filled.columns[0].is_empty())
        self.ordered_by = self.event.ordered_by
        self.in_range = self._in_range()

    # --- queries

    def _in_range(self) -> sa.Select[Any]:
        """Rows whose event times lie in a range: parameters as `bounds` gives them."""
        order = self.ordered_by
        more = {"order": order.column} if order else {}
        batch = self._columns.select({**self._shown, **more}, self._checks, [self.event.within()])
        query = self._outer(batch).limit(sa.bindparam("at_most", type_=sa.Integer()))
        return query.order_by(batch.c["order"]) if order else query

    def _outer(self, batch: sa.Subquery) -> sa.Select[Any]:
        return sa.select(*(batch.c[name] for name in self._shown), self._columns.holds(self._checks)).select_from(batch)

    def bounds(self, span: Range, at_most: int) -> dict[str, Any]:
        """The parameters of `in_range`."""
        return {**self.event.bounds(span.after, span.upto), "at_most": at_most}

    def with_keys(self, parts: Sequence[tuple[str, ...]]) -> sa.Select[Any] | None:
        """Rows with these keys (their texts), and perhaps some more; None when none of them can be a key here."""
        where = []
        for place, name in enumerate(self._columns.table.key):
            asked = among_texts(
                self._columns.stored.c[name],
                {given[place] for given in parts},
                self._columns.kinds[name],
                self._types[name],
                self._columns.dialect,
            )
            if asked is None:
                return None
            where.append(asked)
        return self._outer(self._columns.select(self._shown, self._checks, where))

    def undated(self, now: datetime) -> sa.Select[Any]:
        """How many live rows have no event time in the past, or no key."""
        keyless = [self._columns.stored.c[name].is_(None) for name in self._columns.table.key]
        # One is always asked, so that no database meets a table without columns.
        batch = self._columns.select(self._shown, (), [sa.or_(self.event.undated(now), *keyless)])
        return sa.select(sa.func.count()).select_from(batch)

    # --- rows

    def rows(
        self, raws: Sequence[Sequence[Any]], span: Range | None, at: datetime, texts: dict[str, str]
    ) -> Iterator[SeenRow]:
        """Rows of what a query gave, of this range alone; times of filling of those whose deadline is over at `at`.

        `texts` is told the texts of keys that are kept as digests.
        """
        keys = len(self._columns.table.key)
        events = keys + len(self.event.columns)
        written = events + len(self._written.columns)
        event_of, written_of = self.event.reader(keys), self._written.latest_reader(events)
        kept, digests = self._keys.kept, self._keys.secret is not None
        over, filled = at - self._deadline, bool(self._filled.columns)
        after, upto = (NO_TIME, NO_TIME) if span is None else (span.after, span.upto)
        # There are thousands of rows in every look: what is done for each of them is what a look costs.
        for raw in raws:
            event_at = event_of(raw)
            if span is None:
                event_at = event_at or NO_TIME
            elif event_at is None or not after < event_at <= upto:
                continue
            key = str(raw[0]) if keys == 1 and type(raw[0]) is int else key_text(raw[:keys])
            if key is None:
                continue
            if digests:
                texts[kept(key)] = key
            holds = raw[-1] == 1
            history = None
            if filled and event_at <= over:
                history = self._filled_by(raw[written], raw[written + 1], event_at + self._deadline, holds)
            yield SeenRow(
                key=kept(key) if digests else key,
                event_at=event_at,
                holds=holds,
                written_at=written_of(raw),
                history=history,
            )

    def _filled_by(self, stored: Any, given: Any, deadline: datetime, holds: bool) -> bool | None:
        filled_at = None if stored is None else self._filled.columns[0].instant(stored)
        if filled_at is None and given:
            return None
        return by_fill_time(filled_at, deadline, holds_now=holds)
