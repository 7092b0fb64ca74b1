"""Faults of what the daemon touches: it stays up, says what is wrong in metrics and `/readyz`, and recovers alone.

One daemon for all of them, with the CRM and the state in PostgreSQL behind proxies, a lineage receiver that can be
told to misbehave, and a small disk for its snapshots. Each test ends with everything healed.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from observer.runs.slots import SlotState
from observer.store.records import RunRow
from observer.store.store import Store
from tests import real_parts
from tests.fakes.daemon import Project, Served, crm_statements, eventually
from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.lineage_receiver import Receiver, lineage_receiver

NAME = "leads"


@dataclass(frozen=True)
class Scene:
    """Everything at once; `store` and `crm` reach their servers past the proxies."""

    project: Project
    daemon: Served
    source: FaultProxy
    state: FaultProxy
    receiver: Receiver
    store: Store
    crm: psycopg.Connection
    disk: Path

    def runs(self, after: float, *, outcome: str) -> list[RunRow]:
        """Runs that began after that time (of `time.time()`) with that outcome."""
        found = self.store.runs(200)
        return [run for run in found if run.started_at.timestamp() > after and run.outcome.value == outcome]

    def errored(self, after: float) -> RunRow:
        return eventually(lambda: self.runs(after, outcome="errored"), "a run is errored", 90)[-1]

    def recovers(self) -> None:
        """It is ready again, and a run that begins from now on passes."""
        healed = time.time()
        eventually(lambda: self.runs(healed, outcome="passed"), "a run passes again", 120)
        eventually(lambda: self.daemon.readiness()[0] == 200, "it is ready again", 60)


def through(url: str, proxy: FaultProxy) -> str:
    server, _, database = url.rpartition("/")
    return f"{server.rpartition(':')[0]}:{proxy.port}/{database}"


def port_of(url: str) -> int:
    return int(url.rpartition("/")[0].rpartition(":")[2])


@pytest.fixture(scope="module")
def scene(postgres_server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    crm_url = real_parts.new_postgres_database(postgres_server_url)
    state_url = real_parts.new_postgres_database(postgres_server_url)
    folder = tmp_path_factory.mktemp("faults")
    disk = folder / "disk"
    disk.mkdir()
    with ExitStack() as stack:
        crm = stack.enter_context(psycopg.connect(crm_url, autocommit=True))
        for statement in crm_statements([NAME], rows=4_000):
            crm.execute(statement)  # type: ignore[call-overload]  # made by ourselves
        small_disk = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)], capture_output=True)
        if small_disk.returncode == 0:
            stack.callback(subprocess.run, ["umount", "-l", str(disk)], check=True)
        source = stack.enter_context(FaultProxy(port_of(crm_url)))
        state = stack.enter_context(FaultProxy(port_of(state_url)))
        receiver = stack.enter_context(lineage_receiver())
        project = Project(
            folder,
            contracts=[NAME],
            source=through(crm_url, source),
            state=f"{through(state_url, state)}?connect_timeout=2",
            lineage=receiver.url,
            workers={"count": 1, "time_limit": "20s"},
            snapshots={"folder": str(disk / "snapshots")},
        )
        store = stack.enter_context(Store.open(state_url))
        daemon = stack.enter_context(project.serve())
        daemon.ready()
        made = Scene(
            project=project,
            daemon=daemon,
            source=source,
            state=state,
            receiver=receiver,
            store=store,
            crm=crm,
            disk=disk,
        )
        made.recovers()
        yield made


@pytest.fixture(autouse=True)
def healed(scene: Scene) -> Iterator[None]:
    """A test that fails leaves no fault to the next."""
    yield
    scene.source.pass_through()
    scene.state.pass_through()
    scene.receiver.answers(201)


# --- the CRM ------------------------------------------------------------------------------------------------------


def test_a_source_that_is_down(scene: Scene) -> None:
    began = time.time()
    scene.source.refuse()

    run = scene.errored(began)
    said = scene.daemon.troubled("source")
    assert run.error is not None
    assert "cannot be reached" in run.error
    assert "Fix: " in run.error
    assert real_parts.PASSWORD not in run.error + said
    assert scene.daemon.metric('observer_runs_total{outcome="errored"}')

    scene.source.pass_through()
    scene.recovers()


def test_a_source_that_hangs(scene: Scene) -> None:
    began = time.time()
    scene.source.hang()

    assert scene.errored(began).error
    scene.daemon.troubled("source")
    assert scene.daemon.ask("/healthz")[0] == 200

    scene.source.pass_through()
    scene.recovers()


def test_a_source_that_cuts_the_stream_in_the_middle(scene: Scene) -> None:
    began = time.time()
    scene.source.cut(after=40_000)

    run = scene.errored(began)
    (result, *_) = scene.store.run(run.id).results
    assert result.outcome.value == "errored"
    assert result.error is not None
    assert "Fix: " in result.error

    scene.source.pass_through()
    scene.recovers()


def test_a_source_that_is_slow_is_waited_for(scene: Scene) -> None:
    scene.source.slow(bytes_per_second=200_000)

    slow = time.time()
    eventually(lambda: scene.runs(slow, outcome="passed"), "a slow run passes", 90)

    scene.source.pass_through()
    scene.recovers()


def test_a_table_that_is_locked(scene: Scene) -> None:
    began = time.time()
    with scene.crm.transaction():
        scene.crm.execute(f"LOCK TABLE {NAME} IN ACCESS EXCLUSIVE MODE")
        run = scene.errored(began)
        results = scene.store.run(run.id).results
        assert any(result.error is not None and "statement timeout" in result.error for result in results)

    scene.recovers()


# --- the state ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [FaultProxy.refuse, FaultProxy.hang], ids=["down", "hanging"])
def test_a_state_that_is_away_for_a_while_costs_no_slot_and_no_run(
    scene: Scene, fault: Callable[[FaultProxy], None]
) -> None:
    """What runs when it goes is recorded when it is back; what was due meanwhile is run, or missed with its reason."""
    before = time.time()
    fault(scene.state)

    scene.daemon.troubled("state", 90)
    assert scene.daemon.ask("/healthz")[0] == 200
    assert eventually(lambda: scene.daemon.metric("observer_store_up") == 0, "metrics say so", 60)
    eventually(lambda: scene.daemon.readiness()[1]["role"] != "leader", "it does not claim to lead", 60)

    scene.state.pass_through()
    scene.recovers()
    eventually(lambda: scene.daemon.metric("observer_store_up") == 1, "metrics say that it is back")
    seconds = [
        int(slot.scheduled_for.timestamp())
        for slot in scene.store.slots.of_contract(NAME, 10_000)
        if slot.scheduled_for.timestamp() > before
    ]
    assert sorted(seconds) == list(range(min(seconds), max(seconds) + 1))
    eventually(
        lambda: not [s for s in scene.store.slots.in_state(SlotState.RUNNING) if s.attempt > 1], "nothing is stuck"
    )


# --- who is told --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 429])
def test_a_lineage_receiver_that_refuses(scene: Scene, status: int) -> None:
    scene.receiver.answers(status)
    _waits_and_arrives(scene, "rate_limited" if status == 429 else "server_error")


def test_a_lineage_receiver_that_hangs(scene: Scene) -> None:
    scene.receiver.hangs()
    _waits_and_arrives(scene, "timeout")


def test_a_lineage_receiver_that_talks_garbage(scene: Scene) -> None:
    scene.receiver.talks_garbage()
    _waits_and_arrives(scene, None)


def _waits_and_arrives(scene: Scene, reason: str | None) -> None:
    """Runs go on, what waits is seen to wait, and arrives when the receiver is well again."""
    began = time.time()
    scene.daemon.troubled("lineage", 90)
    if reason is not None:
        eventually(
            lambda: scene.daemon.metric(
                f'observer_deliveries_total{{receiver="lineage",result="failed",reason="{reason}"}}'
            ),
            f"metrics say {reason}",
        )
    run = eventually(lambda: scene.runs(began, outcome="passed"), "runs go on", 90)[0]
    waits = 'observer_outbox_waiting{receiver="lineage"}'
    eventually(lambda: scene.daemon.metric(waits), "metrics say that something waits")

    scene.receiver.answers(201)
    eventually(lambda: _ended(scene.receiver, run.id), "its last event arrives", 90)
    scene.recovers()


def _ended(receiver: Receiver, run_id: str) -> bool:
    return any(e["run"]["runId"] == run_id and e["eventType"] == "COMPLETE" for e in list(receiver.events))


# --- the disk -----------------------------------------------------------------------------------------------------


def test_a_disk_that_is_full(scene: Scene) -> None:
    if not scene.disk.is_mount():
        real_parts.missing("this user may not mount a small disk")
    began = time.time()
    filler = scene.disk / "filler"
    try:
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4_096))

        run = scene.errored(began)
        scene.daemon.troubled("is full")
        assert any("is full" in str(result.error) for result in scene.store.run(run.id).results)
        assert scene.daemon.ask("/healthz")[0] == 200
    finally:
        filler.unlink()
    scene.recovers()


# --- the configuration --------------------------------------------------------------------------------------------


def test_an_invalid_contract_leaves_the_old_ones_in_force_and_is_seen_in_metrics(scene: Scene) -> None:
    good = (scene.project.folder / "contracts" / f"{NAME}.odcs.yaml").read_text()
    assert scene.daemon.metric("observer_configuration_last_reload_successful") == 1

    (scene.project.folder / "contracts" / f"{NAME}.odcs.yaml").write_text(good.replace("kind: DataContract", "kind: 7"))
    scene.daemon.signal(signal.SIGHUP)

    eventually(lambda: scene.daemon.metric("observer_configuration_last_reload_successful") == 0, "metrics say so")
    scene.daemon.troubled("configuration")
    began = time.time()
    eventually(lambda: scene.runs(began, outcome="passed"), "the old contract is still run", 90)

    (scene.project.folder / "contracts" / f"{NAME}.odcs.yaml").write_text(good)
    scene.daemon.signal(signal.SIGHUP)
    eventually(lambda: scene.daemon.metric("observer_configuration_last_reload_successful") == 1, "metrics say so")
    scene.recovers()


# --- the end ------------------------------------------------------------------------------------------------------


def test_after_all_that_it_ends_well_and_has_told_everything(scene: Scene) -> None:
    assert scene.daemon.stop(60) == 0

    assert scene.store.outbox.depths() == ()
    assert scene.store.slots.in_state(SlotState.RUNNING) == ()
    told = scene.receiver.states()
    for run in scene.store.runs(10_000):
        ((_, types),) = [(job, types) for (job, run_id), types in told.items() if run_id == run.id]
        assert types[0] == "START"
        assert {"COMPLETE", "FAIL"} & set(types)
    assert "Traceback" not in scene.daemon.log()
    for secret in (real_parts.PASSWORD, real_parts.QUOTED_PASSWORD):
        assert secret not in scene.daemon.log()
