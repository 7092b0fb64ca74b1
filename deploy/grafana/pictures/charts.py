"""Series over time as SVG. In: a panel, its series, a size. Out: markup, with a legend."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape
from itertools import pairwise
from typing import Any

from deploy.grafana.pictures.answers import Series
from deploy.grafana.pictures.fields import COLOURS, PALETTE, Field, field_of

GRID, FAINT = "#2a2d34", "#9a9ba3"
#: Room for the texts of the axes, in pixels.
LEFT, RIGHT, BOTTOM, TOP = 64, 12, 22, 8
LEGEND = 22
#: Steps of an axis of seconds.
_SPANS = (2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800)


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Where the curves are, and what the axes span."""

    left: float
    right: float
    top: float
    bottom: float
    begins: float
    ends: float
    #: Even up to 1, and from there on each tenfold as high as the one before.
    wide: bool = False

    def x(self, at: float) -> float:
        return self.left + (at - self.begins) / (self.ends - self.begins) * (self.right - self.left)

    def y(self, value: float, axis: tuple[float, float]) -> float:
        low, high = (_high(bound) if self.wide else bound for bound in axis)
        share = ((_high(value) if self.wide else value) - low) / (high - low)
        return self.bottom - min(1.02, max(-0.02, share)) * (self.bottom - self.top)


def over_time(
    panel: Mapping[str, Any], found: Sequence[Series], width: float, height: float, span: tuple[float, float]
) -> str:
    """Lines or areas, an axis or two, and the legend below."""
    fields = [field_of(panel, ref=series.ref) for series in found]
    drawn = _coloured(found, fields)
    on_right = [each for each in drawn if each[1].right]
    custom = panel["fieldConfig"]["defaults"]["custom"]
    wide = custom.get("scaleDistribution", {}).get("type") == "symlog"
    frame = _frame(width, height, span, right=56 if on_right else RIGHT, wide=wide)
    parts = list(_time_axis(frame))
    on_left = [each for each in drawn if not each[1].right]
    axis = _axis(panel, [s for s, _, _ in on_left])
    parts += _value_axis(frame, axis, field_of(panel))
    steps = panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", ())
    if custom.get("thresholdsStyle"):
        parts += _threshold_lines(frame, axis, steps)
    if custom["fillOpacity"]:
        parts += [_area(frame, axis, series, colour) for series, _, colour in on_left]
    parts += [_line(frame, axis, *each) for each in on_left]
    if on_right:
        second = _axis(panel, [s for s, _, _ in on_right])
        parts += _value_axis(frame, second, on_right[0][1], right=True)
        parts += [_line(frame, second, *each) for each in on_right]
    legend = _legend([(s.called, colour, f.dashed) for s, f, colour in drawn])
    shown = panel["options"]["legend"]["showLegend"]
    return f'<svg width="{width}" height="{height}">{"".join(parts)}</svg>' + (legend if shown else "")


def timeline(
    panel: Mapping[str, Any], found: Sequence[Series], width: float, height: float, span: tuple[float, float]
) -> str:
    """A band per series, in the colours and words of its states; gaps stay empty."""
    field = field_of(panel)
    named = max((len(series.called) for series in found), default=0)
    frame = _frame(width, height, span, left=14 + named * 6.6)
    band = (frame.bottom - frame.top) / max(1, len(found))
    parts = list(_time_axis(frame))
    seen: dict[str, str] = {}
    for place, series in enumerate(found):
        top = frame.top + place * band + band * 0.1
        middle = top + band * 0.4 + 4
        parts.append(
            f'<text x="{frame.left - 8}" y="{middle:.1f}" text-anchor="end" class="tick">{escape(series.called)}</text>'
        )
        for begins, ends, value in _stretches(series, (span[1] - span[0]) / 150):
            state = field.shown(value)
            seen[state.text] = state.colour
            left, right = frame.x(begins), frame.x(ends)
            parts.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(1, right - left):.1f}" height="{band * 0.8:.1f}"'
                f' fill="{state.colour}" fill-opacity="0.85"/>'
            )
            if right - left > 8 * len(state.text):
                parts.append(
                    f'<text x="{(left + right) / 2:.1f}" y="{middle:.1f}" text-anchor="middle" class="state">'
                    f"{escape(state.text)}</text>"
                )
    legend = _legend([(text, colour, False) for text, colour in seen.items()])
    return f'<svg width="{width}" height="{height}">{"".join(parts)}</svg>{legend}'


def _frame(
    width: float,
    height: float,
    span: tuple[float, float],
    *,
    left: float = LEFT,
    right: float = RIGHT,
    wide: bool = False,
) -> Frame:
    edges = {"left": left, "right": width - right, "top": TOP, "bottom": height - BOTTOM}
    return Frame(**edges, begins=span[0], ends=span[1], wide=wide)


def _high(value: float) -> float:
    """Where a number stands on a wide axis."""
    return value if abs(value) <= 1 else math.copysign(1 + math.log10(abs(value)), value)


