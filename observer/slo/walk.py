"""Which alerts a course of records would have told, minute by minute. Pure.

The same rules as `alerts.alerts_of`, on sums that are made once and in whole numbers, so that a month takes less than a
second. Alerts on unknown records are left out: what is unknown to somebody who looks back was not so at the time.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache
from itertools import accumulate, pairwise

from observer.slo.alerts import NEARLY_SPENT, AlertKind
from observer.slo.burn import LEAST_BAD, RELEASE, BurnRule, Urgency
from observer.slo.course import Course
from observer.slo.model import Method, RollingWindow, Slo
from observer.slo.windows import COARSE, FINE, MINUTE, coarse_grain, floor, window_begins

#: Shares of slices are kept to this part: exact fractions of thousands of slices would have thousands of digits.
_SLICE = 10**12


@dataclass(frozen=True, kw_only=True)
class Fired:
    """An alert that would have been open for a while."""

    kind: AlertKind
    urgency: Urgency
    #: BURN: the pair of windows.
    rule: BurnRule | None
    since: datetime
    #: None when it would be open still.
    until: datetime | None
    #: BURN: the burn rate of the long window as it began. SPENT: the part of the budget that was spent.
    level: Fraction


@dataclass(frozen=True, kw_only=True)
class _Told:
    """An alert as a share of bad ones that is not to be reached, in each of some spans that end now."""

    kind: AlertKind
    urgency: Urgency
    rule: BurnRule | None
    #: Number of passed minutes → the minute in which the span begins; the longest span first.
    begins: tuple[Callable[[int], int], ...]
    share: Fraction
    #: What is told is the share by this.
    unit: Fraction


def fired(slo: Slo, course: Course) -> tuple[Fired, ...]:
    """Every alert that would have been told, by the time it would have begun."""
    if not slo.burn_rules or slo.target == 1:
        return ()
    counts = _Records(course) if slo.method is Method.OCCURRENCES else _Slices(slo, course)
    found = [each for told in _all_told(slo, course) for each in _walk(told, counts, course)]
    return tuple(sorted(found, key=lambda each: each.since))


def _all_told(slo: Slo, course: Course) -> Iterator[_Told]:
    allowed = 1 - slo.target
    for rule in slo.burn_rules:
        yield _Told(
            kind=AlertKind.BURN,
            urgency=rule.urgency,
            rule=rule,
            begins=(_last(rule.long), _last(rule.short)),
            share=rule.factor(slo.window.span) * allowed,
            unit=allowed,
        )
    yield _Told(
        kind=AlertKind.SPENT,
        urgency=Urgency.TICKET,
        rule=None,
        begins=(_window(slo, course),),
        share=NEARLY_SPENT * allowed,
        unit=allowed,
    )


def _last(span: timedelta) -> Callable[[int], int]:
    minutes = span // MINUTE
    return lambda passed: max(0, passed - minutes)


def _window(slo: Slo, course: Course) -> Callable[[int], int]:
    """Number of passed minutes → the minute in which the window of the SLO begins."""
    first = (course.begins - floor(course.begins, timedelta(days=1))) // MINUTE
    window = slo.window
    if isinstance(window, RollingWindow):
        minutes, grain = window.span // MINUTE, 1 if window.span <= FINE else COARSE // MINUTE
        return lambda passed: max(0, (first + passed - minutes) // grain * grain - first)

    @cache
    def begin_of(moment: datetime) -> int:
        return max(0, (window_begins(window, moment) - course.begins) // MINUTE)

    # Most begin at a quarter of an hour, and to find it takes its while.
    coarse = coarse_grain(slo)
    return lambda passed: begin_of(floor(course.begins + passed * MINUTE, coarse))


class _Records:
    """What counted as good and as bad between two minutes: the records themselves."""

    #: What one of them is counted as.
    unit = 1

    def __init__(self, course: Course) -> None:
        self._good = array("q", accumulate(course.good, initial=0))
        self._bad = array("q", accumulate(course.bad, initial=0))
        self._bad_minutes = [minute for minute, bad in enumerate(course.bad) if bad]

    def more_bad_after(self, passed: int) -> int:
        """Number of passed minutes at which a span that ends then may hold more bad ones than one that ends now."""
        place = bisect_left(self._bad_minutes, passed)
        return self._bad_minutes[place] + 1 if place < len(self._bad_minutes) else len(self._bad)

    def between(self, first: int, end: int) -> tuple[int, int]:
        """From minute `first` up to, without, minute `end`."""
        return self._good[end] - self._good[first], self._bad[end] - self._bad[first]


class _Slices(_Records):
    """The same in slices of time: each is good or bad, or both in its shares; cut ones at the ends count too."""

    unit = _SLICE

    def __init__(self, slo: Slo, course: Course) -> None:
        super().__init__(course)
        assert slo.slice_span is not None, "this method counts slices"
        self._width = slo.slice_span // MINUTE
        self._passed = (course.begins - floor(course.begins, slo.slice_span)) // MINUTE
        self._limit = None if slo.method is Method.RATIO_TIMESLICES else slo.slice_target or Fraction(1)
        edges = [0, *range(self._width - self._passed, course.minutes, self._width), course.minutes]
        whole = [self._slice(first, end) for first, end in pairwise(edges)]
        self._whole_good = (0, *accumulate(good for good, _ in whole))
        self._whole_bad = (0, *accumulate(bad for _, bad in whole))

    def more_bad_after(self, passed: int) -> int:
        # A slice that lost good ones at its cut end may be a bad one from then on.
        return passed + 1

    def between(self, first: int, end: int) -> tuple[int, int]:
        begin, last = self._place(first), self._place(end - 1)
        if begin == last:
            return self._slice(first, end)
        cut = self._slice(first, self._edge(begin + 1)), self._slice(self._edge(last), end)
        good = self._whole_good[last] - self._whole_good[begin + 1]
        bad = self._whole_bad[last] - self._whole_bad[begin + 1]
        return good + cut[0][0] + cut[1][0], bad + cut[0][1] + cut[1][1]

    def _place(self, minute: int) -> int:
        return (minute + self._passed) // self._width

    def _edge(self, place: int) -> int:
        return place * self._width - self._passed

    def _slice(self, first: int, end: int) -> tuple[int, int]:
        good, bad = super().between(first, end)
        if not good and not bad:
            return 0, 0
        if self._limit is None:
            share = round(Fraction(good * _SLICE, good + bad))
        else:
            share = _SLICE if Fraction(good, good + bad) >= self._limit else 0
        return share, _SLICE - share


def _walk(told: _Told, counts: _Records, course: Course) -> Iterator[Fired]:
    least = LEAST_BAD * counts.unit
    since: datetime | None = None
    level, passed = Fraction(), 1
    while passed <= course.minutes:
        good, bad = counts.between(told.begins[0](passed), passed)
        if since is None and bad < least:
            passed = counts.more_bad_after(passed)
            continue
        limit = told.share if since is None else told.share * RELEASE
        fires = _reaches(good, bad, limit)
        for begins in told.begins[1:] if fires else ():
            short = counts.between(begins(passed), passed)
            # A short span without records ends nothing, and begins nothing.
            fires = _reaches(*short, limit) or (since is not None and not any(short))
        at = course.begins + passed * MINUTE
        if fires and since is None:
            since, level = at, Fraction(bad, good + bad) / told.unit
        elif not fires and since is not None:
            yield _fired(told, since, at, level)
            since = None
        passed += 1
    if since is not None:
        yield _fired(told, since, None, level)


def _reaches(good: int, bad: int, share: Fraction) -> bool:
    return bool(good or bad) and bad * share.denominator >= share.numerator * (good + bad)


def _fired(told: _Told, since: datetime, until: datetime | None, level: Fraction) -> Fired:
    return Fired(kind=told.kind, urgency=told.urgency, rule=told.rule, since=since, until=until, level=level)
