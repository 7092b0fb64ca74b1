"""What each rule means, as rows and counts: the same cases on a snapshot and in every database."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from observer.checks import rules
from observer.checks.measure import Measurement
from observer.checks.spec import CheckSpec, LiveRows, TablePlan
from observer.contracts.model import Condition, LogicalType
from tests.doors.gx.crm import AT_LEAST_ONE, check, database, on_snapshot, on_source, plan_of, table_plan

EVERYWHERE = ("snapshot", "duckdb", "sqlite", "postgresql", "mariadb")
#: Where NaN, infinity and times that never end can be stored.
_BOUNDLESS = ("snapshot", "duckdb", "postgresql")
_ZONED = ("snapshot", "duckdb", "postgresql")
#: (tested, failed) of a check of rows, the value of one that compares it, or a piece of the reason why it cannot run.
Want = tuple[int, int] | int | float | bool | str | None


@dataclass(frozen=True, kw_only=True)
class Case:
    """Rows of one table, and what its checks say of them."""

    name: str
    columns: Mapping[str, tuple[pa.DataType, Sequence[Any]]]
    says: Sequence[tuple[str, rules.Rule, Want]]
    when: Mapping[str, tuple[Condition, ...]] | None = None
    more: Mapping[str, Any] | None = None
    where: Sequence[str] = EVERYWHERE

    @property
    def rows(self) -> pa.Table:
        return pa.table({name: pa.array(values, kind) for name, (kind, values) in self.columns.items()})

    @property
    def table(self) -> TablePlan:
        return table_plan(list(self.columns), name=self.name, **(self.more or {}))

    def checks(self) -> list[CheckSpec]:
        return [
            check(
                name,
                rule,
                table=self.name,
                when=(self.when or {}).get(name, ()),
                threshold=AT_LEAST_ONE if isinstance(rule, rules.RowCount | rules.SqlValue) else NONE,
            )
            for name, rule, _ in self.says
        ]


NONE = check("x", rules.RowCount()).threshold
TEXT, WHOLE, FLOAT, DAY = pa.string(), pa.int64(), pa.float64(), pa.date32()
TIME, INSTANT, MONEY = pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.decimal128(12, 2)
HOUR = timedelta(hours=1)


def _not(column: str, *values: Any) -> tuple[Condition, ...]:
    return (Condition(column=column, values=values, negated=True),)


def _is(column: str, *values: Any) -> tuple[Condition, ...]:
    return (Condition(column=column, values=values),)


def _holds(column: str, logical: str, zone: bool | None = None, form: str | None = None) -> rules.HasType:
    return rules.HasType(column=column, logical_type=LogicalType(logical), timezone=zone, format=form)


_ZONES = ["2025-01-01T10:00:00Z", "2025-01-01 10:00:00+02:00", "2025-01-01 10:00:00.5+0200", "2025-01-01 10:00:00-05"]
_LOCAL = ["2025-01-01 10:00:00", "2025-01-01T10:00:00.25", "2024-12-31", None]
_STAGES = ["Won", "Lost", None, "Open"]

CASES = (
    Case(
        name="texts",
        columns={"t": (TEXT, [None, "", "n/a", "ü", "日本語", "😀", "Won", "won", "won ", "e\u0301", "a\nb", "ß"])},
        says=[
            ("present", rules.Present(column="t"), (12, 1)),
            ("filled", rules.Present(column="t", placeholders=("n/a", "")), (12, 3)),
            ("one_long", rules.LengthInRange(column="t", minimum=1, maximum=1), (11, 8)),
            ("in_set", rules.InSet(column="t", values=("won", "ü", "é", "ss")), (11, 9)),
            ("no_set", rules.InSet(column="t", values=()), (11, 11)),
            ("unique", rules.Unique(columns=("t",)), (11, 0)),
            ("words", rules.MatchesPattern(column="t", pattern=r"^\w+$"), (11, 9)),
            ("ends", rules.MatchesPattern(column="t", pattern="n$"), (11, 9)),
            ("rows", rules.RowCount(), 12),
        ],
    ),
    Case(
        name="floats",
        columns={"f": (FLOAT, [None, 0.0, 0.3, 0.35, -0.7, 1e18, 1e-12])},
        says=[
            ("tenths", rules.MultipleOf(column="f", factor=0.1), (6, 3)),
            ("positive", rules.InRange(column="f", minimum=0, exclusive_minimum=True), (6, 2)),
            ("at_most", rules.InRange(column="f", maximum=0.3), (6, 2)),
            ("in_set", rules.InSet(column="f", values=(0.3, "0", 1e18)), (6, 3)),
            ("number", _holds("f", "number"), (6, 0)),
            ("whole", _holds("f", "integer"), (6, 4)),
        ],
    ),
    Case(
        name="boundless",
        columns={"f": (FLOAT, [None, 1.0, math.nan, math.inf, -math.inf])},
        says=[
            ("present", rules.Present(column="f"), (5, 1)),
            ("low", rules.InRange(column="f", minimum=0), (4, 2)),
            ("high", rules.InRange(column="f", maximum=0), (4, 3)),
            ("both", rules.InRange(column="f", minimum=0, maximum=10), (4, 3)),
            ("multiple", rules.MultipleOf(column="f", factor=0.5), (4, 3)),
            ("in_set", rules.InSet(column="f", values=(1,)), (4, 3)),
            ("unique", rules.Unique(columns=("f",)), (4, 0)),
        ],
        where=_BOUNDLESS,
    ),
    Case(
        name="decimals",
        columns={"d": (MONEY, [Decimal(d) if d else None for d in ("10.00", "10.01", "-1.50", "0.30", "", "10.00")])},
        says=[
            ("tenths", rules.MultipleOf(column="d", factor=0.1), (5, 1)),
            ("cents", rules.MultipleOf(column="d", factor=0.01), (5, 0)),
            ("range", rules.InRange(column="d", minimum=-1.5, maximum=10, exclusive_maximum=True), (5, 3)),
            ("in_set", rules.InSet(column="d", values=(10, "-1.5")), (5, 2)),
            ("unique", rules.Unique(columns=("d",)), (5, 2)),
            ("whole", _holds("d", "integer"), (5, 3)),
        ],
    ),
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
            ("date", _holds("d", "date"), (4, 0)),
        ],
    ),
    Case(
        name="zoned",
        columns={
            "a": (INSTANT, [datetime(2025, 12, 31, 12, tzinfo=UTC), datetime(1969, 12, 31, 23, tzinfo=UTC), None]),
            "n": (TIME, [datetime(2025, 12, 31, 14), datetime(1970, 1, 1), datetime(2026, 1, 1, 12)]),
        },
        says=[
            ("with_zone", _holds("a", "timestamp", zone=True), True),
            ("without", _holds("a", "timestamp", zone=False), (2, 2)),
            ("naive", _holds("n", "timestamp", zone=True), (3, 3)),
            ("range", rules.InRange(column="a", minimum="1970-01-01T01:00:00+02:00"), (2, 0)),
            ("fresh", rules.Fresh(columns=("a", "n"), limit=HOUR, timezone="Europe/Paris"), 3600),
            ("kept", rules.Kept(columns=("a", "n"), limit=timedelta(days=3650)), (3, 1)),
            ("lag", rules.Lag(since="a", until="n", limit=HOUR, until_timezone="Europe/Paris"), (2, 0)),
        ],
        where=_ZONED,
    ),
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
            ("integer", _holds("i", "integer"), (7, 3)),
            ("number", _holds("n", "number"), (7, 3)),
            ("boolean", _holds("b", "boolean"), (7, 3)),
            ("date", _holds("d", "date"), (7, 6)),
            ("time", _holds("k", "time"), (7, 5)),
            ("zoned", _holds("s", "timestamp", zone=True), (7, 3)),
            ("naive", _holds("s", "timestamp", zone=False), (7, 4)),
            ("either", _holds("s", "timestamp"), (7, 0)),
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
            ("typed", _holds("s", "timestamp", zone=False), (4, 0)),
            ("no_zone", _holds("s", "timestamp", zone=True), (4, 4)),
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
            ("zoned", _holds("s", "timestamp", zone=True), (4, 0)),
            ("naive", _holds("s", "timestamp", zone=False), (4, 4)),
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
    Case(
        name="conditions",
        columns={"stage": (TEXT, _STAGES), "n": (WHOLE, [1, 2, 3, None]), "v": (TEXT, [None] * 4)},
        says=[
            ("won", rules.Present(column="v"), (1, 1)),
            ("not_won", rules.Present(column="v"), (3, 3)),
            ("not_won_or_null", rules.Present(column="v"), (2, 2)),
            ("null", rules.Present(column="v"), (1, 1)),
            ("not_null", rules.Present(column="v"), (3, 3)),
            ("not_two", rules.Present(column="v"), (3, 3)),
            ("both", rules.Present(column="v"), (1, 1)),
            ("values", rules.InSet(column="stage", values=("Won",)), (2, 2)),
            ("repeated", rules.Unique(columns=("stage",)), (2, 0)),
            ("rows", rules.RowCount(), 3),
            ("no_row", rules.RowCount(), 0),
        ],
        when={
            "won": _is("stage", "Won"),
            "not_won": _not("stage", "Won"),
            "not_won_or_null": _not("stage", "Won", None),
            "null": _is("stage", None),
            "not_null": _not("stage", None),
            "not_two": _not("n", 2),
            "both": (*_not("stage", "Won"), *_not("n", 2, None)),
            "values": _not("stage", "Won"),
            "repeated": _not("stage", "Won"),
            "rows": _not("stage", "Won"),
            "no_row": _is("stage", "Gone"),
        },
    ),
    Case(
        name="users",
        columns={
            "id": (WHOLE, [1, 2, None, 4]),
            "code": (TEXT, ["a", None, "c", "d"]),
            "gone": (pa.bool_(), [None, False, False, True]),
        },
        says=[("rows", rules.RowCount(), 3)],
        more={"live_rows": LiveRows(column="gone", deleted_values=(True,))},
    ),
    Case(
        name="references",
        columns={
            "owner": (WHOLE, [1, 2, 3, 4, None, 1]),
            "code": (TEXT, ["a", None, "c", "d", "a", "A"]),
            "as_text": (TEXT, ["1", "2", "01", "4", None, "x"]),
        },
        says=[
            ("single", rules.References(columns=("owner",), to_table="users", to_columns=("id",)), (5, 2)),
            ("text", rules.References(columns=("as_text",), to_table="users", to_columns=("id",)), (5, 3)),
            ("pair", rules.References(columns=("owner", "code"), to_table="users", to_columns=("id", "code")), (4, 3)),
            ("compound", rules.Unique(columns=("owner", "code")), (6, 0)),
        ],
    ),
    Case(
        name="queries",
        columns={"n": (WHOLE, [1, 2, None])},
        says=[
            ("count", rules.SqlValue(query="SELECT count(*) FROM queries"), 3),
            ("none", rules.SqlValue(query="SELECT max(n) FROM queries WHERE n > 5"), "no value (null)"),
            ("many", rules.SqlValue(query="SELECT n FROM queries"), "3 rows"),
            ("colon", rules.SqlValue(query="SELECT count(*) FROM queries WHERE ':n' = ':n' AND '%' = '%'"), 3),
            ("text", rules.SqlValue(query="SELECT 'x'"), "text, not a number"),
            ("broken", rules.SqlValue(query="SELECT nothing_here FROM queries"), "column"),
        ],
    ),
    Case(
        name="nulls",
        columns={"t": (TEXT, [None] * 3), "f": (FLOAT, [None] * 3), "at": (TIME, [None] * 3)},
        says=[
            ("present", rules.Present(column="t", placeholders=("?",)), (3, 3)),
            ("in_set", rules.InSet(column="t", values=("a",)), (0, 0)),
            ("pattern", rules.MatchesPattern(column="t", pattern="a"), (0, 0)),
            ("length", rules.LengthInRange(column="t", minimum=1), (0, 0)),
            ("range", rules.InRange(column="f", minimum=1), (0, 0)),
            ("multiple", rules.MultipleOf(column="f", factor=2), (0, 0)),
            ("unique", rules.Unique(columns=("t",)), (0, 0)),
            ("compound", rules.Unique(columns=("t", "f")), (0, 0)),
            ("reference", rules.References(columns=("f",), to_table="users", to_columns=("id",)), (0, 0)),
            ("fresh", rules.Fresh(columns=("at",), limit=HOUR), (0, 0)),
            ("kept", rules.Kept(columns=("at",), limit=HOUR), (0, 0)),
            ("lag", rules.Lag(since="at", until="at", limit=HOUR), (0, 0)),
            ("typed", _holds("t", "integer"), (0, 0)),
        ],
        more={"logical_types": (("t", "integer"),)},
    ),
)
PAIRS = [pytest.param(w, case.name, id=f"{case.name}-{w}") for w in EVERYWHERE for case in CASES if w in case.where]


def measured(where: str, folder: Path, address: Callable[[str], str], *, empty: bool = False) -> dict[str, Measurement]:
    """Every case of that place in one run, by check id without the contract."""
    cases = [case for case in CASES if where in case.where]
    plan = plan_of([case.table for case in cases], [spec for case in cases for spec in case.checks()])
    tables = {case.name: case.rows.slice(0, 0) if empty else case.rows for case in cases}
    if where == "snapshot":
        with on_snapshot(folder, plan, tables) as runner:
            seen = runner.run()
    else:
        with database(where, folder, address) as engine, on_source(engine, plan, tables) as runner:
            seen = runner.run()
    return {m.check_id.removeprefix("crm."): m for m in seen}


@pytest.fixture(scope="module")
def seen(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, Measurement]]:
    """Place → what was measured there; each place runs once."""
    known: dict[str, dict[str, Measurement]] = {}

    def at(where: str) -> dict[str, Measurement]:
        if where not in known:
            known[where] = measured(where, tmp_path_factory.mktemp(where), request.getfixturevalue)
        return known[where]

    return at


def _said(want: Want, seen: Measurement) -> Want:
    """What was seen in the form of what is wanted."""
    if isinstance(want, str):
        return want if want in (seen.error or "") else f"{seen}"
    if seen.error is not None:
        return seen.error
    if isinstance(want, bool) or (seen.holds is not None and not isinstance(want, tuple)):
        # A type that the column has by nature needs no look at values.
        return seen.holds if seen.holds is not None else seen.rows_failed == 0
    if isinstance(want, tuple):
        if seen.holds is True:
            return (want[0], 0)
        return (seen.rows_tested or 0, seen.rows_failed or 0) if seen.rows_tested is not None else f"{seen}"
    return seen.value


@pytest.mark.parametrize(("where", "name"), PAIRS)
def test_a_rule_means_the_same_wherever_it_runs(
    where: str, name: str, seen: Callable[[str], dict[str, Measurement]]
) -> None:
    (case,) = (case for case in CASES if case.name == name)
    here = seen(where)
    wanted = {f"{name}.{check_name}": want for check_name, _, want in case.says}
    assert {key: _said(want, here[key]) for key, want in wanted.items()} == wanted


@pytest.mark.parametrize("where", EVERYWHERE)
def test_no_check_of_an_empty_table_is_measured_as_good(
    where: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    compares = (rules.RowCount, rules.SqlValue)
    specs = {spec.id.removeprefix("crm."): spec for case in CASES for spec in case.checks()}
    for key, m in measured(where, tmp_path, request.getfixturevalue, empty=True).items():
        if isinstance(specs[key].rule, compares):
            assert m.error is not None or m.value == 0 or key == "queries.text", m
        elif m.holds is None:
            assert (m.error, m.rows_tested, m.rows_failed) == (None, 0, 0), m
        else:
            assert isinstance(specs[key].rule, rules.HasType), m
