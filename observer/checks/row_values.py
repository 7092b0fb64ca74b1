"""A value of a row → what may stand in evidence, and the link to its record. Pure; whether it may be shown at all is
decided before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from observer.contracts.model import Scalar

#: Longest piece of a value that is shown.
SHOWN = 200


def scalar(value: Any) -> Scalar:
    """A value of a row as JSON can say it; long text is cut."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, Decimal):
        number = int(value) if value.is_finite() and value == int(value) else float(value)
        return number if value == Decimal(str(number)) else str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def record_link(template: str, values: Mapping[str, Any]) -> str:
    """`https://crm.example.com/leads/{id}` with the values in place of the names in braces, escaped."""
    return re.sub(r"\{([^{}]+)\}", lambda m: quote(str(values[m[1]]), safe=""), template)


def linked_names(template: str) -> tuple[str, ...]:
    """The names in braces."""
    return tuple(dict.fromkeys(re.findall(r"\{([^{}]+)\}", template)))
