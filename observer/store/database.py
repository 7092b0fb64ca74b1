"""The open database of the state: transactions, its clock, and the fence that keeps a former leader out.

In: an engine. Out: connections inside a transaction, faults told as StoreError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Engine,
    Executable,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite

from observer.errors import NotLeading
from observer.runs.leading import Term
from observer.store import tables as t
from observer.store.faults import shown, told_as_store_error

#: Put together once: every write of a leader asks it.
_EPOCH = select(t.leases.c.epoch).where(t.leases.c.name == bindparam("lease", type_=Text)).with_for_update(read=True)


class Database:
    """What every part of the store writes through."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] | None = None) -> None:
        self.engine = engine
        self._clock = clock
        # Made once: a daemon begins several transactions every second.
        self._writing = engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        instant = {"isolation_level": "REPEATABLE READ"} if self.shared else {}
        self._at_one_instant = engine.execution_options(**instant)

    @property
    def place(self) -> str:
        """Where it is, as it may be shown."""
        return shown(self.engine.url)

    @property
    def shared(self) -> bool:
        """True when several daemons may use it at once (PostgreSQL)."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def transaction(
        self, *, writes: bool = False, term: Term | None = None, one_instant: bool = False
    ) -> Iterator[Connection]:
        """One transaction: committed when the block ends, undone when it raises.

        A writer takes SQLite's lock at once: two writers queue up instead of one of them failing half-way. With a
        `term` nobody else can begin to lead until the transaction is over; raises NotLeading when somebody does by now.
        `one_instant`: all that a reader reads is of one instant (SQLite's readers always see it so).
        """
        engine = self._writing if writes else self._at_one_instant if one_instant else self.engine
        with told_as_store_error(self.engine.url), engine.begin() as connection:
            if term is not None:
                self._fence(connection, term)
            yield connection

    def _fence(self, connection: Connection, term: Term) -> None:
        if connection.execute(_EPOCH, {"lease": term.lease}).scalar() != term.epoch:
            raise NotLeading(
                "another daemon leads by now, so nothing was written",
                fix="nothing to do: this daemon follows; look for a long pause of this machine if it happens often",
            )

    def delete_in_parts(self, table: Table, where: ColumnElement[bool], *, term: Term, part: int = 5_000) -> int:
        """Delete the rows, `part` at a time, each in its own transaction; says how many. Raises NotLeading."""
        key = list(table.primary_key)
        some = tuple_(*key).in_(select(*key).where(where).limit(part))
        gone = 0
        while True:
            with self.transaction(writes=True, term=term) as connection:
                now_gone = changed(connection, delete(table).where(some))
            gone += now_gone
            if now_gone < part:
                return gone

    def now(self, connection: Connection) -> datetime:
        """The clock that all daemons share: the database's own, this machine's with SQLite. Aware, UTC."""
        if self._clock is not None:
            return self._clock()
        if not self.shared:
            return datetime.now(UTC)
        return cast(datetime, connection.execute(select(func.clock_timestamp())).scalar_one()).astimezone(UTC)


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> int:
    """Insert, in this order, the rows none of whose keys is there yet; says how many those were.

    Two writers of the same row at once both succeed.
    """
    return changed(connection, insertion(connection, table).on_conflict_do_nothing(), rows) if rows else 0


def insert_or_change(
    connection: Connection, table: Table, row: Mapping[str, object], changes: Mapping[str, object] | None = None
) -> None:
    """Insert the row; where one has its primary key already, make `changes` to it (without them, the row's values)."""
    key = [column.name for column in table.primary_key]
    new = insertion(connection, table).values(dict(row))
    made = dict(changes) if changes is not None else {name: row[name] for name in row if name not in key}
    connection.execute(new.on_conflict_do_update(index_elements=key, set_=made))


def insertion(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT of the database at hand, which may be told what to do with rows that are there already."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def changed(connection: Connection, statement: Executable, *args: Any) -> int:
    """How many rows the statement changed."""
    options = {"preserve_rowcount": True}  # without it an INSERT with psycopg says -1
    result = cast("CursorResult[Any]", connection.execute(statement, *args, execution_options=options))
    return result.rowcount
