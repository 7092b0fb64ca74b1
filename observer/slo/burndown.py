"""How a level and its budget went: what counted in each stretch of its window, and what was left at its end. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from observer.slo.budget import Budget, Counts
from observer.slo.counting import Bucket, counted
from observer.slo.model import RollingWindow, Slo
from observer.slo.windows import MINUTE, floor

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
#: Lengths of a stretch, as people think of time.
GRAINS = (MINUTE, 5 * MINUTE, 15 * MINUTE, _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY)
#: No course has more stretches, unless days are too many.
MOST_STRETCHES = 100


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """One stretch of time."""

    begins: datetime
    ends: datetime
    #: What the objective counts in it: records or slices.
    counts: Counts
    #: Of the window that ends where this stretch does.
    budget: Budget


def grain_of(slo: Slo, span: timedelta) -> timedelta:
    """How long a stretch is in a course of `span`: the shortest that gives no more than `MOST_STRETCHES`.

    Slices are never cut, and a rolling window holds whole stretches.
    """
    width = slo.slice_span or MINUTE
    fits = [
        grain
        for grain in GRAINS
        if grain % width == timedelta()
        and (not isinstance(slo.window, RollingWindow) or slo.window.span % grain == timedelta())
    ]
    return next((grain for grain in fits if span / grain <= MOST_STRETCHES), fits[-1] if fits else width)


def first_needed(slo: Slo, begins: datetime) -> datetime:
    """From where on buckets are needed for a course that begins there."""
    return begins - slo.window.span if isinstance(slo.window, RollingWindow) else begins


def burndown(
    slo: Slo, buckets: Iterable[Bucket], *, begins: datetime, ends: datetime, grain: timedelta
) -> tuple[Stretch, ...]:
    """The stretches from the one in which `begins` lies to the one in which `ends` lies, oldest first.

    `buckets` reach back to `first_needed`, none of them longer than a slice, or a stretch. The window of a calendar
    begins at `begins`.
    """
    grouped: dict[datetime, list[Bucket]] = {}
    for bucket in buckets:
        grouped.setdefault(floor(bucket.begins, grain), []).append(bucket)
    # Only stretches in which anything counted: of a month there may be minutes.
    filled = [(start, counted(slo, grouped[start], begins=start)) for start in sorted(grouped)]
    sums = list(accumulate((counts for _, counts in filled), initial=Counts()))
    by_start, places = dict(filled), [start for start, _ in filled]
    found = []
    start = floor(begins, grain)
    while start < ends:
        window_begins = start + grain - slo.window.span if isinstance(slo.window, RollingWindow) else begins
        upto = sums[bisect_right(places, start)]
        before = sums[bisect_left(places, floor(window_begins, grain))]
        found.append(
            Stretch(
                begins=start,
                ends=min(start + grain, ends),
                counts=by_start.get(start, Counts()),
                budget=Budget(counts=_minus(upto, before), target=slo.target),
            )
        )
        start += grain
    return tuple(found)


def _minus(all_of: Counts, earlier: Counts) -> Counts:
    return Counts(
        good=all_of.good - earlier.good,
        bad=all_of.bad - earlier.bad,
        unknown=all_of.unknown - earlier.unknown,
        withdrawn=all_of.withdrawn - earlier.withdrawn,
    )
