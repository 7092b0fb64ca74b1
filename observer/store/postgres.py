"""An engine on PostgreSQL that waits for nobody for ever. In: a URL and a limit. Out: an engine.

Three things can keep a client waiting, and each has its own end: a network that swallows packets (TCP keep-alive and
TCP_USER_TIMEOUT), a server that is busy or locked (its own timeouts), and a server or proxy that holds the connection
and says nothing (a limit on this side).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from observer.impatience import ImpatientConnection

#: A dead peer is noticed within 10 + 3 × 5 seconds; an unanswered packet within 20.
_LIBPQ = {
    "connect_timeout": "10",
    "application_name": "crm-observer",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}


def make_postgres_engine(url: URL, *, lock_timeout: float) -> Engine:
    """Waits for locks end after `lock_timeout` seconds, statements after twice as long, and a server that does
    not even say so is given up soon after.

    A transaction that stands still (this process was paused) ends as well, so that it holds up nobody: a leader that
    fell asleep in one could otherwise never be replaced. What the URL sets itself stays as it is.
    """
    milliseconds = int(lock_timeout * 1000)
    wanted = {
        "lock_timeout": milliseconds,
        "statement_timeout": 2 * milliseconds,
        "idle_in_transaction_session_timeout": int(1.5 * milliseconds),
    }
    own = str(url.query.get("options", ""))
    settings = [f"SET {name} = {value}" for name, value in wanted.items() if name not in own]

    engine = create_engine(
        url,
        pool_pre_ping=True,
        connect_args={name: value for name, value in _LIBPQ.items() if name not in url.query},
    )

    def connect(_: Dialect, __: ConnectionPoolEntry, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        connection = ImpatientConnection.connect(*arguments, **named)
        connection.limit = 2.2 * lock_timeout
        return connection

    def set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for setting in settings:
            cursor.execute(setting)
        connection.commit()

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", set_up)
    return engine


@contextmanager
def taking_its_time(connection: Connection) -> Iterator[None]:
    """Within the block statements of this transaction may run as long as they need; locks are waited for as ever."""
    raw: Any = connection.connection.dbapi_connection
    if not isinstance(raw, ImpatientConnection):
        yield
        return
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    limit, raw.limit = raw.limit, float("inf")
    try:
        yield
    finally:
        raw.limit = limit
