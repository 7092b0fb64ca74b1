"""A reading of a state that fails or hangs: nobody waits long, and nobody asks twice at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from observer.metrics.reading import Reading

#: Longer than any of this takes; a test that waits so long fails.
LONG = 30.0


class Hanging:
    """A state that answers when it is let, and counts who asks."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.asked = threading.Event()
        self.times = 0

    def __call__(self) -> int:
        self.times += 1
        self.asked.set()
        assert self.let.wait(LONG)
        return self.times


def test_many_who_ask_at_once_share_one_answer() -> None:
    state = Hanging()
    reading = Reading(state, fresh_for=LONG, patience=LONG)
    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(reading.get) for _ in range(8)]
        assert state.asked.wait(LONG)
        state.let.set()
        assert [answer.result(LONG) for answer in answers] == [1] * 8
    assert state.times == 1


def test_nobody_waits_for_a_state_that_hangs_and_what_comes_late_serves_the_next() -> None:
    state = Hanging()
    reading = Reading(state, fresh_for=LONG, patience=0.01)
    assert reading.get() is None
    assert reading.get() is None
    assert state.times == 1
    state.let.set()
    late = None
    for _ in range(1_000):
        if (late := reading.get()) is not None:
            break
        threading.Event().wait(0.01)
    assert late == 1


def test_a_failure_is_remembered_as_long_as_an_answer() -> None:
    now, times = 0.0, 0

    def fails() -> int:
        nonlocal times
        times += 1
        raise OSError("canary")

    reading = Reading(fails, fresh_for=5.0, patience=LONG, monotonic=lambda: now)
    assert reading.get() is None
    assert reading.get() is None
    assert times == 1
    now = 5.0
    assert reading.get() is None
    assert times == 2
