"""Small pictures made of characters: a course in one line, a share as a bar. Numbers in, text out."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

_HEIGHTS = "▁▂▃▄▅▆▇█"
#: Where there was nothing to count.
_NOTHING = "·"


def sparkline(values: Sequence[int | None]) -> str:
    """One character per value: lowest for 0, highest for the greatest; a dot for None. No value looks like 0."""
    most = max((value for value in values if value is not None), default=0)
    return "".join(_NOTHING if value is None else _height(value, most) for value in values)


def _height(value: int, most: int) -> str:
    return _HEIGHTS[-(-value * (len(_HEIGHTS) - 1) // most)] if value else _HEIGHTS[0]


def bar(share: Fraction, width: int = 10) -> str:
    """A share of 0 to 1 as a bar; what lies outside of that is drawn as its end. Only everything looks full."""
    full = int(min(max(share, Fraction()), Fraction(1)) * width)
    some = share > 0 and full == 0
    return ("█" * full + "▏" * some).ljust(width, "░")
