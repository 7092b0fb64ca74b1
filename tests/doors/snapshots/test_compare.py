"""Two kept snapshots: what was done between them is found in exactly its rows; where nothing was done, nothing is."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observer.checks.change_rules import (
    ChangedRows,
    DeletedRows,
    InvalidWrites,
    NewValues,
    RowCountChange,
    SchemaDrift,
    Transitions,
)
from observer.checks.measure import Evidence, Measurement
from observer.checks.spec import LiveRows
from observer.contracts.model import Comparison, Operator, Unit
from observer.errors import SnapshotError
from tests.doors.snapshots.desk import KEY, MACHINE, NOW, Desk, counts, rows


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# --- laws -------------------------------------------------------------------------------------------------------

KEYS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "whole": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "text": (pa.string(), st.text(max_size=3)),
    "money": (pa.decimal128(12, 2), st.decimals(-9999, 9999, places=2)),
    "float": (pa.float64(), st.floats()),
    "truth": (pa.bool_(), st.booleans()),
    "bytes": (pa.binary(), st.binary(max_size=3)),
    "day": (pa.date32(), st.dates()),
    "instant": (pa.timestamp("us", "UTC"), st.datetimes(dt.datetime(1900, 1, 1), timezones=st.just(dt.UTC))),
}
VALUES = st.one_of(st.none(), st.floats(), st.sampled_from([0.0, 1.5]))


@st.composite
def tables(draw: st.DrawFn, *, unique: bool) -> tuple[pa.Schema, list[tuple[Any, ...]]]:
    """A key of one or two columns of any type, nulls included, and two values."""
    kinds = draw(st.lists(st.sampled_from(sorted(KEYS)), min_size=1, max_size=2))
    key = st.tuples(*(st.none() | KEYS[kind][1] for kind in kinds))
    keys = draw(st.lists(key, max_size=12, unique_by=canonical if unique else None))
    made = [(*k, draw(VALUES), draw(st.none() | st.text(max_size=2))) for k in keys]
    fields = [(f"k{i}", KEYS[kind][0]) for i, kind in enumerate(kinds)]
    return pa.schema([*fields, ("number", pa.float64()), ("text", pa.string())]), made


def canonical(key: tuple[Any, ...]) -> str:
    """Minus zero is zero, and every NaN is the same."""
    return repr([0 if isinstance(v, float | Decimal) and v == 0 else "nan" if v != v else v for v in key])


def arrow(schema: pa.Schema, made: Sequence[tuple[Any, ...]]) -> pa.Table:
    return pa.table([pa.array([row[i] for row in made], f.type) for i, f in enumerate(schema)], schema=schema)


def desk_of(folder: str, schema: pa.Schema) -> Desk:
    return Desk(Path(folder), key=tuple(n for n in schema.names if n.startswith("k")), columns=tuple(schema.names))


@settings(max_examples=12, deadline=None)
@given(tables(unique=False))
def test_a_state_does_not_differ_from_itself_even_with_keys_that_repeat(
    made: tuple[pa.Schema, list[tuple[Any, ...]]],
) -> None:
    schema, some = made
    with tempfile.TemporaryDirectory() as folder:
        desk = desk_of(folder, schema)
        before, after = desk.keep(arrow(schema, some)), desk.keep(arrow(schema, some[::-1]))
        deleted, changed = desk.compare(before, after, DeletedRows(), ChangedRows())
    assert counts(deleted) == counts(changed) == (0, len(some))


@settings(max_examples=20, deadline=None)
@given(tables(unique=True), st.data())
def test_what_is_deleted_and_what_is_changed_is_found_in_exactly_its_rows(
    made: tuple[pa.Schema, list[tuple[Any, ...]]], data: st.DataObject
) -> None:
    schema, some = made
    fate = data.draw(
        st.lists(st.sampled_from(["stay", "gone", "new", "write"]), min_size=len(some), max_size=len(some))
    )
    of: dict[str, list[tuple[Any, ...]]] = {
        kind: [row for row, what in zip(some, fate, strict=True) if what == kind] for kind in set(fate)
    }
    stay, gone, new, write = (of.get(kind, []) for kind in ("stay", "gone", "new", "write"))
    written = [(*row[:-1], f"{row[-1]}!") for row in write]
    with tempfile.TemporaryDirectory() as folder:
        desk = desk_of(folder, schema)
        before = desk.keep(arrow(schema, [*stay, *gone, *write]))
        after = desk.keep(arrow(schema, [*written, *new, *stay]))
        failing = list(range(0, len(written) + len(new) + len(stay), 2))
        deleted, changed, invalid = desk.compare(
            before, after, DeletedRows(), ChangedRows(), InvalidWrites(checks=()), failing=failing
        )
    assert counts(deleted) == (len(gone), len(stay) + len(gone) + len(write))
    assert counts(changed) == (len(write), len(stay) + len(write))
    assert len(deleted[1].keys) == len(gone)
    assert len(changed[1].keys) == len(write)
    fresh = len(written) + len(new)
    if fresh:
        assert counts(invalid) == ((fresh + 1) // 2, fresh)
    else:
        assert invalid[0].skipped == "no row was written since the last snapshot"


# --- rows -------------------------------------------------------------------------------------------------------


def test_keys_of_the_rows_are_named_in_order_and_within_the_limit(desk: Desk) -> None:
    before = desk.keep(rows(*((n, "a", None) for n in range(300))))
    after = desk.keep(rows(*((n, "b", None) for n in range(250))))
    deleted, changed = desk.compare(before, after, DeletedRows(), ChangedRows())
    assert deleted[1].keys == tuple((n,) for n in range(250, 300))
    assert changed[1].keys == tuple((n,) for n in range(100))
    assert counts(changed) == (250, 250)


FLAGS: list[tuple[pa.DataType, Any, Any, tuple[Any, ...]]] = [
    (pa.bool_(), True, False, (True,)),
    (pa.bool_(), True, False, ("true",)),
    (pa.int64(), 1, 0, (1,)),
    (pa.int64(), 2, 1, ("2", "inf")),
    (pa.string(), "TRUE", "no", (True,)),
    (pa.string(), "1", None, (True,)),
    (pa.decimal128(4, 2), Decimal("1.00"), Decimal("0.00"), (1,)),
    (pa.date32(), dt.date(2026, 1, 1), None, ()),
    (pa.string(), "gone", "here", ("gone", "lost")),
]


@pytest.mark.parametrize(("kind", "dead", "live", "values"), FLAGS, ids=lambda value: str(value)[:12])
def test_a_soft_deleted_row_is_gone_however_the_flag_is_stored(
    tmp_path: Path, kind: pa.DataType, dead: Any, live: Any, values: tuple[Any, ...]
) -> None:
    desk = Desk(tmp_path, columns=("id", "flag"), live_rows=LiveRows(column="flag", deleted_values=values))

    def state(*flags: Any) -> Path:
        return desk.keep(pa.table({"id": list(range(len(flags))), "flag": pa.array(flags, kind)}))

    deleted, changed, rows_ = desk.compare(
        state(live, live, dead), state(live, dead, live), DeletedRows(), ChangedRows(), RowCountChange()
    )
    assert counts(deleted) == (1, 2)
    assert deleted[1].keys == ((1,),)
    assert counts(changed) == (0, 1)
    assert rows_[0].value == 0


def test_the_row_count_changes_by_rows_or_by_percent(desk: Desk) -> None:
    three, four = rows(*((n, "a", None) for n in range(3))), rows(*((n, "a", None) for n in range(4)))
    assert desk.one(three, four, RowCountChange())[0].value == 1
    percent = Comparison(operator=Operator.MUST_BE_BETWEEN, operands=(-20, 20), unit=Unit.PERCENT)
    seen = desk.one(four, three, RowCountChange(), threshold=percent)[0]
    assert (seen.value, seen.seen) == (-25, "-25 % (4 rows before, 3 now)")
    empty = desk.one(three.slice(0, 0), three, RowCountChange(), threshold=percent)[0]
    assert empty.skipped == "the table had no rows before, of which there is no percentage"


def test_columns_that_only_one_of_them_has_are_no_change_and_another_type_is_compared_by_value(desk: Desk) -> None:
    before = pa.table({"id": [1, 2], "name": [5, 6]})
    after = pa.table({"id": [1.0, 2.0], "name": ["5", "x"], "stage": ["new", "new"]})
    found = desk.one(before, after, ChangedRows())
    assert counts(found) == (1, 2)
    assert found[1].keys == ((2,),)
    assert found[1].notes == ("`name` is compared as text: it is stored in another type now",)


def test_a_check_that_could_not_be_looked_at_leaves_invalid_writes_unknown(desk: Desk) -> None:
    table = rows((1, "a", None))
    measured = {"crm.x": Measurement(check_id="crm.x", error="no such column")}
    seen, _ = desk.one(table, table, InvalidWrites(checks=("crm.x",)), measured=measured)
    assert seen.error == "whether what was written is valid is not known: crm.x could not be looked at: no such column"


# --- states and values ------------------------------------------------------------------------------------------

MOVES = [
    ("new", "working", True),
    ("new", "won", True),  # by way of working
    ("won", "new", False),
    ("won", "won", True),
    ("odd", "odd", True),  # the check of the states says so
    ("odd", "won", True),
    ("new", "odd", False),
    ("odd", "odder", True),
    (None, "new", True),
    (None, "won", True),
    ("n/a", "won", True),
    ("new", None, False),
    ("new", "n/a", False),
    (None, None, True),
]


@pytest.mark.parametrize("restricted", [False, True])
def test_moves_are_judged_by_the_states_that_can_be_reached(tmp_path: Path, restricted: bool) -> None:
    desk = Desk(tmp_path, restricted=frozenset({"stage"}) if restricted else frozenset())
    before = rows(*((n, "a", one) for n, (one, _, _) in enumerate(MOVES)))
    after = rows(*((n, "a", other) for n, (_, other, _) in enumerate(MOVES)))
    rule = Transitions(column="stage", machine=MACHINE, placeholders=("n/a",))
    assert [rule.is_legal(*(None if s == "n/a" else s for s in move[:2])) for move in MOVES] == [m[2] for m in MOVES]
    found = desk.one(before, after, rule)
    bad = [n for n, move in enumerate(MOVES) if not move[2]]
    assert counts(found) == (len(bad), len(MOVES))
    assert found[1].keys == tuple((n,) for n in bad)
    if restricted:
        assert found[1].offenders == ()
        assert found[1].notes == ("values not shown: the field is restricted",)
    else:
        said = {offender.value: offender.rows for offender in found[1].offenders}
        assert said == {"won → new": 1, "new → odd": 1, "new → (empty)": 2}


def test_a_new_row_begins_where_it_is_seen_unless_it_was_written_again(tmp_path: Path) -> None:
    columns = ("id", "stage", "made", "written")
    desk = Desk(tmp_path, columns=columns, event_time="made", update_time="written")
    early, late = NOW, NOW + dt.timedelta(hours=1)
    after = rows(
        (1, "new", early, early),
        (2, "won", early, early),
        (3, "won", early, late),
        (4, "odd", early, late),
        (5, None, early, early),
        (6, "won", None, late),
        names=columns,
    )
    found = desk.one(after.slice(0, 0), after, Transitions(column="stage", machine=MACHINE))
    assert found[1].keys == ((2,), (4,), (6,))
    assert {o.value: o.rows for o in found[1].offenders} == {"(new row) → won": 2, "(new row) → odd": 1}


def test_illegal_values_that_were_there_before_are_not_new(desk: Desk) -> None:
    before = rows((1, "a", "odd"), (2, "a", "new"))
    after = rows((1, "a", "odd"), (2, "a", "Odd"), (3, "a", "Odd"), (4, "a", "x"))
    rule = NewValues(column="stage", checks=("crm.stage",))
    measured = {"crm.stage": Measurement(check_id="crm.stage", rows_tested=4, rows_failed=4)}
    found = desk.one(before, after, rule, failing=[0, 1, 2, 3], measured=measured)
    assert counts(found) == (3, 4)
    assert [(o.value, o.rows) for o in found[1].offenders] == [("Odd", 2), ("x", 1)]
    assert found[1].keys == ((2,), (3,), (4,))


# --- schema -----------------------------------------------------------------------------------------------------


def test_drift_tells_what_was_removed_changed_and_added(desk: Desk) -> None:
    before = desk.keep(rows((1, "a", "new")), others=("fax", "city"))
    after = desk.keep(pa.table({"id": ["1"], "name": ["a"]}), others=("city", "score"), nullable=False)
    ((seen, _),) = desk.compare(before, after, SchemaDrift())
    assert seen.seen == (
        "`stage` removed; `fax` removed; `id` was int64, is string; `id` may not be null any more; "
        "`name` may not be null any more; `score` added"
    )
    assert seen.value == 5


def test_a_column_that_the_contract_names_now_is_no_drift(desk: Desk) -> None:
    narrow = replace(desk.table, columns=("id", "name"))
    before = desk.keep(rows((1, "a"), names=("id", "name")), table=narrow, others=("stage",))
    ((seen, _),) = desk.compare(before, desk.keep(rows((1, "a", "new"))), SchemaDrift())
    assert (seen.value, seen.seen) == (0, "no column changed")


# --- what cannot be compared ------------------------------------------------------------------------------------

BY_ROWS = (DeletedRows(), ChangedRows(), InvalidWrites(checks=()), Transitions(column="stage", machine=MACHINE))


def test_a_table_that_could_not_be_read_now_is_an_error_and_then_nothing_to_compare_with(desk: Desk) -> None:
    good, bad = desk.keep(rows((1, "a", "new"))), desk.keep("there is no such table")
    rules = (*BY_ROWS, SchemaDrift(), RowCountChange())
    assert {m.error for m, _ in desk.compare(good, bad, *rules)} == {"there is no such table"}
    skipped = {m.skipped for m, _ in desk.compare(bad, good, *rules)}
    assert skipped == {"the table could not be read when the earlier snapshot was taken"}


def test_after_the_primary_key_was_changed_no_row_is_found_again(desk: Desk) -> None:
    before = desk.keep(rows((1, "a", "new")), table=replace(desk.table, key=("name",)))
    found = desk.compare(before, desk.keep(rows((1, "a", "new"))), *BY_ROWS)
    why = "rows cannot be found again: the primary key was (name) and is (id) now"
    assert {m.skipped for m, _ in found} == {why}


def test_another_secret_of_the_tokens_leaves_only_what_needs_none(tmp_path: Path) -> None:
    desk = Desk(tmp_path, restricted=frozenset({"name"}))
    state = rows((1, "ada@example.com", "new"))
    deleted, changed, invalid, moved = desk.compare(desk.keep(state, key=KEY[::-1]), desk.keep(state), *BY_ROWS)
    assert counts(deleted) == counts(moved) == (0, 1)
    why = "the secret from which the tokens of `name` are made was changed"
    assert changed[0].skipped == invalid[0].skipped == why

    hidden = Desk(tmp_path / "hidden", restricted=frozenset({"id", "stage"}))
    found = hidden.compare(hidden.keep(state, key=KEY[::-1]), hidden.keep(state), *BY_ROWS)
    assert {m.skipped for m, _ in found} == {
        "rows cannot be found again: the secret from which the tokens of `id` are made was changed"
    }


def test_a_field_that_is_restricted_only_now_cannot_be_compared(desk: Desk) -> None:
    before = desk.keep(rows((1, "a", "new")))
    desk.table = replace(desk.table, restricted=frozenset({"name", "stage"}))
    after = desk.keep(rows((1, "a", "new")))
    deleted, changed, _, moved = desk.compare(before, after, *BY_ROWS)
    assert counts(deleted) == (0, 1)
    assert changed[0].skipped == "`name` was not restricted then and is now"
    assert moved[0].skipped == "`stage` was not restricted then and is now"


def test_rows_with_a_restricted_key_are_found_again_by_their_tokens_which_are_not_shown(tmp_path: Path) -> None:
    desk = Desk(tmp_path, restricted=frozenset({"id"}))
    found = desk.one(rows((1, "a", "new"), (2, "a", "new")), rows((2, "a", "new")), DeletedRows())
    assert counts(found) == (1, 2)
    assert found[1] == Evidence(check_id="DeletedRows", notes=("keys not shown: a key column is restricted",))


def test_without_a_secret_nothing_restricted_is_compared_but_all_else_is(tmp_path: Path, desk: Desk) -> None:
    before = desk.keep(rows((1, "a", "new")), key=None)
    (found,) = desk.compare(before, desk.keep(rows((1, "b", "new")), key=None), ChangedRows(), key=None)
    assert counts(found) == (1, 1)
    desk.table = replace(desk.table, restricted=frozenset({"name"}))
    with pytest.raises(SnapshotError, match="needs a secret"):
        desk.keep(rows((1, "a", "new")), key=None)
    assert not list(tmp_path.glob(".*partial*"))


def test_an_earlier_snapshot_that_is_gone_is_said(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="no finished snapshot"):
        desk.compare(tmp_path / "nowhere", desk.keep(rows((1, "a", "new"))), DeletedRows())


def test_a_file_that_is_damaged_is_an_error_without_any_value(desk: Desk) -> None:
    before, after = desk.keep(rows((1, "secret", "new"))), desk.keep(rows((1, "a", "new")))
    (before / "000-leads.parquet").write_bytes(b"PAR1 secret PAR1")
    ((seen, _),) = desk.compare(before, after, DeletedRows())
    assert seen.error is not None and seen.error.startswith("the snapshots could not be compared (")
