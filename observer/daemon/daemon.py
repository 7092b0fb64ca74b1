"""The daemon's parts and its duties: what happens again and again, each on its own beat.

In: the doors, opened by `serve`. Out: runs, ticks and deliveries, as long as this daemon leads. A duty that meets
trouble says so and ends; the next beat tries again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import structlog

from observer.contracts.model import Contract
from observer.daemon.counting import Counting
from observer.daemon.delivering import BEAT_FLUSH_FOR, Delivering
from observer.daemon.dispatching import Dispatcher
from observer.daemon.due_slots import DueSlots
from observer.daemon.glancing import Glancing
from observer.daemon.leading import Leading
from observer.daemon.minding import Minding
from observer.daemon.ordering import Orders
from observer.daemon.run_ends import RunEnds
from observer.daemon.run_in_worker import run_in_worker
from observer.daemon.troubles import Troubles
from observer.daemon.watching import Watch, watch
from observer.daemon.workers import Limits, WorkerPool
from observer.errors import InputError, NotLeading, ObserverError, StoreError
from observer.jobs.deliver import Sender
from observer.jobs.evaluate_slos import forget
from observer.jobs.hand_over_looks import LooksHandedOver
from observer.jobs.incident_figures import IncidentsCounted
from observer.jobs.incident_policy import PolicyNow
from observer.jobs.know_people import Directory, PeopleLookedUp, people_named
from observer.jobs.receivers import LINEAGE
from observer.jobs.retain import retain_snapshots
from observer.metrics.registry import Metrics
from observer.runs.leading import Term
from observer.runs.readiness import Readiness, Role
from observer.settings import Settings
from observer.slo.standing import SloStanding
from observer.sources.source import Source
from observer.store import Store

log = structlog.get_logger("observer")

#: A daemon whose heart has not beaten for so long is not ready.
HEART_STILL: Final = timedelta(seconds=30)
#: Doors that a follower uses too.
_EVERYBODYS = ("state", "configuration")
#: Settings that are read once, at the start.
_AT_START = (
    "state",
    "source",
    "workers",
    "web",
    "daemon",
    "log",
    "lineage",
    "slack",
    "webhook",
    "alertmanager",
)


class Daemon:
    """Everything that lives between start and stop. Its duties may be called by any thread, each by one at a time."""

    def __init__(
        self,
        first: Watch,
        *,
        reread: Callable[[], Settings],
        store: Store,
        source: Source,
        senders: Mapping[str, Sender],
        holder: str,
        alone: bool,
        directory: Directory | None = None,
    ) -> None:
        """`source` is for looks by ticks; `reread` reads settings anew; `alone`: no other daemon can use this state.
        `directory` knows who of the people that contracts name can be told.
        """
        settings = first.settings
        self._watch = first
        self._reread = reread
        self._store = store
        self._source = source
        self._stopping = False
        self._beat_at: float | None = None
        self._to_recover = threading.Event()
        self._to_retain = threading.Event()
        self.troubles = Troubles()
        #: Who is told of incidents, how and when, as things stand.
        self.policy = PolicyNow(store, self._inputs)
        self._looks = LooksHandedOver(store, lambda: self._watch.settings.incidents.group_interval)
        self._people = None if directory is None else PeopleLookedUp(store, directory)
        self._counting = Counting(store, self.current, self._looks)
        self.metrics = Metrics(
            store.standing,
            store.ticks.latest,
            levels=self._counting.standings,
            incidents=IncidentsCounted(store, lambda: self._inputs()[1]),
            receivers=tuple(senders),
            leads=lambda: self.leading.term is not None,
        )
        opened = self.metrics.incident_opened
        lineage = LINEAGE in senders
        self._minding = Minding(
            store, self.current, self.policy, self.troubles, self._looks, opened, tells_of_runs=lineage
        )
        self._delivering = Delivering(store, senders, self.metrics, self.troubles)
        orders = Orders(current=self.current, source=source.display_url, source_kind=source.kind, lineage=lineage)
        self._due_slots = DueSlots(store, self.current, self.metrics, self._told)
        self._run_ends = RunEnds(store, orders, self.metrics, self._told)
        self._glancing = Glancing(store, self.current, self.metrics, self.troubles, self._looks)
        self.leading = Leading(store, holder, settings.daemon.lease, alone=alone, on_gain=self.recover)
        workers = settings.workers
        self._pool = WorkerPool(
            workers.count,
            Limits(memory_mb=workers.memory_mb, time_limit=workers.time_limit, recycle_after=workers.recycle_after),
            run_in_worker,
            self._run_ends.answered,
            self.metrics.worker_ended,
        )
        self._dispatcher = Dispatcher(store, orders, self._pool, self._run_ends, self.metrics, self._told)
        self._put_in_force(first)

    def current(self) -> Watch:
        """The configuration in force."""
        return self._watch

    def levels(self) -> tuple[SloStanding, ...]:
        """How service levels stand. Raises StoreError."""
        return self._counting.standings()

    @property
    def receivers(self) -> tuple[str, ...]:
        """Names of everybody that something is delivered to."""
        return self._delivering.receivers

    def _inputs(self) -> tuple[Settings, list[Contract]]:
        watch = self._watch
        return watch.settings, [watched.contract for watched in watch.contracts.values()]

    # --- condition --------------------------------------------------------------------------------------------------

    def readiness(self) -> Readiness:
        """Whether this daemon can do its work now."""
        still = None if self._beat_at is None else time.monotonic() - self._beat_at
        reasons = list(self.troubles.reasons)
        if still is not None and still > HEART_STILL.total_seconds():
            reasons.append(f"the scheduler has not beaten for {still:.0f} s")
        lease = self._watch.settings.daemon.lease.total_seconds()
        if (waits := self.leading.waits) > lease and not any(reason.startswith("state:") for reason in reasons):
            reasons.append(f"state: it has not answered for {waits:.0f} s")
        return Readiness(role=self._role(), reasons=tuple(reasons), last_beat_seconds=still)

    def _role(self) -> Role:
        if self._stopping:
            return Role.STOPPING
        if self._beat_at is None:
            return Role.STARTING
        return Role.LEADER if self.leading.term is not None else Role.FOLLOWER

    # --- duties -----------------------------------------------------------------------------------------------------

    def lead(self) -> None:
        """Take or renew the lease; also while the daemon stops, so that nobody takes runs that still end."""
        with self.troubles.watched("state", StoreError):
            self.leading.campaign()

    def run(self) -> None:
        """Add slots that are due, and give them to workers. Its beat is the daemon's heart."""
        self._beat_at = time.monotonic()
        self.metrics.beat()
        self._as_leader("slots", self._run)

    def _run(self, term: Term) -> None:
        now = datetime.now(UTC)
        if self._to_recover.is_set():
            self._run_ends.recover(self._pool.under_way, term)
            self._to_recover.clear()
        if self._to_retain.is_set():
            self._to_retain.clear()
            self._retain(term)
        self._due_slots.add(term, now)
        self._dispatcher.dispatch(term, now)

    def _told(self, door: str, reason: str | None) -> None:
        """What is said of runs. A snapshot that found no room makes room for the next one."""
        self.troubles.report(door, reason)
        if reason is not None and door.startswith("snapshot of "):
            self._to_retain.set()

    def recover(self) -> None:
        """Have a look, with the next run of slots, at runs whose daemon has ended."""
        self._to_recover.set()

    def glance(self) -> None:
        """Freshness and volume of the contracts that are due for it."""
        self._as_leader("glances", lambda term: self._glancing.glance(self._source, term))

    def count(self) -> None:
        """Service levels that are due to be counted, and what is to be told of them."""
        self._as_leader("service levels", lambda term: self._counting.count(self._source, term))

    def mind(self) -> None:
        """Incidents: what was seen since the last beat, and what is to be told of it."""
        self._as_leader("incidents", self._minding.mind)

    def know_people(self) -> None:
        """A few of the people who may be told of incidents, and whom nobody has looked up of late."""
        # Also when nobody is there to be asked: what another daemon met is over then.
        self._as_leader("people", self._know_people)

    def _know_people(self, term: Term) -> None:
        if self._people is None:
            return
        settings, contracts = self._inputs()
        failure = self._people.look_up(people_named(settings.incidents, contracts), now=datetime.now(UTC))
        if failure is not None:
            log.warning("people_not_looked_up", reason=failure.detail)

    def deliver(self, receiver: str) -> None:
        """Tell one receiver what waits for it in the outbox, as long as it hears."""
        work = partial(self._delivering.deliver, receiver, within=BEAT_FLUSH_FOR)
        self._as_leader(f"deliveries to {receiver}", work)

    def resend(self) -> None:
        """Tell receivers that forget of every incident again."""
        self._as_leader("reminders", lambda term: self._delivering.resend())

    def retain(self) -> None:
        """Remove snapshots, runs, ticks, records of service levels and incidents that are older than they are kept."""
        self._as_leader("retention", self._retain)

    def _retain(self, term: Term) -> None:
        settings, now = self._watch.settings, datetime.now(UTC)
        removed = retain_snapshots(self._store, settings.snapshots, now, term)
        runs = self._store.forget_runs(now - settings.daemon.keep_runs, term=term)
        ticks = self._store.ticks.forget(now - settings.ticks.keep, term=term)
        records = forget(self._store, self._watch.slos, now=now, term=term)
        incidents = self._store.incidents.forget(now - settings.daemon.keep_runs, term=term)
        if given_up := self._store.outbox.give_up_on_others(self.receivers, term=term):
            log.warning("deliveries_given_up", count=given_up, reason="their receivers are not configured any more")
        if removed or runs or ticks or records or incidents:
            counts = {"runs_removed": runs, "ticks_removed": ticks, "slo_records_removed": records}
            counts["incidents_removed"] = incidents
            log.info("retained", snapshots_removed=removed, **counts)

    def _as_leader(self, name: str, duty: Callable[[Term], object]) -> None:
        """The duty under the current term; what it meets is reported, never raised: the next beat tries again."""
        term = self.leading.term
        if term is None:
            # What a leader meets is no business of one that follows.
            self.troubles.forget(lambda door: door in _EVERYBODYS)
        if term is None or self._stopping:
            return
        try:
            duty(term)
        except NotLeading:
            self.leading.lost()
        except StoreError as error:
            # The next renewal of the lease says when the state works again.
            self.troubles.report("state", str(error))
        except ObserverError as error:
            self.troubles.report(name, str(error))
        except Exception as error:  # a fault of ours stops no other duty, and is not hidden
            log.exception("duty_broke", duty=name)
            self.troubles.report(name, f"unexpected {type(error).__name__}; the log says where")
        else:
            self.troubles.report(name, None)

    # --- configuration ----------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read settings and contracts anew; when anything is wrong, the old ones stay in force, and metrics say so."""
        try:
            new = watch(self._reread())
        except InputError as error:
            self._refuse(_why(error), [str(problem) for problem in error.problems])
            return
        except Exception as error:  # a fault of ours, or of a file that is just being replaced: the old one still holds
            log.exception("duty_broke", duty="reload")
            self._refuse(f"unexpected {type(error).__name__}; the log says where", [])
            return
        self.troubles.report("configuration", None)
        if new.digest == self._watch.digest:
            self.metrics.configuration_loaded(True, new.digest)
            return
        late = [name for name in _AT_START if getattr(new.settings, name) != getattr(self._watch.settings, name)]
        if late:
            log.warning("settings_wait_for_restart", settings=late)
            # Workers must not write to another state than the daemon.
            settings = replace(new.settings, **{name: getattr(self._watch.settings, name) for name in late})
            new = replace(new, settings=settings)
        self._put_in_force(new)

    def _refuse(self, reason: str, problems: list[str]) -> None:
        self.metrics.configuration_loaded(False, None)
        log.error("configuration_refused", reason=reason, problems=problems)
        self.troubles.report("configuration", f"the new one is refused, the old one stays in force: {reason}")

    def _put_in_force(self, new: Watch) -> None:
        self._watch = new
        self._due_slots.watch_changed()
        self._looks.forget()
        self.troubles.forget(lambda door: door.partition(" of ")[2] in ("", *new.contracts))
        self.metrics.watch([(w.contract, w.checks) for w in new.contracts.values()], new.digest, new.slos)
        self.metrics.configuration_loaded(True, new.digest)
        log.info("configuration_in_force", contracts=len(new.contracts), slos=len(new.slos), digest=new.digest[:12])

    # --- the end ----------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Take no more work, let runs end or hand them back, flush the outbox, and let another daemon lead."""
        self._stopping = True
        log.info("stopping", runs=len(self._pool.under_way))
        self._counting.close()
        self._pool.stop(self._watch.settings.daemon.grace)
        term = self.leading.term
        try:
            self._run_ends.record_what_was_not()
            if term is not None:
                self._minding.mind(term)
        except StoreError as error:
            log.warning("runs_not_told", reason=str(error))
        except Exception:  # a fault of ours keeps nobody else from leading
            log.exception("duty_broke", duty="the last look at incidents")
        self._delivering.last_words(term)
        self.leading.resign()
        log.info("stopped")


def _why(error: InputError) -> str:
    """For whoever sees only this line: the first finding itself, and where the others are."""
    if not error.problems:
        return str(error)
    more = len(error.problems) - 1
    return f"{error.message}: {error.problems[0]}" + (f"; {more} more in `problems` of the log" if more else "")
