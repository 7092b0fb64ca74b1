"""What the web face asks, answered from the state and from the daemon's own condition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from observer.contracts.model import Contract
from observer.daemon.archive import DaemonArchive
from observer.daemon.watching import Watch
from observer.errors import InputError
from observer.incidents.acting import Action, Answer
from observer.incidents.brief import Brief
from observer.incidents.events import IncidentEvent
from observer.incidents.permission import may_act
from observer.jobs.act_on_incident import act_on
from observer.jobs.briefs import Briefs
from observer.metrics.registry import Metrics
from observer.runs.latest import with_ticks
from observer.runs.readiness import Readiness
from observer.runs.slots import NewSlot, Slot, SlotState, Trigger
from observer.runs.standing import Standing
from observer.runs.ticks import Tick
from observer.store import IncidentRow, RecordedRun, RunRow, Store

if TYPE_CHECKING:
    from observer.reports.slo_status import Level


def ask_for_run(store: Store, contract: str) -> Slot:
    """A slot by hand, due now, or the one that was asked for already and waits; whichever daemon leads takes it.

    Raises StoreError.
    """
    for waiting in store.slots.in_state(SlotState.DUE):
        if waiting.contract == contract and waiting.trigger is Trigger.HAND:
            return waiting
    at = datetime.now(UTC)
    store.slots.add([NewSlot(contract=contract, scheduled_for=at, due_at=at, trigger=Trigger.HAND)])
    slot = store.slots.get(contract, at)
    assert slot is not None, "it was added, or was there"
    return slot


class DaemonDesk:
    """A `web.desk.Desk` over the daemon's own parts."""

    def __init__(
        self,
        store: Store,
        metrics: Metrics,
        current: Callable[[], Watch],
        readiness: Callable[[], Readiness],
        briefs: Briefs,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._current = current
        self._readiness = readiness
        self._briefs = briefs
        self.archive = DaemonArchive(store, current)

    def readiness(self) -> Readiness:
        return self._readiness()

    def metrics(self, accept: str | None = None) -> tuple[bytes, str]:
        return self._metrics.render(accept)

    def contracts(self) -> tuple[str, ...]:
        return tuple(sorted(self._current().contracts))

    def watched(self) -> Mapping[str, Contract]:
        return {name: watched.contract for name, watched in self._current().contracts.items()}

    def standing(self) -> Standing:
        specs = {spec.id: spec for watched in self._current().contracts.values() for spec in watched.checks}
        return with_ticks(self._store.standing(), self._store.ticks.latest(), specs)

    def ticks(self) -> tuple[Tick, ...]:
        return self._store.ticks.latest()

    def levels(self) -> Mapping[str, object]:
        # Only here: what draws tables comes with it.
        from observer.jobs.slo_levels import levels_now
        from observer.reports.slo_json import status_json

        at = datetime.now(UTC)
        return status_json(levels_now(self._store, self._current().slos, at=at), at=at)

    def service_levels(self) -> tuple[Level, ...]:
        # Only here: what draws tables comes with it.
        from observer.jobs.slo_levels import levels_undrawn

        return levels_undrawn(self._store, self._current().slos, at=datetime.now(UTC))

    def runs(self, limit: int, contract: str | None) -> tuple[RunRow, ...]:
        return self._store.runs(limit, contract)

    def run(self, run_id: str) -> RecordedRun:
        return self._store.run(run_id)

    def incidents(
        self, *, limit: int, open_only: bool, contract: str | None, table: str | None, owner: str | None
    ) -> tuple[IncidentRow, ...]:
        return self._store.incidents.rows(limit=limit, open_only=open_only, contract=contract, table=table, owner=owner)

    def brief(self, id: str) -> Brief:
        return self._briefs.of(id)

    def incident_log(self, id: str) -> tuple[IncidentEvent, ...]:
        return self._briefs.log(id)

    def may_act(self, person: str) -> bool:
        return may_act(person, self._current().settings.incidents.may_act)

    def act(self, id: str, action: Action) -> Answer:
        return act_on(self._store, self._current().settings, id, action)

    def slots(self, contract: str, limit: int) -> tuple[Slot, ...]:
        return self._store.slots.of_contract(contract, limit)

    def ask_for_run(self, contract: str) -> Slot:
        if contract not in self._current().contracts:
            raise InputError(f"no contract `{contract}` is watched", fix="take an id from /api/contracts")
        return ask_for_run(self._store, contract)
