"""Where windows begin, and how finely time is kept. Pure.

Records are counted in buckets of a minute by their deadline (or by the time of the run, glance or slot that counted
them); buckets that are older than FINE are merged into coarse ones. So a window of up to FINE begins at a whole minute,
and a longer one at a whole quarter of an hour, at which every calendar day of every zone begins too; where a calendar
window or a slice begins in between, the minutes are kept.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from observer.slo.model import CalendarWindow, RollingWindow, Slo

MINUTE = timedelta(minutes=1)
COARSE = timedelta(minutes=15)
#: Longer than the longest window of a burn rule.
FINE = timedelta(days=3, hours=6)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = {"M": 1, "Q": 3, "Y": 12}
_DAYS = {"d": 1, "w": 7}


def floor(moment: datetime, grain: timedelta) -> datetime:
    """The beginning of the bucket of that width in which the moment lies; UTC."""
    return moment - (moment - _EPOCH) % grain


def coarse_grain(slo: Slo) -> timedelta:
    """How wide old buckets may be: slices are told apart for as long as they count, and so are calendar windows."""
    window = slo.window
    begins_coarsely = isinstance(window, RollingWindow) or _is_coarse(window.begins.replace(tzinfo=UTC))
    slices_coarsely = slo.slice_span is None or slo.slice_span % COARSE == timedelta()
    return COARSE if begins_coarsely and slices_coarsely else MINUTE


def _is_coarse(moment: datetime) -> bool:
    return floor(moment, COARSE) == moment


def span_begins(span: timedelta, at: datetime) -> datetime:
    """Where the last `span` before `at` begins, rounded to whole buckets: no part of one is counted."""
    return floor(at - span, MINUTE if span <= FINE else COARSE)


def window_begins(window: RollingWindow | CalendarWindow, at: datetime) -> datetime:
    """Where the window begins that `at` lies in; aware, UTC."""
    if isinstance(window, RollingWindow):
        return span_begins(window.span, at)
    zone = ZoneInfo(window.zone)
    number = _passed(window, at.astimezone(zone).replace(tzinfo=None))
    # Instants are compared, not what clocks on the wall show: those go through an hour twice, or leave it out.
    while _instant(window, zone, number) > at:
        number -= 1
    while _instant(window, zone, number + 1) <= at:
        number += 1
    return _instant(window, zone, number)


def _instant(window: CalendarWindow, zone: ZoneInfo, number: int) -> datetime:
    return _nth(window, number).replace(tzinfo=zone).astimezone(UTC)


def _passed(window: CalendarWindow, local: datetime) -> int:
    """About how many windows have passed since the first one began; negative before it."""
    if window.unit in _DAYS:
        return (local - window.begins) // timedelta(days=_DAYS[window.unit] * window.count)
    months = (local.year - window.begins.year) * 12 + local.month - window.begins.month
    return months // (_MONTHS[window.unit] * window.count)


def _nth(window: CalendarWindow, number: int) -> datetime:
    if window.unit in _DAYS:
        return window.begins + number * timedelta(days=_DAYS[window.unit] * window.count)
    months = window.begins.year * 12 + window.begins.month - 1 + number * _MONTHS[window.unit] * window.count
    year, month = divmod(months, 12)
    return window.begins.replace(year=year, month=month + 1)
