"""How cohorts are asked for: by an index, with one meaning of every rule, and knowing how old a replica is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from observer.checks import rules
from observer.checks.spec import CheckSpec
from observer.contracts.model import Condition
from observer.gx import dialect_words as words
from observer.gx.bench import source_bench
from observer.gx.cohort import Glass
from observer.gx.conditions import failing
from observer.gx.instants import shown_as_of
from tests.doors.gx.cohort_desk import PLACES, Desk, crm, desk_at, leads, minutes, span
from tests.doors.gx.crm import check, counts, database, on_source, plan_of, shape_of, table_plan
from tests.fakes.contracts import prop

# --- indexes


def _plan_of(glass: Glass, query: sa.Select[Any], parameters: dict[str, Any]) -> str:
    """What the database says of how it answers."""
    connection = glass._connection
    said = query.compile(connection.engine, compile_kwargs={"render_postcompile": True})
    values = said.construct_params(parameters)
    text = f"{'EXPLAIN' if connection.engine.dialect.name == 'postgresql' else 'EXPLAIN QUERY PLAN'} {said}"
    given: Any = [values[name] for name in said.positiontup] if said.positional and said.positiontup else values
    rows = connection.exec_driver_sql(text, tuple(given) if isinstance(given, list) else given)
    return "\n".join(str(row) for row in rows)


@pytest.mark.parametrize("place", ["postgresql", "sqlite"])
def test_ranges_and_keys_are_found_by_an_index(place: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    desk = desk_at(place, request, tmp_path)
    numbers = {
        "postgresql": "SELECT generate_series(1, 20000) AS n",
        "sqlite": "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000) SELECT n FROM c",
    }[place]
    at = {
        "postgresql": "timestamptz '2026-01-15 12:00Z' + n * interval '1 s'",
        "sqlite": "strftime('%Y-%m-%dT%H:%M:%fZ', '2026-01-15 12:00:00', n || ' minutes')",
    }[place]
    fill = f"INSERT INTO leads SELECT n, 'x', {at}, NULL, 0 FROM ({numbers}) AS numbers"
    desk.make(
        "id bigint PRIMARY KEY, email {text}, created {tz}, written {tz}, gone bigint",
        after=f"{fill};CREATE INDEX leads_created ON leads (created);ANALYZE leads",
    )
    under = crm(leads(prop("gone")))
    with desk.glass(under) as glass:
        asked = glass._rows.bounds(span(10, 12), 5_000)
        assert "leads_created" in (plan := _plan_of(glass, glass._rows.in_range, asked)), plan
        assert "Seq Scan" not in plan
        assert "SCAN leads" not in plan
        by_key = glass._rows.with_keys([("5",), ("6",)])
        assert by_key is not None
        plan = _plan_of(glass, by_key, {})
        assert "Seq Scan" not in plan
        assert "SCAN leads" not in plan
        if place == "postgresql":
            assert "Seq Scan" not in _plan_of(glass, glass._rows.undated(minutes(1e6)), {})


def test_blank_padded_keys_are_found(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    desk = desk_at("postgresql", request, tmp_path)
    desk.make("id char(8) PRIMARY KEY, email {text}, created {tz}, written {tz}", [("00Q1", "x", minutes(1), None)])
    under = crm(leads(prop("id", primary_key_position=1)))
    (key,) = desk.rows(under)
    with desk.glass(under) as glass:
        assert [row.key for row in glass.rows_of([key])] == [key]


def test_times_without_end_are_no_times(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    desk = desk_at("postgresql", request, tmp_path)
    desk.make("id bigint PRIMARY KEY, email {text}, created {tz}, written {tz}", after="""
        INSERT INTO leads VALUES (1, 'x', 'infinity', 'infinity'), (2, 'x', '-infinity', NULL),
        (3, 'x', '2026-01-15 12:01Z', 'infinity'), (4, 'x', '4000-01-01 BC', '20000-01-01')""")  # fmt: skip
    rows = desk.rows(crm())
    assert set(rows) == {"3"}
    assert rows["3"].written_at is None
    with desk.glass(crm()) as glass:
        assert len(glass.rows_of(["1", "2", "3", "4"])) == 4
        assert glass.undatable() == 3


# --- one meaning

_ROWS = pa.table(
    {
        "id": list(range(8)),
        "t": ["a@b.co", None, "n/a", "", "ünïcode text", "Won", "won", "12"],
        "n": [1, None, 10, 12, -5, 0, 7, 100],
        "x": [0.5, None, 1.0, 99.5, -1.0, 0.0, 2.5, 10.0],
        "d": [None, *(datetime(2026, 1, day).date() for day in range(1, 8))],
    }
)
_NOT_EMPTY = Condition(column="t", values=("n/a", ""), negated=True)
_RULES: Sequence[CheckSpec] = (
    check("present", rules.Present(column="t")),
    check("filled", rules.Present(column="t", placeholders=("n/a", ""))),
    check("filled_number", rules.Present(column="n", placeholders=("0", "x"))),
    check("present_when", rules.Present(column="n"), when=(_NOT_EMPTY,)),
    check("set", rules.InSet(column="t", values=("Won", "a@b.co", None)), when=(_NOT_EMPTY,)),
    check("numbers", rules.InSet(column="n", values=(1, 10, "12"))),
    check("days", rules.InSet(column="d", values=("2026-01-03",))),
    check("format", rules.MatchesPattern(column="t", pattern="@"), when=(Condition(column="n", values=(1, 12, None)),)),
    check("range", rules.InRange(column="n", minimum=0, maximum=12, exclusive_minimum=True)),
    check("floats", rules.InRange(column="x", maximum=2.5)),
    check("dates", rules.InRange(column="d", minimum="2026-01-04")),
    check("length", rules.LengthInRange(column="t", minimum=2, maximum=6)),
    check("multiple", rules.MultipleOf(column="x", factor=0.5), when=(Condition(column="t", values=(None,)),)),
    check("steps", rules.MultipleOf(column="n", factor=5)),
    check("when_null", rules.InRange(column="n", minimum=2), when=(Condition(column="t", values=(None, "Won")),)),
    check("not_null", rules.Present(column="n"), when=(Condition(column="t", values=(None, "n/a"), negated=True),)),
)


@pytest.mark.parametrize("where", PLACES)
def test_a_row_fails_for_a_cohort_when_it_fails_for_the_suite(
    where: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    plan = plan_of([table_plan(_ROWS.column_names)], _RULES)
    with database(where, tmp_path, request.getfixturevalue) as engine:
        with on_source(engine, plan, {"leads": _ROWS}) as runner:
            suite = {name: failed for name, (_, failed) in counts(runner.run()).items()}
        bench = source_bench(plan, engine, [shape_of(plan.tables[0], _ROWS, engine.dialect.name)])
        relation, cohort = bench.relations["leads"], {}
        for spec in _RULES:
            fails = sa.case((failing(spec.rule, relation, words.spoken(engine), spec.when), 1), else_=0)
            (row,) = bench.fetch(sa.select(sa.func.sum(fails)).select_from(relation.rows))
            cohort[spec.rule_name] = int(row[0])
        bench.close()
    assert cohort == suite
    assert sum(cohort.values()) > 20


# --- replicas

CLOCK = datetime(2026, 1, 1, 12, tzinfo=UTC)
SENT, REPLAYED = CLOCK - timedelta(seconds=2), CLOCK - timedelta(minutes=7)


@pytest.mark.parametrize(
    ("caught_up", "receives", "sent", "replayed", "shown"),
    [
        (True, True, SENT, REPLAYED, SENT),
        (True, True, None, REPLAYED, CLOCK),
        (True, True, CLOCK + timedelta(seconds=1), REPLAYED, CLOCK),
        (False, True, SENT, REPLAYED, REPLAYED),
        (True, False, SENT, REPLAYED, REPLAYED),
        (False, False, None, None, None),
    ],
)
def test_a_replica_shows_what_it_has_replayed(
    caught_up: bool, receives: bool, sent: datetime | None, replayed: datetime | None, shown: datetime | None
) -> None:
    assert shown_as_of(CLOCK, caught_up=caught_up, receives=receives, sent_at=sent, replayed_at=replayed) == shown


# --- weight


def test_great_expectations_is_not_imported() -> None:
    asked = "import sys, observer.gx.cohort; print('great_expectations' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "False"


def test_an_instant_that_is_left_open_by_a_process_that_was_paused_ends_by_itself(postgres_url: str) -> None:
    desk = Desk("postgresql", postgres_url)
    desk.make("id bigint PRIMARY KEY, email {text}, created {tz}, written {tz}")
    with desk.glass(crm()) as glass:
        shown = glass._connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar()
    assert shown == "1min"
