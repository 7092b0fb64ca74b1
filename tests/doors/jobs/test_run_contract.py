"""A run that is recorded while the state is away, cut off, or somebody else's: recorded once, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from observer.checks.measure import Outcome
from observer.errors import SlotTaken, SourceError, StoreError
from observer.jobs.run_contract import run_contract
from observer.jobs.run_orders import RunOrder
from observer.lineage.ids import new_run_id
from observer.runs.slots import Slot, SlotState
from observer.settings import Settings
from observer.sources.source import Source
from observer.store import Store
from tests.fakes.contracts import contract, prop, table
from tests.fakes.small_runs import NOON, slot

RUN, OTHER = new_run_id(), new_run_id()


class ShakyStore(Store):
    """A real state whose connection is lost as often as it is told to, before or just after a commit."""

    lost_before = 0
    lost_after = 0

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


@contextmanager
def nobody_answers() -> Iterator[Source]:
    raise SourceError("the server cannot be reached", fix="start it")
    yield


def claimed(store: Store) -> Slot:
    store.slots.add([slot("leads")])
    (due,) = store.slots.in_state(SlotState.DUE)
    return store.slots.claim(due, RUN)


def order(of: Slot) -> RunOrder:
    return RunOrder(
        slot=of,
        contract=contract(table("leads", prop("email")), id="leads"),
        neighbours=(),
        settings=Settings(),
        source="sqlite:///crm.db",
        source_kind="sqlite",
    )


def state_of(store: Store) -> tuple[SlotState, list[str]]:
    known = store.slots.get("leads", NOON)
    assert known is not None
    return known.state, [run.id for run in store.runs()]


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
