"""The window, the method and the target of an SLO: what is allowed, over what time, counted how."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from observer.config.odcs_schema import shown
from observer.config.openslo.page import Element
from observer.config.openslo.spans import FIXED, BadSpan, count_and_unit, span_of
from observer.config.setting_values import BadSetting, zone
from observer.slo.burn import short_span
from observer.slo.model import CalendarWindow, Method, RollingWindow

#: Below it an objective allows more bad records than good ones.
_LOW = Fraction(1, 2)


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What an SLO allows."""

    target: Fraction
    slice_target: Fraction | None = None
    slice_span: timedelta | None = None


def window_of(at: Element) -> RollingWindow | CalendarWindow | None:
    """The one `timeWindow`, or None, which was said."""
    if len(at.items) != 1:
        if isinstance(at.value, list):
            count = len(at.items) or "none"
            fix = (
                "keep one, and write an SLO for each other" if at.items else "add `- {duration: 28d, isRolling: true}`"
            )
            at.error("time-window", f"an SLO has exactly one timeWindow, here are {count}", fix)
        return None
    (entry,) = at.items
    duration = entry.at("duration")
    if duration.text is None:
        return None
    try:
        span, (count, unit) = span_of(duration.text), count_and_unit(duration.text)
    except BadSpan:
        return None
    if entry.has("calendar"):
        if entry.at("isRolling").value is True:
            message = "a rolling window moves all the time and has no calendar"
            entry.at("calendar").error("time-window", message, "remove `calendar`, or write `isRolling: false`")
            return None
        return _calendar(entry, count, unit)
    if entry.at("isRolling").value not in (True, False, None):
        return None
    if entry.at("isRolling").value is not True:
        fix = "write `isRolling: true`, or add `calendar: {startTime: '2026-01-01 00:00:00', timeZone: Europe/Berlin}`"
        entry.error("time-window", "the window is neither rolling nor of a calendar", fix)
        return None
    if unit not in FIXED:
        message = f"`{duration.text}` has no fixed length, and a rolling window needs one"
        duration.error("time-window", message, f"write `{span.days}d`, or a calendar window")
        return None
    return RollingWindow(span=span)


def _calendar(entry: Element, count: int, unit: str) -> CalendarWindow | None:
    at = entry.at("calendar")
    start, name = at.at("startTime"), at.at("timeZone")
    begins, known = _begins(start), _zone(name)
    if unit in "mh":
        message = "a calendar window counts days, weeks, months, quarters or years"
        entry.at("duration").error("time-window", message, "write it in d, w, M, Q or Y")
        return None
    if begins is None or known is None:
        return None
    if unit in "MQY" and begins.day > 28:
        message = f"windows that begin on day {begins.day} do not exist in every month"
        start.error("calendar", message, "begin on one of the first 28 days of a month")
        return None
    return CalendarWindow(count=count, unit=unit, begins=begins, zone=known)


