"""Everything `/metrics` shows. In: what the daemon tells of itself, and readings of the state. Out: the exposition.

Bounded by construction: labels are contracts, tables, checks and SLOs that are watched now (`watch`), receivers that
the daemon has, and closed lists. Nothing else can make a series, and what is watched no longer has none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from prometheus_client import exposition as text_format
from prometheus_client.openmetrics import exposition as open_metrics

from observer.checks.measure import Outcome
from observer.checks.spec import CheckSpec
from observer.contracts.model import Contract
from observer.metrics.accepting import wants_open_metrics
from observer.metrics.counted import Counted
from observer.metrics.families import Family, text_of
from observer.metrics.incidents import IncidentFigures, element_families, incident_families
from observer.metrics.levels import slo_families
from observer.metrics.reading import Reading
from observer.metrics.stored import Watched, outbox_families, standing_families
from observer.runs.deliveries import Reason
from observer.runs.latest import with_ticks
from observer.runs.standing import Standing
from observer.runs.ticks import Tick
from observer.runs.workers import Ending
from observer.slo.model import Slo
from observer.slo.standing import SloStanding

#: Ten scrapers within so many seconds cost the state one reading.
FRESH_FOR = 5.0
#: Logs of incidents are read no more often: what they tell changes by the minute.
INCIDENTS_FRESH_FOR = 30.0
#: A scrape waits so many seconds for the state; Prometheus gives up after ten.
PATIENCE = 3.0


class Metrics:
    """The figures of one process. Thread-safe; nothing that it is told makes it raise."""

    def __init__(
        self,
        standing: Callable[[], Standing],
        ticks: Callable[[], tuple[Tick, ...]],
        *,
        levels: Callable[[], Iterable[SloStanding]] = tuple,
        incidents: Callable[[], IncidentFigures | None] = lambda: None,
        receivers: Sequence[str] = ("lineage",),
        leads: Callable[[], bool] = lambda: False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`standing`, `ticks`, `levels` and `incidents` read the state; they may fail and hang.

        `levels`: how the SLOs that have a ledger stand, and `incidents`: how incidents do; each is read by itself, so
        that the others stay when it fails.
        `receivers`: all that deliveries go to. `leads` is asked at every scrape: a term ends by itself.
        """
        self._clock = clock
        self._receivers = tuple(receivers)
        self._reading = Reading(
            lambda: (standing(), ticks()), fresh_for=FRESH_FOR, patience=PATIENCE, monotonic=monotonic
        )
        self._levels = Reading(
            lambda: {each.slo.name: each for each in levels()},
            fresh_for=FRESH_FOR,
            patience=PATIENCE,
            monotonic=monotonic,
        )
        self._incidents = Reading(incidents, fresh_for=INCIDENTS_FRESH_FOR, patience=PATIENCE, monotonic=monotonic)
        self._counted = Counted(self._receivers, leads)
        self._lock = threading.Lock()
        self._watched = Watched()
        self._slos: tuple[Slo, ...] = ()
        self._elements: tuple[Family, ...] = ()

    def watch(
        self, contracts: Sequence[tuple[Contract, Sequence[CheckSpec]]], digest: str, slos: Sequence[Slo] = ()
    ) -> None:
        """These contracts, checks and SLOs exist now: they have series, from zero on, and others have none."""
        with self._lock:
            self._watched = Watched.of(contracts)
            self._slos = tuple(slos)
            self._elements = tuple(element_families([contract for contract, _ in contracts], slos))
            self._counted.watch(contract.id for contract, _ in contracts)
            self._counted.configuration_in_force(digest)

    def run_ended(self, contract: str, outcome: Outcome, seconds: float) -> None:
        """A full run is over, by whatever way; `seconds` from its start to its end."""
        self._counted.run_ended(contract, outcome, seconds)

    def run_late(self, contract: str, seconds: float) -> None:
        """A run began so long after its slot was due."""
        self._counted.run_late(seconds)

    def slot_missed(self, contract: str, count: int = 1) -> None:
        """This daemon recorded slots that will never have a run."""
        self._counted.slots_missed(contract, count)

    def worker_ended(self, reason: Ending) -> None:
        self._counted.worker_ended(reason)

    def ticked(self, contract: str, seconds: float, ok: bool) -> None:
        """A glance at the tables of a contract; not `ok` when any of them could not be looked at."""
        self._counted.ticked(contract, seconds, ok)

    def incident_opened(self, contract: str) -> None:
        """This daemon opened an incident; "" for what is of no contract."""
        self._counted.incident_opened(contract)

    def delivered(self, receiver: str) -> None:
        self._counted.delivery(receiver, None)

    def delivery_failed(self, receiver: str, reason: Reason) -> None:
        """One attempt failed; it may be tried again."""
        self._counted.delivery(receiver, reason)

    def configuration_loaded(self, ok: bool, digest: str | None) -> None:
        """A start or reload; `digest` names the new configuration when it is in force."""
        self._counted.configuration_loaded(ok, digest, self._clock())

    def beat(self) -> None:
        """The daemon's heart beats: its scheduler is alive."""
        self._counted.beat(self._clock())

    def clock_stepped(self, seconds: float) -> None:
        """The wall clock was set forward (positive) or back (negative)."""
        self._counted.clock_stepped(seconds)

    def render(self, accept: str | None = None) -> tuple[bytes, str]:
        """The exposition and its content type: OpenMetrics 1.0 when `accept` wants it, else Prometheus' text format."""
        watched, slos, elements = self._watched, self._slos, self._elements
        # All at once: a scrape waits for the state no longer than for one of them.
        self._incidents.begin()
        if slos:
            self._levels.begin()
        read = self._reading.get()
        levels = self._levels.get() if slos else None
        families = [
            Family(
                "observer_store_up",
                "Whether the state could be read for this scrape.",
                samples=[("", int(read is not None))],
            ),
            *watched.told,
            *elements,
        ]
        if read is not None:
            standing, ticks = read
            families += standing_families(watched, with_ticks(standing, ticks, watched.checks))
            families += outbox_families(self._receivers, standing.outbox, self._clock())
        families += slo_families(slos, levels or {})
        families += incident_families(watched.contracts, self._incidents.get())
        if wants_open_metrics(accept):
            counted: bytes = open_metrics.generate_latest(self._counted.registry)  # type: ignore[no-untyped-call]  # it has no types
            return text_of(families, open_format=True) + counted, open_metrics.CONTENT_TYPE_LATEST
        counted = text_format.generate_latest(self._counted.registry)
        return text_of(families, open_format=False) + counted, text_format.CONTENT_TYPE_PLAIN_0_0_4
