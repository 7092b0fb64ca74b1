"""How SLOs stand, read from the state. In: SLOs and a time. Out: one SloStanding each, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from observer.slo.budget import Counts
from observer.slo.counting import counted_since
from observer.slo.model import Method, Slo
from observer.slo.standing import BURN_SPANS, LedgerStanding, SloStanding, spans_end, standing_of
from observer.slo.windows import span_begins, window_begins
from observer.store import Store


def standings(store: Store, slos: Sequence[Slo], *, at: datetime) -> tuple[SloStanding, ...]:
    """Those that the state has a ledger of; an SLO that nobody has counted yet is left out. Raises StoreError."""
    ledgers = store.ledgers.standings(slos)
    counted = [(slo, ledgers[slo.name]) for slo in slos if slo.name in ledgers and slo.method is Method.OCCURRENCES]
    sums = store.ledgers.counts_of_all({ledger.id: _begins(slo, ledger, at) for slo, ledger in counted})
    return tuple(
        _by_records(slo, ledger, sums[ledger.id], at)
        if slo.method is Method.OCCURRENCES
        else _by_slices(store, slo, ledger, at)
        for slo in slos
        if (ledger := ledgers.get(slo.name)) is not None
    )


def _begins(slo: Slo, ledger: LedgerStanding, at: datetime) -> list[datetime]:
    ends = spans_end(slo, ledger, at)
    return [window_begins(slo.window, at), *(span_begins(span, ends) for span in BURN_SPANS)]


def _by_records(slo: Slo, ledger: LedgerStanding, sums: Sequence[Counts], at: datetime) -> SloStanding:
    since = dict(zip(_begins(slo, ledger, at), sums, strict=True))
    return standing_of(slo, ledger, since.__getitem__, at=at)


def _by_slices(store: Store, slo: Slo, ledger: LedgerStanding, at: datetime) -> SloStanding:
    assert slo.slice_span is not None
    begins = _begins(slo, ledger, at)
    slices = store.ledgers.slices(ledger.id, begins, slo.slice_span)
    since = dict(zip(begins, counted_since(slo, slices, begins), strict=True))
    return standing_of(slo, ledger, since.__getitem__, at=at)
