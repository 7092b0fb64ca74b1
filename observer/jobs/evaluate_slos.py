"""Service levels, evaluated: rows looked at, runs and glances counted, alerts opened and ended.

In: the SLOs of one configuration, the source, the state. Out: ledgers that have moved on, and how every SLO stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from observer.checks.spec import ContractPlan
from observer.jobs.count_samples import SampleCounter
from observer.jobs.fill_ledger import LedgerFiller
from observer.jobs.slo_standing import standings
from observer.runs.leading import Term
from observer.slo.alerts import alerts_of
from observer.slo.ledger import reach
from observer.slo.model import Slo, TimeToFill
from observer.slo.standing import SloStanding
from observer.slo.windows import COARSE, FINE, coarse_grain, window_begins
from observer.store import Store

#: What counts one SLO.
Counter = LedgerFiller | SampleCounter
#: Runs, glances and slots are looked for so often.
SAMPLES_EVERY = timedelta(seconds=30)
#: Rows are looked at sooner than asked for, by a tenth or so much: a beat that is late would leave some undecided.
_SOONER = timedelta(seconds=2)
#: Which runs, glances and slots were counted is known for so long: longer than any of them is looked for.
SAMPLES_KEPT = timedelta(days=2)
#: Records of an indicator that was changed, or of an SLO that was removed, can be asked for so long.
ABANDONED_KEPT = timedelta(days=90)


def counter_of(slo: Slo, plans: Mapping[str, ContractPlan], *, key_secret: bytes | None) -> Counter:
    """What counts this SLO. `plans` by contract id. Raises InputError where rows cannot be known again."""
    if isinstance(slo.indicator, TimeToFill):
        return LedgerFiller(slo, slo.indicator, plans[slo.indicator.contract], key_secret=key_secret)
    return SampleCounter(slo)


def every(slo: Slo) -> timedelta:
    """How often it is counted."""
    if not isinstance(slo.indicator, TimeToFill):
        return SAMPLES_EVERY
    return slo.indicator.poll - min(slo.indicator.poll / 10, _SOONER)


def tell(store: Store, slos: Sequence[Slo], *, now: datetime, term: Term) -> tuple[SloStanding, ...]:
    """How they stand, with their alerts opened and ended. Raises StoreError, NotLeading."""
    return tuple(_told(store, standing, now, term) for standing in standings(store, slos, at=now))


def _told(store: Store, standing: SloStanding, now: datetime, term: Term) -> SloStanding:
    slo = standing.slo
    open_now = {each.alert.name for each in standing.ledger.alerts}
    wanted = alerts_of(slo, standing.budget.counts, standing.spans.__getitem__, open_now=open_now)
    if not wanted and not open_now:
        return standing
    store.slo_alerts.set_alerts(slo.name, slo.revision, wanted, now=now, term=term)
    return replace(standing, ledger=replace(standing.ledger, alerts=store.slo_alerts.open_alerts(slo.name)))


def end_alerts_of_removed(store: Store, slos: Sequence[Slo], *, now: datetime, term: Term) -> None:
    """An SLO that is no longer there tells nothing. Raises StoreError, NotLeading."""
    for name in store.slo_alerts.all_open().keys() - {slo.name for slo in slos}:
        store.slo_alerts.set_alerts(name, "", (), now=now, term=term)


def forget(store: Store, slos: Sequence[Slo], *, now: datetime, term: Term) -> int:
    """Merge old minutes, and forget records that no window reaches; says how many. Raises StoreError, NotLeading."""
    forgotten = 0
    for slo in slos:
        ledger = store.ledgers.open(slo, now=now, term=term)
        store.ledgers.roll_up(ledger, before=now - FINE, grain=coarse_grain(slo), term=term)
        before = _reached(store, slo, slo.indicator, ledger, now) if isinstance(slo.indicator, TimeToFill) else None
        forgotten += store.ledgers.forget(ledger, before=before or now - SAMPLES_KEPT, term=term)
    for ledger in store.ledgers.abandoned(slos):
        store.ledgers.roll_up(ledger, before=now - FINE, grain=COARSE, term=term)
        forgotten += store.ledgers.forget(ledger, before=now - ABANDONED_KEPT, term=term)
    return forgotten


def _reached(store: Store, slo: Slo, indicator: TimeToFill, ledger: int, now: datetime) -> datetime:
    """Records with an earlier event time lie in no window, and no look reads them again to judge them twice."""
    # A record counts by its deadline.
    oldest = window_begins(slo.window, now) - indicator.deadline
    position = store.ledgers.position(ledger)
    return oldest if position is None else min(oldest, reach(position, indicator))
