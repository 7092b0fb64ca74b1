"""What one look of a time-to-fill level costs: PostgreSQL, 10,000 new rows an hour, deadline 5 min, poll 1 min.

`python -m benchmarks.slo_tick [--rows 10000000] [--hours 720]`

The look is the daemon's own but for its ledger, which is held in memory here (`benchmarks.slo_storage` times the
ledger in the state): the instant is taken, new and due rows and a slice of the look-back are read, and judged. Time
passes in simulated minutes. The table begins with `--rows` and grows by `--hours` of rows before the second series.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import click
import sqlalchemy as sa
from sqlalchemy import event

from observer.checks.plan import plan_contract
from observer.gx.cohort import Cohort, Glass
from observer.slo.ledger import Look, Pending, Position, missing, next_reading, step
from observer.slo.model import TimeToFill
from observer.sources.opening import open_source
from tests.doors.gx.cohort_desk import crm
from tests.real_parts import new_postgres_database, postgres_server

HOUR_ROWS = 10_000
APART = timedelta(hours=1) / HOUR_ROWS
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
LEVEL = TimeToFill(
    contract="crm",
    object="leads",
    property="email",
    checks=("crm.leads.email.required",),
    deadline=timedelta(minutes=5),
    poll=timedelta(minutes=1),
)
#: Milliseconds.
IN_DATABASE, IN_PROCESS = 25.0, 50.0
#: After a month, against the first day: the same within what a machine does by itself.
FLAT = 1.5
_TABLE = "CREATE TABLE leads (id bigint PRIMARY KEY, email text, created timestamptz, written timestamptz, about text)"
_ROWS = """
INSERT INTO leads SELECT n, CASE WHEN mod(n, 200) > 0 THEN 'lead' || n || '@example.com' END,
  timestamptz '2026-01-01Z' + n * interval '360 ms', timestamptz '2026-01-01Z' + n * interval '360 ms' +
  interval '1 s' * mod(n, 400), repeat('x', 100) FROM generate_series({first}, {last}) AS n
"""


@dataclass
class Costs:
    """One series of looks, in milliseconds each."""

    database: list[float] = field(default_factory=list)
    process: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)


@dataclass
class Memory:
    """A ledger, as the state would hold it."""

    position: Position
    pending: dict[str, Pending] = field(default_factory=dict)
    decided: dict[str, datetime] = field(default_factory=dict)

    def look(self, glass: Glass, now: datetime) -> int:
        """Read and judge as of `now`; says how many rows were read."""
        oldest = min((row.event_at for row in self.pending.values()), default=None)
        reading = next_reading(self.position, LEVEL, oldest_pending=oldest, now=now)
        count = 0
        for page in glass.pages(reading.ranges):
            look = Look(at=now, until=now, ranges=(page.read,), rows=page.rows)
            if gone := missing(look, self.pending):
                look = replace(look, rows=(*look.rows, *glass.rows_of(gone)))
            change = step(
                self.position, LEVEL, look, sweep=reading.sweep, pending=self.pending, known=self.decided.keys()
            )
            self.position = change.now
            self.pending |= {row.key: row for row in change.pending}
            for row in change.decided:
                self.pending.pop(row.key, None)
                self.decided[row.key] = row.event_at
            count += len(page.rows)
        return count


@contextmanager
def _timed(engine: sa.Engine) -> Iterator[list[float]]:
    """Milliseconds of each statement, the way to the server and back included."""
    begun: list[float] = []
    spent: list[float] = []

    def begin(*_: object) -> None:
        begun.append(time.perf_counter())

    def end(*_: object) -> None:
        spent.append(1000 * (time.perf_counter() - begun[-1]))

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    try:
        yield spent
    finally:
        event.remove(engine, "before_cursor_execute", begin)
        event.remove(engine, "after_cursor_execute", end)


def _series(url: str, *, begins: datetime, looks: int) -> Costs:
    """Looks at simulated minutes, once the ledger knows all of its look-back, as a daemon's does within the hour."""
    cohort = Cohort(LEVEL, plan_contract(crm()), key_secret=None)
    patience = timedelta(seconds=60)
    source = open_source(url, statement_timeout=patience, connect_timeout=patience)
    assert source.engine is not None
    with source.session() as session:
        shapes = [session.shape(table) for table in cohort.plan.tables]
    views = cohort.views_of(source.engine, shapes)
    back = begins - LEVEL.deadline - LEVEL.look_back
    memory = Memory(Position(since=back, seen_to=back, swept_to=back))
    with cohort.open(source.engine, views) as glass:
        memory.look(glass, begins)
    costs = Costs()
    for minute in range(1, looks + 1):
        with _timed(source.engine) as spent:
            at, cpu = time.perf_counter(), time.process_time()
            with cohort.open(source.engine, views) as glass:
                rows = memory.look(glass, begins + minute * LEVEL.poll)
            costs.whole.append(1000 * (time.perf_counter() - at))
            costs.process.append(1000 * (time.process_time() - cpu))
            costs.database.append(sum(spent))
            costs.rows.append(rows)
    source.close()
    return costs


