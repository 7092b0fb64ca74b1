"""What a daemon costs while nothing happens, how many contracts it sustains, what a glance costs the database.

`python -m benchmarks.always_on idle|sustained|tick`
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import psutil
import sqlalchemy as sa
from sqlalchemy import event

from benchmarks.leads import fill_postgres
from observer.checks.plan import plan_contract
from observer.config.odcs import load_contracts
from observer.contracts.model import Sla, SlaKind
from observer.jobs.tick import Glancer
from observer.runs.slots import SlotState
from observer.sources.opening import open_source
from tests.fakes.daemon import Project, Served, slots_of
from tests.real_parts import new_postgres_database, postgres_server

CONTRACT = Path(__file__).with_name("leads.odcs.yaml")
SETTLED_SECONDS = 75
FRESH = Sla(id="fresh", kind=SlaKind.FRESHNESS, limit=timedelta(minutes=15), object="leads", columns=("updated_at",))


@click.group()
def always_on() -> None:
    """Measure the daemon."""


def _project(folder: str, contracts: int, **settings: dict[str, object]) -> Project:
    names = [f"table_{n:03}" for n in range(contracts)]
    defaults: dict[str, dict[str, object]] = {
        "ticks": {"freshness": "1min", "volume": "15min"},
        "daemon": {"lease": "15s"},
        "schedule": {"every": "1h", "jitter": "0s"},
    }
    return Project(Path(folder) / "project", contracts=names, **{**defaults, **settings})


def _all_ran_once(project: Project) -> float:
    begun = time.monotonic()
    with project.store() as store:
        while len(slots_of(store, project.names, SlotState.DONE)) < len(project.names):
            time.sleep(0.5)
    return time.monotonic() - begun


def _parent(served: Served) -> psutil.Process:
    return psutil.Process(served.process.pid)


@always_on.command()
@click.option("--contracts", default=50, show_default=True)
@click.option("--seconds", default=180, show_default=True)
def idle(contracts: int, seconds: int) -> None:
    """CPU and memory of the daemon's own process between full runs, glances included."""
    with tempfile.TemporaryDirectory() as folder:
        project = _project(folder, contracts)
        with project.serve() as served:
            first = _all_ran_once(project)
            # The first glance at a table costs more than the later ones, and what the first runs told has to leave.
            time.sleep(SETTLED_SECONDS)
            parent = _parent(served)
            before, begun = parent.cpu_times(), time.monotonic()
            time.sleep(seconds)
            after, spent = parent.cpu_times(), time.monotonic() - begun
            used = (after.user + after.system - before.user - before.system) / spent
            ticks = served.metric("observer_tick_duration_seconds_count")
            print(f"{contracts} contracts: first runs of all in {first:.0f} s")
            print(f"idle for {spent:.0f} s: {100 * used:.2f} % of a core, {parent.memory_info().rss / 2**20:.0f} MiB")
            print(f"glances since the start: {ticks:.0f}")
            served.stop()


@always_on.command()
@click.option("--contracts", default=500, show_default=True)
@click.option("--minutes", default=16, show_default=True)
@click.option("--workers", default=2, show_default=True)
def sustained(contracts: int, minutes: int, workers: int) -> None:
    """Small tables on 5-minute schedules: slots missed, and how late runs begin."""
    with tempfile.TemporaryDirectory() as folder:
        settings: dict[str, Any] = {
            "schedule": {"every": "5min", "jitter": "4min"},
            "workers": {"count": workers, "recycle_after": 500},
            "snapshots": {"folder": f"{folder}/snapshots", "keep": 2, "daily": 0},
        }
        project = _project(folder, contracts, **settings)
        with project.serve() as served:
            begun = time.monotonic()
            while time.monotonic() - begun < minutes * 60:
                time.sleep(30)
                with project.store() as store:
                    done = slots_of(store, project.names, SlotState.DONE)
                    missed = slots_of(store, project.names, SlotState.MISSED)
                since = (time.monotonic() - begun) / 60
                late = [(s.started_at - s.due_at).total_seconds() for s in done if s.started_at is not None]
                middle = statistics.median(late) if late else float("nan")
                print(
                    f"{since:5.1f} min: {len(done)} runs ({len(done) / since:.0f} per minute), {len(missed)} missed, "
                    f"median {middle:.0f} s late, parent {_parent(served).memory_info().rss / 2**20:.0f} MiB",
                    flush=True,
                )
            served.stop()


@always_on.command()
@click.option("--rows", default=10_000_000, show_default=True)
@click.option("--rounds", default=50, show_default=True)
def tick(rows: int, rounds: int) -> None:
    """Time in the database of a freshness glance at a large table with an index over its time."""
    with postgres_server() as server:
        url = new_postgres_database(server)
        click.echo(f"filling PostgreSQL with {rows:,} leads", err=True)
        fill_postgres(url, rows=rows)
        engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as connection:
            for column in ("created_at", "updated_at"):
                connection.execute(sa.text(f"CREATE INDEX ON leads ({column})"))
        engine.dispose()
        (contract,) = load_contracts([CONTRACT]).contracts
        contract = replace(contract, slas=(FRESH,))
        span = timedelta(seconds=60)
        source = open_source(url, statement_timeout=span, connect_timeout=span)
        assert source.engine is not None
        spent: list[float] = []
        begun: list[float] = []
        event.listen(source.engine, "before_cursor_execute", lambda *_: begun.append(time.perf_counter()))
        event.listen(source.engine, "after_cursor_execute", lambda *_: spent.append(time.perf_counter() - begun[-1]))
        glancer = Glancer(plan_contract(contract))
        in_database, whole = [], []
        for _ in range(rounds):
            spent.clear()
            at = time.perf_counter()
            ticks = glancer.look(source, at=datetime.now(UTC), volume=False)
            whole.append(time.perf_counter() - at)
            in_database.append(sum(spent))
            assert ticks, "the contract has a freshness check"
        source.close()
        print(f"{rows:,} rows: {1000 * statistics.median(in_database):.2f} ms in the database (round trips included),")
        print(f"{1000 * statistics.median(whole):.2f} ms in all, median of {rounds}; {ticks[0].observed}")


if __name__ == "__main__":
    always_on()
