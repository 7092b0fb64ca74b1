"""A month that never was, of the service levels of slo.yaml. In: records that came, and were bad. Out: series.

Only the records are made up. How the levels stand, burn and alert is reckoned by the program, every quarter of an hour,
and shown by it as a daemon would; so are the recording rules' days of the window.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from observer.cli.inputs import read_contracts
from observer.jobs.load_slos import slos_for_run
from observer.metrics.families import Kind
from observer.metrics.levels import slo_families
from observer.slo.alerts import alerts_of
from observer.slo.budget import Counts
from observer.slo.counting import Bucket, counted
from observer.slo.model import Method, Slo
from observer.slo.standing import LedgerStanding, OpenAlert, SloStanding, standing_of
from observer.slo.windows import COARSE, floor

ROOT = Path(__file__).resolve().parents[3]
#: A Friday afternoon.
NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
SHOWN = timedelta(days=28)
#: The first window shown is full.
BEGINS = NOW - 2 * SHOWN
JOB = "crm-observer"

Traffic = Callable[[datetime, random.Random], Counts]


def _ago(at: datetime, *, days: float = 0, hours: float = 0) -> bool:
    """Whether it is at most so long before the end."""
    return NOW - at <= timedelta(days=days, hours=hours)


def _share(rng: random.Random, records: int, share: float) -> Counts:
    bad = sum(rng.random() < share for _ in range(records))
    return Counts(good=records - bad, bad=bad)


def _emails(at: datetime, rng: random.Random) -> Counts:
    """Busy on weekdays; an integration was late on Tuesday and is again now; on Thursday the observer was down."""
    busy = at.weekday() < 5 and 8 <= at.hour < 19
    came = rng.randint(9, 15) if busy else rng.randint(0, 3)
    if _ago(at, hours=29) and not _ago(at, hours=28):
        return Counts(unknown=came)
    late = (_ago(at, hours=77) and not _ago(at, hours=75)) or _ago(at, hours=1.6)
    return _share(rng, came, 0.2 if late else 0.0012)


def _sources(at: datetime, rng: random.Random) -> Counts:
    """Every hour all leads are looked at; since five days a form no longer asks where they come from."""
    if at.minute:
        return Counts()
    leads = 20_000 + int((at - BEGINS) / timedelta(minutes=40))
    missing = 0.0086 + (0.0125 if _ago(at, days=5) else 0)
    bad = int(leads * missing) + rng.randint(-4, 4)
    return Counts(good=leads - bad, bad=bad)


def _formats(at: datetime, rng: random.Random) -> Counts:
    return _share(rng, 150, 0.035 if at.day in {4, 11} and at.hour in {9, 10} else 0.004)


def _fresh(at: datetime, rng: random.Random) -> Counts:
    """A glance a minute; one night the sync stood still for two hours."""
    stale = at.date() == (NOW - timedelta(days=4)).date() and 2 <= at.hour < 4
    return Counts(bad=15) if stale else Counts(good=15)


def _nothing(at: datetime, rng: random.Random) -> Counts:
    return Counts()


def _runs(at: datetime, rng: random.Random) -> Counts:
    return Counts() if at.minute else _share(rng, 1, 0.002)


TRAFFIC: Mapping[str, Traffic] = {
    "leads-email-5m": _emails,
    "leads-source-complete": _sources,
    "leads-email-valid": _formats,
    "opportunities-fresh": _fresh,
    "opportunities-valid-writes": _nothing,
    "leads-looked-at": _runs,
}
#: Why nothing can be counted.
BLIND = {"opportunities-valid-writes": "no two snapshots of the table can be compared"}


@dataclass
class _Ledger:
    """Records of one level and, added up, what its objective counts."""

    slo: Slo
    buckets: list[Bucket] = field(default_factory=list)
    _begins: list[datetime] = field(default_factory=list)
    _sums: list[Counts] = field(default_factory=lambda: [Counts()])
    totals: Counts = field(default_factory=Counts)
    alerts: tuple[OpenAlert, ...] = ()

    def add(self, bucket: Bucket) -> None:
        """A quarter of an hour is over; a slice counts when it is."""
        self.totals += bucket.counts
        span = self.slo.slice_span
        if self.slo.method is Method.OCCURRENCES or span is None:
            self._append(bucket.begins, bucket.counts)
            return
        self.buckets.append(bucket)
        over = bucket.begins + COARSE
        if floor(over, span) == over:
            self._append(over - span, counted(self.slo, self.buckets, begins=over - span))
            self.buckets.clear()

    def _append(self, begins: datetime, counts: Counts) -> None:
        self._begins.append(begins)
        self._sums.append(self._sums[-1] + counts)

    def since(self, begins: datetime) -> Counts:
        """What the objective counts from there on."""
        now, before = self._sums[-1], self._sums[bisect_left(self._begins, begins)]
        return Counts(
            good=now.good - before.good,
            bad=now.bad - before.bad,
            unknown=now.unknown - before.unknown,
            withdrawn=now.withdrawn - before.withdrawn,
        )

    def standing(self, at: datetime) -> SloStanding:
        """With the alerts that are open then."""
        quiet = standing_of(self.slo, self._told(at), self.since, at=at)
        open_now = {each.alert.name: each.since for each in self.alerts}
        found = alerts_of(
            self.slo, quiet.budget.counts, lambda span: self.since(floor(at - span, COARSE)), open_now=open_now
        )
        self.alerts = tuple(OpenAlert(alert=alert, since=open_now.get(alert.name, at)) for alert in found)
        return standing_of(self.slo, self._told(at), self.since, at=at)

    def _told(self, at: datetime) -> LedgerStanding:
        to_fill = self.slo.name == "leads-email-5m"
        return LedgerStanding(
            id=1,
            revision_since=BEGINS,
            counts_since=BEGINS,
            looked_at=at - timedelta(seconds=20),
            totals=self.totals,
            pending=(at.minute // 15 + at.hour) % 5 + (3 if 8 <= at.hour < 19 else 0) if to_fill else 0,
            undatable=3 if to_fill else None,
            trouble=BLIND.get(self.slo.name),
            alerts=self.alerts,
        )


def series() -> Iterator[str]:
    """The month as lines of OpenMetrics with their times, one family after another."""
    slos = slos_for_run((ROOT / "slo.yaml",), read_contracts((ROOT / "expectations" / "contracts",)))
    ledgers = [_Ledger(slo) for slo in slos]
    chance = random.Random(7)  # noqa: S311 - a picture, not a secret
    families: dict[tuple[str, str], list[str]] = {}
    at = BEGINS
    while at < NOW:
        for ledger in ledgers:
            ledger.add(Bucket(begins=at, counts=TRAFFIC[ledger.slo.name](at, chance)))
        at += COARSE
        if NOW - at <= SHOWN:
            _scrape(slos, {each.slo.name: each.standing(at) for each in ledgers}, at, families)
    for (name, kind), lines in families.items():
        yield f"# TYPE {name.removesuffix('_total').removesuffix('_info')} {kind}\n"
        yield from lines
    yield "# EOF\n"


def _scrape(
    slos: Sequence[Slo], standings: Mapping[str, SloStanding], at: datetime, into: dict[tuple[str, str], list[str]]
) -> None:
    """What a daemon would have shown, with the labels that Prometheus adds."""
    stamp = int(at.timestamp())
    scraped = f'job="{JOB}",instance="observer-1:8484"'

    def add(name: str, kind: str, labels: str, value: float) -> None:
        into.setdefault((name, kind), []).append(f"{name}{{{labels}}} {value} {stamp}\n")

    for family in slo_families(slos, standings):
        for labels, value in family.samples:
            kind = "gauge" if family.kind is Kind.GAUGE else str(family.kind)
            add(family.name, kind, f"{labels.strip('{}')},{scraped}", value)
    add("observer_store_up", "gauge", scraped, 1)
    add("up", "gauge", scraped, 1)
    for slo in slos:
        add("slo:time_period:days", "gauge", f'sloth_slo="{slo.name}"', slo.window.span.days)
