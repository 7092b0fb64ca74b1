"""Subjects that work when told, each in a process of its own, so that both sides of a ratio are measured in turn.

A subject (child) calls `serve(work)`: it says it is ready, then answers every line on stdin with one JSON line
`{"seconds", "peak_mb", "facts"}`. The benchmark (parent) calls `interleave(subjects, rounds)`. Standard library only:
subjects run in the venvs of peers too.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[1]
Facts = Mapping[str, Any]


# --- the child ---------------------------------------------------------------------------------------------------


def serve(work: Callable[[], Facts]) -> None:
    """Do `work` once per line on stdin until it closes. What libraries print to stdout goes to stderr.

    A fact `peak_mb` stands for the memory of the work where that is not this process's own.
    """
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        _answer(answers, {"ready": True})
        for _ in sys.stdin:
            started = time.perf_counter()
            facts = dict(work())
            seconds = time.perf_counter() - started
            _answer(answers, {"seconds": seconds, "peak_mb": facts.pop("peak_mb", None) or peak_mb(), "facts": facts})


def _answer(answers: IO[str], message: Facts) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def peak_mb() -> float:
    """Highest resident memory of this process since it began, in MB (10^6 bytes).

    From the kernel's VmHWM: `ru_maxrss` of a fresh child still holds what its parent had.
    """
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise RuntimeError("/proc/self/status has no VmHWM")
    return int(found[1]) * 1024 / 1e6


# --- the parent --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Something to time: a process that serves."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Timing:
    """What was seen of one subject; `error` says why it could not run."""

    name: str
    seconds: list[float] = field(default_factory=list)
    peak_mb: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)
    error: str | None = None

    @property
    def median(self) -> float | None:
        return statistics.median(self.seconds) if self.seconds else None

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "median_seconds": self.median,
            "seconds": self.seconds,
            "peak_mb": round(self.peak_mb, 1),
            "facts": self.facts,
            "error": self.error,
        }


class _Served:
    """A subject's process between its start and its end."""

    def __init__(self, subject: Subject, timing: Timing, log: Path) -> None:
        self.timing, self.log = timing, log
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **subject.env}
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                subject.command, cwd=ROOT, env=environment, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            )  # fmt: skip
        self._read()

    def work(self) -> Facts:
        """One round; an empty answer when the subject is gone."""
        if self.timing.error is not None or self.process.stdin is None:
            return {}
        with contextlib.suppress(BrokenPipeError):  # then the read below says that it ended
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        return self._read()

    def _read(self) -> Facts:
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            self.process.wait()
            said = self.log.read_text(errors="replace").strip().splitlines()
            self.timing.error = _short(said[-1]) if said else f"ended with exit code {self.process.returncode}"
            return {}
        answer: Facts = json.loads(line)
        return answer

    def close(self) -> None:
        if self.process.stdin:
            self.process.stdin.close()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


def interleave(subjects: Iterable[Subject], rounds: int, say: Callable[[str], None]) -> list[Timing]:
    """Warm every subject up once, then `rounds` times let each work in turn; never two at once."""
    timings: list[Timing] = []
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as ends:
        running: list[tuple[Subject, Timing, _Served]] = []
        for n, subject in enumerate(subjects):
            timing = Timing(name=subject.name)
            timings.append(timing)
            served = _Served(subject, timing, Path(folder) / f"{n}.log")
            ends.callback(served.close)
            running.append((subject, timing, served))
        for turn in range(rounds + 1):
            for subject, timing, served in running:
                answer = served.work()
                if not answer:
                    continue
                warm = "" if turn else " (warming up)"
                say(f"  {subject.name}: {answer['seconds']:.3f} s{warm}")
                if turn:
                    timing.seconds.append(answer["seconds"])
                timing.peak_mb = max(timing.peak_mb, answer["peak_mb"])
                timing.facts.update(answer["facts"])
    for timing in timings:
        if timing.error is not None:
            say(f"  {timing.name}: could not run: {timing.error}")
    return timings


def _short(line: str) -> str:
    """The last line of what a subject said, fit for a table and free of this machine's paths."""
    return line.replace(f"{ROOT}/", "")[:300]


def python_subject(name: str, python: Path | str, module: str, arguments: Sequence[str], **env: str) -> Subject:
    """A subject that is a module of this package, run by the Python of some venv."""
    return Subject(name=name, command=(str(python), "-m", f"benchmarks.subjects.{module}", *arguments), env=env)
