"""Which row of one snapshot is which of the other, where that is not plain: keys that repeat, types that changed."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from observer.checks.change_rules import ChangedRows, DeletedRows, InvalidWrites, RowCountChange, Transitions
from tests.doors.snapshots.desk import MACHINE, Desk, counts, rows


def test_of_rows_with_one_key_only_those_without_an_equal_were_changed(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    without_key = [(None, name, "new") for name in "bcdef"]
    before = rows((1, "x", "new"), *without_key, (2, "q", "new"), (2, "s", "new"))
    after = rows((1, "y", "new"), (None, "a", "new"), *without_key[::-1], (2, "r", "new"), (2, "s", "new"))
    deleted, changed, written = desk.compare(
        desk.keep(before), desk.keep(after), DeletedRows(), ChangedRows(), InvalidWrites(checks=()), failing=[1]
    )
    assert counts(deleted) == (0, 8)
    assert counts(changed) == (2, 8)
    assert changed[1].keys == ((1,), (2,))
    # Row 1 and one of key 2 were changed, one row without a key is new.
    assert counts(written) == (1, 3)


def test_tokens_of_another_type_are_not_compared_as_if_every_row_had_changed(tmp_path: Path) -> None:
    phones = Desk(tmp_path / "phones", restricted=frozenset({"name"}))
    ((changed, _), (deleted, _)) = phones.compare(
        phones.keep(rows((1, 490, "new"))), phones.keep(rows((1, "490", "new"))), ChangedRows(), DeletedRows()
    )
    assert changed.skipped == "`name` is stored in another type now, whose tokens differ"
    assert (deleted.rows_failed, deleted.rows_tested) == (0, 1)

    keyed = Desk(tmp_path / "keyed", restricted=frozenset({"id"}))
    seen, _ = keyed.one(rows((1, "a", "new")), rows(("1", "a", "new")), DeletedRows())
    assert seen.skipped == "rows cannot be found again: `id` is stored in another type now, whose tokens differ"
    assert counts(keyed.one(rows((1, "a", "new")), rows((1.0, "a", "new")), DeletedRows())) == (0, 1)


def test_a_key_of_another_type_is_compared_as_text_and_that_is_said(tmp_path: Path) -> None:
    seen, evidence = Desk(tmp_path).one(
        rows((1, "a", "new"), (2, "a", "new")), rows(("1", "a", "new"), ("02", "a", "new")), DeletedRows()
    )
    assert (seen.rows_failed, seen.rows_tested) == (1, 2)
    assert evidence.notes == ("`id` is compared as text: it is stored in another type now",)


@pytest.mark.parametrize(
    ("stage", "hidden", "kind"),
    [(1, True, "int64"), (1.0, False, "double"), (1.0, True, "double")],
    ids=["whole numbers as tokens", "numbers", "numbers as tokens"],
)
def test_states_that_are_no_texts_are_an_error_and_never_legal(
    tmp_path: Path, stage: float, hidden: bool, kind: str
) -> None:
    desk = Desk(tmp_path, restricted=frozenset({"stage"} if hidden else ()))
    seen, _ = desk.one(rows((1, "a", stage)), rows((1, "a", stage + 1)), Transitions(column="stage", machine=MACHINE))
    assert seen.error == f"states are texts, and `stage` is stored as {kind}"


def test_columns_that_differ_in_case_only_are_an_error_of_their_table(tmp_path: Path) -> None:
    desk = Desk(tmp_path, columns=("id", "name", "Name"))
    state = pa.table({"id": [1], "name": ["a"], "Name": ["b"]})
    before, after = desk.keep(state), desk.keep(state)
    found = desk.compare(before, after, DeletedRows(), ChangedRows(), RowCountChange())
    assert {seen.error for seen, _ in found} == {"DuckDB cannot tell `name` from `Name`"}
