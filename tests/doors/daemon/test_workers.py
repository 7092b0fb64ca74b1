"""Worker processes: whatever becomes of one, every order has one answer and the next order a worker."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue

import psutil
import pytest

from observer.daemon.workers import Limits, Lost, WorkerPool
from observer.runs.workers import Ending
from tests.fakes.worker_tasks import misbehave

ROOMY = Limits(memory_mb=4096, time_limit=timedelta(minutes=1), recycle_after=50)


class Pool:
    """A pool whose answers and ends can be waited for."""

    def __init__(self, count: int, limits: Limits) -> None:
        self.answers: SimpleQueue[tuple[dict[str, object], object]] = SimpleQueue()
        self.ends: list[Ending] = []
        self.pool = WorkerPool(
            count, limits, misbehave, lambda order, answer: self.answers.put((order, answer)), self.ends.append
        )

    def ask(self, do: str, **more: object) -> object:
        eventually(lambda: self.pool.take({"do": do, **more}))
        return self.answer()

    def answer(self) -> object:
        return self.answers.get(timeout=30)[1]


@pytest.fixture
def opened() -> Iterator[Callable[..., Pool]]:
    made: list[Pool] = []

    def open_pool(count: int = 1, limits: Limits = ROOMY) -> Pool:
        made.append(Pool(count, limits))
        return made[-1]

    yield open_pool
    for pool in made:
        pool.pool.stop(timedelta())


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_order_is_answered_and_its_worker_serves_the_next(opened: Callable[..., Pool]) -> None:
    pool = opened()
    first = pool.ask("pid")
    assert pool.ask("answer", **{"with": [1, "two"]}) == [1, "two"]
    assert pool.ask("pid") == first


def test_a_worker_that_dies_costs_its_order_only(opened: Callable[..., Pool]) -> None:
    pool = opened()
    first = pool.ask("pid")
    killed = pool.ask("kill")
    assert isinstance(killed, Lost)
    assert killed.ending is Ending.KILLED
    assert "killed" in killed.reason
    left = pool.ask("exit")
    assert isinstance(left, Lost)
    assert "exit code 7" in left.reason
    assert pool.ask("pid") not in (first, None)
    assert pool.ends == [Ending.KILLED, Ending.KILLED]


def test_a_worker_that_is_killed_while_idle_costs_nothing(opened: Callable[..., Pool]) -> None:
    pool = opened()
    first = pool.ask("pid")
    assert isinstance(first, int)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: pool.pool.pids == ())
    assert pool.ask("answer", **{"with": "here"}) == "here"


def test_a_run_beyond_its_time_is_ended(opened: Callable[..., Pool], tmp_path: Path) -> None:
    pool = opened(limits=Limits(memory_mb=4096, time_limit=timedelta(seconds=1), recycle_after=50))
    answer = pool.ask("sleep", mark=tmp_path / "begun")
    assert isinstance(answer, Lost)
    assert answer.ending is Ending.TIMEOUT
    assert "0:00:01" in answer.reason
    assert pool.ask("answer", **{"with": 1}) == 1


def test_a_run_that_grows_too_large_is_ended(opened: Callable[..., Pool]) -> None:
    pool = opened(limits=Limits(memory_mb=200, time_limit=timedelta(minutes=1), recycle_after=50))
    answer = pool.ask("grow")
    assert isinstance(answer, Lost)
    assert answer.ending is Ending.OUT_OF_MEMORY
    assert "200 MiB" in answer.reason


def test_a_worker_makes_room_for_a_fresh_one_after_its_share(opened: Callable[..., Pool]) -> None:
    pool = opened(limits=Limits(memory_mb=4096, time_limit=timedelta(minutes=1), recycle_after=2))
    pids = [pool.ask("pid") for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]
    eventually(lambda: pool.ends == [Ending.RECYCLED, Ending.RECYCLED])


def test_no_more_orders_are_taken_than_there_are_workers(opened: Callable[..., Pool], tmp_path: Path) -> None:
    pool = opened(count=2)
    assert pool.pool.take({"do": "sleep", "mark": tmp_path / "a"})
    assert pool.pool.take({"do": "sleep", "mark": tmp_path / "b"})
    assert pool.pool.idle == 0
    assert not pool.pool.take({"do": "answer", "with": 1})


def test_a_stop_hands_out_what_still_runs(opened: Callable[..., Pool], tmp_path: Path) -> None:
    pool = opened()
    mark = tmp_path / "begun"
    assert pool.pool.take({"do": "sleep", "mark": mark})
    eventually(mark.exists)
    pids = pool.pool.pids
    pool.pool.stop(timedelta(milliseconds=100))
    answer = pool.answer()
    assert isinstance(answer, Lost)
    assert answer.ending is Ending.STOPPED
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not pool.pool.take({"do": "answer", "with": 1})


def test_a_stop_lets_a_run_end(opened: Callable[..., Pool]) -> None:
    pool = opened()
    assert pool.pool.take({"do": "answer", "with": "done"})
    pool.pool.stop(timedelta(seconds=30))
    assert pool.answer() == "done"
