"""Worker processes: whatever becomes of one, every order has one answer and the next order a worker."""

from __future__ import annotations

import os
import signal
import threading
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

    def serves(self) -> int:
        """The process id of a worker that answers; a busy machine may need more than its time for the first."""
        for _ in range(20):
            if isinstance(pid := self.ask("pid"), int):
                return pid
        raise AssertionError("no worker answers within its time")

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
    assert pool.serves()


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


def test_a_worker_that_takes_no_order_is_ended_in_time_and_at_a_stop(
    opened: Callable[..., Pool], tmp_path: Path
) -> None:
    """An order that is larger than a pipe waits to be read: a worker that is paused never does."""
    pool = opened(limits=Limits(memory_mb=4096, time_limit=timedelta(seconds=1), recycle_after=50))
    large = bytes(8 * 2**20)
    _pause(pool)
    answer = pool.ask("answer", **{"with": large})
    assert isinstance(answer, Lost)
    assert answer.ending is Ending.TIMEOUT
    assert pool.serves()

    stopped = opened()
    _pause(stopped)
    assert stopped.pool.take({"do": "answer", "with": large})
    stopped.pool.stop(timedelta())
    lost = stopped.answer()
    assert isinstance(lost, Lost)
    assert lost.ending is Ending.STOPPED


def _pause(pool: Pool) -> None:
    os.kill(pool.serves(), signal.SIGSTOP)


def test_a_signal_without_a_name_kills_no_more_than_the_run(opened: Callable[..., Pool]) -> None:
    pool = opened()
    answer = pool.ask("signal", number=signal.SIGRTMIN + 5)
    assert isinstance(answer, Lost)
    assert f"signal {signal.SIGRTMIN + 5}" in answer.reason
    assert pool.ask("answer", **{"with": 1}) == 1


def test_what_no_pipe_can_carry_is_an_answer_too(opened: Callable[..., Pool]) -> None:
    pool = opened()
    answer = pool.ask("answer", **{"with": lambda: "not to be pickled"})
    assert isinstance(answer, Lost)
    assert pool.ask("answer", **{"with": 1}) == 1


def test_whoever_hears_an_answer_and_breaks_keeps_its_worker() -> None:
    heard: SimpleQueue[object] = SimpleQueue()

    def breaks(order: object, answer: object) -> None:
        heard.put(answer)
        raise ValueError("a fault of ours")

    pool = WorkerPool(1, ROOMY, misbehave, breaks, lambda ending: None)
    for number in (1, 2):
        eventually(lambda number=number: pool.take({"do": "answer", "with": number}))  # type: ignore[misc]  # bound now
        assert heard.get(timeout=30) == number
    pool.stop(timedelta(seconds=30))
    assert pool.under_way == ()


@pytest.mark.parametrize("_time", range(50))
def test_every_order_that_was_taken_has_its_answer_whenever_the_stop_comes(_time: int) -> None:
    answered: list[int] = []
    taken: list[int] = []
    pool = WorkerPool(2, ROOMY, misbehave, lambda order, _: answered.append(order), lambda ending: None)
    for worker in pool._workers:
        worker._answer = lambda order: order  # type: ignore[method-assign]  # no process: only the queue is looked at

    def take() -> None:
        number = 0
        while not pool._stopping.is_set():
            number += 1
            if pool.take(number):
                taken.append(number)

    taker = threading.Thread(target=take)
    taker.start()
    pool.stop(timedelta(seconds=30))
    taker.join()
    assert sorted(answered) == taken
