"""What a level would have said of a range of time, had it been counted from its begin. Pure.

In: an SLO and the course of its records. Out: what counted, the budget, the alerts that would have been told, and the
objective that would have left a part of the budget.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from observer.slo.budget import Budget, Counts
from observer.slo.counting import Bucket, counted
from observer.slo.course import Course, stretches
from observer.slo.model import Slo
from observer.slo.walk import Fired, fired
from observer.slo.windows import COARSE, window_begins

#: The part of the budget that a sensible objective leaves.
LEFT = Fraction(1, 5)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
#: A course is told in no more parts than that, so that it fits on a line.
MOST_STRETCHES = 60


@dataclass(frozen=True, kw_only=True)
class SliRange:
    """Between which the level lies, whatever the unknown records were; None where nothing would count."""

    #: If all of them were bad.
    least: Fraction | None
    #: If all of them were good.
    most: Fraction | None


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """What an SLO says of a range."""

    #: With the objective that was tried.
    slo: Slo
    begins: datetime
    ends: datetime
    #: Every record of the range.
    records: Counts
    #: What the objective counts of them: records or slices.
    counted: Counts
    sli: SliRange
    #: Where the window begins that ends with the range; with the range itself when that is shorter.
    window_begins: datetime
    #: False when the range is shorter than the window of the SLO.
    window_is_whole: bool
    #: Of that window.
    budget: Budget
    #: The tightest objective that would have left LEFT of this budget; None when there is none, or no data.
    objective: Fraction | None
    #: Records per `grain`: hours of a short range, days, or several days of a long one.
    stretches: tuple[Bucket, ...]
    grain: timedelta
    #: By the time they would have begun.
    alerts: tuple[Fired, ...]


def with_objective(slo: Slo, target: Fraction) -> Slo:
    """The same SLO with another objective. Burn rules that could never fire under it are left out."""
    span = slo.window.span
    possible = tuple(rule for rule in slo.burn_rules if target < 1 and rule.can_fire(span, target, slo.slice_span))
    return replace(slo, target=target, burn_rules=possible)


def backtest(slo: Slo, course: Course, *, at: datetime) -> Backtest:
    """`at` is the end of the range, by the clock that its times are of."""
    buckets = tuple(course.buckets())
    wanted = window_begins(slo.window, at)
    begins = max(course.begins, wanted)
    budget = Budget(counts=counted(slo, buckets, begins=begins), target=slo.target)
    grain = _grain(course.ends - course.begins)
    return Backtest(
        slo=slo,
        begins=course.begins,
        ends=at,
        records=sum((bucket.counts for bucket in buckets), Counts()),
        counted=counted(slo, buckets, begins=course.begins),
        sli=SliRange(
            least=counted(slo, _unknown_as(buckets, good=False), begins=course.begins).sli,
            most=counted(slo, _unknown_as(buckets, good=True), begins=course.begins).sli,
        ),
        window_begins=begins,
        # A long window begins at a quarter of an hour: what it lacks of that is no shorter range.
        window_is_whole=course.begins - wanted < COARSE,
        budget=budget,
        objective=objective_leaving(budget.counts),
        stretches=stretches(buckets, begins=course.begins, ends=at, grain=grain),
        grain=grain,
        alerts=fired(slo, course),
    )


def _grain(span: timedelta) -> timedelta:
    return HOUR if span <= 2 * DAY else -(-span // (MOST_STRETCHES * DAY)) * DAY


def _unknown_as(buckets: tuple[Bucket, ...], *, good: bool) -> Iterator[Bucket]:
    for bucket in buckets:
        known = replace(bucket.counts, unknown=0)
        unknown = bucket.counts.unknown
        yield replace(bucket, counts=known + (Counts(good=unknown) if good else Counts(bad=unknown)))


def objective_leaving(counts: Counts, left: Fraction = LEFT) -> Fraction | None:
    """The tightest objective under which at least this part of the budget, and of its whole records, is left.

    What it allows has two significant digits: 98.7 %, 99.87 %. Without bad records it allows one. None when nothing
    counts, or so much is bad that no objective leaves it.
    """
    if not counts.eligible:
        return None
    allowed = Fraction(max(1, math.ceil(counts.bad / (1 - left)))) / counts.eligible
    digits = 0
    while allowed * 10**digits < 10:
        digits += 1
    rounded = Fraction(math.ceil(allowed * 10**digits), 10**digits)
    return 1 - rounded if rounded < 1 else None
