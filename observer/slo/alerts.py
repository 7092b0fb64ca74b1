"""When somebody is told of a level: its budget burns, is nearly spent, or too much of it is unknown. Pure.

In: an SLO, what was counted in each span, which alerts are open. Out: those that are to be open now. An open alert goes
on until what it tells of is clearly over (`burn.RELEASE`), so that it does not flap.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction

from observer.slo.budget import Budget, Counts
from observer.slo.burn import LEAST_BAD, RELEASE, BurnRule, Urgency, burning
from observer.slo.model import Slo

#: A trickle of bad records, too thin for any pair of windows, is told when so much of the budget is spent.
NEARLY_SPENT = Fraction(3, 4)


class AlertKind(StrEnum):
    """What an alert tells of."""

    #: A pair of windows burns too fast.
    BURN = "burn"
    #: The budget is nearly spent, or overspent, however slowly.
    SPENT = "spent"
    #: Too many records could not be judged: downtime, or nothing that tells.
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """What is told of one level now."""

    slo: str
    kind: AlertKind
    urgency: Urgency
    #: BURN: the pair of windows.
    rule: BurnRule | None = None
    #: BURN: the burn rate of the long window.
    burn: Fraction | None = None
    #: Of the long window for BURN, of the whole window else. UNKNOWN: those that are unknown.
    bad: int | Fraction
    #: Records that counted beside them, with them.
    eligible: int | Fraction
    #: Bad records that may still come in the window; negative when overspent.
    left: int

    @property
    def name(self) -> str:
        """Tells it from the others of its SLO: `burn-1h/5m`, `spent`, `unknown`."""
        return f"{self.kind}-{self.rule.name}" if self.rule else str(self.kind)


def alerts_of(
    slo: Slo, window: Counts, counts_of: Callable[[timedelta], Counts], *, open_now: Collection[str]
) -> tuple[Alert, ...]:
    """The alerts of an SLO, most urgent first.

    `window` is what the whole window counted, `counts_of(span)` the last `span`; `open_now` are names of alerts.
    """
    found: list[Alert] = []
    budget = Budget(counts=window, target=slo.target)
    for rule in slo.burn_rules:
        was = f"{AlertKind.BURN}-{rule.name}" in open_now
        fires = burning(rule, counts_of, target=slo.target, period=slo.window.span, was_burning=was)
        if fires is not None:
            found.append(
                Alert(
                    slo=slo.name,
                    kind=AlertKind.BURN,
                    urgency=rule.urgency,
                    rule=rule,
                    burn=fires.burn,
                    bad=fires.bad,
                    eligible=fires.eligible,
                    left=budget.left,
                )
            )
    if slo.burn_rules and _is_nearly_spent(budget, was=AlertKind.SPENT in open_now):
        found.append(_of_window(slo, AlertKind.SPENT, window.bad, window.eligible, budget))
    if _is_unknown(slo, window, was=AlertKind.UNKNOWN in open_now):
        found.append(_of_window(slo, AlertKind.UNKNOWN, window.unknown, window.judged, budget))
    return tuple(found)


def _of_window(slo: Slo, kind: AlertKind, bad: int | Fraction, eligible: int | Fraction, budget: Budget) -> Alert:
    return Alert(slo=slo.name, kind=kind, urgency=Urgency.TICKET, bad=bad, eligible=eligible, left=budget.left)


def _is_nearly_spent(budget: Budget, *, was: bool) -> bool:
    spent = budget.spent_share
    if spent is None or (budget.counts.bad < LEAST_BAD and not was):
        return False
    return spent >= (NEARLY_SPENT * RELEASE if was else NEARLY_SPENT)


def _is_unknown(slo: Slo, window: Counts, *, was: bool) -> bool:
    share = window.unknown_share
    if share is None or (window.unknown < LEAST_BAD and not was):
        return False
    return share > slo.unknown_limit * (RELEASE if was else 1)
