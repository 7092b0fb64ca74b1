"""One instant of a source: everything that is read until the connection is given back is seen as of then.

In: an open connection. Out: bounds of the instant by the source's clock. On a replica of PostgreSQL, what is shown is
true as of what it has replayed. How far replicas of other databases are behind is not known; they are taken for
primaries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from observer.gx import dialect_words as words
from observer.gx.dialect_words import CannotSay

#: A statement has its time before it has its snapshot.
_NOW = "SELECT statement_timestamp(), clock_timestamp(), pg_is_in_recovery()"
#: Received before replayed: what was received then had been replayed by now.
_REPLICA = """
SELECT statement_timestamp(), pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn(), pid IS NOT NULL, last_msg_send_time,
  pg_last_xact_replay_timestamp()
FROM (SELECT 1) AS here LEFT JOIN pg_stat_wal_receiver ON true
"""
ISOLATION = {"postgresql": "REPEATABLE READ", "mysql": "REPEATABLE READ", "mariadb": "REPEATABLE READ"}


@dataclass(frozen=True, kw_only=True)
class Instant:
    """When it is. Aware, UTC, by the source's clock."""

    #: As of when what is shown is true.
    at: datetime
    #: The clock after the instant was taken.
    until: datetime
    #: How far what is shown is behind the clock: zero but on a replica.
    lag: timedelta = timedelta()


def take_instant(connection: sa.Connection, dialect: str) -> Instant:
    """The connection's first words, in the isolation of `ISOLATION`.

    Raises:
        CannotSay: the database cannot show several tables as of one instant, or a replica does not say how old it is.
        SQLAlchemyError: the database does not answer.
    """
    if dialect == "postgresql":
        return _postgres(connection)
    if dialect in words.MYSQL:
        at = _mysql_clock(connection)
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        return Instant(at=at, until=_mysql_clock(connection))
    if dialect == "duckdb":
        at = datetime.now(UTC)
        connection.exec_driver_sql("SELECT 1").all()
        return Instant(at=at, until=datetime.now(UTC))
    if dialect == "sqlite":
        # The driver opens no transaction by itself, and SQLite sees its instant with the first read.
        at = datetime.now(UTC)
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").all()
        return Instant(at=at, until=datetime.now(UTC))
    raise CannotSay(f"{dialect} cannot show rows as of one instant")


def _mysql_clock(connection: sa.Connection) -> datetime:
    now: datetime = connection.exec_driver_sql("SELECT UTC_TIMESTAMP(6)").all()[0][0]
    return now.replace(tzinfo=UTC)


#: A process that was paused with an instant open must not keep the source from changing tables and cleaning up.
_END_IDLE = "SET LOCAL idle_in_transaction_session_timeout = '1min'"


def _postgres(connection: sa.Connection) -> Instant:
    instant = _instant_of_postgres(connection)
    connection.exec_driver_sql(_END_IDLE)
    return instant


def _instant_of_postgres(connection: sa.Connection) -> Instant:
    at, until, on_replica = connection.exec_driver_sql(_NOW).all()[0]
    if not on_replica:
        return Instant(at=at.astimezone(UTC), until=until.astimezone(UTC))
    # What it has replayed is asked before the snapshot is taken: the snapshot shows that, or more.
    connection.rollback()
    known = _replica_shows(connection.exec_driver_sql(_REPLICA).all()[0])
    connection.rollback()
    _, until, _ = connection.exec_driver_sql(_NOW).all()[0]
    return Instant(at=known, until=until.astimezone(UTC), lag=max(until.astimezone(UTC) - known, timedelta()))


def _replica_shows(row: Any) -> datetime:
    clock, caught_up, receives, sent_at, replayed_at = row
    shown = shown_as_of(clock, caught_up=bool(caught_up), receives=receives, sent_at=sent_at, replayed_at=replayed_at)
    if shown is None:
        raise CannotSay("the replica does not say how far it has replayed")
    return shown.astimezone(UTC)


def shown_as_of(
    clock: datetime, *, caught_up: bool, receives: bool, sent_at: datetime | None, replayed_at: datetime | None
) -> datetime | None:
    """As of when what a replica shows is true; None when it does not say.

    `caught_up`: it has replayed all that it received. `receives`: its receiver runs. `sent_at`: when the primary sent
    the last message that arrived; shown to members of pg_read_all_stats, to others None. `replayed_at`: when the last
    transaction that was replayed had ended.
    """
    if not (caught_up and receives):
        return replayed_at
    # A line that is cut off goes unnoticed for a while: what was sent last is sure, where it is shown.
    known = [moment for moment in (sent_at, replayed_at) if moment is not None]
    return min(max(known), clock) if sent_at is not None else clock
