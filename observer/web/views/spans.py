"""How far back a page looks: what was asked for, no further than the state remembers. In words too."""

from __future__ import annotations

from datetime import datetime, timedelta

from observer.checks.words import duration_text
from observer.store.histories import Span

#: Days that a page offers; the first is shown unless another is asked for.
DAYS = (7, 1, 30, 90)
#: Stretches of a course: each is a few pixels wide.
STRETCHES = 60
_LEAST = timedelta(minutes=1)


def span_of(days: int, oldest: datetime | None, now: datetime) -> Span:
    """The last `days`, or less when what is remembered begins later."""
    begins = now - timedelta(days=days)
    if oldest is not None:
        begins = max(begins, min(oldest, now - _LEAST))
    return Span(begins=begins, ends=now, stretches=STRETCHES)


def days_text(days: int) -> str:
    """ "24 hours", "7 days"."""
    return "24 hours" if days == 1 else f"{days} days"


def sampled_text(span: Span, what: str) -> str:
    """ "drawn is the last run of each 2 h 48 min"."""
    return f"drawn is the last {what} of each {duration_text(max(span.stretch, timedelta(seconds=1)))}"
