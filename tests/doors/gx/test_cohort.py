"""The rows of a time-to-fill level, read from real databases: which ranges, which keys, what holds, when written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest

from observer.contracts.model import DeletedFlag, LogicalType, TypeOptions
from observer.errors import EngineError, InputError
from observer.slo.ledger import Range
from tests.doors.gx.cohort_desk import PLACES, Desk, crm, desk_at, leads, level, minutes, span, when
from tests.fakes.contracts import prop

TABLE = "id bigint PRIMARY KEY, email {text}, created {tz}, written {tz}"
SECRET = b"0123456789abcdef0123456789abcdef"


@pytest.fixture(params=PLACES)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    return desk_at(request.param, request, tmp_path)


def test_a_range_begins_behind_its_first_instant_and_ends_with_its_last(desk: Desk) -> None:
    tick = timedelta(microseconds=0 if desk.place == "sqlite" else 1)
    times = [minutes(0), minutes(0) + timedelta(milliseconds=1), minutes(1), minutes(1) + timedelta(milliseconds=1)]
    desk.make(TABLE, [(n, "a@b.co", at + tick * (n % 2), at) for n, at in enumerate(times)])
    with desk.glass(crm()) as glass:
        (page,) = glass.pages([span(0, 1)])
        assert [row.key for row in page.rows] == ["1", "2"]
        assert page.read == span(0, 1)
        assert page.rows[1].event_at == minutes(1)
        assert glass.at <= glass.until <= datetime.now(UTC) + timedelta(seconds=5)
        assert not glass.lag


def test_pages_follow_each_other_and_never_part_rows_of_one_time(desk: Desk) -> None:
    rows = [(n, "a@b.co", minutes(1.5 + n // 7), minutes(1)) for n in range(50)]
    desk.make(TABLE, rows)
    with desk.glass(crm()) as glass:
        pages = list(glass.pages([span(0, 4), span(5, 60)], limit=5))
        read = [page.read for page in pages]
        assert read[0].after == minutes(0)
        assert read[-1].upto == minutes(60)
        assert all(one.upto in (two.after, minutes(4)) for one, two in pairwise(read))
        rows_read = [row for page in pages for row in page.rows]
        assert sorted(int(row.key) for row in rows_read) == list(range(21)) + list(range(28, 50))
        assert rows_read == sorted(rows_read, key=lambda row: row.event_at)
        for page in pages:
            assert all(page.read.after < row.event_at <= page.read.upto for row in page.rows)
            assert len({row.event_at for row in page.rows}) * 7 >= len(page.rows)
        assert len(pages) > 5


def test_rules_hold_as_the_suite_means_them(desk: Desk) -> None:
    email = prop("email", required=True, options=TypeOptions(format="email"), placeholders=("n/a",))
    desk.make(
        TABLE,
        [(n, text, minutes(1), minutes(1)) for n, text in enumerate(["a@b.co", None, "n/a", "nonsense", "", "N/A"])],
    )
    under = crm(leads(email))

    def held(*rules: str) -> list[bool]:
        return [row.holds for _, row in sorted(desk.rows(under, level(*rules)).items())]

    assert held("required") == [True, False, False, True, True, True]
    assert held("required", "format") == [True, False, False, False, False, False]
    assert held("format") == [True, True, True, False, False, False]


def test_a_value_that_is_none_of_its_type_breaks_its_rules_and_costs_no_other_row(desk: Desk) -> None:
    score = prop("score", LogicalType.INTEGER, required=True, options=TypeOptions(minimum=10))
    desk.make(
        "id bigint PRIMARY KEY, score {text}, created {tz}, written {tz}",
        [(n, text, minutes(1), minutes(1)) for n, text in enumerate(["10", "9", "many", None])],
    )
    obj = replace(leads(), properties=tuple(p for p in leads(score).properties if p.name != "email"))
    assert [r.holds for _, r in sorted(desk.rows(crm(obj), level("range", property="score")).items())] == [
        True,
        False,
        False,
        True,
    ]
    assert [r.holds for _, r in sorted(desk.rows(crm(obj), level("required", property="score")).items())] == [
        True,
        True,
        True,
        False,
    ]


def test_deleted_rows_are_gone(desk: Desk) -> None:
    desk.make(
        TABLE + ", gone bigint",
        [(1, "a@b.co", minutes(1), minutes(1), 0), (2, None, minutes(1), None, 1), (3, None, minutes(1), None, None)],
    )
    obj = replace(leads(prop("gone", LogicalType.INTEGER)), deleted_flag=DeletedFlag(column="gone", values=(1,)))
    assert set(desk.rows(crm(obj))) == {"1", "3"}
    with desk.glass(crm(obj)) as glass:
        assert {row.key for row in glass.rows_of(["1", "2", "3", "4"])} == {"1", "3"}


def test_a_composite_key_is_one_text_in_every_database(desk: Desk) -> None:
    tenant, lead = prop("tenant", primary_key_position=1), prop("id", LogicalType.INTEGER, primary_key_position=2)
    desk.make(
        "tenant {text}, id bigint, email {text}, created {tz}, written {tz}",
        [('a,"b', 1, "x", minutes(1), None), ("é", 1, None, minutes(2), None), ("é", 2, "y", minutes(3), None)],
    )
    under = crm(leads(tenant, lead))
    assert set(desk.rows(under)) == {'["a,\\"b","1"]', '["é","1"]', '["é","2"]'}
    with desk.glass(under) as glass:
        found = glass.rows_of(['["é","1"]', '["a,\\"b","1"]', '["é","3"]'])
        assert {row.key: row.holds for row in found} == {'["é","1"]': False, '["a,\\"b","1"]': True}


@pytest.mark.parametrize(
    ("kind", "logical", "value", "text"),
    [
        ("{uuid}", LogicalType.STRING, UUID("6f1c0000-0000-4000-8000-00000000000A"), None),
        ("{text}", LogicalType.STRING, "Ünïcode 00Q", "Ünïcode 00Q"),
        ("decimal(12,2)", LogicalType.NUMBER, 7, "7"),
        ("{naive}", LogicalType.TIMESTAMP, datetime(2026, 1, 2, 3, 4, 5), None),
        ("{bytes}", LogicalType.UNSET, b"\x01\xff", "01ff"),
    ],
)
def test_keys_of_any_type_are_found_again(
    desk: Desk, kind: str, logical: LogicalType, value: object, text: str | None
) -> None:
    desk.make(f"id {kind}, email {{text}}, created {{tz}}, written {{tz}}", [(value, "a@b.co", minutes(1), minutes(1))])
    under = crm(leads(prop("id", logical, primary_key_position=1)))
    (key,) = desk.rows(under)
    assert text is None or key == text
    assert desk.place == "sqlite" or not isinstance(value, UUID) or key == str(value)
    with desk.glass(under) as glass:
        assert [row.key for row in glass.rows_of([key, "other"])] == [key]


def test_keys_that_are_restricted_are_told_by_digests_alone(desk: Desk) -> None:
    under = crm(leads(prop("id", LogicalType.INTEGER, primary_key_position=1, classification="restricted")))
    desk.make(TABLE, [(4711, "a@b.co", minutes(1), minutes(1))])
    with pytest.raises(InputError, match="OBSERVER_TOKEN_KEY"), desk.glass(under):
        pass
    (key,) = desk.rows(under, key_secret=SECRET)
    assert len(key) == 32
    assert set(desk.rows(under, key_secret=SECRET[::-1])) != {key}
    with desk.glass(under, key_secret=SECRET) as glass:
        assert glass.rows_of([key]) == ()


def test_a_row_is_found_by_its_key_whatever_its_event_time(desk: Desk) -> None:
    desk.make(TABLE, [(1, None, None, minutes(1)), (2, None, minutes(9e5), None), (3, "x", minutes(1), None)])
    with desk.glass(crm()) as glass:
        found = {row.key: row for row in glass.rows_of([str(n) for n in range(1_200)])}
    assert set(found) == {"1", "2", "3"}
    assert found["1"].event_at.year == 1
    assert found["2"].event_at == minutes(9e5)


def test_rows_without_a_time_in_the_past_are_counted(desk: Desk) -> None:
    rows = [(1, None, minutes(1), None), (2, None, None, None), (3, None, datetime(2900, 1, 1, tzinfo=UTC), None)]
    if desk.place == "mariadb":
        rows[2] = (3, None, datetime(2037, 1, 1, tzinfo=UTC), None)
    desk.make(TABLE, rows)
    with desk.glass(crm()) as glass:
        assert glass.undatable() == 2
        assert glass.undatable(datetime(2999, 1, 1, tzinfo=UTC)) == 1


def test_when_a_row_was_written_is_told_too_late_rather_than_too_early(desk: Desk) -> None:
    second = timedelta(seconds=1)
    times = [minutes(1), minutes(1) + timedelta(milliseconds=20), minutes(1) + timedelta(microseconds=123457), None]
    desk.make(TABLE, [(n, "x", minutes(1), at) for n, at in enumerate(times)])
    rows = desk.rows(crm())
    instant = timedelta(microseconds=1)
    assert [rows[str(n)].written_at for n in range(4)] == [
        minutes(1) + second - instant,
        minutes(1) + timedelta(milliseconds=21) - instant,
        times[2],
        None,
    ]


def test_without_an_update_time_nothing_says_when_a_row_was_written(desk: Desk) -> None:
    desk.make(TABLE, [(1, "x", minutes(1), minutes(1))])
    assert desk.rows(crm(leads(update_time=())))["1"].written_at is None


def test_of_several_columns_the_first_that_is_not_null_counts(desk: Desk) -> None:
    obj = leads(when("imported"), event_time=("imported", "created"), update_time=("written", "imported"))
    desk.make(
        TABLE + ", imported {tz}",
        [
            (1, "x", minutes(1), minutes(9), minutes(20)),
            (2, "x", minutes(2), None, None),
            (3, "x", minutes(30), None, minutes(3)),
            (4, "x", None, None, None),
        ],
    )
    with desk.glass(crm(obj)) as glass:
        (page,) = glass.pages([span(0, 5)])
        assert {row.key: row.event_at for row in page.rows} == {"2": minutes(2), "3": minutes(3)}
        assert page.rows[0].written_at is None
        assert page.rows[1].written_at == minutes(3) + timedelta(seconds=1, microseconds=-1)
        assert [p.rows[0].key for p in glass.pages([span(15, 25)])] == ["1"]
        assert glass.undatable() == 1


def test_times_on_the_wall_are_read_in_their_zone(desk: Desk) -> None:
    options = TypeOptions(timezone=False, default_timezone="America/New_York")
    naive = [datetime.fromisoformat(f"2025-11-02 {clock}") for clock in ("00:59", "01:30", "02:30", "03:00")]
    desk.make(
        "id bigint PRIMARY KEY, email {text}, created {naive}, written {naive}",
        [(n, "x", at, at) for n, at in enumerate(naive)],
    )
    under = crm(leads(options=options))
    hour = datetime(2025, 11, 2, 4, tzinfo=UTC)
    with desk.glass(under) as glass:
        day = Range(after=hour, upto=hour + timedelta(hours=6))
        found = {row.key: row for page in glass.pages([day], limit=1) for row in page.rows}
        assert [(found[str(n)].event_at - hour) / timedelta(minutes=1) for n in range(4)] == [59, 90, 210, 240]
        # The clocks go back at two: half past one may have been an hour later.
        written = found["1"].written_at
        assert written is not None
        assert written - found["1"].event_at >= timedelta(hours=1)
        (page,) = glass.pages([Range(after=hour + timedelta(minutes=90), upto=hour + timedelta(minutes=210))])
        assert [row.key for row in page.rows] == ["2"]


def test_times_stored_as_text_are_read_whatever_they_look_like(desk: Desk) -> None:
    texts = [
        "2026-01-15T12:01:00Z",
        "2026-01-15 14:02:00+02:00",
        "2026-01-15 12:03:00",
        "2026-01-15T07:04:00.123456-0500",
        "2026-01-15 12:05",
        "2026-01-15 12:06:00 +00",
        "soon",
        "2026-02-30 12:00:00",
        "2026-01-16",
        "2999-01-01 00:00:00",
    ]
    desk.make(
        "id bigint PRIMARY KEY, email {text}, created {text}, written {text}",
        [(n, "x", text, text) for n, text in enumerate(texts)],
    )
    under = crm(leads(options=TypeOptions()))
    with desk.glass(under) as glass:
        found = [row for page in glass.pages([span(0, 24 * 60)], limit=2) for row in page.rows]
        assert [row.key for row in found] == ["0", "1", "2", "3", "4", "5", "8"]
        assert [row.event_at for row in found[:3]] == [minutes(1), minutes(2), minutes(3)]
        assert found[4].written_at == minutes(6) - timedelta(microseconds=1)
        assert found[6].written_at == minutes(36 * 60) - timedelta(microseconds=1)
        (page,) = glass.pages([span(1, 2)])
        assert [row.key for row in page.rows] == ["1"]
        assert glass.undatable() == 3
    with desk.glass(crm(leads(options=TypeOptions(timezone=True)))) as glass:
        assert [row.key for page in glass.pages([span(0, 60)]) for row in page.rows] == ["0", "1", "3", "5"]
        assert glass.undatable() == 6


def test_a_table_that_loses_a_column_says_so(desk: Desk) -> None:
    desk.make("id bigint PRIMARY KEY, created {tz}, written {tz}", [(1, minutes(1), minutes(1))])
    with pytest.raises(EngineError, match="no column `email`"), desk.glass(crm()):
        pass


def test_everything_is_seen_as_of_one_instant(desk: Desk) -> None:
    if desk.place in ("duckdb", "sqlite"):
        pytest.skip("nobody writes the file while it is read")
    desk.make(TABLE, [(1, None, minutes(1), None)])
    with desk.glass(crm()) as glass:
        desk.run("UPDATE leads SET email = 'late'")
        assert [row.holds for page in glass.pages([span(0, 5)]) for row in page.rows] == [False]
        assert [row.holds for row in glass.rows_of(["1"])] == [False]


def test_pages_do_not_grow_where_rows_come_in_no_order(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    desk = desk_at("sqlite", request, tmp_path)
    desk.make(TABLE, [(n, None, minutes(0.01 * n), minutes(1)) for n in range(1, 3_000)])
    with desk.glass(crm()) as glass:
        pages = [len(page.rows) for page in glass.pages([span(0, 40)], limit=50)]
    assert sum(pages) == 2_999
    assert max(pages) == pages[0], "however many pages came before"
