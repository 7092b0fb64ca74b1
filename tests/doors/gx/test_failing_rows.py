"""Where in the snapshot's file failing rows are: the same rows that were counted, soft-deleted ones left out."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from observer.checks import rules
from observer.checks.spec import LiveRows
from observer.contracts.model import Condition
from observer.errors import EngineError
from tests.doors.gx.crm import check, on_snapshot, plan_of, table_plan

ROWS = pa.table(
    {
        "id": [1, 2, 2, 3, 9],
        "stage": ["new", "odd", "odd", None, "odd"],
        "day": ["2026-01-01", "2026-01-05", None, "2026-01-02", None],
        "gone": [False, False, False, False, True],
    }
)
CHECKS = [
    (check("unique", rules.Unique(columns=("id",))), [1, 2]),
    (check("together", rules.Unique(columns=("id", "stage"))), [1, 2]),
    (check("stage", rules.InSet(column="stage", values=("new",))), [1, 2]),
    (check("day", rules.Present(column="day")), [2]),
    # The column is text in the file and a day in the check.
    (check("early", rules.InRange(column="day", maximum="2026-01-03")), [1]),
    (check("some", rules.Present(column="day"), when=(Condition(column="id", values=(1,)),)), []),
    (check("rows", rules.RowCount()), []),
]


def test_each_check_has_its_rows_and_several_have_each_row_once(tmp_path: Path) -> None:
    table = table_plan(
        ROWS.column_names,
        logical_types=(("day", "date"),),
        live_rows=LiveRows(column="gone", deleted_values=(True,)),
    )
    with on_snapshot(tmp_path, plan_of([table], [c for c, _ in CHECKS]), {"leads": ROWS}) as runner:
        for seen in runner.run():
            assert seen.error is None
        for spec, rows in CHECKS:
            assert sorted(runner.failing_row_numbers("leads", [spec.id]).to_pylist()) == rows, spec.id
        every = runner.failing_row_numbers("leads", [spec.id for spec, _ in CHECKS])
        assert sorted(every.to_pylist()) == [1, 2]


def test_a_table_with_a_column_of_that_name_says_that_its_rows_have_no_numbers(tmp_path: Path) -> None:
    rows = ROWS.rename_columns(["id", "stage", "day", "File_Row_Number"])
    plan = plan_of([table_plan(rows.column_names)], [CHECKS[0][0]])
    with on_snapshot(tmp_path, plan, {"leads": rows}) as runner:
        (seen,) = runner.run()
        assert seen.rows_failed == 2
        with pytest.raises(EngineError, match="its rows cannot be found again"):
            runner.failing_row_numbers("leads", [seen.check_id])
