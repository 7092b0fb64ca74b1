"""What is said of numbers, truth values and times that the source stores as text."""

from __future__ import annotations

from datetime import timedelta

from observer.checks import rules
from tests.doors.gx.rule_cases import HOUR, TEXT, Case, holds

_ZONES = ["2025-01-01T10:00:00Z", "2025-01-01 10:00:00+02:00", "2025-01-01 10:00:00.5+0200", "2025-01-01 10:00:00-05"]
_LOCAL = ["2025-01-01 10:00:00", "2025-01-01T10:00:00.25", "2024-12-31", None]

TEXT_CASES = (
    Case(
        name="typed_text",
        columns={
            "i": (TEXT, ["1", "-2", "+3", str(2**63 - 1), str(2**63), "1.5", "x", None]),
            "n": (TEXT, ["1", "1e3", ".5", "-1.", "x", "", "1,5", None]),
            "b": (TEXT, ["true", "F", "0", "t", "yes", "2", "", None]),
            "d": (
                TEXT,
                ["2024-02-29", "2023-02-29", "2025-04-31", "1900-02-29", "0000-01-01", "01/02/2025", "9", None],
            ),
            "k": (TEXT, ["10:00", "23:59:59.5", "24:00", "x", "1", "", "9:00", None]),
            "s": (TEXT, [*_ZONES, *_LOCAL]),
        },
        says=[
            ("integer", holds("i", "integer"), (7, 3)),
            ("number", holds("n", "number"), (7, 3)),
            ("boolean", holds("b", "boolean"), (7, 3)),
            ("date", holds("d", "date"), (7, 6)),
            ("time", holds("k", "time"), (7, 5)),
            ("zoned", holds("s", "timestamp", zone=True), (7, 3)),
            ("naive", holds("s", "timestamp", zone=False), (7, 4)),
            ("either", holds("s", "timestamp"), (7, 0)),
            ("range", rules.InRange(column="i", minimum=0), "holds 3 values that are no whole numbers"),
        ],
        more={
            "logical_types": (
                *(("i", "integer"), ("n", "number"), ("b", "boolean")),
                *(("d", "date"), ("k", "time"), ("s", "timestamp")),
            )
        },
    ),
    Case(
        name="read_text",
        columns={
            "i": (TEXT, ["1", "-2", "30", "?", None]),
            "n": (TEXT, ["1", "1e3", ".5", "0.3", None]),
            "b": (TEXT, ["true", "F", "0", "t", None]),
            "d": (TEXT, ["2024-02-29", "1969-07-20", "2025-12-31", "2025-12-31", None]),
            "s": (TEXT, ["2025-01-01 10:00:00", "2025-12-31T23:00:00", "1969-07-20", "2026-01-01 11:00", None]),
        },
        says=[
            ("low", rules.InRange(column="i", minimum=0), (3, 1)),
            ("tenths", rules.MultipleOf(column="n", factor=0.1), (4, 0)),
            ("true", rules.InSet(column="b", values=(True,)), (4, 2)),
            ("days", rules.InRange(column="d", minimum="1970-01-01"), (4, 1)),
            ("fresh", rules.Fresh(columns=("s",), limit=HOUR), 3600),
            ("kept", rules.Kept(columns=("s",), limit=timedelta(days=3650)), (4, 1)),
            ("lag", rules.Lag(since="d", until="s", limit=timedelta(hours=23)), (4, 3)),
            ("unique", rules.Unique(columns=("d",)), (4, 2)),
            ("typed", holds("s", "timestamp", zone=False), (4, 0)),
            ("no_zone", holds("s", "timestamp", zone=True), (4, 4)),
        ],
        more={
            "logical_types": (("i", "integer"), ("n", "number"), ("b", "boolean"), ("d", "date"), ("s", "timestamp")),
            "placeholders": (("i", ("?",)),),
        },
    ),
    Case(
        name="zoned_text",
        columns={"s": (TEXT, [*_ZONES, None])},
        says=[
            ("zoned", holds("s", "timestamp", zone=True), (4, 0)),
            ("naive", holds("s", "timestamp", zone=False), (4, 4)),
            (
                "range",
                rules.InRange(column="s", minimum="2025-01-01T08:00:00.5Z", maximum="2025-01-01T12:00:00+02:00"),
                (4, 2),
            ),
            ("fresh", rules.Fresh(columns=("s",), limit=HOUR), 364 * 86400 + 21 * 3600),
        ],
        more={"logical_types": (("s", "timestamp"),)},
        where=("snapshot", "duckdb", "sqlite", "postgresql"),
    ),
)
