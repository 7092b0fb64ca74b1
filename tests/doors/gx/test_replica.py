"""A real replica of PostgreSQL: what it shows is true as of what it has replayed, and it says how far it is behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg

from tests import real_parts
from tests.doors.gx.cohort_desk import Desk, crm, minutes

TABLE = "id bigint PRIMARY KEY, email {text}, created {tz}, written {tz}"


def until(true: Callable[[], bool]) -> None:
    """Wait for it, ten seconds at most."""
    ends = time.monotonic() + 10
    while not true():
        assert time.monotonic() < ends, "the replica does not follow"
        time.sleep(0.05)


def test_a_replica_that_is_behind_shows_the_past_and_says_so(postgres_server_url: str, postgres_url: str) -> None:
    Desk("postgresql", postgres_url).make(TABLE, [(1, None, minutes(1), None)])
    with real_parts.postgres_replica(postgres_server_url) as server:
        url = f"{server}/{postgres_url.rpartition('/')[2]}"
        replica = Desk("postgresql", url)
        with psycopg.connect(postgres_url, autocommit=True) as primary, psycopg.connect(url, autocommit=True) as there:
            until(
                lambda: (
                    len(there.execute("SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'").fetchall()) == 1
                )
            )
            primary.execute("INSERT INTO leads VALUES (2, 'x', '2026-01-15 12:02Z', NULL)")
            until(lambda: len(there.execute("SELECT FROM leads").fetchall()) == 2)
            with replica.glass(crm()) as glass:
                assert glass.lag < timedelta(seconds=30)
                assert glass.at <= glass.until <= datetime.now(UTC)
            there.execute("SELECT pg_wal_replay_pause()")
            until(lambda: there.execute("SELECT pg_get_wal_replay_pause_state()").fetchall() == [("paused",)])
            written = primary.execute("UPDATE leads SET email = 'y' RETURNING clock_timestamp()").fetchall()[0][0]
            until(
                lambda: (
                    there.execute("SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()").fetchall() == [(True,)]
                )
            )
            with replica.glass(crm()) as glass:
                assert {row.key: row.holds for row in glass.rows_of(["1", "2"])} == {"1": False, "2": True}
                assert glass.at < written < glass.until
                assert glass.lag == glass.until - glass.at
            there.execute("SELECT pg_wal_replay_resume()")
            until(lambda: replica.rows(crm())["1"].holds)
