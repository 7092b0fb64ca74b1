"""`python -m benchmarks.soak`: many runs of one daemon, and what it holds on to meanwhile.

Prints memory and file descriptors of the daemon's own process and of its workers as runs go by. Exit code 1 when the
daemon grew after its warm-up (the first quarter of the runs), or a run did not pass.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
import psutil

from observer.store.store import Store
from tests.fakes.daemon import Project, Served

#: What the daemon may gain between the second and the last quarter: allocators and caches breathe.
MOST_GROWTH_MB = 8.0
MOST_GROWTH_FILES = 4
NAMES = tuple(f"table_{n}" for n in range(8))


@dataclass(frozen=True)
class Look:
    """One look at the processes."""

    seconds: float
    runs: int
    memory_mb: float
    files: int
    threads: int
    #: One pair (MiB, file descriptors) per living worker.
    workers: tuple[tuple[float, int], ...]
    #: Of the state, with its write-ahead log, and of everything that is kept of snapshots.
    disk_mb: float

    def line(self) -> str:
        workers = "  ".join(f"{memory:5.0f} MiB {files:3d} fds" for memory, files in self.workers)
        return (
            f"{self.seconds:7.0f} s {self.runs:6d} runs   daemon {self.memory_mb:6.1f} MiB {self.files:4d} fds "
            f"{self.threads:3d} threads   disk {self.disk_mb:6.1f} MiB   workers {workers}"
        )


def look(served: Served, project: Project, store: Store, since: float) -> Look:
    """What there is now."""
    parent = psutil.Process(served.process.pid)
    workers = []
    for worker in served.workers():
        try:
            workers.append((worker.memory_info().rss / 2**20, worker.num_fds()))
        except psutil.Error:  # it was recycled while we looked
            continue
    return Look(
        seconds=time.monotonic() - since,
        runs=len(store.runs(1_000_000)),
        memory_mb=parent.memory_info().rss / 2**20,
        files=parent.num_fds(),
        threads=parent.num_threads(),
        workers=tuple(workers),
        disk_mb=sum(_sizes(project.folder)) / 2**20,
    )


def _sizes(folder: Path) -> Iterator[int]:
    """Of the state and of what is kept of snapshots, some of which is removed while it is looked at."""
    for place, _, names in [*os.walk(folder / "snapshots"), (folder, (), [f.name for f in folder.glob("state.db*")])]:
        for name in names:
            with suppress(FileNotFoundError):
                yield (Path(place) / name).stat().st_size


def growth(looks: list[Look]) -> tuple[float, int]:
    """MiB and file descriptors by which the last quarter's peak exceeds the second quarter's."""
    quarter = max(1, len(looks) // 4)
    second, last = looks[quarter : 2 * quarter] or looks[:1], looks[-quarter:]
    return (
        max(each.memory_mb for each in last) - max(each.memory_mb for each in second),
        max(each.files for each in last) - max(each.files for each in second),
    )


@click.command()
@click.option("--runs", default=1_000, show_default=True, help="How many runs at least.")
@click.option("--workers", default=2, show_default=True)
@click.option("--recycle-after", default=50, show_default=True, help="Runs of one worker.")
@click.option("--state", default=None, help="URL of a PostgreSQL state; SQLite in the folder when it is left out.")
def soak(runs: int, workers: int, recycle_after: int, state: str | None) -> None:
    """Run tiny contracts as fast as the daemon can, and watch what it holds on to."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project(
            Path(folder) / "project",
            contracts=NAMES,
            state=state,
            workers={"count": workers, "recycle_after": recycle_after},
        )
        looks: list[Look] = []
        with project.serve() as served, project.store() as store:
            served.ready(120)
            since = time.monotonic()
            while not looks or looks[-1].runs < runs:
                time.sleep(2)
                found = look(served, project, store, since)
                if not looks or found.runs >= looks[-1].runs + max(1, runs // 40):
                    looks.append(found)
                    print(found.line(), flush=True)
            unwell = [run for run in store.runs(1_000_000) if run.outcome.value != "passed"]
            code = served.stop(120)
    memory, files = growth(looks)
    print(f"\n{looks[-1].runs} runs, {len(unwell)} of them not passed; the daemon ended with exit code {code}")
    print(f"after the warm-up the daemon gained {memory:+.1f} MiB and {files:+d} file descriptors")
    flat = memory <= MOST_GROWTH_MB and files <= MOST_GROWTH_FILES
    sys.exit(0 if flat and not unwell and code == 0 else 1)


if __name__ == "__main__":
    soak()
