"""What rules about times say: days, times of day and instants, stored as such."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from observer.checks import rules
from tests.doors.gx.rule_cases import DAY, HOUR, INSTANT, TIME, ZONED, Case, holds

TIME_CASES = (
    Case(
        name="days",
        columns={
            "d": (DAY, [date(1969, 7, 20), date(1000, 1, 1), None, date(2025, 12, 31), date(2024, 2, 29)]),
            "t": (TIME, [datetime(1969, 7, 20, 1), None, None, datetime(2025, 12, 31, 0, 30), datetime(2024, 2, 29)]),
        },
        says=[
            ("range", rules.InRange(column="d", minimum="1900-01-01", maximum="2025-12-31"), (4, 1)),
            ("in_set", rules.InSet(column="d", values=("1969-07-20", "2024-02-29")), (4, 2)),
            ("before", rules.InRange(column="t", maximum="1970-01-01T00:00:00Z"), (3, 2)),
            ("fresh", rules.Fresh(columns=("d",), limit=HOUR), 36 * 3600),
            ("first", rules.Fresh(columns=("t",), limit=HOUR), 35.5 * 3600),
            ("kept", rules.Kept(columns=("d",), limit=timedelta(days=3650)), (4, 2)),
            ("lag", rules.Lag(since="d", until="t", limit=timedelta(minutes=30)), (3, 1)),
            ("date", holds("d", "date"), (4, 0)),
        ],
    ),
    Case(
        name="zoned",
        columns={
            "a": (INSTANT, [datetime(2025, 12, 31, 12, tzinfo=UTC), datetime(1969, 12, 31, 23, tzinfo=UTC), None]),
            "n": (TIME, [datetime(2025, 12, 31, 14), datetime(1970, 1, 1), datetime(2026, 1, 1, 12)]),
        },
        says=[
            ("with_zone", holds("a", "timestamp", zone=True), True),
            ("without", holds("a", "timestamp", zone=False), (2, 2)),
            ("naive", holds("n", "timestamp", zone=True), (3, 3)),
            ("range", rules.InRange(column="a", minimum="1970-01-01T01:00:00+02:00"), (2, 0)),
            ("fresh", rules.Fresh(columns=("a", "n"), limit=HOUR, timezone="Europe/Paris"), 3600),
            ("kept", rules.Kept(columns=("a", "n"), limit=timedelta(days=3650)), (3, 1)),
            ("lag", rules.Lag(since="a", until="n", limit=HOUR, until_timezone="Europe/Paris"), (2, 0)),
        ],
        where=ZONED,
    ),
)
