"""Numbers → geometry of the charts. Pure; the templates only draw. Lengths are in units of the SVG's own view box."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from observer.checks.measure import MonthCount

#: View box of every horizontal bar and of every column chart; CSS stretches them to the room there is.
BAR_WIDTH = 100.0
CHART_WIDTH, CHART_HEIGHT = 300.0, 60.0
#: Something is never drawn as nothing.
_LEAST = 1.0
#: More months than this are drawn as years.
MOST_MONTHS = 48
#: When this share of the rows fits into so many months, the few others are stray dates.
_MOST_OF_THE_ROWS = 0.95


@dataclass(frozen=True, kw_only=True)
class Ring:
    """A gauge: a circle drawn `filled` of its `around`."""

    radius: float
    around: float
    filled: float


@dataclass(frozen=True, kw_only=True)
class Slice:
    """One part of a stacked bar."""

    name: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a column chart: its own period, counts and place."""

    label: str
    tested: int
    failed: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True)
class ColumnChart:
    columns: tuple[Column, ...]
    #: Failed rows of the highest column.
    highest: int
    #: "month" or "year".
    period: str
    #: Failed rows of stray dates (the year 2099) that would squeeze all others flat; they are not drawn.
    outside: int


def ring(score: int, radius: float = 52.0) -> Ring:
    """`score` is 0..100."""
    around = 2 * math.pi * radius
    return Ring(radius=radius, around=round(around, 2), filled=round(around * score / 100, 2))


def bar(part: int, whole: int, width: float = BAR_WIDTH) -> float:
    """Length of a bar: in proportion; never nothing for something, never full for not everything."""
    if part <= 0 or whole <= 0:
        return 0.0
    if part >= whole:
        return width
    return round(min(max(width * part / whole, _LEAST), width - _LEAST), 2)


def slices(counts: Sequence[tuple[str, int]], width: float = BAR_WIDTH) -> tuple[Slice, ...]:
    """A stacked bar that is exactly full; empty parts are left out."""
    present = [(name, count) for name, count in counts if count > 0]
    total = sum(count for _, count in present)
    raised = [max(width * count / total, _LEAST) for _, count in present]
    placed, x = [], 0.0
    for (name, count), length in zip(present, raised, strict=True):
        span = length * width / sum(raised)
        placed.append(Slice(name=name, count=count, x=round(x, 2), width=round(span, 2)))
        x += span
    return tuple(placed)


#: One or two columns show no course of anything.
FEWEST_COLUMNS = 3


def column_chart(months: Sequence[MonthCount]) -> ColumnChart | None:
    """Failed rows per month of creation, in order of time, months without rows as gaps.

    None when nothing failed, or when there are too few columns to show a course.
    """
    drawn = _without_strays(sorted(months, key=lambda m: _number(m.month)))
    if not any(m.rows_failed for m in drawn):
        return None
    period, names = _periods(drawn)
    if len(names) < FEWEST_COLUMNS:
        return None
    grouped = dict.fromkeys(names, (0, 0))
    for month in drawn:
        name = month.month if period == "month" else _year(month.month)
        tested, failed = grouped[name]
        grouped[name] = (tested + month.rows_tested, failed + month.rows_failed)
    highest = max(failed for _, failed in grouped.values())
    step = CHART_WIDTH / len(grouped)
    columns = []
    for n, (name, (tested, failed)) in enumerate(grouped.items()):
        height = bar(failed, highest, CHART_HEIGHT)
        columns.append(
            Column(
                label=name,
                tested=tested,
                failed=failed,
                x=round(n * step + step * 0.1, 2),
                y=round(CHART_HEIGHT - height, 2),
                width=round(step * 0.8, 2),
                height=height,
            )
        )
    return ColumnChart(
        columns=tuple(columns),
        highest=highest,
        period=period,
        outside=sum(m.rows_failed for m in months) - sum(m.rows_failed for m in drawn),
    )


def add_months(series: Sequence[Sequence[MonthCount]]) -> tuple[MonthCount, ...]:
    """The sum of several checks' months, in order of time."""
    sums: dict[str, tuple[int, int]] = {}
    for months in series:
        for month in months:
            tested, failed = sums.get(month.month, (0, 0))
            sums[month.month] = (tested + month.rows_tested, failed + month.rows_failed)
    return tuple(MonthCount(month=m, rows_tested=t, rows_failed=f) for m, (t, f) in sorted(sums.items()))


def _without_strays(months: Sequence[MonthCount]) -> Sequence[MonthCount]:
    """The stretch of `MOST_MONTHS` with the most rows, when nearly all rows lie there; else all months."""
    numbers = [_number(m.month) for m in months]
    best, most, start, rows = (0, 0), -1, 0, 0
    for end, month in enumerate(months):
        rows += month.rows_tested
        while numbers[end] - numbers[start] >= MOST_MONTHS:
            rows -= months[start].rows_tested
            start += 1
        if rows > most:
            best, most = (start, end + 1), rows
    return months[slice(*best)] if most >= _MOST_OF_THE_ROWS * sum(m.rows_tested for m in months) else months


def _periods(months: Sequence[MonthCount]) -> tuple[str, list[str]]:
    """Every month from the first to the last, or the years when those are too many to draw."""
    first, last = (_number(m.month) for m in (months[0], months[-1]))
    if last - first < MOST_MONTHS:
        return "month", [f"{n // 12:04}-{n % 12 + 1:02}" for n in range(first, last + 1)]
    if last - first < 12 * MOST_MONTHS:
        return "year", [f"{year:04}" for year in range(first // 12, last // 12 + 1)]
    return "year", list(dict.fromkeys(_year(m.month) for m in months))


def _year(month: str) -> str:
    return month.rsplit("-", 1)[0]


def _number(month: str) -> int:
    year, number = month.rsplit("-", 1)
    return int(year) * 12 + int(number) - 1
