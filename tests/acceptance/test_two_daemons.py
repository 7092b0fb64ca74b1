"""Two daemons: on one PostgreSQL one leads and the other follows and takes over; on one SQLite the second refuses."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from observer.runs.slots import SlotState, Trigger
from observer.store.store import Store
from tests import real_parts
from tests.fakes.daemon import TOKEN, Project, Served, eventually, slots_of

NAMES = ("leads", "users")
#: As short as a lease can be; a third of it is between two renewals.
LEASE = 3.0


@dataclass
class Pair:
    project: Project
    store: Store
    first: Served
    second: Served

    def role(self, daemon: Served) -> str:
        return str(daemon.readiness()[1]["role"])

    @property
    def epoch(self) -> int:
        leader = self.store.standing().leader
        return 0 if leader is None else leader.epoch

    def passes(self) -> None:
        """A run that begins from now on passes."""
        began = time.time()
        eventually(
            lambda: [
                r for r in self.store.runs(20) if r.started_at.timestamp() > began and r.outcome.value == "passed"
            ],
            "a run passes",
            120,
        )


@pytest.fixture(scope="module")
def pair(postgres_server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """The first leads when this returns."""
    state = real_parts.new_postgres_database(postgres_server_url)
    with ExitStack() as stack:
        project = Project(
            tmp_path_factory.mktemp("pair"),
            contracts=NAMES,
            state=state,
            workers={"count": 1},
            daemon={"lease": f"{LEASE:g}s", "grace": "20s"},
        )
        store = stack.enter_context(Store.open(state))
        first = stack.enter_context(project.serve())
        eventually(lambda: first.said("leadership_gained"), "the first leads", 60)
        second = stack.enter_context(project.serve())
        second.ready(60)
        yield Pair(project, store, first, second)


def test_one_leads_and_the_other_follows_and_serves_all_the_same(pair: Pair) -> None:
    assert (pair.role(pair.first), pair.role(pair.second)) == ("leader", "follower")
    pair.passes()

    assert (pair.first.metric("observer_leader"), pair.second.metric("observer_leader")) == (1, 0)
    assert [c["contract"] for c in pair.second.json("/api/contracts")] == sorted(NAMES)
    assert pair.second.json("/api/runs?limit=1")
    assert pair.second.metric("observer_contract_last_run_timestamp_seconds") == pair.first.metric(
        "observer_contract_last_run_timestamp_seconds"
    )
    assert pair.second.workers() == [], "who follows needs no worker"


def test_a_run_asked_of_the_follower_is_done_by_the_leader(pair: Pair) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    status, text = pair.second.ask("/api/contracts/leads/runs", method="POST", headers=headers, data=b"")
    assert status in (200, 201, 202), text

    eventually(lambda: SlotState.DONE in _asked_by_hand(pair.store), "the slot by hand is done", 60)


def _asked_by_hand(store: Store) -> list[SlotState]:
    return [slot.state for slot in store.slots.of_contract("leads", 500) if slot.trigger is Trigger.HAND]


def test_a_leader_that_is_paused_is_replaced_and_cannot_write_when_it_wakes(pair: Pair) -> None:
    before = pair.epoch
    paused = time.monotonic()
    pair.first.signal(signal.SIGSTOP)
    try:
        eventually(lambda: pair.epoch > before, "the second takes over", 60)
        took = time.monotonic() - paused
        eventually(lambda: pair.role(pair.second) == "leader", "it says so")
        pair.passes()
    finally:
        pair.first.signal(signal.SIGCONT)
    after = pair.epoch

    eventually(lambda: pair.first.readiness()[0] == 200 and pair.role(pair.first) == "follower", "the first follows")
    time.sleep(2 * LEASE / 3)
    assert pair.epoch == after, "nobody takes the lease back"
    assert took < 30
    _one_slot_one_run(pair)


def test_the_death_of_the_leader_is_followed_by_a_takeover_within_thirty_seconds(pair: Pair) -> None:
    before = pair.epoch
    died = time.monotonic()
    pair.second.process.kill()

    eventually(lambda: pair.epoch > before, "the first takes over", 60)
    assert time.monotonic() - died < 30
    pair.passes()
    eventually(lambda: pair.role(pair.first) == "leader", "it says so")
    _one_slot_one_run(pair)


def test_a_leader_that_is_told_to_stop_lets_runs_end_gives_the_lease_back_and_exits_with_0(pair: Pair) -> None:
    eventually(lambda: pair.store.slots.in_state(SlotState.RUNNING), "something runs", every=0.01)

    assert pair.first.stop(60) == 0

    assert pair.store.standing().leader is None
    assert pair.store.slots.in_state(SlotState.RUNNING) == ()
    assert pair.store.outbox.depths() == ()
    _one_slot_one_run(pair)


def _one_slot_one_run(pair: Pair) -> None:
    done = Counter(slot.run_id for slot in slots_of(pair.store, NAMES, SlotState.DONE))
    runs = {run.id for run in pair.store.runs(10_000)}
    assert set(done.values()) == {1}
    assert set(done) <= runs
    eventually(
        lambda: (
            {s.run_id for s in slots_of(pair.store, NAMES, SlotState.DONE)}
            >= {r.id for r in pair.store.runs(10_000)} & runs
        ),
        "every run has its slot",
    )


def test_with_sqlite_a_second_daemon_refuses_and_says_why_and_the_first_goes_on(tmp_path: Path) -> None:
    project = Project(tmp_path / "alone")
    with project.serve() as first:
        first.ready(60)
        with project.serve() as second:
            assert second.process.wait(60) == 3
            assert "another daemon uses the state" in second.log()
            assert "Fix: stop it first" in " ".join(second.log().split())
        assert first.readiness()[0] == 200

        # A dead one is no hindrance: what it held is free.
        first.kill()
    with project.serve() as third:
        third.ready(60)
        assert third.stop(60) == 0


def test_what_runs_when_the_grace_is_over_is_handed_back_and_told(tmp_path: Path) -> None:
    project = Project(tmp_path / "short", daemon={"grace": "0s"}, workers={"count": 1})
    with project.serve() as daemon, project.store() as store:
        eventually(lambda: store.slots.in_state(SlotState.RUNNING), "a run begins", 60, every=0.01)
        assert daemon.stop(60) == 0

        (slot,) = [s for s in slots_of(store, ["leads"]) if s.attempt == 1 and s.state is SlotState.DUE]
        assert slot.reason is not None
        assert "stopped" in slot.reason
        assert store.outbox.depths() == ()
        types = [event["eventType"] for event in project.events()]
        assert types.count("START") == types.count("FAIL") > 0
