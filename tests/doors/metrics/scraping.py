"""A scrape of `Metrics`, read back by the library's own parsers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cached_property

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families as families

from observer.metrics.incidents import IncidentFigures
from observer.metrics.registry import Metrics
from observer.runs.standing import Standing
from observer.runs.ticks import Tick
from observer.slo.standing import SloStanding
from tests.fakes.standings import NINE
from tests.fakes.web_desk import FakeDesk


class Scrape:
    """What one scrape showed."""

    def __init__(self, text: bytes, *, open_format: bool = False) -> None:
        self.text = text.decode()
        self._open_format = open_format

    @cached_property
    def families(self) -> list[Metric]:
        read = open_families if self._open_format else families
        return list(read(self.text))  # type: ignore[no-untyped-call]  # the library's parsers have no types

    @cached_property
    def samples(self) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
        """Name → labels, sorted → value. Empty labels are none."""
        found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
        for family in self.families:
            for sample in family.samples:
                labels = tuple(sorted((name, value) for name, value in sample.labels.items() if value))
                assert labels not in found.get(sample.name, {}), f"twice: {sample}"
                found.setdefault(sample.name, {})[labels] = sample.value
        return found

    def of(self, name: str, **labels: str) -> float | None:
        """The value of one series; None when it is not there."""
        return self.samples.get(name, {}).get(tuple(sorted(labels.items())))

    def count(self, prefix: str = "") -> int:
        return sum(len(series) for name, series in self.samples.items() if name.startswith(prefix))


class Daemon:
    """A `Metrics` over a state that a test sets, on clocks that it moves."""

    def __init__(self, standing: Standing, receivers: tuple[str, ...] = ("lineage",)) -> None:
        self.standing: Callable[[], Standing] = lambda: standing
        self.ticks: tuple[Tick, ...] = ()
        self.now: datetime = NINE + timedelta(minutes=1)
        self.levels: Callable[[], Iterable[SloStanding]] = tuple
        self.incidents: Callable[[], IncidentFigures | None] = lambda: None
        self.readings = 0
        self._passed = 0.0
        self.leads = False
        self.metrics = Metrics(
            self._read,
            lambda: self.ticks,
            levels=lambda: self.levels(),
            incidents=lambda: self.incidents(),
            receivers=receivers,
            leads=lambda: self.leads,
            clock=lambda: self.now,
            monotonic=lambda: self._passed,
        )

    def _read(self) -> Standing:
        self.readings += 1
        return self.standing()

    def scrape(self, *, later: float = 60.0, accept: str | None = None) -> Scrape:
        """A scrape so many seconds after the one before."""
        self._passed += later
        text, kind = self.metrics.render(accept)
        return Scrape(text, open_format=kind.startswith("application/openmetrics-text"))


class ScrapedDesk(FakeDesk):
    """A desk with real figures."""

    def __init__(self, daemon: Daemon) -> None:
        super().__init__()
        self._daemon = daemon

    def metrics(self, accept: str | None = None) -> tuple[bytes, str]:
        return self._daemon.metrics.render(accept)
