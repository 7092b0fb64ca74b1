"""A demo CRM that lives. In: a URL, a seed, the time. Out: rows as people write them, and Injected faults.

The same CRM, seed and times of `step` give the same rows and the same faults, in SQLite and in PostgreSQL.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from sqlalchemy.exc import SQLAlchemyError

from observer.demo.faults import FAULTS, FaultPlan
from observer.demo.injected import Injected
from observer.demo.living import Crm
from observer.errors import ObserverError

#: How often people write.
PACE = timedelta(seconds=0.5)
#: For how long people try again when the database lets them write nothing.
PATIENCE = timedelta(minutes=1)


class Simulator:
    """Steps through the life of a demo CRM. Time is an argument; for one thread at a time. Close it, or use `with`."""

    def __init__(self, url: str, *, seed: int = 7, now: datetime) -> None:
        """Raises InputError for a URL of another kind of database, SourceError when it holds no demo CRM."""
        self._crm = Crm(url, seed=seed, now=now)
        self._plan: FaultPlan | None = None
        self._done = 0

    @property
    def place(self) -> str:
        """The database, without its password."""
        return self._crm.place

    @property
    def unmet(self) -> frozenset[str]:
        """Leads that had no e-mail at its deadline, or will have none: the truth behind the flagship's level."""
        return self._crm.enrichment.unmet

    def begin_faults(self, plan: FaultPlan) -> None:
        """From now on `step` injects faults by this plan."""
        self._plan, self._done = plan, 0

    def step(self, now: datetime) -> tuple[Injected, ...]:
        """Write everything that happened until `now` (aware), and the faults that are due.

        Raises SourceError when the database cannot be written; what was due is lost then.
        """
        try:
            with self._crm.engine.begin() as connection:
                self._crm.work(connection, now)
            self._crm.kept(now)
            due = self._plan.due(self._done, now) if self._plan else range(0)
            self._done = max(self._done, due.stop)
            return tuple(fault for number in due if (fault := self._inject(number, now)))
        except SQLAlchemyError as error:
            raise self._crm.explain(error) from error

    def _inject(self, number: int, now: datetime) -> Injected | None:
        """In a transaction of its own: a change of columns waits for readers, who shall not wait for it in turn."""
        in_round, place = divmod(number, len(FAULTS))
        with self._crm.engine.begin() as connection:
            return FAULTS[place](self._crm, connection, now, in_round)

    def close(self) -> None:
        """Let go of the database. May be called twice."""
        self._crm.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SimulatedCrm:
    """A Simulator that a thread steps through real time. `start()`, then `stop()`."""

    def __init__(
        self,
        url: str,
        *,
        seed: int = 7,
        pace: timedelta = PACE,
        patience: timedelta = PATIENCE,
        on_injected: Callable[[Injected], None] | None = None,
    ) -> None:
        """`on_injected` is called from the thread, after the fault was committed."""
        self._simulator = Simulator(url, seed=seed, now=datetime.now(UTC))
        self._pace, self._patience = pace.total_seconds(), patience.total_seconds()
        self._on_injected = on_injected
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._injected: list[Injected] = []
        self._failure: ObserverError | None = None
        self._thread = threading.Thread(target=self._live, name="demo CRM", daemon=True)

    @property
    def injected(self) -> tuple[Injected, ...]:
        """Every fault so far, in order of time."""
        with self._lock:
            return tuple(self._injected)

    @property
    def unmet(self) -> frozenset[str]:
        """Leads that had no e-mail at its deadline, or will have none."""
        with self._lock:
            return self._simulator.unmet

    @property
    def failure(self) -> ObserverError | None:
        """Why it lives no more; None while it does."""
        return self._failure

    def start(self) -> None:
        """People begin to work; nobody makes a mistake yet."""
        self._thread.start()

    def begin_faults(self, plan: FaultPlan) -> None:
        """From now on faults happen by this plan."""
        with self._lock:
            self._simulator.begin_faults(plan)

    def stop(self) -> None:
        """Everybody goes home. May be called twice, and without a start."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._simulator.close()

    def _live(self) -> None:
        written_at = time.monotonic()
        while not self._stopping.wait(self._pace):
            try:
                with self._lock:
                    happened = self._simulator.step(datetime.now(UTC))
                    self._injected += happened
            except ObserverError as error:
                if time.monotonic() - written_at < self._patience:
                    continue
                self._failure = error
                return
            written_at = time.monotonic()
            for fault in happened:
                if self._on_injected is not None:
                    self._on_injected(fault)
