"""The runner: broken checks cost only themselves, runs never mix, evidence shows what may be shown."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa

from observer.checks import rules
from observer.checks.judge import judge
from observer.checks.measure import TableFile, TableShape
from observer.checks.spec import LiveRows
from observer.contracts.model import Comparison, Condition, LogicalType, Operator
from observer.gx.runner import SuiteRunner
from tests.doors.gx.crm import (
    AT_LEAST_ONE,
    NOW,
    as_written,
    check,
    counts,
    on_snapshot,
    on_source,
    plan_of,
    shape_of,
    table_plan,
)

LEADS = pa.table(
    {
        "id": pa.array(range(100), pa.int64()),
        "email": [None if i % 10 == 0 else f"a{i}@example.com" for i in range(100)],
        "status": [("new", "won", "lst")[i % 3] for i in range(100)],
        "agent": ["Ana" if i % 10 == 0 else "Bo" if i % 2 else "Cy" for i in range(100)],
        "code": ["x" if i < 3 else str(i) for i in range(100)],
        "created": pa.array([datetime(2025, 12, 1) + timedelta(hours=6 * i) for i in range(100)], pa.timestamp("us")),
    }
)
TABLE = table_plan(
    LEADS.column_names,
    key=("id",),
    restricted=frozenset({"email"}),
    record_url="https://crm.example.com/leads/{lead}?x=1",
    url_columns=(("lead", "id"),),
    event_time="created",
    logical_types=(("code", "integer"), ("created", "timestamp")),
)


def test_broken_checks_cost_only_themselves_and_say_why(tmp_path: Path) -> None:
    checks = (
        check("typo", rules.Present(column="emial")),
        check("regex", rules.MatchesPattern(column="email", pattern="(")),
        check("code", rules.InRange(column="code", minimum=5)),
        check("code_type", rules.HasType(column="code", logical_type=LogicalType.INTEGER)),
        check("no_column", rules.HasType(column="gone", logical_type=LogicalType.INTEGER)),
        check("status", rules.MultipleOf(column="status", factor=2)),
        check("target", rules.References(columns=("id",), to_table="users", to_columns=("id",))),
        check("unknown", rules.Expectation(type="expect_nothing", kwargs={"column": "id"})),
        check("arguments", rules.Expectation(type="expect_column_values_to_be_between", kwargs={"column": 7})),
        check("file", rules.SqlValue(query="SELECT count(*) FROM read_csv('/etc/passwd')"), threshold=AT_LEAST_ONE),
        check("two", rules.SqlValue(query="SELECT 1, 2"), threshold=AT_LEAST_ONE),
        check("none", rules.SqlValue(query="SELECT NULL"), threshold=AT_LEAST_ONE),
        check("good", rules.Present(column="email")),
        check("rows", rules.RowCount(), threshold=AT_LEAST_ONE),
    )
    with on_snapshot(tmp_path, plan_of([TABLE], checks), {"leads": LEADS}) as runner:
        seen = {m.check_id.rpartition(".")[2]: m for m in runner.run()}
    assert seen["typo"].error == "column `emial` is not in table `leads`; did you mean `email`?"
    assert "is not valid here" in (seen["regex"].error or "")
    assert seen["code"].error == (
        "`code` is text in the source and holds 3 values that are no whole numbers; see its type check"
    )
    assert (seen["code_type"].rows_tested, seen["code_type"].rows_failed) == (100, 3)
    assert (seen["no_column"].holds, seen["no_column"].seen) == (False, "no such column")
    for name in ("status", "target", "unknown", "arguments", "file", "two", "none"):
        assert seen[name].error, name
    assert (seen["good"].rows_tested, seen["good"].rows_failed) == (100, 10)
    assert seen["rows"].value == 100


def test_a_missing_column_is_told_from_a_misspelt_one_by_all_that_the_table_has(tmp_path: Path) -> None:
    checks = (
        check("kind", rules.HasType(column="Status", logical_type=LogicalType.STRING)),
        check("filled", rules.Present(column="Status")),
        check("other", rules.Present(column="phome")),
        check("far", rules.Present(column="zzz")),
    )
    plan = plan_of([table_plan([*TABLE.columns, "Status", "phome", "zzz"])], checks)
    shape = replace(shape_of(plan.tables[0], LEADS), others=("stage", "phone"))
    with on_snapshot(tmp_path, plan, {"leads": LEADS}, {"leads": shape}) as runner:
        kind, filled, other, far = runner.run()
    assert kind.seen == "no such column; did you mean `status`?"
    assert filled.error == "column `Status` is not in table `leads`; did you mean `status`?"
    assert other.error == "column `phome` is not in table `leads`; did you mean `phone`?"
    assert far.error == "column `zzz` is not in table `leads`"


def test_names_longer_than_postgresql_allows_are_found_in_a_snapshot(tmp_path: Path) -> None:
    name = "hs_" + "analytics_" * 9
    table = table_plan([name])
    checks = (check("filled", rules.Present(column=name)), check("once", rules.Unique(columns=(name,))))
    rows = pa.table({name: ["a", "a", None]})
    with on_snapshot(tmp_path, plan_of([table], checks), {"leads": rows}) as runner:
        filled, once = runner.run()
    assert (filled.rows_failed, once.rows_failed, filled.error, once.error) == (1, 2, None, None)


def test_a_table_that_could_not_be_read_errors_its_own_checks_only(tmp_path: Path) -> None:
    broken = table_plan(["id"], name="users")
    plan = plan_of(
        [TABLE, broken], [check("ok", rules.Present(column="id")), check("x", rules.RowCount(), table="users")]
    )
    shape = TableShape(object="users", physical_name="users", columns=(), error="permission denied on users")
    import pyarrow.parquet as pq

    pq.write_table(LEADS, tmp_path / "l.parquet")
    files = [
        TableFile(plan=TABLE, shape=shape_of(TABLE, LEADS), path=str(tmp_path / "l.parquet")),
        TableFile(plan=broken, shape=shape, path=None),
    ]
    with SuiteRunner.on_snapshot(plan, files, source_time=NOW, sql_for=as_written) as runner:
        ok, errored = runner.run()
    assert (ok.rows_tested, ok.rows_failed) == (100, 0)
    assert errored.error == "permission denied on users"


def test_a_key_of_the_source_proves_uniqueness_and_is_judged_like_any_count(tmp_path: Path) -> None:
    more_than_five = Comparison(operator=Operator.MUST_BE_GREATER_THAN, operands=(5,))
    won = Condition(column="status", values=("won",))
    never = Condition(column="status", values=("nobody says this",))
    checks = (
        check("key", rules.Unique(columns=("status", "id"))),
        check("many", rules.Unique(columns=("id",)), threshold=more_than_five),
        check("some", rules.Unique(columns=("id",)), when=(won,)),
        check("none", rules.Unique(columns=("id",)), when=(never,)),
        check("other", rules.Unique(columns=("email",))),
    )
    shape = shape_of(TABLE, LEADS, unique_keys=(("id",),))
    with on_snapshot(tmp_path, plan_of([TABLE], checks), {"leads": LEADS}, {"leads": shape}) as runner:
        seen = {spec.rule_name: judge(spec, m) for spec, m in zip(checks, runner.run(), strict=True)}
    counted = {name: (r.measurement.rows_tested, r.measurement.rows_failed) for name, r in seen.items()}
    assert counted == {"key": (100, 0), "many": (100, 0), "some": (33, 0), "none": (0, 0), "other": (90, 0)}
    assert {name: r.measurement.proven_by for name, r in seen.items()} == {
        **dict.fromkeys(("key", "many", "some"), "the key (id) of the source"),
        **dict.fromkeys(("none", "other")),
    }
    assert {name: r.outcome.value for name, r in seen.items()} == {
        **dict.fromkeys(("key", "some", "other"), "passed"),
        "many": "failed",
        "none": "skipped",
    }


def test_a_key_proves_nothing_where_only_dead_rows_are_left(tmp_path: Path) -> None:
    rows = pa.table({"id": pa.array([1, 2], pa.int64()), "gone": [True, True]})
    table = table_plan(rows.column_names, live_rows=LiveRows(column="gone", deleted_values=(True,)))
    spec = check("key", rules.Unique(columns=("id",)))
    shape = shape_of(table, rows, unique_keys=(("id",),))
    with on_snapshot(tmp_path, plan_of([table], [spec]), {"leads": rows}, {"leads": shape}) as runner:
        (seen,) = runner.run()
    assert (seen.rows_tested, seen.proven_by, judge(spec, seen).outcome.value) == (0, None, "skipped")


def test_a_key_of_texts_proves_nothing_of_the_numbers_they_read_as(tmp_path: Path) -> None:
    rows = pa.table({"id": ["1", "01", "2"]})
    table = table_plan(["id"], logical_types=(("id", "integer"),))
    checks = (check("key", rules.Unique(columns=("id",))),)
    shape = shape_of(table, rows, unique_keys=(("id",),))
    with on_snapshot(tmp_path, plan_of([table], checks), {"leads": rows}, {"leads": shape}) as runner:
        (seen,) = runner.run()
    assert (seen.rows_tested, seen.rows_failed, seen.proven_by) == (3, 2, None)


def test_soft_deleted_rows_are_tested_by_nothing_and_are_no_target(tmp_path: Path) -> None:
    users = pa.table({"id": pa.array([1, 2], pa.int64()), "gone": [True, None]})
    leads = pa.table({"owner": pa.array([1, 2], pa.int64())})
    plan = plan_of(
        [
            table_plan(["owner"]),
            table_plan(["id", "gone"], name="users", live_rows=LiveRows(column="gone", deleted_values=(True,))),
        ],
        [
            check("owner", rules.References(columns=("owner",), to_table="users", to_columns=("id",))),
            check("rows", rules.RowCount(), table="users", threshold=AT_LEAST_ONE),
        ],
    )
    with on_snapshot(tmp_path, plan, {"leads": leads, "users": users}) as runner:
        owner, rows = runner.run()
    assert (owner.rows_tested, owner.rows_failed, rows.value) == (2, 1, 1)


def test_without_its_deleted_flag_no_row_of_a_table_is_taken_for_live(tmp_path: Path) -> None:
    users = pa.table({"id": pa.array([1, 2], pa.int64()), "code": ["1", "2"]})
    leads = pa.table({"owner": pa.array([1, 2], pa.int64())})
    flag = LiveRows(column="gone", deleted_values=(True,))
    checks = (
        check("owner", rules.References(columns=("owner",), to_table="users", to_columns=("id",))),
        check("query", rules.SqlValue(query="SELECT count(*) FROM users"), threshold=AT_LEAST_ONE),
        check("rows", rules.RowCount(), table="users", threshold=AT_LEAST_ONE),
        check("filled", rules.Present(column="id"), table="users"),
        check("read", rules.HasType(column="code", logical_type=LogicalType.INTEGER), table="users"),
        check("typed", rules.HasType(column="id", logical_type=LogicalType.INTEGER), table="users"),
        check("flag", rules.HasType(column="gone", logical_type=LogicalType.BOOLEAN), table="users"),
    )
    plan = plan_of([table_plan(["owner"]), table_plan(["id", "code", "gone"], name="users", live_rows=flag)], checks)
    shapes = {"users": shape_of(plan.tables[1], users, unique_keys=(("id",),))}
    with on_snapshot(tmp_path, plan, {"leads": leads, "users": users}, shapes) as runner:
        seen = {m.check_id.rpartition(".")[2]: m for m in runner.run()}
        assert {profile.object for profile in runner.profiles()} == {"leads"}
    why = "which rows are deleted is not known: the table has no column `gone`"
    assert [seen[name].error for name in ("rows", "filled", "read")] == [why] * 3
    assert seen["owner"].error == f"the table `users` that it points into cannot be read: {why}"
    assert seen["query"].error
    assert (seen["typed"].holds, seen["flag"].holds, seen["flag"].seen) == (True, False, "no such column")


def test_freshness_reads_naive_times_in_their_zone_and_no_time_is_not_fresh(tmp_path: Path) -> None:
    limit = Comparison(operator=Operator.MUST_BE_LESS_OR_EQUAL_TO, operands=(3600,))
    fresh = rules.Fresh(columns=("created",), limit=timedelta(hours=1), timezone="Europe/Paris")
    plan = plan_of([TABLE], [check("fresh", fresh, threshold=limit)])
    with on_snapshot(tmp_path, plan, {"leads": LEADS}) as runner:
        (seen,) = runner.run()
    newest = datetime(2025, 12, 25, 18, tzinfo=UTC) - timedelta(hours=1)
    assert (seen.value, seen.seen) == ((NOW - newest).total_seconds(), "2025-12-25T17:00:00Z")
    with on_snapshot(tmp_path, plan, {"leads": LEADS.slice(0, 0)}) as runner:
        (empty,) = runner.run()
    assert (empty.rows_tested, empty.value, empty.seen) == (0, None, "no time")


def test_times_of_two_zones_are_each_read_in_their_own(tmp_path: Path) -> None:
    moment = datetime(2026, 1, 1, 12)
    rows = pa.table(
        {
            "here": pa.array([moment, None], pa.timestamp("us")),
            "there": pa.array([None, moment], pa.timestamp("us")),
        }
    )
    named = {"columns": ("here", "there"), "timezone": "Asia/Tokyo", "timezones": ("Asia/Tokyo", "America/New_York")}
    limit = Comparison(operator=Operator.MUST_BE_LESS_OR_EQUAL_TO, operands=(3600,))
    checks = (
        check("fresh", rules.Fresh(limit=timedelta(hours=1), **named), threshold=limit),
        check("kept", rules.Kept(limit=timedelta(hours=1), **named)),
    )
    with on_snapshot(tmp_path, plan_of([table_plan(rows.column_names)], checks), {"leads": rows}) as runner:
        fresh, kept = runner.run()
    assert (fresh.value, fresh.seen) == (-5 * 3600, "2026-01-01T17:00:00Z")
    assert (kept.rows_tested, kept.rows_failed) == (2, 1)


def test_evidence_names_keys_links_offenders_and_the_segment_but_no_restricted_value(tmp_path: Path) -> None:
    checks = (
        check("status", rules.InSet(column="status", values=("new", "won", "lost"))),
        check("email", rules.Present(column="email"), restricted=True),
        check("pattern", rules.MatchesPattern(column="email", pattern="^b"), restricted=True),
    )
    with on_snapshot(tmp_path, plan_of([TABLE], checks), {"leads": LEADS}) as runner:
        runner.run()
        status, email, pattern = (runner.evidence(spec, key_limit=2) for spec in checks)
        profiles = {p.property: p for p in runner.profiles()}
    assert status.keys == ((2,), (5,))
    assert status.urls == ("https://crm.example.com/leads/2?x=1", "https://crm.example.com/leads/5?x=1")
    assert [(o.value, o.rows, o.suggestion) for o in status.offenders] == [("lst", 33, "lost")]
    (best, *_) = email.segments
    assert (best.column, best.value, best.rows_failed, best.share, best.lift) == ("agent", "Ana", 10, 1.0, 10.0)
    assert [(m.month, m.rows_failed) for m in email.months] == [("2025-12", 10)]
    assert pattern.offenders == () and "values not shown: the field is restricted" in pattern.notes
    assert "example.com" not in repr(pattern).replace("crm.example.com", "")
    assert profiles["email"].filled == 90
    assert [(v.value, v.allowed) for v in profiles["status"].values] == [("new", True), ("lst", False), ("won", True)]


@pytest.mark.parametrize("name", ['Weird "Name"', "sales.leads", "ein Tisch: ä", "select"])
def test_tables_and_columns_may_be_called_anything(tmp_path: Path, name: str) -> None:
    rows = pa.table({'a "b": %s': pa.array([1, None], pa.int64())})
    plan = plan_of([table_plan(rows.column_names, physical=name)], [check("p", rules.Present(column='a "b": %s'))])
    with on_snapshot(tmp_path, plan, {"leads": rows}) as runner:
        assert counts(runner.run()) == {"p": (2, 1)}
    if "." not in name:
        engine = sa.create_engine(f"sqlite:///{tmp_path / 'x.sqlite'}")
        with on_source(engine, plan, {"leads": rows}) as runner:
            assert counts(runner.run()) == {"p": (2, 1)}
        engine.dispose()


def _dirty(folder: str, bad: int) -> tuple[int | None, int | None]:
    place = Path(folder) / str(bad)
    place.mkdir()
    rows = pa.table({"email": [None] * bad + ["x"] * (20 - bad)})
    with on_snapshot(
        place, plan_of([table_plan(["email"])], [check("p", rules.Present(column="email"))]), {"leads": rows}
    ) as run:
        return counts(run.run())["p"]


def test_eight_runs_in_threads_never_judge_each_others_table(tmp_path: Path) -> None:
    _dirty(str(tmp_path), 0)
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda bad: _dirty(str(tmp_path), bad), range(1, 17)))
    assert seen == [(20, bad) for bad in range(1, 17)]


def test_runs_in_processes_never_judge_each_others_table(tmp_path: Path) -> None:
    with get_context("spawn").Pool(2) as pool:
        seen = pool.starmap(_dirty, [(str(tmp_path), bad) for bad in range(1, 9)])
    assert seen == [(20, bad) for bad in range(1, 9)]
