"""Stretches of time that incidents are reported over: a month, or so many days. Pure; all in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Span:
    """From `begins` up to `ends`, which is no longer in it; aware, UTC."""

    begins: datetime
    ends: datetime
    #: A month of the calendar: the one before it may be longer or shorter.
    is_month: bool = False

    def holds(self, at: datetime) -> bool:
        """Whether the time is in it."""
        return self.begins <= at < self.ends

    @property
    def name(self) -> str:
        """ "November 2026", "28 days to 2026-11-22 15:30 UTC"."""
        if self.is_month:
            return f"{_MONTHS[self.begins.month - 1]} {self.begins.year}"
        return f"{self._length} to {self.ends:%Y-%m-%d %H:%M} UTC"

    @property
    def before_name(self) -> str:
        """What the span before this one is called in a sentence: "October 2026", "the 28 days before"."""
        if self.is_month:
            return self.before().name
        return f"the {self._length} before"

    @property
    def _length(self) -> str:
        days = (self.ends - self.begins) // _DAY
        return "24 hours" if days == 1 else f"{days:,} days"

    def before(self) -> Span:
        """The month before it, or as many days."""
        if self.is_month:
            last = self.begins - _DAY
            return month(last.year, last.month)
        return Span(begins=self.begins - (self.ends - self.begins), ends=self.begins)


def month(year: int, number: int) -> Span:
    """A month of the calendar; `number` from 1. Raises ValueError: there is no such month."""
    begins = datetime(year, number, 1, tzinfo=UTC)
    following = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return Span(begins=begins, ends=following, is_month=True)


def last_days(days: int, at: datetime) -> Span:
    """The last so many times 24 hours."""
    return Span(begins=at - days * _DAY, ends=at)


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
