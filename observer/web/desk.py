"""What the web face asks of the daemon behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from observer.contracts.model import Contract
from observer.incidents.acting import Action, Answer
from observer.incidents.brief import Brief
from observer.incidents.events import IncidentEvent
from observer.runs.readiness import Readiness
from observer.runs.slots import Slot
from observer.runs.standing import Standing
from observer.runs.ticks import Tick
from observer.store import IncidentRow, RecordedRun, RunRow
from observer.web.archive import Archive

if TYPE_CHECKING:
    from observer.reports.slo_status import Level


class Desk(Protocol):
    """Every answer may raise ObserverError, but for `readiness`; none holds a secret or a value of a restricted column.

    Called from several threads at once.
    """

    @property
    def archive(self) -> Archive:
        """What pages ask beside how things stand now."""

    def readiness(self) -> Readiness:
        """From memory: never waits, never raises. It is asked on the thread that serves everybody."""

    def metrics(self, accept: str | None = None) -> tuple[bytes, str]:
        """The text of `/metrics` and its content type, in the format that `accept` (a header) asks for."""

    def contracts(self) -> tuple[str, ...]:
        """Ids of the contracts that are watched now, sorted. From memory."""

    def watched(self) -> Mapping[str, Contract]:
        """The same contracts by id. From memory."""

    def standing(self) -> Standing: ...

    def ticks(self) -> tuple[Tick, ...]:
        """The latest of every check that is glanced at."""

    def levels(self) -> Mapping[str, object]:
        """How service levels stand: the document of `observer slo status --format json`."""

    def service_levels(self) -> tuple[Level, ...]:
        """Every service level as it stands now, without its course by days."""

    def runs(self, limit: int, contract: str | None) -> tuple[RunRow, ...]: ...

    def run(self, run_id: str) -> RecordedRun:
        """By id, or enough of its first characters. Raises NoSuchRun, or AmbiguousRun when several begin so."""

    def incidents(
        self, *, limit: int, open_only: bool, contract: str | None, table: str | None, owner: str | None
    ) -> tuple[IncidentRow, ...]:
        """Those that began last, first; None: whichever."""

    def brief(self, id: str) -> Brief:
        """By id, or enough of its first characters. Raises NoSuchIncident, or AmbiguousIncident."""

    def incident_log(self, id: str) -> tuple[IncidentEvent, ...]:
        """All that happened to it, oldest first. Raises as `brief`."""

    def may_act(self, person: str) -> bool:
        """Whether they may act on incidents. From memory."""

    def act(self, id: str, action: Action) -> Answer:
        """What a person does to the incident of this whole id. Raises NotAllowed, NoSuchIncident."""

    def slots(self, contract: str, limit: int) -> tuple[Slot, ...]:
        """Newest first."""

    def ask_for_run(self, contract: str) -> Slot:
        """A slot of its own, due now. Raises InputError when no such contract is watched."""
