"""When a contract is looked at (Schedule), and which hours count towards the age of its rows (Calendar)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

#: How far back open hours are told from closed ones.
LONGEST_LOOK_BACK = timedelta(days=3_660)
_STRIDE = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When full runs happen: at every time of `crons`, or every `every`; a daemon's default when neither is given."""

    #: Crontab lines of five fields, read in `zone`; a slot of any of them is a slot.
    crons: tuple[str, ...] = ()
    #: A slot every so often, counted from midnight in `zone`.
    every: timedelta | None = None
    #: IANA name.
    zone: str = "UTC"
    #: A run begins up to this much after its slot, by the same amount each time. None: the daemon's own.
    jitter: timedelta | None = None
    #: How many slots that were missed are run late, the newest first; the others are recorded as missed. None: the
    #: daemon's own.
    catch_up: int | None = None


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Open hours: only they count towards an age, so that a quiet Sunday is no incident. Closed on `holidays`."""

    #: IANA name of the zone in which days and hours are meant.
    zone: str
    #: 0 is Monday.
    weekdays: frozenset[int]
    opens: time = time(0)
    #: Midnight stands for the end of the day.
    closes: time = time(0)
    holidays: frozenset[date] = frozenset()

    def age(self, since: datetime, until: datetime) -> timedelta:
        """Open time from `since` to `until` (both aware); negative when `until` comes first, by the whole distance.

        What lies more than ten years before `until` counts in full: nobody asks for the Sundays of the year 1.
        """
        if until <= since:
            return until - since
        near = until - since <= LONGEST_LOOK_BACK
        begin = since if near else until - LONGEST_LOOK_BACK
        return (begin - since) + sum(
            (min(end, until) - max(start, begin) for start, end in self._open(begin, until)), timedelta()
        )

    def back(self, until: datetime, span: timedelta) -> datetime:
        """The latest instant from which `span` of open time passes up to `until`; aware, UTC.

        Where ten years hold less open time than that, every hour before them counts: an old row is old all the same.
        """
        left, reach, end_of_search = span, until.astimezone(UTC), until.astimezone(UTC) - LONGEST_LOOK_BACK
        while left > timedelta() and reach > end_of_search:
            begin = max(reach - _STRIDE, end_of_search)
            for start, end in reversed(list(self._open(begin, reach))):
                open_time = min(end, reach) - max(start, begin)
                if open_time >= left:
                    return min(end, reach) - left
                left -= open_time
            reach = begin
        return reach - left

    def _open(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open spans that overlap the interval, in order, in UTC: the day on which clocks change is 23 or 25 hours."""
        zone = ZoneInfo(self.zone)
        day = since.astimezone(zone).date() - timedelta(days=1)
        last = until.astimezone(zone).date()
        while day <= last:
            if day.weekday() in self.weekdays and day not in self.holidays:
                end_day = day + timedelta(days=1) if self.closes <= self.opens else day
                start = datetime.combine(day, self.opens, zone).astimezone(UTC)
                end = datetime.combine(end_day, self.closes, zone).astimezone(UTC)
                # Hours that begin in the hour that a clock change skips may end before they begin.
                if start < end and start < until and end > since:
                    yield start, end
            day += timedelta(days=1)


_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def weekday_names(field: str) -> str:
    """The fifth field of a crontab line with names for numbers: `1-5` → `mon,tue,wed,thu,fri`.

    In a crontab 0 and 7 are Sunday; libraries that count from Monday understand names alike. Raises ValueError.
    """
    if field == "*":
        return field
    days: dict[int, None] = {}
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        if step and (not step.isdecimal() or step == "0"):
            raise ValueError(f"`{step}` is no step")
        first, dash, last = span.partition("-")
        start = 0 if first == "*" else _weekday(first)
        end = 6 if first == "*" or (step and not dash) else _weekday(last) if dash else start
        end += 7 if end < start else 0
        days |= dict.fromkeys(day % 7 for day in range(start, end + 1, int(step or 1)))
    return ",".join(_WEEKDAYS[day] for day in sorted(days))


def _weekday(text: str) -> int:
    if text.isdecimal() and int(text) <= 7:
        return int(text)
    if text in _WEEKDAYS:
        return _WEEKDAYS.index(text)
    raise ValueError(f"`{text}` is no day of the week")
