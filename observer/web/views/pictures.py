"""Courses of numbers → geometry of small charts. Pure; templates only draw. Lengths are in units of the view box.

What is not known is a gap in the line and a band of its own; it is never drawn as a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from observer.reports.charts import bar

WIDTH, HEIGHT = 300.0, 60.0
#: Room above the highest and below the lowest point, so that lines are not cut.
_MARGIN = 4.0


@dataclass(frozen=True, kw_only=True)
class Point:
    """What was seen at a time; None: nobody could see."""

    at: datetime
    value: float | None
    #: The same in words.
    text: str
    #: Whether it keeps its limit; None: not known, or there is no limit.
    keeps: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Band:
    """A stretch of time in which something is not known."""

    x: float
    width: float


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line over time, with its limit."""

    points: tuple[Point, ...]
    begins: datetime
    ends: datetime
    #: Each the `points` of an SVG polyline, oldest first; one of a single point is drawn as a dot.
    strokes: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    #: Points that break the limit.
    broken: tuple[tuple[float, float], ...]
    unknown: tuple[Band, ...]
    #: Where the limit is drawn; None: there is none.
    limit: float | None

    @property
    def known(self) -> int:
        return sum(point.value is not None for point in self.points)


def line(
    points: Sequence[Point],
    *,
    begins: datetime,
    ends: datetime,
    limit: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Line:
    """`points` oldest first. `low` and `high` are the ends of the scale; None: as far as points and limit reach."""
    values = [point.value for point in points if point.value is not None] + ([] if limit is None else [limit])
    bottom = min(values, default=0.0) if low is None else low
    top = max(values, default=1.0) if high is None else high
    if top <= bottom:
        top = bottom + 1.0

    def x_of(at: datetime) -> float:
        return round(min(max((at - begins) / _length(begins, ends), 0.0), 1.0) * WIDTH, 2)

    def y_of(value: float) -> float:
        share = min(max((value - bottom) / (top - bottom), 0.0), 1.0)
        return round(HEIGHT - _MARGIN - share * (HEIGHT - 2 * _MARGIN), 2)

    strokes: list[list[tuple[float, float]]] = [[]]
    broken, unknown = [], []
    for place, point in enumerate(points):
        if point.value is None:
            strokes.append([])
            unknown.append(_band(points, place, begins=begins, ends=ends))
            continue
        spot = (x_of(point.at), y_of(point.value))
        strokes[-1].append(spot)
        if point.keeps is False:
            broken.append(spot)
    return Line(
        points=tuple(points),
        begins=begins,
        ends=ends,
        strokes=tuple(" ".join(f"{x},{y}" for x, y in stroke) for stroke in strokes if len(stroke) > 1),
        dots=tuple(stroke[0] for stroke in strokes if len(stroke) == 1),
        broken=tuple(broken),
        unknown=tuple(unknown),
        limit=None if limit is None else y_of(limit),
    )


def _band(points: Sequence[Point], place: int, *, begins: datetime, ends: datetime) -> Band:
    """From half-way to the point before to half-way to the next."""
    at = points[place].at
    left = points[place - 1].at + (at - points[place - 1].at) / 2 if place else at
    right = at + (points[place + 1].at - at) / 2 if place + 1 < len(points) else at
    length = _length(begins, ends)
    x = max((left - begins) / length * WIDTH, 0.0)
    width = max((min(right, ends) - max(left, begins)) / length * WIDTH, 3.0)
    x = min(x, WIDTH - width)
    return Band(x=round(x, 2), width=round(width, 2))


def _length(begins: datetime, ends: datetime) -> timedelta:
    return max(ends - begins, timedelta(microseconds=1))


@dataclass(frozen=True, kw_only=True)
class Pillar:
    """One stretch of a column chart: what is bad stands on the ground, what is unknown on top of it."""

    begins: datetime
    label: str
    good: str
    bad: str
    unknown: str
    x: float
    width: float
    bad_height: float
    unknown_height: float
    #: Nothing counted in it.
    is_empty: bool


def pillars(stretches: Sequence[tuple[datetime, str, int, int, int, str]], *, room_for: int = 1) -> tuple[Pillar, ...]:
    """(begin, label, bad, unknown, judged, good in words) of each stretch, in order of time, side by side.

    Fewer than `room_for` stand at the right: where now is.
    """
    if not stretches:
        return ()
    highest = max(bad + unknown for _, _, bad, unknown, _, _ in stretches)
    columns = max(len(stretches), room_for)
    first, step = columns - len(stretches), WIDTH / columns
    return tuple(
        Pillar(
            begins=begins,
            label=label,
            good=good,
            bad=f"{bad:,}",
            unknown=f"{unknown:,}",
            x=round((first + place) * step + step * 0.1, 2),
            width=round(step * 0.8, 2),
            bad_height=bar(bad, highest, HEIGHT - 2 * _MARGIN),
            unknown_height=bar(unknown, highest, HEIGHT - 2 * _MARGIN),
            is_empty=judged == 0,
        )
        for place, (begins, label, bad, unknown, judged, good) in enumerate(stretches)
    )
