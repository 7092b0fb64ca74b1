"""OpenSLO's durations: `5m` is five minutes, `1M` one month."""

from __future__ import annotations

import re
from datetime import timedelta

#: What OpenSLO has. Months, quarters and years have no fixed length: these are the lengths by which they are compared.
UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "M": timedelta(days=30),
    "Q": timedelta(days=90),
    "Y": timedelta(days=365),
}
#: Those of fixed length.
FIXED = "mhdw"
#: What the spec of a crm-observer source may use: the poll of a deadline of one minute is 30s.
OWN = "smhdw"
LONGEST = timedelta(days=3650)
_SPAN = re.compile(r"(?P<count>[0-9]{1,9})(?P<unit>[smhdwMQY])")


class BadSpan(ValueError):
    """The text of the exception says what is wrong; `fix` what to write instead."""

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def count_and_unit(text: str) -> tuple[int, str]:
    """ "28d" → (28, "d"). Raises BadSpan."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise BadSpan("it is no duration", fix="write a whole number and one of m, h, d, w, M, Q, Y, e.g. `28d`")
    return int(found["count"]), found["unit"]


def span_of(text: str, units: str = "".join(UNITS)) -> timedelta:
    """ "5m" → five minutes. Raises BadSpan unless it is longer than nothing, in one of `units`, and below ten years."""
    count, unit = count_and_unit(text)
    if unit not in units:
        raise BadSpan(f"unit `{unit}` is not allowed here", fix=f"write it in one of {', '.join(units)}")
    one = UNITS.get(unit, timedelta(seconds=1))
    if count == 0:
        raise BadSpan("it is nothing", fix=f"write at least `1{unit}`")
    if count > LONGEST // one:
        raise BadSpan("it is longer than ten years", fix="write a shorter duration")
    return count * one
