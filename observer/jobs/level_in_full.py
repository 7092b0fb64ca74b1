"""One service level with its course and what is not good of it, read from the state for its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from observer.checks.spec import ContractPlan
from observer.jobs.slo_explained import Recorded, Records
from observer.jobs.slo_standing import standings
from observer.reports.slo_explain import Explained, ExplainedSample
from observer.reports.slo_status import Level
from observer.slo.burndown import Stretch, burndown, first_needed, grain_of
from observer.slo.counting import Bucket
from observer.slo.model import Slo, TimeToFill
from observer.slo.standing import SloStanding
from observer.slo.windows import floor
from observer.store import Store

_DAY = timedelta(days=1)
#: Records, runs, glances or slots that are told one by one.
MOST_RECORDS = 25
#: More slices than that are counted, and not drawn.
_MOST_SLICES = 12_000
#: A course of days, on a list of levels, is no longer.
_MOST_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class LevelInFull:
    """A level, how it went over its window, and the latest of what is not good."""

    level: Level
    #: Oldest first; empty when nothing counted yet, or when its slices are too many to draw.
    stretches: tuple[Stretch, ...] = ()
    grain: timedelta = _DAY
    #: Bad and unknown records, newest first, where records are kept.
    records: tuple[Explained, ...] = ()
    #: Bad and unknown runs, glances or slots, newest first, of any other level.
    samples: tuple[ExplainedSample, ...] = ()
    #: How far back those were looked for; None: as far as the state remembers.
    looked_back: timedelta | None = None
    #: Keys are restricted: only digests of them are kept.
    are_digests: bool = False


def levels_by_day(store: Store, slos: Sequence[Slo], *, at: datetime) -> tuple[Level, ...]:
    """Every SLO in their order, with the last days of its window. Raises StoreError."""
    known = {standing.slo.name: standing for standing in standings(store, slos, at=at)}
    led = store.leadership.is_led()
    found = []
    for slo in slos:
        standing = known.get(slo.name)
        days = () if standing is None else _days(store, standing)
        found.append(Level(slo=slo, standing=standing, days=days, led=led))
    return tuple(found)


def _days(store: Store, standing: SloStanding) -> tuple[Bucket, ...]:
    # The database adds up days: thousands of minutes stay where they are.
    begins = floor(max(standing.window_begins, standing.at - _MOST_DAYS * _DAY), _DAY)
    merged = store.ledgers.slices(standing.ledger.id, [begins], _DAY)
    return tuple(replace(bucket, begins=floor(bucket.begins, _DAY)) for bucket in merged)


def level_in_full(store: Store, slo: Slo, plans: Mapping[str, ContractPlan], *, at: datetime) -> LevelInFull:
    """`plans`: contract id → its plan. Raises StoreError."""
    standing = next(iter(standings(store, [slo], at=at)), None)
    level = Level(slo=slo, standing=standing, led=store.leadership.is_led())
    if standing is None:
        return LevelInFull(level=level)
    stretches, grain = _course(store, standing)
    found = LevelInFull(level=level, stretches=stretches, grain=grain)
    indicator = slo.indicator
    if isinstance(indicator, TimeToFill):
        plan = plans.get(indicator.contract)
        if plan is None:
            return found
        records = Records(store, standing.ledger.id, indicator, plan)
        return replace(found, records=records.newest(MOST_RECORDS), are_digests=records.are_digests)
    recorded = Recorded(store, slo, at=at, since=at - _DAY)
    return replace(found, samples=recorded.newest(MOST_RECORDS), looked_back=_DAY)


def _course(store: Store, standing: SloStanding) -> tuple[tuple[Stretch, ...], timedelta]:
    slo, ledger, at = standing.slo, standing.ledger.id, standing.at
    grain = grain_of(slo, at - standing.window_begins)
    seen = store.ledgers.slices(ledger, [standing.window_begins], grain)
    if not seen:
        return (), grain
    # What began to count an hour ago is drawn as an hour, not as a dot at the end of a month.
    begins = seen[0].begins
    grain = grain_of(slo, at - begins)
    needed = first_needed(slo, begins)
    width = slo.slice_span or grain
    if (at - needed) / width > _MOST_SLICES and width < grain:
        return (), grain
    buckets = store.ledgers.slices(ledger, [needed], width)
    return burndown(slo, buckets, begins=begins, ends=at, grain=grain), grain
