"""Worker processes for full runs. In: orders. Out: for each order exactly one answer, whatever becomes of its worker.

One thread watches one process over a pipe of its own, by the monotonic clock: a worker that is killed, hangs or grows
too large costs its own run and nothing else, and a wall clock that steps costs nothing. (Pools whose workers share a
queue, as those of the standard library and of pebble, break as a whole when an idle worker is killed.)
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import psutil
import structlog

from observer.runs.workers import Ending

log = structlog.get_logger("observer")

#: How often a running worker's memory and time are looked at.
_LOOK_SECONDS = 0.2
#: What a process that ends by itself may take for it.
_LAST_WORDS_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Lost:
    """The answer when a worker ended before it gave one."""

    ending: Ending
    #: For a person.
    reason: str


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one run may cost."""

    memory_mb: int
    time_limit: timedelta
    recycle_after: int


#: Runs in the worker for every order; must be importable there.
Task = Callable[[Any], Any]
OnAnswer = Callable[[Any, Any], None]
OnEnding = Callable[[Ending], None]


class WorkerPool:
    """`count` workers, started when first needed. Orders and answers are pickled values."""

    def __init__(self, count: int, limits: Limits, task: Task, on_answer: OnAnswer, on_ending: OnEnding) -> None:
        """`on_answer(order, answer or Lost)` is called from the thread of the worker."""
        self._orders: queue.SimpleQueue[Any] = queue.SimpleQueue()
        #: Held while an order comes in or is over: behind the last one stand only the words to stop.
        self._door = threading.Lock()
        self._stopping = threading.Event()
        self._killing = threading.Event()
        self._free = threading.Semaphore(count)
        self._count = count
        self._under_way: dict[int, Any] = {}
        self._workers = [_Worker(self, number, limits, task, on_answer, on_ending) for number in range(count)]
        for worker in self._workers:
            worker.thread.start()

    def take(self, order: Any) -> bool:
        """Give the order to a free worker; False when none is free, and then nothing happened."""
        with self._door:
            if self._stopping.is_set() or not self._free.acquire(blocking=False):
                return False
            self._under_way[id(order)] = order
            self._orders.put(order)
            return True

    @property
    def under_way(self) -> tuple[Any, ...]:
        """Orders that have no answer yet."""
        with self._door:
            return tuple(self._under_way.values())

    @property
    def idle(self) -> int:
        """How many orders could be taken now."""
        return 0 if self._stopping.is_set() else self._count - len(self._under_way)

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of living workers."""
        return tuple(pid for worker in self._workers if (pid := worker.pid) is not None)

    def stop(self, grace: timedelta) -> None:
        """Let running orders end within `grace`, then kill what still runs (answered with Lost, STOPPED)."""
        with self._door:
            self._stopping.set()
            for _ in self._workers:
                self._orders.put(None)
        deadline = time.monotonic() + grace.total_seconds()
        for worker in self._workers:
            worker.thread.join(max(0.0, deadline - time.monotonic()))
        self._killing.set()
        for worker in self._workers:
            worker.thread.join()


class _Worker:
    """One process and the thread that watches it."""

    def __init__(
        self, pool: WorkerPool, number: int, limits: Limits, task: Task, on_answer: OnAnswer, on_ending: OnEnding
    ) -> None:
        self._pool = pool
        self._limits = limits
        self._task = task
        self._on_answer = on_answer
        self._on_ending = on_ending
        self._process: SpawnProcess | None = None
        self._pipe: Connection[Any, Any] | None = None
        #: Puts the order into the pipe, which may wait for as long as nobody reads it.
        self._sending: threading.Thread | None = None
        #: Where it puts what is temporary: gone with it, however it ends, for it holds values as the source has them.
        self._temporary = ""
        self._served = 0
        self.thread = threading.Thread(target=self._watch, name=f"worker-{number}", daemon=True)

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None and process.is_alive() else None

    def _watch(self) -> None:
        while (order := self._pool._orders.get()) is not None:
            try:
                answer = self._answer(order)
            except Exception as error:
                log.exception("worker_broke")
                self._end(Ending.KILLED)
                said = f"unexpected {type(error).__name__} between the daemon and its worker; the log says where"
                answer = Lost(ending=Ending.KILLED, reason=said)
            try:
                self._on_answer(order, answer)
            except Exception:  # or this worker would never serve again
                log.exception("answer_broke")
            # Only now: whoever asks what is under way must not take an answer for a loss.
            with self._pool._door:
                self._pool._under_way.pop(id(order), None)
            self._pool._free.release()
            if self._served >= self._limits.recycle_after:
                self._end(Ending.RECYCLED)
        self._end(Ending.STOPPED)

    def _answer(self, order: Any) -> Any:
        letter = ForkingPickler.dumps(order)
        try:
            pipe = self._started()
        except OSError as error:
            return Lost(ending=Ending.KILLED, reason=f"no worker could be started ({type(error).__name__})")
        self._sending = threading.Thread(target=_send, args=(pipe, letter), daemon=True)
        self._sending.start()
        self._served += 1
        return self._await(pipe)

    def _await(self, pipe: Connection[Any, Any]) -> Any:
        process = self._process
        assert process is not None
        deadline = time.monotonic() + self._limits.time_limit.total_seconds()
        while True:
            ready = wait([pipe, process.sentinel], _LOOK_SECONDS)
            if pipe in ready:
                with suppress(EOFError, OSError):
                    return pipe.recv()
                return self._died(process)
            if process.sentinel in ready:
                return self._died(process)
            if self._pool._killing.is_set():
                self._end(Ending.STOPPED)
                return Lost(ending=Ending.STOPPED, reason="the daemon stopped during this run")
            if time.monotonic() > deadline:
                self._end(Ending.TIMEOUT)
                limit = self._limits.time_limit
                return Lost(ending=Ending.TIMEOUT, reason=f"the run took longer than its limit of {limit}")
            if (used := _memory_mb(process)) > self._limits.memory_mb:
                self._end(Ending.OUT_OF_MEMORY)
                said = f"the run needed more than its limit of {self._limits.memory_mb} MiB of memory ({used} MiB)"
                return Lost(ending=Ending.OUT_OF_MEMORY, reason=said)

    def _died(self, process: SpawnProcess) -> Lost:
        process.join(_LAST_WORDS_SECONDS)
        code = process.exitcode or 0
        self._end(Ending.KILLED)
        if code == -signal.SIGKILL:
            reason = "the worker was killed (by hand, or by the system for want of memory)"
        elif code < 0:
            name = next((known.name for known in signal.Signals if known == -code), str(-code))
            reason = f"the worker died of signal {name}"
        else:
            reason = f"the worker ended with exit code {code}"
        return Lost(ending=Ending.KILLED, reason=reason)

    def _started(self) -> Connection[Any, Any]:
        if self._process is not None and not self._process.is_alive():
            self._end(Ending.KILLED)
        if self._process is None:
            context = multiprocessing.get_context("spawn")
            here, there = context.Pipe()
            self._temporary = tempfile.mkdtemp(prefix="observer-")
            process = context.Process(
                target=_serve,
                # By name: what the task needs is imported when somebody watches over the daemon's death already.
                args=(there, self._task.__module__, self._task.__name__, os.getpid(), self._temporary),
                daemon=True,
            )
            try:
                process.start()
            except OSError:
                here.close()
                shutil.rmtree(self._temporary, ignore_errors=True)
                raise
            finally:
                there.close()
            self._process, self._pipe, self._served = process, here, 0
        assert self._pipe is not None
        return self._pipe

    def _end(self, ending: Ending) -> None:
        """The process is gone when this returns, however it took it."""
        process, pipe, sending = self._process, self._pipe, self._sending
        self._process = self._pipe = self._sending = None
        if process is None or pipe is None:
            return
        if sending is not None and sending.is_alive():
            process.kill()
            sending.join()
        pipe.close()
        if ending is Ending.RECYCLED or ending is Ending.STOPPED:
            # Its pipe is closed, so it ends by itself when it is idle.
            process.join(0.5 if ending is Ending.STOPPED else _LAST_WORDS_SECONDS)
        process.kill()
        process.join()
        process.close()
        shutil.rmtree(self._temporary, ignore_errors=True)
        self._on_ending(ending)


def _send(pipe: Connection[Any, Any], letter: memoryview) -> None:
    with suppress(OSError):  # whoever waits for the answer sees that the worker is gone
        pipe.send_bytes(letter)


def _memory_mb(process: SpawnProcess) -> int:
    try:
        return int(psutil.Process(process.pid).memory_info().rss // 2**20)
    except psutil.Error:
        return 0


def _serve(pipe: Connection[Any, Any], module: str, name: str, parent: int, temporary: str) -> None:
    """The life of a worker: an order in, an answer out, until the pipe closes or the daemon is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.environ["TMPDIR"] = tempfile.tempdir = temporary
    threading.Thread(target=_die_with, args=(parent, temporary), daemon=True).start()
    task: Task = getattr(import_module(module), name)
    while True:
        try:
            order = pipe.recv()
        except (EOFError, OSError):
            return
        # Whoever tidies up old temporary folders may have taken it for one.
        Path(temporary).mkdir(mode=0o700, exist_ok=True)
        pipe.send(task(order))


def _die_with(parent: int, temporary: str) -> None:
    """A daemon that was killed leaves no worker behind, nor what it was working on."""
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    shutil.rmtree(temporary, ignore_errors=True)
    os._exit(1)
