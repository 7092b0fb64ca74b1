"""Burn alerts: the budget is being spent too fast, by a long and a short window at once.

The pairs are those of the Google SRE Workbook (https://sre.google/workbook/alerting-on-slos/), by the share of the
budget that they let be spent; the factor follows from the window of the objective. A minimum of *bad* records keeps one
record of a quiet field from paging; a minimum of traffic would hide its outage.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction

from observer.slo.budget import Counts, burn_rate

_WIDTHS = (
    ("d", timedelta(days=1)),
    ("h", timedelta(hours=1)),
    ("m", timedelta(minutes=1)),
    ("s", timedelta(seconds=1)),
)
#: A firing alert ends when the short window burns slower than this part of the factor, so that it does not flap.
RELEASE = Fraction(9, 10)
#: Fewer bad records in the long window page nobody.
LEAST_BAD = 3


class Urgency(StrEnum):
    """Who is told: PAGE now, TICKET in working hours."""

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, kw_only=True)
class BurnRule:
    """One pair of windows."""

    urgency: Urgency
    #: Part of the whole budget that may be spent within `long` before it fires.
    share: Fraction
    long: timedelta
    short: timedelta

    def factor(self, period: timedelta) -> Fraction:
        """The burn rate at which it fires, for an objective over `period`."""
        return self.share * _exact(period) / _exact(self.long)

    @property
    def name(self) -> str:
        """`1h/5m`."""
        return f"{short_span(self.long)}/{short_span(self.short)}"

    def can_fire(self, period: timedelta, target: Fraction, slice_span: timedelta | None = None) -> bool:
        """A burn rate above 1 / (1 - target) cannot be: then every record is bad. Nor can LEAST_BAD of fewer slices."""
        holds_enough = slice_span is None or self.long >= LEAST_BAD * slice_span
        return self.factor(period) * (1 - target) < 1 and self.long < period and holds_enough


#: Most urgent first.
RULES = (
    BurnRule(urgency=Urgency.PAGE, share=Fraction(2, 100), long=timedelta(hours=1), short=timedelta(minutes=5)),
    BurnRule(urgency=Urgency.PAGE, share=Fraction(5, 100), long=timedelta(hours=6), short=timedelta(minutes=30)),
    BurnRule(urgency=Urgency.TICKET, share=Fraction(10, 100), long=timedelta(days=1), short=timedelta(hours=2)),
    BurnRule(urgency=Urgency.TICKET, share=Fraction(10, 100), long=timedelta(days=3), short=timedelta(hours=6)),
)


@dataclass(frozen=True, kw_only=True)
class Burning:
    """Why an alert fires."""

    rule: BurnRule
    #: Of the long window.
    burn: Fraction
    bad: int | Fraction
    eligible: int | Fraction


def burning(
    rule: BurnRule,
    counts_of: Callable[[timedelta], Counts],
    *,
    target: Fraction,
    period: timedelta,
    was_burning: bool = False,
    least_bad: int = LEAST_BAD,
) -> Burning | None:
    """Whether the rule fires now. `counts_of(span)` are the records decided within the last `span`.

    Once it fires, it goes on until either window burns clearly slower; a short window without records ends nothing.
    """
    factor = rule.factor(period)
    long, short = counts_of(rule.long), counts_of(rule.short)
    slow, fast = burn_rate(long, target), burn_rate(short, target)
    if slow is None or (long.bad < least_bad and not was_burning):
        return None
    fires = slow >= factor and fast is not None and fast >= factor
    goes_on = was_burning and slow >= factor * RELEASE and (fast is None or fast >= factor * RELEASE)
    if not fires and not goes_on:
        return None
    return Burning(rule=rule, burn=slow, bad=long.bad, eligible=long.eligible)


def _exact(span: timedelta) -> Fraction:
    return Fraction(span // timedelta(microseconds=1))


def short_span(span: timedelta) -> str:
    """Five minutes → "5m", in the largest of d, h, m and s that gives a whole number."""
    for letter, one in _WIDTHS:
        if span and span % one == timedelta():
            return f"{span // one}{letter}"
    return f"{span.total_seconds():g}s"
