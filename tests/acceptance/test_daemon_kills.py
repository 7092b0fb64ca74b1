"""kill -9 at random moments, of the daemon and of its workers: no slot is lost or run twice, no event is missing.

The moments are drawn from a seed that a failure shows; `OBSERVER_KILL_SEED` draws them again.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from observer.runs.slots import SlotState
from observer.snapshots.manifest import read_manifest
from observer.store.store import Store
from tests.fakes.daemon import Project, Served, eventually, slots_of

NAMES = ("leads", "users")
DAEMON_KILLS = 10
WORKER_KILLS = 40
#: Rounds in which workers at work are killed.
WARM_ROUNDS = 1
ENDS = {"COMPLETE", "FAIL", "ABORT"}


@dataclass
class Killed:
    """What was done, and the project in which it was done, quiet again."""

    project: Project
    seed: int
    daemons: int = 0
    workers: int = 0
    exit_code: int | None = None


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    """All the killing, once; then a last daemon that puts in order what the killed ones left, and stops."""
    seed = int(os.environ.get("OBSERVER_KILL_SEED", random.randrange(10_000)))
    draw = random.Random(seed)
    project = Project(tmp_path_factory.mktemp("killed"), contracts=NAMES)
    done = Killed(project=project, seed=seed)
    while done.daemons < DAEMON_KILLS:
        with project.serve() as daemon:
            eventually(lambda: daemon.process.poll() is not None or daemon.said("leadership_gained"), "it leads")
            # At any moment: before the first claim, while workers start, in the middle of a run, after it.
            over = time.monotonic() + draw.uniform(0.0, 2.5)
            while time.monotonic() < over:
                _kill_a_worker(daemon, draw, done)
                time.sleep(draw.uniform(0.0, 0.4))
            daemon.kill()
            done.daemons += 1
        with project.store() as store:
            store.standing()
    with project.serve() as daemon, project.store() as store:
        while done.workers < WORKER_KILLS:
            _kill_a_worker(daemon, draw, done)
            time.sleep(draw.uniform(0.0, 0.5))
        for _ in range(WARM_ROUNDS):
            _all_pass(store)
            # Workers that have read everything they need are killed in the middle of what they are for.
            begun = len(daemon.said("run_started"))
            eventually(lambda begun=begun: len(daemon.said("run_started")) > begun, "a run begins", every=0.01)
            time.sleep(draw.uniform(0.0, 0.3))
            for worker in daemon.workers():
                worker.kill()
                done.workers += 1
        _all_pass(store)
        done.exit_code = daemon.stop(60)
    yield done


def _all_pass(store: Store) -> None:
    before = {run.id for run in store.runs(10_000)}
    eventually(lambda: _passed_since(store, before) == set(NAMES), "every contract runs again and passes", 180)


def _kill_a_worker(daemon: Served, draw: random.Random, done: Killed) -> None:
    workers = daemon.workers()
    if workers and done.workers < WORKER_KILLS:
        with suppress(psutil.NoSuchProcess):
            draw.choice(workers).kill()
            done.workers += 1


def _passed_since(store: Store, before: set[str]) -> set[str]:
    return {run.contracts[0] for run in store.runs(50) if run.id not in before and run.outcome.value == "passed"}


@pytest.fixture(scope="module")
def state(killed: Killed) -> Iterator[Store]:
    with killed.project.store() as store:
        yield store


def test_at_least_fifty_processes_were_killed_and_the_last_daemon_ended_well(killed: Killed) -> None:
    assert killed.daemons + killed.workers >= 50, killed
    assert killed.exit_code == 0


def test_the_state_is_whole(killed: Killed) -> None:
    with sqlite3.connect(killed.project.folder / "state.db") as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []


def test_every_slot_that_is_done_has_exactly_one_run_and_every_run_its_slot(killed: Killed, state: Store) -> None:
    done = [slot.run_id for slot in slots_of(state, NAMES, SlotState.DONE)]
    runs = [run.id for run in state.runs(100_000)]

    assert len(done) == len(set(done)) > len(NAMES), killed.seed
    assert sorted(map(str, done)) == sorted(runs), killed.seed


def test_no_slot_runs_for_ever(killed: Killed, state: Store) -> None:
    assert slots_of(state, NAMES, SlotState.RUNNING) == [], killed.seed


def test_no_second_of_the_schedule_is_missing(killed: Killed, state: Store) -> None:
    """Each contract is due every second: each second is there, as done, due or missed with its reason."""
    for name in NAMES:
        slots = slots_of(state, [name])
        seconds = sorted(int(slot.scheduled_for.timestamp()) for slot in slots)
        assert seconds == list(range(seconds[0], seconds[-1] + 1)), (name, killed.seed)
        assert all(slot.reason for slot in slots if slot.state is SlotState.MISSED)
        standing = next(s for s in state.standing().contracts if s.contract == name)
        assert standing.missed_slots == sum(slot.state is SlotState.MISSED for slot in slots)


def test_a_run_that_was_lost_says_why(killed: Killed, state: Store) -> None:
    errors = Counter(run.error for run in state.runs(100_000) if run.outcome.value == "errored")

    assert errors, "so many workers were killed"
    assert all(why and ("killed" in why or "never ended" in why) for why in errors), errors


def test_no_lineage_event_is_lost_and_none_comes_before_its_start(killed: Killed, state: Store) -> None:
    told: dict[tuple[str, str], list[str]] = defaultdict(list)
    for event in killed.project.events():
        told[event["job"]["name"], event["run"]["runId"]].append(event["eventType"])
    assert state.outbox.depths() == (), "a stop flushes what waits"

    for run, types in told.items():
        assert types[0] == "START", (run, types, killed.seed)
        ends = ENDS & set(types)
        assert len(ends) == 1, (run, types, killed.seed)
    began = {run_id for _, run_id in told}
    assert {run.id for run in state.runs(100_000)} <= began, killed.seed


def test_every_snapshot_that_the_state_speaks_of_is_there_and_whole(killed: Killed, state: Store) -> None:
    """What a killed run left beside them is removed by retention, when nobody can be writing it any more."""
    known = [Path(kept.folder) for kept in state.kept_snapshots()]

    assert known
    for folder in known:
        manifest = read_manifest(folder)
        assert [(folder / str(table.file)).is_file() for table in manifest.tables] == [True], killed.seed
