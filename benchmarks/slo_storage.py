"""What the ledgers of service levels take in the state: bytes per record, and the time of a look and of an evaluation.

`python -m benchmarks.slo_storage [--records 1000000] [--levels 200]`

November 2026, keys of 18 characters, a million records: PostgreSQL 124 bytes each with all indexes (136 where keys
come in no order), SQLite 88 (86). 200 levels, each with 28 days of busy minutes: 3.7 s on PostgreSQL and 1.7 s on
SQLite, on two cores that were busy with other things as well.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import sqlalchemy as sa

from observer.jobs.slo_standing import standings
from observer.runs.leading import Term
from observer.slo.ledger import Decided, Pending, Position, Range, Step
from observer.slo.model import Slo
from observer.slo.verdicts import EvidenceKind, Observation, State
from observer.slo.windows import COARSE, FINE, MINUTE, floor
from observer.store.slo_tables import slo_buckets
from observer.store.store import Store
from tests.fakes.levels import level
from tests.real_parts import new_postgres_database, postgres_server

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEADLINE = timedelta(minutes=5)
PAGE = 5_000
#: 10,000 rows an hour.
APART = timedelta(seconds=0.36)
#: One record in so many is not good.
BAD = 200


@contextmanager
def _state(database: str) -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        if database == "sqlite":
            with Store.open(f"sqlite:///{folder}/state.db") as store:
                yield store
            return
        with postgres_server("shared_buffers=512MB") as server, Store.open(new_postgres_database(server)) as store:
            yield store


def _key(number: int, *, in_order: bool) -> str:
    """18 characters, as Salesforce's: in the order of creation, or none."""
    return f"00Q{number:015d}" if in_order else f"00Q{random.Random(number).getrandbits(60):015x}"


def _pages(records: int, *, in_order: bool) -> Iterator[list[Pending]]:
    for first in range(0, records, PAGE):
        yield [
            Pending(
                key=_key(number, in_order=in_order),
                event_at=NOW + number * APART,
                before=Observation(at=NOW + number * APART + timedelta(minutes=4), holds=True),
            )
            for number in range(first, min(first + PAGE, records))
        ]


def _decided(row: Pending, number: int) -> Decided:
    return Decided(
        key=row.key,
        event_at=row.event_at,
        state=State.GOOD if number % BAD else State.BAD,
        evidence=EvidenceKind.BRACKETED,
        decided_at=row.event_at + DEADLINE + timedelta(seconds=3),
    )


def _fill(store: Store, term: Term, slo: Slo, records: int, *, in_order: bool) -> tuple[int, dict[str, list[float]]]:
    """The ledger, and milliseconds per page of rows of each thing that a look does."""
    ledger = store.ledgers.open(slo, now=NOW, term=term)
    position = Position(since=NOW, seen_to=NOW, swept_to=NOW)
    store.ledgers.begin(ledger, position, term=term)
    times: dict[str, list[float]] = {"new rows": [], "what is known of them": [], "decided rows": []}

    def timed(what: str, begun: float) -> None:
        times[what].append(1_000 * (time.perf_counter() - begun))

    def move(step: Step, what: str) -> Position:
        begun = time.perf_counter()
        assert store.ledgers.apply(ledger, step, deadline=DEADLINE, term=term)
        timed(what, begun)
        return step.now

    for rows in _pages(records, in_order=in_order):
        now = replace(position, seen_to=rows[-1].event_at, looked_at=rows[-1].event_at)
        position = move(Step(was=position, now=now, pending=tuple(rows)), "new rows")
        span = Range(after=rows[0].event_at - timedelta(seconds=1), upto=rows[-1].event_at)
        begun = time.perf_counter()
        assert len(store.ledgers.known(ledger, [span], [row.key for row in rows]).pending) == len(rows)
        timed("what is known of them", begun)
        decided = tuple(_decided(row, number) for number, row in enumerate(rows))
        now = replace(position, swept_to=position.seen_to)
        position = move(Step(was=position, now=now, decided=decided), "decided rows")
    return ledger, times


def _bytes(store: Store, records: int) -> float:
    """Of the table of records with its indexes, per record."""
    query = "SELECT pg_total_relation_size('slo_records')"
    if not store.shared:
        query = "SELECT sum(pgsize) FROM dbstat WHERE name LIKE '%slo\\_records%' ESCAPE '\\'"
    with store._database.transaction() as connection:
        return int(connection.execute(sa.text(query)).scalar_one()) / records


def _fill_buckets(store: Store, ledgers: list[int]) -> int:
    """28 days in which every minute was busy; how many buckets each ledger has."""
    fine = floor(NOW - FINE, COARSE)
    begins = [fine + n * MINUTE for n in range((NOW - fine) // MINUTE)]
    begins += [fine - n * COARSE for n in range(1, 25 * 96)]
    minutes = [int(moment.timestamp()) // 60 for moment in begins]
    with store._database.transaction(writes=True) as connection:
        for ledger in ledgers:
            rows: list[dict[str, Any]] = [
                {"ledger_id": ledger, "begins": m, "good": 990 + m % 9, "bad": m % 7, "unknown": 0, "withdrawn": m % 2}
                for m in minutes
            ]
            connection.execute(sa.insert(slo_buckets), rows)
    return len(begins)


@click.command()
@click.option("--records", default=1_000_000, show_default=True)
@click.option("--levels", default=200, show_default=True)
@click.option("--database", type=click.Choice(["sqlite", "postgresql"]), multiple=True)
def main(records: int, levels: int, database: tuple[str, ...]) -> None:
    """Print what was measured."""
    for name in database or ("sqlite", "postgresql"):
        for in_order in (True, False):
            with _state(name) as store:
                term = store.leadership.campaign("benchmark", timedelta(hours=9))
                assert term is not None
                slo = replace(level(), revision="r", counted="k")
                ledger, times = _fill(store, term, slo, records, in_order=in_order)
                how = "in the order of their keys" if in_order else "in any order"
                click.echo(f"{name}: {records:,} records {how}: {_bytes(store, records):.0f} bytes each")
                for what, each in times.items():
                    late = each[-len(each) // 4 :]
                    click.echo(
                        f"  {what}: {statistics.median(each):.0f} ms per {PAGE:,} rows, "
                        f"{statistics.median(late):.0f} ms in the last quarter"
                    )
                begun = time.perf_counter()
                found = store.ledgers.records(ledger, states=[State.BAD], limit=50)
                click.echo(f"  the newest {len(found)} bad ones: {1_000 * (time.perf_counter() - begun):.1f} ms")
        with _state(name) as store:
            term = store.leadership.campaign("benchmark", timedelta(hours=9))
            assert term is not None
            slos = [replace(level(f"level-{n}"), revision="r", counted=f"k{n}") for n in range(levels)]
            buckets = _fill_buckets(store, [store.ledgers.open(slo, now=NOW, term=term) for slo in slos])
            begun = time.perf_counter()
            assert len(standings(store, slos, at=NOW)) == levels
            click.echo(f"{name}: {levels} levels of {buckets:,} buckets stand in {time.perf_counter() - begun:.2f} s")


if __name__ == "__main__":
    main()
