"""`observer run` without a daemon: whatever becomes of the run, no slot is left for the next daemon to run anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from observer.checks.measure import Outcome
from observer.cli.run import _awaited, _run_here
from observer.cli.runs import print_run
from observer.daemon.desk import ask_for_run
from observer.daemon.watching import Watch
from observer.errors import SourceError
from observer.jobs.run_orders import RunOrder, record_lost
from observer.lineage.ids import new_run_id
from observer.runs.slots import SlotState
from observer.settings import SnapshotSettings
from observer.store import KeptSnapshot, Store
from tests.fakes.contracts import contract, prop, table
from tests.fakes.watching import watch_of


class Interrupted(Store):
    """Something else happens in the middle of a run."""

    meanwhile: Callable[[], Any] | None = None

    def kept_snapshots(self, contract: str | None = None) -> tuple[KeptSnapshot, ...]:
        if self.meanwhile is not None:
            self.meanwhile()
        return super().kept_snapshots(contract)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Interrupted]:
    with Interrupted.open(f"sqlite:///{tmp_path / 'state.db'}") as opened:
        yield opened


@pytest.fixture
def watched(tmp_path: Path) -> Watch:
    with closing(sqlite3.connect(tmp_path / "crm.db")) as crm:
        crm.execute("CREATE TABLE leads (email TEXT)")
        crm.execute("INSERT INTO leads VALUES ('ana@example.com')")
        crm.commit()
    watch = watch_of(contract(table("leads", prop("email")), id="leads"), source=f"sqlite:///{tmp_path / 'crm.db'}")
    return replace(watch, settings=replace(watch.settings, snapshots=SnapshotSettings(folder=tmp_path / "snapshots")))


def test_a_run_that_is_interrupted_is_recorded_as_that(store: Interrupted, watched: Watch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    store.meanwhile = interrupt
    with pytest.raises(KeyboardInterrupt):
        _run_here(store, "leads", watched)

    (slot,) = store.slots.of_contract("leads")
    assert slot.state is SlotState.DONE
    (run,) = store.runs()
    assert (run.outcome, run.error) == (Outcome.ERRORED, "it was interrupted by hand")


def test_a_run_that_breaks_is_recorded_without_the_text_of_the_fault(store: Interrupted, watched: Watch) -> None:
    def breaks() -> None:
        raise ValueError("ana@example.com")

    store.meanwhile = breaks
    with pytest.raises(ValueError, match="ana"):
        _run_here(store, "leads", watched)

    (run,) = store.runs()
    assert run.error == "unexpected ValueError"
    assert store.slots.in_state(SlotState.RUNNING) == ()


def test_a_source_that_cannot_be_opened_leaves_nothing_to_run(store: Interrupted, watched: Watch) -> None:
    with pytest.raises(SourceError):
        _run_here(store, "leads", replace(watched, settings=replace(watched.settings, source="sqlite:///missing.db")))
    assert store.slots.of_contract("leads") == ()


def test_a_daemon_that_takes_the_run_over_is_waited_for(store: Interrupted, watched: Watch) -> None:
    def takes_over() -> None:
        store.meanwhile = None
        (slot,) = store.slots.in_state(SlotState.RUNNING)
        store.slots.hand_back(slot, "the daemon that ran it ended before the run did")
        _run_of_the_daemon(store, watched)

    store.meanwhile = takes_over
    slot = _run_here(store, "leads", watched)

    assert _awaited(store, slot).run.error == "by the daemon"
    assert len(store.runs()) == 1


def _run_of_the_daemon(store: Interrupted, watched: Watch) -> None:
    (due,) = store.slots.in_state(SlotState.DUE)
    held = store.slots.claim(due, new_run_id())
    order = RunOrder(
        slot=held,
        contract=watched.contracts["leads"].contract,
        plan=watched.contracts["leads"].plan,
        settings=watched.settings,
        source="crm",
        source_kind="sqlite",
        lineage=False,
    )
    record_lost(order, store, "by the daemon")


def test_who_leads_is_asked_of_the_clock_of_the_state(store: Interrupted) -> None:
    assert not store.leadership.is_led()
    term = store.leadership.campaign("somebody", timedelta(seconds=15))
    assert term is not None
    assert store.leadership.is_led()
    store.leadership.resign(term)
    assert not store.leadership.is_led()


def test_what_a_hand_asked_for_is_found_when_it_is_done(store: Interrupted, watched: Watch) -> None:
    slot = ask_for_run(store, "leads")
    _run_of_the_daemon(store, watched)
    assert _awaited(store, slot).run.error == "by the daemon"


def test_a_reason_that_all_checks_share_is_said_once(
    store: Interrupted, watched: Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    slot = ask_for_run(store, "leads")
    _run_of_the_daemon(store, watched)
    recorded = _awaited(store, slot)
    assert len(recorded.results) > 1

    print_run(recorded, all_checks=False)

    told = capsys.readouterr().out
    assert "? nothing could be looked at: by the daemon\n" in told
    assert told.count("by the daemon") == 1
    assert all(check.statement in told for check in recorded.results)
