"""A run that is recorded while the state is away, cut off, or somebody else's: recorded once, or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from observer.checks.measure import Outcome
from observer.checks.plan import plan_contract
from observer.contracts.model import Contract
from observer.errors import SlotTaken, SourceError, StoreError
from observer.incidents.policy import Policy
from observer.incidents.times import times_of
from observer.jobs.run_contract import run_contract
from observer.jobs.run_orders import RunOrder
from observer.lineage.ids import new_run_id
from observer.runs.slots import Slot, SlotState
from observer.settings import Settings, SnapshotSettings
from observer.sources.opening import open_source
from observer.sources.source import Source
from observer.store import KeptSnapshot, Store
from tests.fakes.contracts import contract, prop, table
from tests.fakes.small_runs import NOON, slot

RUN, OTHER = new_run_id(), new_run_id()


class ShakyStore(Store):
    """A real state whose connection is lost as often as it is told to, before or just after a commit."""

    lost_before = 0
    lost_after = 0
    lost_looks = 0

    def kept_snapshots(self, contract: str | None = None) -> tuple[KeptSnapshot, ...]:
        if self.lost_looks:
            self.lost_looks -= 1
            raise StoreError("the connection was lost", fix="wait")
        return super().kept_snapshots(contract)

    def record_audit(self, *args: Any, **more: Any) -> None:
        if self.lost_before:
            self.lost_before -= 1
            raise StoreError("the connection was lost", fix="wait")
        super().record_audit(*args, **more)
        if self.lost_after:
            self.lost_after -= 1
            raise StoreError("the connection was lost", fix="wait")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ShakyStore]:
    with ShakyStore.open(f"sqlite:///{tmp_path}/state.db") as opened:
        yield opened


def nobody_answers() -> AbstractContextManager[Source]:
    raise SourceError("the server cannot be reached", fix="start it")


def claimed(store: Store, at: datetime = NOON, run: str = RUN) -> Slot:
    store.slots.add([slot("leads", at)])
    (due,) = store.slots.in_state(SlotState.DUE)
    return store.slots.claim(due, run)


LEADS = contract(table("leads", prop("email")), id="leads")


def order(of: Slot, under: Contract = LEADS, settings: Settings = Settings()) -> RunOrder:  # noqa: B008  # it is frozen
    return RunOrder(
        slot=of,
        contract=under,
        plan=plan_contract(under),
        settings=settings,
        source="sqlite:///crm.db",
        source_kind="sqlite",
    )


def state_of(store: Store) -> tuple[SlotState, list[str]]:
    known = store.slots.get("leads", NOON)
    assert known is not None
    return known.state, [run.id for run in store.runs()]


def test_a_state_that_is_away_when_the_run_begins_is_waited_for(store: ShakyStore) -> None:
    store.lost_looks = 1
    ended = run_contract(order(claimed(store)), store, nobody_answers)
    assert ended.error == "the server cannot be reached. Fix: start it."
    assert state_of(store) == (SlotState.DONE, [RUN])


def test_a_source_that_cannot_be_reached_is_an_errored_run_with_its_reason(store: ShakyStore) -> None:
    ended = run_contract(order(claimed(store)), store, nobody_answers)

    assert (ended.outcome, ended.rows) == (Outcome.ERRORED, 0)
    assert ended.error == "the server cannot be reached. Fix: start it."
    assert state_of(store) == (SlotState.DONE, [RUN])
    assert {result.outcome for result in store.run(RUN).results} == {Outcome.ERRORED}


def test_a_state_that_is_away_for_a_while_is_waited_for(store: ShakyStore) -> None:
    store.lost_before = 1

    assert run_contract(order(claimed(store)), store, nobody_answers).run_id == RUN

    assert state_of(store) == (SlotState.DONE, [RUN])


def test_a_commit_whose_answer_was_lost_is_known_for_what_it_was(store: ShakyStore) -> None:
    store.lost_after = 1

    assert run_contract(order(claimed(store)), store, nobody_answers).run_id == RUN

    assert state_of(store) == (SlotState.DONE, [RUN])


def test_a_slot_that_went_to_another_run_is_left_to_it(store: ShakyStore) -> None:
    mine = claimed(store)
    store.slots.hand_back(mine, "its daemon slept")
    (due,) = store.slots.in_state(SlotState.DUE)
    store.slots.claim(due, OTHER)

    with pytest.raises(SlotTaken):
        run_contract(order(mine), store, nobody_answers)

    assert state_of(store) == (SlotState.RUNNING, [])


def test_a_table_that_could_not_be_read_once_is_compared_with_the_last_time_that_it_could(
    store: ShakyStore, tmp_path: Path
) -> None:
    under = contract(*(table(name, prop("id", primary_key_position=1)) for name in ("leads", "deals")), id="leads")
    settings = replace(Settings(), snapshots=SnapshotSettings(folder=tmp_path / "kept"))

    def run(number: int, statement: str) -> dict[str, str]:
        with closing(sqlite3.connect(tmp_path / "crm.db")) as crm, crm:
            crm.executescript(statement)
        mine = claimed(store, NOON + timedelta(hours=number), new_run_id())
        run_contract(order(mine, under, settings), store, lambda: closing(open_source(f"sqlite:///{tmp_path}/crm.db")))
        deleted = (r for r in store.run(mine.run_id or "").results if r.rule == "deleted_rows")
        return {result.object: result.observed for result in deleted}

    run(0, "CREATE TABLE leads (id); CREATE TABLE deals (id); INSERT INTO leads VALUES (1), (2), (3), (4)")
    run(1, "INSERT INTO deals VALUES (1), (2); ALTER TABLE leads RENAME TO locked; DELETE FROM locked WHERE id = 1")
    seen = run(2, "ALTER TABLE locked RENAME TO leads; DELETE FROM deals WHERE id = 1")
    assert seen == {"leads": "1 of 4 rows (25.0 %)", "deals": "1 of 2 rows (50.0 %)"}


def test_a_check_that_fails_tells_of_the_run_before_that_found_it_well(store: ShakyStore, tmp_path: Path) -> None:
    under = contract(
        table("leads", replace(prop("email"), required=True), prop("id", primary_key_position=1)), id="leads"
    )
    settings = replace(Settings(), snapshots=SnapshotSettings(folder=tmp_path / "kept"))

    def run(number: int, statement: str) -> str:
        with closing(sqlite3.connect(tmp_path / "crm.db")) as crm, crm:
            crm.executescript(statement)
        mine = claimed(store, NOON + timedelta(hours=number), new_run_id())
        run_contract(order(mine, under, settings), store, lambda: closing(open_source(f"sqlite:///{tmp_path}/crm.db")))
        return mine.run_id or ""

    run(0, "CREATE TABLE leads (id TEXT, email TEXT); INSERT INTO leads VALUES ('1', 'a@b.org')")
    well = run(1, "DELETE FROM leads WHERE id = '3'")
    run(2, "INSERT INTO leads VALUES ('2', NULL)")

    store.incidents.advance(Policy(), lambda notice: ())
    (incident,) = store.incidents.live()
    times = times_of(store.incidents.log(incident.id))
    assert times is not None and times.detect is not None
    assert times.opened_at - times.detect == store.run(well).run.started_at
    assert times.detect_is_bound
