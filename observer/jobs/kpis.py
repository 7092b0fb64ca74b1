"""How a span went, and how the one before it: incidents, promises, trust, critical elements, writes.

In: the state, contracts and service levels. Out: Kpis of both spans.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from observer.checks.score import Looked, score_parts
from observer.contracts.model import Contract
from observer.incidents.events import IncidentEvent
from observer.incidents.kpis import Kpis, Review, Trust, Writes, kpis_of
from observer.incidents.spans import Span
from observer.jobs.response_levels import TurningPoints
from observer.slo.model import Slo
from observer.store import Store
from observer.store.reviews import ReviewedRun


def review(
    store: Store,
    contracts: Sequence[Contract],
    slos: Sequence[Slo],
    span: Span,
    *,
    at: datetime,
    keep: timedelta,
    only: str | None = None,
) -> Review:
    """Everything that the state knows by `at`; `only`: of the contract with this id. Raises StoreError.

    `keep`: for how long the state keeps what is over. What outlives it (an incident that is still open, the latest run
    of a contract) does not tell that all else of its time is known.
    """
    earlier = span.before()
    logs: Sequence[Sequence[IncidentEvent]] = TurningPoints(store).since(earlier.begins)
    if only is not None:
        contracts = [contract for contract in contracts if contract.id == only]
        logs = [log for log in logs if log[0].group is not None and log[0].group.contract == only]
    known_since = _known_since(store, at - keep)

    def of(span: Span) -> Kpis:
        return _kpis(store, contracts, slos, span, logs, at=at, known_since=known_since)

    return Review(now=of(span), before=of(earlier))


def _known_since(store: Store, forgotten: datetime) -> datetime | None:
    first = store.reviews.known_since()
    return None if first is None else max(first, forgotten)


def _kpis(
    store: Store,
    contracts: Sequence[Contract],
    slos: Sequence[Slo],
    span: Span,
    logs: Iterable[Sequence[IncidentEvent]],
    *,
    at: datetime,
    known_since: datetime | None,
) -> Kpis:
    runs = store.reviews.last_runs(span.begins, span.ends)
    written = store.reviews.writes(span.begins, span.ends)
    return kpis_of(
        logs,
        contracts,
        span,
        at,
        known_since=known_since,
        slos=slos,
        trusts=_trusts(runs, contracts),
        writes=[
            Writes(
                contract=each.contract,
                table=each.table,
                written=each.written,
                invalid=each.invalid,
                looks=each.looks,
                blind=each.blind,
            )
            for each in written
        ],
    )


def _trusts(runs: Mapping[str, ReviewedRun], contracts: Iterable[Contract]) -> dict[str, Trust]:
    """The parts of each score, with what is called critical now: what was so on that day is not kept."""
    trusts = {}
    for contract in contracts:
        run = runs.get(contract.id)
        if run is None:
            continue
        critical = {(obj.name, prop.name) for obj in contract.objects for prop in obj.properties if prop.critical}
        looked = (
            Looked(
                outcome=check.outcome,
                severity=check.severity,
                critical=(check.table, check.property) in critical,
                rows_tested=check.rows_tested,
                rows_failed=check.rows_failed,
            )
            for check in run.checks
        )
        trusts[contract.id] = Trust(run_id=run.id, at=run.at, score=run.trust_score, parts=score_parts(looked))
    return trusts
