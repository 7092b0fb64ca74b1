"""Service levels as series. In: the SLOs in force, and how they stand. Out: metric families.

Labels come from the SLOs in force and from closed lists, so that each SLO has at most SERIES series. An SLO whose
ledger the state does not have yet is told of and has no numbers: a zero that jumped to what its window already holds
would read as an outage of the last minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from fractions import Fraction

from observer.metrics.families import Family, Kind, labels_text
from observer.metrics.promql import window_text
from observer.slo.burn import Urgency, short_span
from observer.slo.model import Slo
from observer.slo.standing import BURN_SPANS, Condition, SloStanding

CONDITION_VALUES = {Condition.NO_DATA: -1, Condition.MET: 0, Condition.BURNING: 1, Condition.MISSED: 2}
#: The `window` of the burn rate over the whole window of the SLO.
PERIOD = "period"
STATES = ("good", "bad", "unknown", "withdrawn")
#: Of one SLO at most: 14 metrics of one series each, the counter, the burn rates and the open alerts.
SERIES = 14 + len(STATES) + len(BURN_SPANS) + 1 + len(Urgency)


def slo_families(slos: Sequence[Slo], standings: Mapping[str, SloStanding]) -> Iterator[Family]:
    """How the SLOs in force stand. `standings` by name; what else is in it is passed over."""
    yield from _told(slos)
    known = [(slo.name, standings[slo.name]) for slo in slos if slo.name in standings]
    yield _records(known)
    yield from _budgets(known)
    yield from _windows(known)
    yield from _looks(known)


def _told(slos: Sequence[Slo]) -> Iterator[Family]:
    info = Family("observer_slo_info", "A service level in force, with what is told of it.", Kind.INFO)
    objective = Family("observer_slo_objective_ratio", "Share of records that has to be good.")
    for slo in slos:
        labels = labels_text(
            slo=slo.name,
            service=slo.service,
            contract=slo.indicator.contract,
            object=slo.object or "",
            property=slo.property or "",
            owner=slo.owner or "",
            kind=slo.indicator.kind.value,
            method=slo.method.value,
            window=window_text(slo.window),
        )
        info.add(labels, 1)
        objective.add(labels_text(slo=slo.name), float(slo.target))
    yield from (info, objective)


def _records(known: Sequence[tuple[str, SloStanding]]) -> Family:
    records = Family(
        "observer_slo_records_total", "Records that were ever decided, by the ledger in the state.", Kind.COUNTER
    )
    for name, standing in known:
        for state in STATES:
            # Another ledger counts something else: its numbers are no increase of the one before.
            labels = labels_text(slo=name, ledger=str(standing.ledger.id), state=state)
            records.add(labels, _number(getattr(standing.ledger.totals, state)))
    return records


def _budgets(known: Sequence[tuple[str, SloStanding]]) -> Iterator[Family]:
    ratio = Family("observer_slo_budget_remaining_ratio", "Part of the budget that is left; negative when overspent.")
    records = Family(
        "observer_slo_budget_remaining_records", "Bad records that may still come; negative when overspent."
    )
    burn = Family(
        "observer_slo_burn_rate", "How many times faster than evenly the budget is spent; absent when nothing counted."
    )
    exhausted = Family(
        "observer_slo_exhausted_in_seconds",
        "How long the budget lasts at the burn rate of the last day; absent when it does not run out.",
    )
    for name, standing in known:
        labels, budget = labels_text(slo=name), standing.budget
        spent = budget.spent_share
        ratio.add(labels, None if spent is None else float(1 - spent))
        records.add(labels, None if budget.met is None else budget.left)
        for span in BURN_SPANS:
            burn.add(labels_text(slo=name, window=short_span(span)), _number(standing.burns.get(span)))
        burn.add(labels_text(slo=name, window=PERIOD), _number(standing.burn))
        exhausted.add(labels, _seconds(standing.exhausted_in))
    yield from (ratio, records, burn, exhausted)


def _windows(known: Sequence[tuple[str, SloStanding]]) -> Iterator[Family]:
    sli = Family("observer_slo_sli_ratio", "Share of good ones in the window; absent when nothing counted.")
    eligible = Family("observer_slo_eligible", "What counts in the window.")
    bad = Family("observer_slo_bad", "What of it is bad.")
    unknown = Family("observer_slo_unknown", "Records of the window that nothing tells of; they count nowhere.")
    for name, standing in known:
        labels, counts = labels_text(slo=name), standing.budget.counts
        sli.add(labels, _number(counts.sli))
        eligible.add(labels, _number(counts.eligible))
        bad.add(labels, _number(counts.bad))
        unknown.add(labels, counts.unknown)
    yield from (sli, eligible, bad, unknown)


def _looks(known: Sequence[tuple[str, SloStanding]]) -> Iterator[Family]:
    pending = Family("observer_slo_pending", "Records before their deadline.")
    undatable = Family(
        "observer_slo_undatable", "Rows whose event time cannot be told or lies ahead; absent when not counted."
    )
    condition = Family("observer_slo_condition", "-1 no data, 0 met, 1 burning, 2 missed.")
    alerts = Family("observer_slo_alerts_open", "Alerts of the ledger that are open.")
    blind = Family("observer_slo_blind", "1 while nothing can be counted, else 0.")
    looked = Family("observer_slo_last_evaluation_timestamp_seconds", "As of when it was last counted.")
    for name, standing in known:
        labels, ledger = labels_text(slo=name), standing.ledger
        pending.add(labels, ledger.pending)
        undatable.add(labels, ledger.undatable)
        condition.add(labels, CONDITION_VALUES[standing.condition])
        for urgency in Urgency:
            count = sum(each.alert.urgency is urgency for each in ledger.alerts)
            alerts.add(labels_text(slo=name, urgency=urgency.value), count)
        blind.add(labels, int(ledger.trouble is not None))
        looked.add(labels, None if ledger.looked_at is None else ledger.looked_at.timestamp())
    yield from (pending, undatable, condition, alerts, blind, looked)


def _number(value: int | Fraction | None) -> float | None:
    return float(value) if isinstance(value, Fraction) else value


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
