"""What incidents cost: a storm that is taken in, a beat in which nothing happens, a beat that takes one look.

`python -m benchmarks.incidents [--incidents 200] [--findings 25]`
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import click

from observer.incidents.findings import Answerable, Finding, Grade, Look, Source
from observer.incidents.policy import Policy, Waits
from observer.jobs.receivers import deliveries_to
from observer.store import Store
from tests.real_parts import new_postgres_database, postgres_server

BEATS = 30
#: Nothing is told while beats are measured.
POLICY = Policy(
    default="desk@example.com",
    default_channel="#crm",
    waits=Waits(group=timedelta(), repeat_interval=timedelta(days=9)),
)
TELL = deliveries_to(("slack",))


@contextmanager
def _state(database: str) -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        if database == "sqlite":
            with Store.open(f"sqlite:///{folder}/state.db") as store:
                yield store
            return
        with postgres_server() as server, Store.open(new_postgres_database(server)) as store:
            yield store


def _look(table: int, findings: int, *, rows: int = 12) -> Look:
    """Of one table whose fields are all broken."""
    found = [
        Finding(
            fingerprint=f"check:crm.t{table}.f{field}.required",
            source=Source.CHECK,
            grade=Grade.ERROR,
            contract="crm",
            table=f"t{table}",
            property=f"f{field}",
            subject=f"crm.t{table}.f{field}.required",
            statement=f"f{field} is present",
            rows_failed=rows,
            rows_tested=1_000,
            answerable=Answerable(owner=f"owner{table}@example.com"),
        )
        for field in range(findings)
    ]
    return Look(at=datetime.now(UTC), findings=tuple(found), covered=frozenset(f.fingerprint for f in found))


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _measure(database: str, incidents: int, findings: int) -> str:
    with _state(database) as store:
        for table in range(incidents):
            store.incidents.add_look(_look(table, findings), origin="a run")
        storm = _seconds(lambda: store.incidents.advance(POLICY, TELL))
        told = sum(depth.waiting for depth in store.outbox.depths())
        assert told == incidents, f"{told:,} of {incidents:,} incidents are told"
        nothing = [_seconds(lambda: store.incidents.advance(POLICY, TELL)) for _ in range(BEATS)]

        def one_more(number: int) -> float:
            again = replace(_look(number % incidents, findings, rows=13 + number))
            store.incidents.add_look(again, origin="a run")
            return _seconds(lambda: store.incidents.advance(POLICY, TELL))

        looks = [one_more(number) for number in range(BEATS)]
    return (
        f"{database}: {incidents * findings:,} findings in {incidents:,} looks are {incidents:,} incidents, told once "
        f"each, in {storm:.2f} s; then a beat without a look takes {1_000 * statistics.median(nothing):.1f} ms, "
        f"with one look {1_000 * statistics.median(looks):.0f} ms"
    )


@click.command()
@click.option("--incidents", default=200, show_default=True)
@click.option("--findings", default=25, show_default=True, help="Of each incident.")
def main(incidents: int, findings: int) -> None:
    """Both states, one after the other."""
    for database in ("sqlite", "postgresql"):
        click.echo(_measure(database, incidents, findings))


if __name__ == "__main__":
    main()
