"""Processes that use the state and are killed at any moment, between any two statements: nothing is half done.

Each life does what a daemon and its worker do with the state: lead, add slots, claim, record with events, deliver. The
lives are forked from one process, so that a hundred of them cost seconds.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from observer.runs.slots import SlotState
from observer.store.store import Store
from tests.fakes.small_runs import LEADS

LIVES = 40
_ROOT = Path(__file__).resolve().parents[3]
_LIVES = """
import itertools, os, random, signal, sys, time, uuid
from datetime import timedelta
from pathlib import Path
from observer.runs.slots import SlotState
from observer.store.store import Store
from tests.fakes.small_runs import HOUR, LEADS, NOON, delivery, slot, small_run

url, lives, landed = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
LEASE = timedelta(seconds=30)

def live(number, rounds, ready):
    with Store.open(url) as store, landed.open("a") as file:
        os.write(ready, b"!")
        term = store.leadership.campaign(f"life-{number}", LEASE, alone=True)
        for left in store.slots.in_state(SlotState.RUNNING):
            events = [delivery(f"FAIL {left.run_id}", line=left.run_id)]
            store.slots.hand_back(left, "its process was killed", term=term, deliveries=events)
        for _ in rounds:
            at = max(store.slots.newest(NOON + 1_000_000 * HOUR).values(), default=NOON) + HOUR
            store.slots.add([slot(at=at)], term)
            for due in store.slots.in_state(SlotState.DUE):
                run_id = str(uuid.uuid4())
                events = [delivery(f"START {run_id}", line=run_id)]
                held = store.slots.claim(due, run_id, term=term, deliveries=events)
                events = [delivery(f"COMPLETE {run_id}", line=run_id)]
                store.record_audit(small_run(run_id, at=due.scheduled_for), finishes=held, deliveries=events)
            while store.outbox.depths():
                for each in store.outbox.take("lineage", 5, timedelta(milliseconds=20), term=term):
                    file.write(each.key + "\\n")
                    file.flush()
                    store.outbox.delivered(each)

Store.open(url).close()
for number in range(lives):
    hears, ready = os.pipe()
    child = os.fork()
    if child == 0:
        live(number, itertools.count(), ready)
    os.read(hears, 1)
    time.sleep(random.expovariate(12))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(hears)
    os.close(ready)
live(lives, range(1), os.open(os.devnull, os.O_WRONLY))
"""


@pytest.fixture(scope="module")
def landed(state_url: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What arrived, in order, after all the killing and a last life that nobody ended."""
    file = tmp_path_factory.mktemp("landed") / "events"
    subprocess.run([sys.executable, "-c", _LIVES, state_url, str(LIVES), str(file)], cwd=_ROOT, check=True, timeout=120)
    return file.read_text().split("\n")[:-1]


def test_every_slot_that_is_done_has_its_run_and_none_runs_for_ever(state_url: str, landed: list[str]) -> None:
    with Store.open(state_url) as store:
        slots = store.slots.of_contract(LEADS, 1_000_000)
        runs = [run.id for run in store.runs(1_000_000)]

    done = [slot.run_id for slot in slots if slot.state is SlotState.DONE]
    assert len(done) >= 3, "they lived long enough to do something"
    assert sorted(map(str, done)) == sorted(runs)
    assert {slot.state for slot in slots} == {SlotState.DONE}
    assert len({slot.scheduled_for for slot in slots}) == len(slots)


def test_every_run_that_began_is_told_to_have_ended_in_this_order_and_only_one_way(landed: list[str]) -> None:
    told: dict[str, list[str]] = defaultdict(list)
    for line in landed:
        kind, _, run_id = line.partition(" ")
        told[run_id].append(kind)

    wrong = {
        run_id: kinds
        for run_id, kinds in told.items()
        if list(dict.fromkeys(kinds)) not in (["START", "COMPLETE"], ["START", "FAIL"])
    }
    assert wrong == {}


def test_what_was_recorded_was_told_and_little_was_told_twice(state_url: str, landed: list[str]) -> None:
    with Store.open(state_url) as store:
        runs = {run.id for run in store.runs(1_000_000)}
        assert store.outbox.depths() == ()

    assert {line.partition(" ")[2] for line in landed if line.startswith("COMPLETE")} == runs
    assert sum(times - 1 for times in Counter(landed).values()) <= LIVES, "only what was under way when one was killed"
