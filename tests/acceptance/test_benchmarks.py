"""The benchmark measures what it says: the same 21 counts on every side, and what was not measured never holds."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import psycopg
import pytest

from benchmarks import hand_sql, limits
from benchmarks.__main__ import BEGIN, END, replace_figures
from benchmarks.leads import fill_postgres, write_parquet
from benchmarks.limits import HAND_DUCKDB, OURS_SUITE, Section
from benchmarks.rounds import Subject, Timing, interleave
from benchmarks.subjects import ours
from observer.checks.rules import HasType

ROWS = 5_000


@pytest.fixture(scope="module")
def leads(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """(URL, folder): the same small table in PostgreSQL and in Parquet."""
    folder = tmp_path_factory.mktemp("leads")
    fill_postgres(postgres_url, rows=ROWS)
    write_parquet(postgres_url, folder)
    return postgres_url, folder


def hand_counts(fetch: object, dialect: str, leads_table: str, users_table: str) -> dict[str, int]:
    assert callable(fetch)
    query, names = hand_sql.aggregate_query(dialect, leads_table, users_table)
    counts = dict(zip(names, map(int, fetch(query)), strict=True))
    counts["uuid.unique"] = int(fetch(hand_sql.unique_query(leads_table))[0])
    return counts


def test_the_contract_of_the_benchmark_has_the_21_checks_that_the_hand_written_sql_answers() -> None:
    counting = [c for c in ours.leads_plan().checks if c.object == "leads" and not isinstance(c.rule, HasType)]
    names = [f"{c.property}.{c.rule_name}" if c.property else c.rule_name for c in counting]
    assert len(hand_sql.CHECKS) == 21
    assert sorted(names) == sorted(hand_sql.CHECKS)


def test_hand_written_sql_and_both_ways_of_ours_count_the_same(leads: tuple[str, Path]) -> None:
    url, folder = leads
    with psycopg.connect(url) as connection:
        in_postgres = hand_counts(lambda q: connection.execute(q.encode()).fetchone(), "postgres", "leads", "users")
    with duckdb.connect() as db:
        tables = [f"read_parquet('{folder}/{name}.parquet')" for name in ("leads", "users")]
        in_duckdb = hand_counts(lambda q: db.execute(q).fetchone(), "duckdb", *tables)
    assert in_duckdb == in_postgres
    assert in_duckdb["rows"] == ROWS
    assert sum(count > 0 for count in in_duckdb.values()) > 15, "the dirt is there"
    for ours_found in (ours.suite(folder)(), ours.pushdown(url)()):
        assert ours_found["counts"] == {**in_duckdb, "id.unique": 0}
        assert any(said.startswith("id.unique:") for said in ours_found["proven"])


def test_a_limit_that_was_not_measured_never_holds() -> None:
    timings = [Timing(name=HAND_DUCKDB, seconds=[1.0]), Timing(name=OURS_SUITE, error="it broke")]
    section = Section(name="suite", title="t", rows=1, base=HAND_DUCKDB, timings=timings)
    (verdict,) = limits.verdicts([section])
    assert verdict.holds is None
    assert "it broke" in limits.markdown([section], "machine")


def test_a_ratio_above_its_limit_is_broken_and_one_below_it_holds() -> None:
    def verdict(seconds: float) -> bool | None:
        timings = [Timing(name=HAND_DUCKDB, seconds=[1.0, 3.0, 2.0]), Timing(name=OURS_SUITE, seconds=[seconds])]
        (found,) = limits.verdicts([Section(name="suite", title="t", rows=1, base=HAND_DUCKDB, timings=timings)])
        return found.holds

    assert verdict(2.5) is True
    assert verdict(2.6) is False


def test_whoever_counts_something_else_is_named() -> None:
    timings = [
        Timing(name=HAND_DUCKDB, seconds=[1.0], facts={"counts": {"rows": 5}}),
        Timing(name=OURS_SUITE, seconds=[1.0], facts={"counts": {"rows": 4}}),
    ]
    section = Section(name="suite", title="t", rows=1, base=HAND_DUCKDB, timings=timings)
    assert limits.disagreements(section) == [f"{OURS_SUITE} counts 4 for rows, hand-written SQL 5"]


def test_a_subject_that_breaks_is_reported_and_the_others_go_on() -> None:
    serving = "from benchmarks.rounds import serve; serve(lambda: {'answer': 42})"
    subjects = [
        Subject(name="broken", command=(sys.executable, "-c", "raise SystemExit('no such thing')")),
        Subject(name="good", command=(sys.executable, "-c", serving)),
    ]
    said: list[str] = []
    broken, good = interleave(subjects, 2, said.append)
    assert broken.error == "no such thing"
    assert broken.median is None
    assert good.error is None
    assert len(good.seconds) == 2
    assert good.facts == {"answer": 42}
    assert good.peak_mb > 1


def test_the_figures_go_between_the_markers_of_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    replace_figures(page, "new")
    assert page.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
