"""ODCS durations: a number and a unit → a time span. A bare `m` is refused: minutes to some tools, months to others."""

from __future__ import annotations

import re
from datetime import timedelta

#: A month counts 30 days, a year 365: what is measured is an age, not a date.
_UNITS: tuple[tuple[tuple[str, ...], timedelta], ...] = (
    (("s", "sec", "second", "seconds"), timedelta(seconds=1)),
    (("min", "minute", "minutes"), timedelta(minutes=1)),
    (("h", "hr", "hour", "hours"), timedelta(hours=1)),
    (("d", "day", "days"), timedelta(days=1)),
    (("w", "week", "weeks"), timedelta(weeks=1)),
    (("mo", "month", "months"), timedelta(days=30)),
    (("y", "yr", "year", "years"), timedelta(days=365)),
)
_SPAN = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Z]+)\s*")
UNIT_NAMES = ("s", "min", "h", "d", "w", "mo", "y")


class BadDuration(ValueError):
    """The text of the exception says what is wrong; `fix` what to write instead."""

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def parse_duration(value: object, unit: object) -> timedelta:
    """15, "min" → fifteen minutes. Raises BadDuration unless it is a positive span in a known unit."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise BadDuration(
            "the value is not a positive number", fix="write a number greater than 0, and its unit in `unit`"
        )
    if not isinstance(unit, str) or not unit.strip():
        raise BadDuration("the unit is missing", fix=f"add `unit`, one of {', '.join(UNIT_NAMES)}")
    word = unit.strip().lower()
    if word == "m":
        raise BadDuration("unit `m` may be minutes or months", fix="write min or mo")
    span = next((span for names, span in _UNITS if word in names), None)
    if span is None:
        raise BadDuration(f"unit `{unit}` is unknown", fix=f"write one of {', '.join(UNIT_NAMES)}")
    try:
        return value * span
    except OverflowError as error:
        raise BadDuration("the time span is too long", fix="write a span of less than a million years") from error


def parse_span(text: str) -> timedelta:
    """ "15min", "1.5 h" → a time span of no less than nothing. Raises BadDuration."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise BadDuration("it is no number with a unit", fix="write it like 90s, 15min, 1h or 7d")
    number = float(found[1])
    return parse_duration(number, found[2]) if number else 0 * parse_duration(1, found[2])
