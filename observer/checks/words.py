"""Numbers and thresholds as people say them. Pure text; no rounding hides that something is broken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

from observer.contracts.model import Comparison, Operator, Scalar, Unit

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def number_text(value: int | float | Fraction) -> str:
    """1480 → "1,480"; whole floats lose their ".0"; at most four digits after the point."""
    if isinstance(value, int):
        return f"{value:,}"
    number = float(value)
    if number.is_integer() and abs(number) < 1e15:
        return f"{int(number):,}"
    return f"{number:,.4f}".rstrip("0").rstrip(".") if abs(number) >= 0.0001 else f"{number:.3g}"


def percent_text(part: int, whole: int) -> str:
    """Share in percent with one digit; never "0.0 %" for something, never "100.0 %" for not everything."""
    share = Fraction(part * 100, whole)
    if 0 < share < Fraction(1, 20):
        return "<0.1 %"
    if Fraction(1999, 20) < share < 100:
        return ">99.9 %"
    return f"{float(share):.1f} %"


def rows_text(failed: int, tested: int) -> str:
    """ "312 of 8,800 rows (3.5 %)"."""
    base = f"{failed:,} of {tested:,} rows"
    return f"{base} ({percent_text(failed, tested)})" if failed and tested else base


def duration_text(span: timedelta | float) -> str:
    """At most the two largest units: "3 d 4 h", "2 h 14 min", "45 s"."""
    seconds = round(span.total_seconds() if isinstance(span, timedelta) else span)
    if seconds < 0:
        return f"-{duration_text(-float(seconds))}"
    parts = []
    for size, name in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count:,} {name}")
    return " ".join(parts[:2]) or "0 s"


def value_text(value: Scalar) -> str:
    """A value of a contract as it is shown in a sentence."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else number_text(value)


def list_text(values: Sequence[Scalar], *, word: str = "or", most: int = 8) -> str:
    """ "new, working or qualified"; a long list ends in "… (23 in all)"."""
    texts = [value_text(v) if v != "" else "an empty text" for v in values]
    if len(texts) > most:
        return f"{', '.join(texts[:most])} … ({len(texts):,} in all)"
    return f" {word} ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else "".join(texts)


_PHRASES = {
    Operator.MUST_BE: "exactly {0}",
    Operator.MUST_NOT_BE: "anything but {0}",
    Operator.MUST_BE_GREATER_THAN: "more than {0}",
    Operator.MUST_BE_GREATER_OR_EQUAL_TO: "at least {0}",
    Operator.MUST_BE_LESS_THAN: "less than {0}",
    Operator.MUST_BE_LESS_OR_EQUAL_TO: "at most {0}",
    Operator.MUST_BE_BETWEEN: "between {0} and {1}",
    Operator.MUST_NOT_BE_BETWEEN: "not between {0} and {1}",
}


def comparison_text(comparison: Comparison) -> str:
    """ "at most 0.5 %", "between 1 and 5", "exactly 0"."""
    text = _PHRASES[comparison.operator].format(*(value_text(v) for v in comparison.operands))
    return f"{text} %" if comparison.unit is Unit.PERCENT else text


def threshold_text(threshold: Comparison) -> str:
    """ "at most 0.5 %", "exactly 1 row", "between 1 and 5 rows"."""
    text = comparison_text(threshold)
    return text if threshold.unit is Unit.PERCENT else f"{text} {'row' if threshold.operands[-1] == 1 else 'rows'}"
