"""Days and hours as people write them, in contracts and settings: texts in, days and times out, or BadHours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import time

from observer.contracts.schedules import Calendar

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-4]):([0-5]\d)")
_LINE = re.compile(rf"(?:(?P<days>.*?)\s+)?(?P<hours>{_HOURS.pattern})\s+(?P<zone>\S+)", re.DOTALL)


class BadHours(ValueError):
    """The text of the exception says what is wrong; `fix` what to write instead."""

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def weekdays_of(parts: Sequence[str]) -> frozenset[int]:
    """ "mon-fri", "sat": days (0 is Monday) and spans of them, short or in full, in any case. Raises BadHours."""
    found: set[int] = set()
    for part in parts:
        first, dash, last = (word.strip().lower() for word in part.partition("-"))
        days = [_weekday(day) for day in ((first, last) if dash else (first,))]
        if None in days:
            fix = f"write names of days, {', '.join(WEEKDAYS)}, or a span like mon-fri"
            raise BadHours(f"{_short(part.strip())} is no day of the week", fix=fix)
        begin, end = (day for day in (days[0], days[-1]) if day is not None)
        found |= {day % 7 for day in range(begin, end + 1 + (7 if end < begin else 0))}
    return frozenset(found)


def hours_of(text: str) -> tuple[time, time]:
    """ "08:00-18:00" → when it opens and closes; midnight closes the day. Raises BadHours."""
    found = _HOURS.fullmatch(text.strip())
    if found is None or (found[3] == "24" and found[4] != "00"):
        fix = "write '08:00-18:00', '00:00-24:00' or, over midnight, '22:00-06:00'"
        raise BadHours(f"{_short(text)} are no hours", fix=fix)
    return time(int(found[1]), int(found[2])), time(int(found[3]) % 24, int(found[4]))


def calendar_of(line: str) -> Calendar:
    """ "Mon-Fri 09:00-18:00 Europe/Berlin"; without days every day. The zone is not looked up. Raises BadHours."""
    found = _LINE.fullmatch(line.strip())
    if found is None:
        fix = 'write days, hours and an IANA zone, like "Mon-Fri 09:00-18:00 Europe/Berlin"'
        raise BadHours("it is no days, hours and zone", fix=fix)
    days = weekdays_of(found["days"].split(",")) if found["days"] else frozenset(range(7))
    opens, closes = hours_of(found["hours"])
    return Calendar(zone=found["zone"], weekdays=days, opens=opens, closes=closes)


def _weekday(word: str) -> int | None:
    return WEEKDAYS.index(word[:3]) if word in WEEKDAYS or word in _FULL else None


def _short(text: str) -> str:
    return f"`{text[:57]}…`" if len(text) > 58 else f"`{text}`"