def _fill(url: str, first: int, last: int) -> None:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        if first == 1:
            connection.exec_driver_sql(_TABLE)
        connection.exec_driver_sql(_ROWS.format(first=first, last=last))
        if first == 1:
            connection.exec_driver_sql("CREATE INDEX leads_created ON leads (created)")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE leads")
    engine.dispose()


@click.command()
@click.option(
    "--rows", default=10_000_000, show_default=True, help="In the table at the first look; two days at least."
)
@click.option("--hours", default=720, show_default=True, help="Of new rows until the second series.")
@click.option("--looks", default=60, show_default=True, help="Per series: one simulated minute each.")
def slo_tick(rows: int, hours: int, looks: int) -> None:
    """Time one look, on a table of --rows rows and on one that has grown for --hours."""
    found: list[tuple[int, Costs]] = []
    with postgres_server("shared_buffers=512MB") as server:
        url = new_postgres_database(server)
        size = 0
        for wanted in (rows, rows + hours * HOUR_ROWS):
            click.echo(f"filling PostgreSQL up to {wanted:,} rows", err=True)
            _fill(url, size + 1, wanted)
            size = wanted
            begins = BEGIN + size * APART - looks * LEVEL.poll
            found.append((size, _series(url, begins=begins, looks=looks)))
    print("| rows in the table | read per look | ms in the database | ms in the process | ms in all |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for size, costs in found:
        cells = (statistics.median(costs.rows), *map(_cell, (costs.database, costs.process, costs.whole)))
        print(f"| {size:,} | {cells[0]:,.0f} | {' | '.join(map(str, cells[1:]))} |")
    print(f"\nMedian (and the slowest of 20) of {looks} looks. In the database: statements with their round trips;")
    print("in the process: its CPU time, judging included, without the ledger in the state.\n")
    before, after = (costs for _, costs in found)
    limits = (
        ("in the database", max(map(_median, (before.database, after.database))), IN_DATABASE, "ms"),
        ("in the process", max(map(_median, (before.process, after.process))), IN_PROCESS, "ms"),
        (f"after {hours} h, of what it was", _median(after.whole) / _median(before.whole), FLAT, "×"),
    )
    print("| limit | seen | verdict |\n| --- | --- | --- |")
    for says, seen, limit, unit in limits:
        print(f"| {says} ≤ {limit:g} {unit} | {seen:.2f} {unit} | {'holds' if seen <= limit else '**broken**'} |")
    sys.exit(any(seen > limit for _, seen, limit, _ in limits))


def _median(values: list[float]) -> float:
    return statistics.median(values)


def _cell(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({statistics.quantiles(values, n=20)[-1]:.1f})"


if __name__ == "__main__":
    slo_tick()
