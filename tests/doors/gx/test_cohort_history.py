"""What a history says of rows whose deadline is over: a fill timestamp, or a table with one row per change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from observer.contracts.model import LogicalType, SchemaObject, TypeOptions
from observer.slo.model import FillColumn, HistoryTable
from tests.doors.gx.cohort_desk import NOON, PLACES, Desk, crm, desk_at, leads, level, minutes, when
from tests.fakes.contracts import prop, table

LEADS = "id {text} PRIMARY KEY, email {text}, created {tz}, written {tz}"
CHANGES = "lead_id {text}, field {text}, old_value {text}, new_value {text}, changed_at {tz}"
PAST = HistoryTable(
    object="lead_history",
    key="lead_id",
    field="field",
    field_name="Email",
    value="new_value",
    changed_at="changed_at",
)
KEY = prop("id", primary_key_position=1)


@pytest.fixture(params=PLACES)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    return desk_at(request.param, request, tmp_path)


def changes() -> SchemaObject:
    columns = [prop(name) for name in ("lead_id", "field", "new_value")]
    return table("lead_history", *columns, when("changed_at"))


def test_a_fill_time_says_whether_it_was_filled_by_the_deadline(desk: Desk) -> None:
    desk.make(
        "id bigint PRIMARY KEY, email {text}, created {tz}, written {tz}, filled {tz}",
        [
            (1, "x", minutes(1), None, minutes(6)),
            (2, "x", minutes(1), None, minutes(6) + timedelta(milliseconds=1)),
            (3, None, minutes(1), None, None),
            (4, "x", minutes(1), None, None),
            (5, None, minutes(1), None, minutes(2)),
        ],
    )
    rows = desk.rows(crm(leads(when("filled"))), level(history=FillColumn(property="filled")))
    assert [rows[str(n)].history for n in range(1, 6)] == [True, False, False, None, None]


def test_before_its_deadline_a_row_has_no_history(desk: Desk) -> None:
    now = datetime.now(UTC)
    desk.make(
        "id bigint PRIMARY KEY, email {text}, created {tz}, written {tz}, filled {tz}", [(1, "x", now, None, now)]
    )
    under, asked = crm(leads(when("filled"))), level(history=FillColumn(property="filled"))
    with desk.glass(under, asked) as glass:
        (row,) = glass.rows_of(["1"])
    assert row.history is None
    assert row.holds


def test_the_last_change_by_the_deadline_decides(desk: Desk) -> None:
    desk.make(CHANGES, name="lead_history", rows=[
        ("in time", "Email", None, "a@b.co", minutes(6)),
        ("late", "Email", None, "a@b.co", minutes(6) + timedelta(milliseconds=1)),
        ("cleared", "Email", None, "a@b.co", minutes(2)),
        ("cleared", "Email", "a@b.co", "n/a", minutes(3)),
        ("cleared later", "Email", None, "a@b.co", minutes(2)),
        ("cleared later", "Email", "a@b.co", None, minutes(7)),
        ("other field", "Phone", None, None, minutes(2)),
        ("other field", "email", None, None, minutes(2)),
        ("untimed", "Email", None, "a@b.co", None),
    ])  # fmt: skip
    held = {
        "in time": True,
        "late": None,
        "cleared": False,
        "cleared later": True,
        "other field": True,
        "untimed": None,
        "never": False,
    }
    desk.make(LEADS, [(key, None if key == "never" else "now@b.co", minutes(1), None) for key in held])
    email = prop("email", required=True, placeholders=("n/a",), options=TypeOptions(format="email"))
    under = crm(leads(KEY, email), changes())
    rows = desk.rows(under, level("required", "format", history=PAST))
    assert {key: row.history for key, row in rows.items()} == held


def test_changes_hold_values_of_the_field_whatever_they_are_stored_as(desk: Desk) -> None:
    score = prop("email", LogicalType.INTEGER, required=True, options=TypeOptions(minimum=10))
    desk.make(CHANGES, name="lead_history", rows=[
        ("high", "Email", None, "10", minutes(2)),
        ("low", "Email", None, "9", minutes(2)),
        ("odd", "Email", None, "many", minutes(2)),
    ])  # fmt: skip
    desk.make(
        "id {text} PRIMARY KEY, email bigint, created {tz}, written {tz}",
        [(key, 50, minutes(1), None) for key in ("high", "low", "odd")],
    )
    rows = desk.rows(crm(leads(KEY, score), changes()), level("required", "range", history=PAST))
    assert {key: row.history for key, row in rows.items()} == {"high": True, "low": False, "odd": False}


def test_a_key_that_is_restricted_is_asked_for_and_not_told(desk: Desk) -> None:
    desk.make(CHANGES, name="lead_history", rows=[("secret", "Email", None, "a@b.co", minutes(2))])
    desk.make(LEADS, [("secret", None, minutes(1), None)])
    under = crm(leads(prop("id", primary_key_position=1, classification="confidential")), changes())
    (row,) = desk.rows(under, level(history=PAST), key_secret=b"0" * 32).values()
    assert row.history is True
    assert row.key != "secret"


def test_changes_of_many_rows_are_asked_for_in_batches(desk: Desk) -> None:
    if desk.place != "sqlite":
        pytest.skip("one database shows it")
    keys = [f"{n:04}" for n in range(1_100)]
    desk.make(
        CHANGES, name="lead_history", rows=[(key, "Email", None, "x", NOON + timedelta(minutes=2)) for key in keys]
    )
    desk.make(LEADS, [(key, None, minutes(1), None) for key in keys])
    rows = desk.rows(crm(leads(KEY), changes()), level(history=PAST))
    assert len(rows) == 1_100
    assert all(row.history for row in rows.values())
