"""GX's validation results → Measurements. The only place that knows what a result looks like."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from observer.checks import rules
from observer.checks.measure import Measurement
from observer.checks.spec import CheckSpec

#: Expectations of which GX tells only whether they hold, not that there was nothing to look at.
SHOWS_NO_VALUE = frozenset(f"expect_column_distinct_values_to_{what}_set" for what in ("be_in", "contain", "equal"))


def measurement(
    spec: CheckSpec, result: Mapping[str, Any], failures: Mapping[str, str], source_time: datetime
) -> Measurement:
    """One expectation's result as what was seen. `failures`: metric id as text → reason."""
    if (error := _error(result, failures)) is not None:
        return Measurement(check_id=spec.id, error=error)
    seen = result["result"]
    rule = spec.rule
    if isinstance(rule, rules.Fresh):
        return _age(spec, rule, seen.get("observed_value"), source_time)
    if isinstance(rule, rules.RowCount | rules.SqlValue):
        return _value(spec, seen.get("observed_value"))
    tested, failed = _counts(seen)
    if isinstance(rule, rules.Expectation):
        value = seen.get("observed_value")
        # Empty data passes vacuously with GX; nothing tested is nothing seen.
        unseen = "observed_value" in seen and value in (None, [], {}, set(), ()) and rule.type not in SHOWS_NO_VALUE
        untested = tested == 0 or (tested is None and unseen)
        return Measurement(
            check_id=spec.id,
            holds=None if untested else bool(result["success"]),
            rows_tested=0 if untested else tested,
            rows_failed=0 if untested else failed,
            seen=str(value) if isinstance(value, int | float) and not spec.restricted else None,
        )
    if tested is None or failed is None:
        return Measurement(check_id=spec.id, error="the engine gave no counts")
    return Measurement(check_id=spec.id, rows_tested=tested, rows_failed=failed)


def _error(result: Mapping[str, Any], failures: Mapping[str, str]) -> str | None:
    """GX's exception_info has two shapes: one record, or one record per metric."""
    info = result.get("exception_info") or {}
    if info.get("raised_exception") is False:
        return None
    records = [info] if "raised_exception" in info else list(info.values())
    if not records:
        return None
    known = [failures[key] for key in info if key in failures]
    if known:
        return known[0]
    if any("No provider found" in str(record.get("exception_message", "")) for record in records):
        return "Great Expectations has this expectation for pandas or Spark only, not for a database"
    # What GX says beside that may quote values.
    return "Great Expectations could not run it; see the arguments of the expectation"


def _counts(seen: Mapping[str, Any]) -> tuple[int | None, int | None]:
    total = seen.get("element_count")
    if total is None:
        return None, None
    tested = int(total) - int(seen.get("missing_count") or 0)
    return tested, int(seen.get("unexpected_count") or 0)


def _value(spec: CheckSpec, value: Any) -> Measurement:
    if value is None:
        return Measurement(check_id=spec.id, error="the query gave no value (null)")
    if isinstance(value, bool):
        return Measurement(check_id=spec.id, value=int(value))
    if isinstance(value, str):
        try:
            value = Decimal(value)
        except ArithmeticError:
            return Measurement(check_id=spec.id, error="the query gave text, not a number")
    if not isinstance(value, int | float | Decimal):
        return Measurement(check_id=spec.id, error=f"the query gave a {type(value).__name__}, not a number")
    number = int(value) if isinstance(value, int) or (math.isfinite(value) and value == int(value)) else float(value)
    return Measurement(check_id=spec.id, value=number)


def _age(spec: CheckSpec, rule: rules.Fresh, newest: Any, source_time: datetime) -> Measurement:
    try:
        moment = None if newest is None else instant(newest, rule.timezone)
    except (ValueError, TypeError):
        return Measurement(check_id=spec.id, error="the newest time cannot be read as a time")
    return age_of(spec.id, rule, moment, source_time)


def age_of(check_id: str, rule: rules.Fresh, newest: datetime | None, source_time: datetime) -> Measurement:
    """The newest time (aware; None when no row has one) → its age in seconds of open time."""
    if newest is None:
        return Measurement(check_id=check_id, rows_tested=0, rows_failed=0, seen="no time")
    seconds = rule.age(newest, source_time).total_seconds()
    text = newest.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    return Measurement(check_id=check_id, value=int(seconds) if seconds.is_integer() else seconds, seen=text)


def instant(value: Any, zone: str | None) -> datetime:
    """A time of any kind in UTC; naive ones are read in `zone` (UTC when None), a date is its midnight there.

    Raises ValueError or TypeError: it is no time, or one before the year 1 or after 9999.
    """
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        raise TypeError(f"no time: {type(value).__name__}")
    try:
        return (value if value.tzinfo else value.replace(tzinfo=ZoneInfo(zone or "UTC"))).astimezone(UTC)
    except OverflowError:
        raise ValueError("no year of UTC has this time") from None
