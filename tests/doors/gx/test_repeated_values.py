"""Repeated values are found once per run where they can be set aside, and are the same where they cannot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa

from observer.checks import rules
from observer.checks.measure import Evidence, Measurement
from observer.contracts.model import Condition
from observer.gx.runner import SuiteRunner
from tests.doors.gx.crm import check, database, on_snapshot, on_source, plan_of, table_plan

ROWS = pa.table(
    {
        "id": pa.array(range(8), pa.int64()),
        "v0": ["a", "a", "b", None, None, "it's", "it's", "%d:x"],
        "n": pa.array([1, 1, 2, 3, 3, None, None, 4], pa.int64()),
        "stage": ["new", "won", "new", "won", "won", "won", "won", "new"],
    }
)
TABLE = table_plan(ROWS.column_names, key=("id",))
WON = (Condition(column="stage", values=("won", "it's")),)
CHECKS = (
    check("one", rules.Unique(columns=("v0",))),
    check("won", rules.Unique(columns=("v0",)), when=WON),
    check("several", rules.Unique(columns=("v0", "n"))),
    check("never", rules.Unique(columns=("id",))),
)
PLAN = plan_of([TABLE], CHECKS)


@contextmanager
def groupings() -> Iterator[list[str]]:
    """Every statement sent meanwhile that looks for repeated values."""
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if "HAVING count(*) > " in statement:
            sent.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


def asked(runner: SuiteRunner) -> tuple[list[Measurement], list[Evidence]]:
    with runner:
        return list(runner.run()), [runner.evidence(spec) for spec in CHECKS]


def test_on_a_snapshot_the_table_is_grouped_once_per_check(tmp_path: Path) -> None:
    with groupings() as sent:
        measured, evidence = asked(on_snapshot(tmp_path, PLAN, {"leads": ROWS}))
    assert len(sent) == len(CHECKS)
    assert [(m.rows_tested, m.rows_failed) for m in measured] == [(6, 4), (3, 2), (8, 2), (8, 0)]
    assert [e.keys for e in evidence] == [((0,), (1,), (5,), (6,)), ((5,), (6,)), ((0,), (1,)), ()]


@pytest.mark.parametrize("where", ["duckdb", "sqlite", "postgresql", "mariadb"])
def test_a_source_that_may_not_be_written_to_says_the_same(
    where: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    here = asked(on_snapshot(tmp_path, PLAN, {"leads": ROWS}))
    with database(where, tmp_path, request.getfixturevalue) as engine:
        assert asked(on_source(engine, PLAN, {"leads": ROWS})) == here
