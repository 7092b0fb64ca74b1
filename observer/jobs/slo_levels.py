"""How service levels stand, as they are shown: what the state knows of each, and its course by days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from observer.jobs.slo_standing import standings
from observer.reports.slo_status import Level
from observer.slo.course import stretches
from observer.slo.model import Slo
from observer.slo.standing import SloStanding
from observer.store import Store

_DAY = timedelta(days=1)
#: No line is longer: of a window of a year, the last days are drawn.
_MOST_DAYS = 60


def levels_now(store: Store, slos: Sequence[Slo], *, at: datetime) -> tuple[Level, ...]:
    """Every SLO, in their order; one that nobody has counted has no standing. Raises StoreError."""
    known = {standing.slo.name: standing for standing in standings(store, slos, at=at)}
    led = store.leadership.is_led()
    return tuple(_level(store, slo, known.get(slo.name), led=led) for slo in slos)


def levels_undrawn(store: Store, slos: Sequence[Slo], *, at: datetime) -> tuple[Level, ...]:
    """The same without their course by days, which costs a query each. Raises StoreError."""
    known = {standing.slo.name: standing for standing in standings(store, slos, at=at)}
    led = store.leadership.is_led()
    return tuple(Level(slo=slo, standing=known.get(slo.name), led=led) for slo in slos)


def _level(store: Store, slo: Slo, standing: SloStanding | None, *, led: bool) -> Level:
    if standing is None:
        return Level(slo=slo, standing=None, led=led)
    begins = max(standing.window_begins, standing.at - _MOST_DAYS * _DAY)
    buckets = store.ledgers.course(standing.ledger.id, begins)
    days = stretches(buckets, begins=begins, ends=standing.at, grain=_DAY)
    return Level(slo=slo, standing=standing, days=days, led=led)
