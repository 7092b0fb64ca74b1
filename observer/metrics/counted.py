"""What this process counted since it started. In: one call per event. Out: a registry of its own."""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric

from observer import __version__
from observer.checks.measure import Outcome
from observer.runs.deliveries import Reason
from observer.runs.workers import Ending

#: From a small table to the time limit of a run, in seconds.
RUN_BUCKETS = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600)
#: From one beat of the scheduler to a slot of an hourly schedule that was nearly lost, in seconds.
LATENESS_BUCKETS = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600)
#: From an indexed newest time to a scan that should be no tick, in seconds.
TICK_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30)
#: What a delivery went to that is none of the receivers named at the start.
OTHER = "other"
#: The reason of a delivery that did not fail.
NO_REASON = "none"


class Counted:
    """Counters, gauges and histograms of the process; every label set that can be is there from the start."""

    def __init__(self, receivers: Sequence[str], leads: Callable[[], bool]) -> None:
        # The creation time of every counter would double the series.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types for it
        self.registry = r = CollectorRegistry()
        self._contracts: frozenset[str] = frozenset()
        self._receivers = frozenset(receivers)
        self._lock = threading.Lock()
        self._digest: str | None = None
        self._beat_at: datetime | None = None
        self._reloaded_at: datetime | None = None
        self._reload_ok: bool | None = None

        self._runs = Counter("observer_runs", "Full runs that ended.", ("contract", "outcome"), registry=r)
        self._run_time = Counter("observer_run_seconds", "Time spent in full runs.", ("contract",), registry=r)
        self._durations = Histogram(
            "observer_run_duration_seconds",
            "How long full runs took, of all contracts together.",
            buckets=RUN_BUCKETS,
            registry=r,
        )
        self._lateness = Histogram(
            "observer_scheduler_lateness_seconds",
            "How long after they were due runs began.",
            buckets=LATENESS_BUCKETS,
            registry=r,
        )
        self._missed = Counter(
            "observer_scheduler_missed_slots",
            "Slots that this daemon recorded as missed.",
            ("contract",),
            registry=r,
        )
        self._ticks = Counter(
            "observer_ticks", "Glances at the tables of a contract.", ("contract", "result"), registry=r
        )
        self._tick_durations = Histogram(
            "observer_tick_duration_seconds",
            "How long glances took, of all contracts together.",
            buckets=TICK_BUCKETS,
            registry=r,
        )
        self._workers = Counter("observer_worker_ends", "Worker processes that ended.", ("reason",), registry=r)
        self._incidents = Counter(
            "observer_incidents_opened", "Incidents that this daemon opened.", ("contract",), registry=r
        )
        self._deliveries = Counter(
            "observer_deliveries", "Attempts to deliver.", ("receiver", "result", "reason"), registry=r
        )
        Gauge("observer_leader", "Whether this daemon leads.", registry=r).set_function(leads)
        self._reloads = Counter(
            "observer_configuration_reloads", "Times the configuration was read.", ("result",), registry=r
        )
        self._steps = Counter("observer_clock_steps", "Times the wall clock was set.", ("direction",), registry=r)
        r.register(_Uncounted(self))
        ProcessCollector(registry=r)
        self._initialise()

    def families(self) -> tuple[Metric, ...]:
        """What is not counted, and absent before there is any."""
        build = InfoMetricFamily("observer_build", "The program that runs.")
        build.add_metric((), {"version": __version__, "python": platform.python_version()})
        configuration = InfoMetricFamily("observer_configuration", "The configuration in force, by its SHA-256.")
        if self._digest is not None:
            configuration.add_metric((), {"digest": self._digest})
        beat = GaugeMetricFamily("observer_heartbeat_timestamp_seconds", "When the scheduler last beat.", labels=())
        if self._beat_at is not None:
            beat.add_metric((), self._beat_at.timestamp())
        successful = GaugeMetricFamily(
            "observer_configuration_last_reload_successful",
            "Whether the latest reading of the configuration succeeded.",
            labels=(),
        )
        if self._reload_ok is not None:
            successful.add_metric((), self._reload_ok)
        reloaded = GaugeMetricFamily(
            "observer_configuration_last_reload_success_timestamp_seconds",
            "When the configuration was last read successfully.",
            labels=(),
        )
        if self._reloaded_at is not None:
            reloaded.add_metric((), self._reloaded_at.timestamp())
        return build, configuration, beat, successful, reloaded

    def _initialise(self) -> None:
        self._incidents.labels("")
        for ending in Ending:
            self._workers.labels(ending.value)
        for receiver in sorted(self._receivers | {OTHER}):
            self._deliveries.labels(receiver, "delivered", NO_REASON)
            for reason in Reason:
                self._deliveries.labels(receiver, "failed", reason.value)
        for result in ("success", "failure"):
            self._reloads.labels(result)
        for direction in ("forward", "back"):
            self._steps.labels(direction)

    def watch(self, contracts: Iterable[str]) -> None:
        """Series of these contracts begin at zero, or go on; those of others are gone."""
        with self._lock:
            now = frozenset(contracts)
            for contract in self._contracts - now:
                for outcome in Outcome:
                    self._runs.remove(contract, outcome.value)
                for result in ("ok", "error"):
                    self._ticks.remove(contract, result)
                self._run_time.remove(contract)
                self._missed.remove(contract)
                self._incidents.remove(contract)
            for contract in sorted(now - self._contracts):
                for outcome in Outcome:
                    self._runs.labels(contract, outcome.value)
                for result in ("ok", "error"):
                    self._ticks.labels(contract, result)
                self._run_time.labels(contract)
                self._missed.labels(contract)
                self._incidents.labels(contract)
            self._contracts = now

    def run_ended(self, contract: str, outcome: Outcome, seconds: float) -> None:
        seconds = max(0.0, seconds)
        self._durations.observe(seconds)
        with self._lock:
            if contract in self._contracts:
                self._runs.labels(contract, outcome.value).inc()
                self._run_time.labels(contract).inc(seconds)

    def run_late(self, seconds: float) -> None:
        self._lateness.observe(max(0.0, seconds))

    def slots_missed(self, contract: str, count: int) -> None:
        with self._lock:
            if contract in self._contracts:
                self._missed.labels(contract).inc(max(0, count))

    def incident_opened(self, contract: str) -> None:
        with self._lock:
            if not contract or contract in self._contracts:
                self._incidents.labels(contract).inc()

    def worker_ended(self, reason: Ending) -> None:
        self._workers.labels(Ending(reason).value).inc()

    def ticked(self, contract: str, seconds: float, ok: bool) -> None:
        self._tick_durations.observe(max(0.0, seconds))
        with self._lock:
            if contract in self._contracts:
                self._ticks.labels(contract, "ok" if ok else "error").inc()

    def delivery(self, receiver: str, failed: Reason | None) -> None:
        name = receiver if receiver in self._receivers else OTHER
        if failed is None:
            self._deliveries.labels(name, "delivered", NO_REASON).inc()
        else:
            self._deliveries.labels(name, "failed", Reason(failed).value).inc()

    def configuration_in_force(self, digest: str) -> None:
        self._digest = digest

    def configuration_loaded(self, ok: bool, digest: str | None, now: datetime) -> None:
        self._reloads.labels("success" if ok else "failure").inc()
        self._reload_ok = ok
        if ok:
            self._reloaded_at = now
            self._digest = digest or self._digest

    def beat(self, now: datetime) -> None:
        self._beat_at = now

    def clock_stepped(self, seconds: float) -> None:
        self._steps.labels("back" if seconds < 0 else "forward").inc()


class _Uncounted:
    """The rest of what the process knows of itself, as the library wants it."""

    def __init__(self, counted: Counted) -> None:
        self._counted = counted

    def describe(self) -> Iterable[Metric]:
        return self.collect()

    def collect(self) -> Iterable[Metric]:
        return self._counted.families()