def _begins(at: Element) -> datetime | None:
    if at.text is None:
        return None
    try:
        return datetime.strptime(at.text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - the zone stands beside it
    except ValueError:
        fix = "write it like 2026-01-01 00:00:00; the zone stands in timeZone"
        at.error("calendar", f"{shown(at.text)} is no time of a calendar", fix)
        return None


def _zone(at: Element) -> str | None:
    if at.text is None:
        return None
    try:
        zone(at.text)
    except BadSetting as bad:
        at.error("calendar", f"{shown(at.text)} is no time zone", bad.fix)
        return None
    return at.text


def objective_of(spec: Element) -> Objective | None:
    """The one objective, or None, which was said."""
    at = spec.at("objectives")
    if len(at.items) != 1:
        if isinstance(at.value, list):
            count = len(at.items) or "none"
            fix = "write an SLO of its own for each" if at.items else "add `- {target: 0.995}`"
            at.error("several-objectives", f"an SLO has one objective and one budget, here are {count}", fix)
        return None
    (entry,) = at.items
    for key in ("indicator", "indicatorRef", "compositeWeight"):
        if entry.has(key):
            message = f"`{key}` makes the SLO a composite one, which cannot be counted in records"
            entry.at(key).error("composite", message, "move the indicator to `spec`, and write an SLO for each")
    for key in ("op", "value"):
        if entry.has(key):
            message = f"`{key}` compares a measured value, and a ratio has none"
            entry.at(key).error("objective-operator", message, "remove it; `target` says enough")
    target = _target(entry)
    slices = _slices(entry, spec.at("budgetingMethod").text)
    if target is None or slices is None:
        return None
    return Objective(target=target, slice_target=slices[0], slice_span=slices[1])


def _target(entry: Element) -> Fraction | None:
    if entry.has("target") == entry.has("targetPercent"):
        if isinstance(entry.value, dict):
            said = "both `target` and `targetPercent`" if entry.has("target") else "neither target nor targetPercent"
            entry.error("target", f"the objective has {said}", "write one of them: `target: 0.995`")
        return None
    percent = entry.has("targetPercent")
    at = entry.at("targetPercent" if percent else "target")
    if at.number is None:
        return None
    target = Fraction(str(at.number)) / (100 if percent else 1)
    if not 0 < target <= 1:
        fix = "write a percentage above 0 and up to 100" if percent else "write a share above 0 and up to 1"
        if not percent and 1 < target <= 100:
            fix = f"write `targetPercent: {at.number}`"
        at.error("target", f"{at.number} is no {'percentage' if percent else 'share'}", fix)
        return None
    if target < _LOW:
        message = f"the objective allows more bad than good: {float(target):.3%}"
        at.warning("low-target", message, "write 0.995 or `targetPercent: 99.5` for 99.5 %")
    return target


def _slices(entry: Element, method: str | None) -> tuple[Fraction | None, timedelta | None] | None:
    """(timeSliceTarget, timeSliceWindow) as the method asks for them; None when they do not fit it."""
    before = len(entry.page.problems)
    wanted = {
        Method.OCCURRENCES.value: (),
        Method.TIMESLICES.value: ("timeSliceTarget", "timeSliceWindow"),
        Method.RATIO_TIMESLICES.value: ("timeSliceWindow",),
    }.get(method or "")
    if wanted is None:
        return None
    for key in ("timeSliceTarget", "timeSliceWindow"):
        if entry.has(key) and key not in wanted:
            message = f"budgetingMethod {method} has no {key}"
            fix = "remove it" + (", or write `budgetingMethod: Timeslices`" if method != Method.TIMESLICES else "")
            entry.at(key).error("time-slice", message, fix)
        if not entry.has(key) and key in wanted:
            example = "0.95" if key == "timeSliceTarget" else "5m"
            entry.error("time-slice", f"budgetingMethod {method} needs {key}", f"add `{key}: {example}`")
    share, width = entry.at("timeSliceTarget"), entry.at("timeSliceWindow")
    if "timeSliceTarget" in wanted and share.number is not None and not 0 < share.number <= 1:
        share.error("time-slice", f"{share.number} is no share", "write a share above 0 and up to 1")
    span = None
    try:
        span = span_of(width.text) if width.text else None
        span_of(width.text, FIXED) if width.text else None
    except BadSpan as bad:
        if span is not None:
            width.error("time-slice", f"{shown(width.text)} has no fixed length: {bad}", bad.fix)
    if len(entry.page.problems) > before or (wanted and span is None):
        return None
    return (Fraction(str(share.number)) if wanted and share.number is not None else None, span if wanted else None)


def check_slices(slo: Element, objective: Objective, period: timedelta) -> None:
    """A slice is shorter than the window that it is part of."""
    if objective.slice_span is not None and objective.slice_span >= period:
        at = slo.at("spec").at("objectives").items[0].at("timeSliceWindow")
        message = f"a slice of {short_span(objective.slice_span)} is no part of a window of {short_span(period)}"
        at.error("time-slice", message, "write a shorter timeSliceWindow")
