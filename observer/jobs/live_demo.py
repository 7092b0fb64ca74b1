"""The living demo's story: wait for the first look, let faults happen, watch the state for what is found.

In: a SimulatedCrm, the state that a daemon writes, the time. Out: lines for a person, and in the end a tally per fault.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from observer.demo.faults import plan_faults
from observer.demo.found import Finding, Ledger, Seen, Tally, key_texts
from observer.demo.injected import Injected
from observer.demo.simulate import SimulatedCrm
from observer.errors import ObserverError
from observer.jobs.live_incidents import LiveIncidents
from observer.jobs.live_levels import LiveLevels
from observer.runs.ticks import Tick
from observer.slo.model import Slo
from observer.store import RecordedCheck, RunRow, Store

#: How long the first look at every contract may take.
FIRST_LOOK = timedelta(minutes=3)
#: How long a demo outlives its end for what is not found yet.
PATIENCE = timedelta(seconds=90)
_POLL_SECONDS = 0.5
#: More runs than can end between two polls.
_RUNS = 40


class NothingLookedAt(ObserverError):
    """The daemon did not get round to its first runs."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """A line for a person."""

    at: datetime
    #: "injected", "found", "burning", "over", "told", "acted", "resolved", "".
    what: str
    text: str


class LiveDemo:
    """Directs one living demo. `direct` blocks; call it from a thread of its own."""

    def __init__(
        self,
        crm: SimulatedCrm,
        store: Store,
        contracts: frozenset[str],
        slos: Sequence[Slo],
        *,
        lasts: timedelta | None,
        tell: Callable[[Told], None],
    ) -> None:
        """`lasts` None: until it is stopped."""
        self._crm = crm
        self._store = store
        self._contracts = contracts
        self._levels = LiveLevels(store, slos)
        self._incidents = LiveIncidents(store)
        self._lasts = lasts
        self._tell = tell
        self._ledger = Ledger()
        self._heard = 0
        self._runs: set[str] = set()
        self._ticks: dict[str, datetime] = {}

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """One per fault so far."""
        return self._ledger.tallies

    def direct(self, stop: threading.Event) -> bool:
        """Until the demo has lasted and everything is found, or patience has ended; False when `stop` was set before.

        Raises:
            NothingLookedAt: the daemon has not run every contract within FIRST_LOOK.
            ObserverError: the CRM or the state cannot be used any more.
        """
        began = datetime.now(UTC)
        self._say("", f"the daemon takes its first look at {len(self._contracts)} contracts; people work already")
        if not self._wait_for_first_look(stop, began):
            return False
        ends = None if self._lasts is None else began + self._lasts
        plan = plan_faults(datetime.now(UTC), ends)
        self._say("", "every table has been looked at once; from now on things go wrong")
        self._crm.begin_faults(plan)
        while not stop.wait(_POLL_SECONDS):
            self._look()
            if ends is None or plan.ends is None:
                continue
            now, over = datetime.now(UTC), max(ends, plan.ends + timedelta(seconds=2))
            if now >= over and (self._ledger.all_found or now >= over + PATIENCE):
                return True
        self._look()
        return False

    def _wait_for_first_look(self, stop: threading.Event, began: datetime) -> bool:
        while not stop.wait(_POLL_SECONDS):
            self._look()
            looked_at = {c.contract for c in self._store.standing().contracts if c.last_run_id is not None}
            if looked_at >= self._contracts:
                return True
            if datetime.now(UTC) - began > FIRST_LOOK:
                waiting = ", ".join(sorted(self._contracts - looked_at))
                raise NothingLookedAt(
                    f"the daemon has not run {waiting} within {FIRST_LOOK.total_seconds():.0f} s",
                    fix="read daemon.log in the folder of the demo",
                )
        return False

    def _look(self) -> None:
        """Hear of new faults, and of what the daemon has seen since the last time."""
        if self._crm.failure is not None:
            raise self._crm.failure
        # Faults are asked for last, and told first: a run that saw one ended after it happened.
        seen = sorted(self._seen(), key=lambda look: look.told_at)
        levels = tuple(self._levels.seen(self._ledger.sought, at=datetime.now(UTC)))
        injected = self._crm.injected
        for fault in injected[self._heard :]:
            self._ledger.inject(fault)
            self._say("injected", _injected_text(fault), fault.at)
        self._heard = len(injected)
        for news in self._levels.news(at=datetime.now(UTC)):
            self._say("over" if news.ended else "burning", news.text)
        for happened in self._incidents.news():
            self._say(happened.what, happened.text, happened.at)
        for look in seen:
            for finding in self._ledger.see(look):
                self._say("found", _found_text(finding), finding.at)
        unmet = self._crm.unmet if levels else frozenset()
        for level in levels:
            for finding in self._ledger.see_level(level, unmet=unmet):
                self._say("found", _found_text(finding), finding.at)

    def _seen(self) -> Iterator[Seen]:
        recent = self._store.runs(limit=_RUNS)
        for run in recent:
            if run.id not in self._runs:
                yield from (_of_run(run, result) for result in self._store.run(run.id).results)
        self._runs = {run.id for run in recent}
        for tick in self._store.ticks.latest():
            if self._ticks.get(tick.check_id) != tick.at:
                self._ticks[tick.check_id] = tick.at
                yield _of_tick(tick)

    def _say(self, what: str, text: str, at: datetime | None = None) -> None:
        self._tell(Told(at=at or datetime.now(UTC), what=what, text=text))


def _of_run(run: RunRow, result: RecordedCheck) -> Seen:
    keys = (result.evidence or {}).get("keys", ())
    return Seen(
        check_id=result.check_id,
        outcome=result.outcome,
        began_at=run.started_at,
        told_at=run.finished_at,
        rows_failed=result.rows_failed,
        keys=key_texts(keys),
        words=f"{result.observed} {result.seen or ''}",
        by=f"run {run.id[:13]}",
    )


def _of_tick(tick: Tick) -> Seen:
    return Seen(
        check_id=tick.check_id,
        outcome=tick.outcome,
        began_at=tick.at,
        told_at=tick.at,
        rows_failed=None,
        words=tick.observed,
        by="a tick",
    )


def _injected_text(fault: Injected) -> str:
    rows = f" in {fault.rows} rows" if fault.rows else ""
    place = f"{fault.object}.{fault.property}" if fault.property else fault.object
    return f"{fault.kind}: {fault.story} ({place}{rows})"


def _found_text(finding: Finding) -> str:
    rows = f"in {finding.rows} rows " if finding.rows else ""
    return f"{finding.injected.kind}: {finding.check_id} {rows}after {finding.took.total_seconds():.0f} s, {finding.by}"
