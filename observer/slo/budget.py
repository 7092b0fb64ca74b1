"""Error budgets, in records: integers and Fractions; converted only where they are shown."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction

_LONGEST = timedelta(days=36_525)


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Decided records of a span of time. `unknown` and `withdrawn` are numbers of their own, outside the ratio.

    Fractions only where the mean share of slices is counted.
    """

    good: int | Fraction = 0
    bad: int | Fraction = 0
    unknown: int = 0
    withdrawn: int = 0
    #: Where slices are counted: the good, bad and unknown records in them.
    records: int | None = field(default=None, compare=False)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            good=self.good + other.good,
            bad=self.bad + other.bad,
            unknown=self.unknown + other.unknown,
            withdrawn=self.withdrawn + other.withdrawn,
        )

    @property
    def eligible(self) -> int | Fraction:
        """Records that count."""
        return self.good + self.bad

    @property
    def sli(self) -> Fraction | None:
        """Share of good ones; None when nothing counts, which is "no data", not 100 %."""
        return Fraction(self.good, self.eligible) if self.eligible else None

    @property
    def judged(self) -> int | Fraction:
        """Records that were to be judged, with those of which it is unknown."""
        return self.eligible + self.unknown if self.records is None else self.records

    @property
    def unknown_share(self) -> Fraction | None:
        """Share of unknown ones among all records that were to be judged; None when there were none."""
        return Fraction(self.unknown) / self.judged if self.judged else None


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What an objective allows over its window, and what is left."""

    counts: Counts
    #: 0 < target < 1, or 1 for "never".
    target: Fraction

    @property
    def allowed(self) -> int:
        """Bad records that the objective allows among those that count: whole ones, rounded down."""
        return int(self.counts.eligible * (1 - self.target))

    @property
    def left(self) -> int:
        """Bad records that may still come; negative when the budget is overspent."""
        return math.floor(self.allowed - self.counts.bad)

    @property
    def spent_share(self) -> Fraction | None:
        """Part of the budget that is spent, above 1 when overspent; None for no data, or without any budget."""
        allowed = self.counts.eligible * (1 - self.target)
        return Fraction(self.counts.bad) / allowed if allowed else None

    @property
    def met(self) -> bool | None:
        """Whether the objective is met now; None for no data."""
        sli = self.counts.sli
        return None if sli is None else sli >= self.target


def burn_rate(counts: Counts, target: Fraction) -> Fraction | None:
    """How many times faster than evenly the budget is spent: 1 spends it exactly over the window.

    None for no data, and for a target of 1, which has no budget that could burn.
    """
    sli = counts.sli
    return None if sli is None or target == 1 else (1 - sli) / (1 - target)


def exhausted_in(budget: Budget, burn: Fraction | None, period: timedelta) -> timedelta | None:
    """How long what is left lasts at this burn rate; zero when nothing is left.

    None when it does not run out so, or not within a hundred years.
    """
    spent = budget.spent_share
    if spent is None or burn is None:
        return None
    if spent >= 1:
        return timedelta()
    if burn == 0 or (1 - spent) / burn > _LONGEST / period:
        return None
    return float((1 - spent) / burn) * period