def _coloured(found: Sequence[Series], fields: Sequence[Field]) -> list[tuple[Series, Field, str]]:
    free = iter(PALETTE * (1 + len(found) // len(PALETTE)))
    return [(series, field, field.fixed_colour or next(free)) for series, field in zip(found, fields, strict=True)]


def _axis(panel: Mapping[str, Any], found: Sequence[Series]) -> tuple[float, float]:
    custom = panel["fieldConfig"]["defaults"]["custom"]
    values = [value for series in found for _, value in series.points if math.isfinite(value)]
    low, high = min(values, default=0.0), max(values, default=1.0)
    low, high = min(low, custom.get("axisSoftMin", low)), max(high, custom.get("axisSoftMax", high))
    if high == low:
        high, low = high + (abs(high) or 1) * 0.1, low - (abs(low) or 0) * 0.1
    room = (high - low) * 0.06
    return (low if low == custom.get("axisSoftMin") else low - room), high + room


def _ticks(axis: tuple[float, float], field: Field, *, wide: bool) -> Iterator[float]:
    low, high = axis
    if wide:
        yield from (tick for tick in (0, 0.5, 1, 2, 5, 10, 20, 50, 100, 1_000, 10_000) if low <= tick <= high)
        return
    rough = (high - low) / 5
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    if field.unit == "bytes":
        step = 2 ** math.ceil(math.log2(rough))
    if field.unit == "s" and rough > 1:
        step = next((each for each in _SPANS if each >= rough), step)
    at = math.ceil(low / step) * step
    while at <= high:
        yield 0.0 if abs(at) < step / 1000 else at
        at += step


def _value_axis(frame: Frame, axis: tuple[float, float], field: Field, *, right: bool = False) -> Iterator[str]:
    for tick in _ticks(axis, field, wide=frame.wide):
        y = frame.y(tick, axis)
        if not right:
            yield f'<line x1="{frame.left}" x2="{frame.right}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>'
        x, anchor = (frame.right + 6, "start") if right else (frame.left - 6, "end")
        text = escape(_tick(field, tick, axis))
        yield f'<text x="{x}" y="{y + 4:.1f}" text-anchor="{anchor}" class="tick">{text}</text>'


def _tick(field: Field, value: float, axis: tuple[float, float]) -> str:
    if field.unit == "s":
        return replace(field, decimals=0 if value >= 1 else None).number(value)
    if field.unit == "percentunit":
        return f"{value * 100:.{0 if axis[1] - axis[0] > 0.05 else 2}f}%"
    return field.number(value)


def _time_axis(frame: Frame) -> Iterator[str]:
    hours = (frame.ends - frame.begins) / 3600
    step = next(s for s in (1 / 60, 1 / 12, 0.25, 1, 3, 6, 12, 24, 48, 96, 168, 1e9) if hours / s <= 8) * 3600
    at = math.ceil(frame.begins / step) * step
    words = "%m/%d" if step >= 86_400 else "%m/%d %H:%M" if hours > 30 else "%H:%M"
    while at < frame.ends:
        x = frame.x(at)
        text = datetime.fromtimestamp(at, UTC).strftime(words)
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{frame.top}" y2="{frame.bottom}" stroke="{GRID}"/>'
        if frame.left + 16 < x < frame.right - 12:
            yield f'<text x="{x:.1f}" y="{frame.bottom + 16}" text-anchor="middle" class="tick">{text}</text>'
        at += step


def _threshold_lines(frame: Frame, axis: tuple[float, float], steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for before, step in pairwise(steps):
        shown = step["color"] if step["color"] != "transparent" else before["color"]
        y = frame.y(step["value"], axis)
        if frame.top <= y <= frame.bottom:
            yield (
                f'<line x1="{frame.left}" x2="{frame.right}" y1="{y:.1f}" y2="{y:.1f}" stroke="{COLOURS[shown]}"'
                ' stroke-dasharray="8 6"/>'
            )


def _line(frame: Frame, axis: tuple[float, float], series: Series, field: Field, colour: str) -> str:
    """Broken where there is no sample."""
    usual = _usual_gap(series)
    path, last = [], None
    for at, value in series.points:
        if not math.isfinite(value):
            last = None
            continue
        goes_on = last is not None and at - last < 1.5 * usual
        path.append(f"{'L' if goes_on else 'M'}{frame.x(at):.1f} {frame.y(value, axis):.1f}")
        last = at
    dash = ' stroke-dasharray="8 6" stroke-width="1.2"' if field.dashed else ' stroke-width="2"'
    return f'<path d="{"".join(path)}" fill="none" stroke="{colour}" stroke-linejoin="round"{dash}/>'


def _area(frame: Frame, axis: tuple[float, float], series: Series, colour: str) -> str:
    """Down to zero."""
    points = [(at, value) for at, value in series.points if math.isfinite(value)]
    if not points:
        return ""
    top = " ".join(f"{frame.x(at):.1f},{frame.y(value, axis):.1f}" for at, value in points)
    zero = frame.y(max(0.0, axis[0]), axis)
    corners = f"{frame.x(points[-1][0]):.1f},{zero:.1f} {frame.x(points[0][0]):.1f},{zero:.1f}"
    return f'<polygon points="{top} {corners}" fill="{colour}" fill-opacity="0.25"/>'


def _usual_gap(series: Series) -> float:
    times = [at for at, _ in series.points]
    return min((b - a for a, b in pairwise(times)), default=3600.0)


def _stretches(series: Series, least: float) -> Iterator[tuple[float, float, float]]:
    """(begin, end, state) of times without change and without a gap."""
    usual = max(_usual_gap(series), least)
    begins, last, state = series.points[0][0], *series.points[0]
    for at, value in series.points[1:]:
        if value != state or at - last > 1.5 * usual:
            yield begins, at if at - last <= 1.5 * usual else last, state
            begins, state = at, value
        last = at
    yield begins, last, state


def _legend(named: Sequence[tuple[str, str, bool]]) -> str:
    marks = "".join(
        f'<span class="key"><i style="border-top:3px {"dashed" if dashed else "solid"} {colour}"></i>'
        f"{escape(name)}</span>"
        for name, colour, dashed in named
    )
    return f'<div class="legend">{marks}</div>'
