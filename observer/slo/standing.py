"""How an SLO stands now: what status, metrics, alerts and pages all read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from observer.slo.alerts import Alert, AlertKind
from observer.slo.budget import Budget, Counts, burn_rate, exhausted_in
from observer.slo.burn import RULES
from observer.slo.model import Method, Slo, TimeToFill
from observer.slo.windows import span_begins, window_begins

#: Spans whose burn rates are told, shortest first; that of the whole window comes beside them.
BURN_SPANS = tuple(sorted({span for rule in RULES for span in (rule.long, rule.short)}))


class Condition(StrEnum):
    """The state of an SLO in one word."""

    #: Nothing counted in the window: neither met nor missed.
    NO_DATA = "no data"
    MET = "met"
    #: Met so far, and an alert is open.
    BURNING = "burning"
    #: More bad than the objective allows.
    MISSED = "missed"


@dataclass(frozen=True, kw_only=True)
class OpenAlert:
    """An alert with the time since when it is open."""

    alert: Alert
    since: datetime


@dataclass(frozen=True, kw_only=True)
class LedgerStanding:
    """What the state knows of an SLO beside its buckets."""

    #: The state's own number of the ledger.
    id: int
    #: When this revision came into force.
    revision_since: datetime
    #: When its ledger began to count.
    counts_since: datetime
    #: As of when it was last looked at, or a run, glance or slot last counted; None when that never was.
    looked_at: datetime | None
    #: All that was ever decided in this ledger: these numbers only grow.
    totals: Counts = field(default_factory=Counts)
    pending: int = 0
    #: Rows whose event time cannot be told (null, no time, no zone), or lies in the future; None: not counted.
    undatable: int | None = None
    #: Why nothing can be counted now; None when it can.
    trouble: str | None = None
    alerts: tuple[OpenAlert, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SloStanding:
    """How one SLO stands at one time."""

    slo: Slo
    ledger: LedgerStanding
    at: datetime
    window_begins: datetime
    #: What the objective counts over its window: records or slices.
    budget: Budget
    #: Span → what the objective counts over the last of it.
    spans: Mapping[timedelta, Counts]
    #: Span → burn rate over the last of it; None where nothing counted.
    burns: Mapping[timedelta, Fraction | None]
    #: Of the whole window.
    burn: Fraction | None
    #: How long the budget lasts at the burn rate of the last day; None when it does not run out.
    exhausted_in: timedelta | None

    @property
    def condition(self) -> Condition:
        """In one word."""
        if self.budget.met is None:
            return Condition.NO_DATA
        if not self.budget.met:
            return Condition.MISSED
        return Condition.BURNING if self.ledger.alerts else Condition.MET

    def bad_after(self, opened: OpenAlert) -> datetime | None:
        """No bad record that the alert counted when it rang is older; None: the spans do not tell."""
        rule = opened.alert.rule
        counted = self.spans[rule.long] if rule else self.budget.counts
        # What made a slice bad may have been bad before, when it was too few.
        is_of_records = self.slo.method is Method.OCCURRENCES and opened.alert.kind is not AlertKind.UNKNOWN
        if not (is_of_records and counted.bad):
            return None
        all_of_it = [span for span, counts in self.spans.items() if counts.bad == counted.bad]
        if not all_of_it:
            return None
        begins = span_begins(min(all_of_it), spans_end(self.slo, self.ledger, self.at))
        # Of one that rang before that, the window has moved on.
        return begins if begins <= opened.since else None


def spans_end(slo: Slo, ledger: LedgerStanding, at: datetime) -> datetime:
    """Where the spans of burn rates end: what lies behind the last look at rows is not known yet, and is no calm."""
    if not isinstance(slo.indicator, TimeToFill) or ledger.looked_at is None:
        return at
    return min(at, ledger.looked_at)


def standing_of(
    slo: Slo, ledger: LedgerStanding, counts_since: Callable[[datetime], Counts], *, at: datetime
) -> SloStanding:
    """`counts_since(begins)` is what the objective counts from there on; `at` is the clock by which its window ends."""
    begins = window_begins(slo.window, at)
    ends = spans_end(slo, ledger, at)
    budget = Budget(counts=counts_since(begins), target=slo.target)
    spans = {span: counts_since(span_begins(span, ends)) for span in BURN_SPANS}
    burns = {span: burn_rate(counts, slo.target) for span, counts in spans.items()}
    return SloStanding(
        slo=slo,
        ledger=ledger,
        at=at,
        window_begins=begins,
        budget=budget,
        spans=spans,
        burns=burns,
        burn=burn_rate(budget.counts, slo.target),
        exhausted_in=exhausted_in(budget, burns[timedelta(days=1)], slo.window.span),
    )
