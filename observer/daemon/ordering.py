"""Slots → orders for the workers, by the configuration that is in force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from observer.daemon.watching import Watch
from observer.jobs.run_orders import RunOrder
from observer.runs.slots import Slot


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What every order of this daemon has in common."""

    current: Callable[[], Watch]
    #: The CRM database as it may be shown, and its kind.
    source: str
    source_kind: str
    #: False: nobody is told of runs.
    lineage: bool

    def of(self, slot: Slot) -> RunOrder | None:
        """The order for a slot that has its run id; None when its contract is watched no more."""
        current = self.current()
        watched = current.contracts.get(slot.contract)
        if watched is None:
            return None
        return RunOrder(
            slot=slot,
            contract=watched.contract,
            plan=watched.plan,
            settings=current.settings,
            source=self.source,
            source_kind=self.source_kind,
            lineage=self.lineage,
        )
