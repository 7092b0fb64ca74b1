"""Service levels, evaluated: rows looked at, runs and glances counted, alerts opened and ended.

In: the SLOs of one configuration, the source, the state. Out: ledgers that have moved on, and how every SLO stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from observer.slo.windows import FINE, coarse_grain, window_begins
from observer.store import Store

#: What counts one SLO.
Counter = LedgerFiller | SampleCounter
#: Runs, glances and slots are looked for so often.
SAMPLES_EVERY = timedelta(seconds=30)


def counter_of(slo: Slo, plans: Mapping[str, ContractPlan], *, key_secret: bytes | None) -> Counter:
    """What counts this SLO. `plans` by contract id. Raises InputError where rows cannot be known again."""
    if isinstance(slo.indicator, TimeToFill):
        return LedgerFiller(slo, slo.indicator, plans[slo.indicator.contract], key_secret=key_secret)
    return SampleCounter(slo)


def every(slo: Slo) -> timedelta:
    """How often it is counted."""
    return slo.indicator.poll if isinstance(slo.indicator, TimeToFill) else SAMPLES_EVERY


def tell(store: Store, slos: Sequence[Slo], *, now: datetime, term: Term) -> tuple[SloStanding, ...]:
    """How they stand, with their alerts opened and ended. Raises StoreError, NotLeading."""
    known = standings(store, slos, at=now)
    for standing in known:
        slo = standing.slo
        open_now = {each.alert.name for each in standing.ledger.alerts}
        wanted = alerts_of(slo, standing.budget.counts, standing.spans.__getitem__, open_now=open_now)
        if wanted or open_now:
            store.slo_alerts.set_alerts(slo.name, slo.revision, wanted, now=now, term=term)
    return known


def forget(store: Store, slos: Sequence[Slo], *, now: datetime, term: Term) -> int:
    """Merge old minutes, and forget records that no window reaches; says how many. Raises StoreError, NotLeading."""
    forgotten = 0
    for slo in slos:
        ledger = store.ledgers.open(slo, now=now, term=term)
        store.ledgers.roll_up(ledger, before=now - FINE, grain=coarse_grain(slo), term=term)
        oldest = window_begins(slo.window, now)
        if isinstance(slo.indicator, TimeToFill):
            # A record counts by its deadline. One that is forgotten while it can be read again would be judged twice.
            position = store.ledgers.position(ledger)
            reached = oldest if position is None else reach(position, slo.indicator)
            oldest = min(oldest - slo.indicator.deadline, reached)
        forgotten += store.ledgers.forget(ledger, before=oldest, term=term)
    return forgotten
