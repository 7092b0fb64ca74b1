"""What the web face asks of the daemon behind it."""

from __future__ import annotations

from typing import Protocol

from observer.runs.readiness import Readiness
from observer.runs.slots import Slot
from observer.runs.standing import Standing
from observer.runs.ticks import Tick
from observer.store import RecordedRun, RunRow


class Desk(Protocol):
    """Every answer may raise ObserverError; none holds a secret or a value of a restricted column."""

    def readiness(self) -> Readiness: ...

    def metrics(self) -> tuple[bytes, str]:
        """The text of `/metrics` and its content type."""

    def contracts(self) -> tuple[str, ...]:
        """Ids of the contracts that are watched now, sorted."""

    def standing(self) -> Standing: ...

    def ticks(self) -> tuple[Tick, ...]:
        """The latest of every check that is glanced at."""

    def runs(self, limit: int, contract: str | None) -> tuple[RunRow, ...]: ...

    def run(self, run_id: str) -> RecordedRun: ...

    def slots(self, contract: str, limit: int) -> tuple[Slot, ...]: ...

    def ask_for_run(self, contract: str) -> Slot:
        """A slot of its own, due now. Raises InputError when no such contract is watched."""
