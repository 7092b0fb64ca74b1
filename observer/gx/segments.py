"""Which part of a table explains its failures: counts per value of its low-cardinality columns and per month.

One query per table counts for all its failed checks at once; the ranking is pandas on those few counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import sqlalchemy as sa

from observer.checks.measure import MonthCount, Segment
from observer.checks.spec import TablePlan
from observer.gx import dialect_words as words
from observer.gx.asking import reason
from observer.gx.bench import Bench
from observer.gx.dialect_words import CannotSay, Sql
from observer.gx.kinds import TIMES, Kind
from observer.gx.relations import Relation

#: A column with more values than this explains nothing a person can act on.
MOST_VALUES = 50
#: Rows that are looked at to leave such columns out before the whole table is grouped by them.
SAMPLE_ROWS = 10_000
MIN_LIFT = 1.5
#: Fewer failures than this are chance.
MIN_FAILURES = 5
MIN_SHARE = 0.1
#: A part that holds nearly all rows explains nothing.
MAX_SHARE_OF_ROWS = 0.95
SHOWN = 3
#: PostgreSQL's GROUPING takes 31 columns.
_SETS = 25
_MONTH = "creation month"
_KINDS = frozenset({Kind.TEXT, Kind.BOOLEAN, Kind.INTEGER})


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    """Counts of one table: columns `column`, `value`, `check`, `tested`, `failed`."""

    counts: pd.DataFrame
    event_time: str | None
    notes: tuple[str, ...] = ()

    def segments(self, check: str, without: Iterable[str]) -> tuple[Segment, ...]:
        """The parts that explain the check's failures best, best first. `without`: the columns it looks at itself."""
        mine = self.counts[(self.counts["check"] == check) & ~self.counts["column"].isin(list(without))]
        if mine.empty:
            return ()
        totals = mine.groupby("column")[["tested", "failed"]].transform("sum")
        values = mine.groupby("column")["value"].transform("size")
        share = mine["failed"] / totals["failed"]
        lift = (mine["failed"] / mine["tested"]) / (totals["failed"] / totals["tested"])
        ranked = mine.assign(share=share, lift=lift, score=share * (1 - 1 / lift.where(lift > 0)))
        stands_out = (
            (values >= 2)
            & ((values <= MOST_VALUES) | (mine["column"] == _MONTH))
            & (ranked["failed"] >= MIN_FAILURES)
            & (share >= MIN_SHARE)
            & (lift >= MIN_LIFT)
            & (mine["tested"] <= MAX_SHARE_OF_ROWS * totals["tested"])
        )
        best = ranked[stands_out].sort_values(["score", "column"], ascending=[False, True], kind="stable").head(SHOWN)
        return tuple(self._segment(row) for row in best.to_dict("records"))

    def _segment(self, row: Mapping[Any, Any]) -> Segment:
        column = self.event_time if row["column"] == _MONTH and self.event_time else row["column"]
        return Segment(
            column=str(column),
            value=row["value"],
            rows_tested=int(row["tested"]),
            rows_failed=int(row["failed"]),
            share=float(row["share"]),
            lift=float(row["lift"]),
        )

    def months(self, check: str) -> tuple[MonthCount, ...]:
        """Rows tested and failed per creation month, oldest first."""
        mine = self.counts[(self.counts["check"] == check) & (self.counts["column"] == _MONTH)]
        return tuple(
            MonthCount(month=str(row["value"]), rows_tested=int(row["tested"]), rows_failed=int(row["failed"]))
            for row in mine.dropna(subset=["value"]).sort_values("value").to_dict("records")
        )


def count_segments(
    bench: Bench, table: TablePlan, relation: Relation, failing: Mapping[str, tuple[Sql, Sql]]
) -> Breakdown:
    """Count every failed check of the table per value of each column that may explain it."""
    notes: list[str] = []
    groups: dict[str, Sql] = {name: relation.column(name) for name in _candidates(bench, table, relation)}
    event = table.event_time if relation.kinds.get(table.event_time or "") in TIMES else None
    if event is not None:
        try:
            groups[_MONTH] = words.month(relation.column(event), bench.dialect)
        except CannotSay as error:
            notes.append(str(error))
    frames: list[pd.DataFrame] = []
    names = list(groups)
    for start in range(0, len(names), _SETS):
        part = {name: groups[name] for name in names[start : start + _SETS]}
        try:
            frames.append(_count(bench, relation, part, failing))
        except sa.exc.SQLAlchemyError as error:
            notes.append(f"segments not counted: {reason(error)}")
    columns = ["column", "value", "check", "tested", "failed"]
    counts = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
    return Breakdown(counts=counts[counts["tested"] > 0], event_time=event, notes=tuple(notes))


def _candidates(bench: Bench, table: TablePlan, relation: Relation) -> list[str]:
    columns = [
        name
        for name, kind in relation.kinds.items()
        if kind in _KINDS and name not in table.restricted and name not in table.key and name not in relation.untyped
    ]
    if not columns:
        return []
    query = sa.select(*(relation.column(name) for name in columns)).limit(SAMPLE_ROWS)
    sample = pd.DataFrame([tuple(row) for row in bench.fetch(query)], columns=columns)
    distinct = sample.nunique(dropna=False)
    return [name for name in columns if int(distinct[name]) <= MOST_VALUES]


def _count(
    bench: Bench, relation: Relation, groups: Mapping[str, Sql], failing: Mapping[str, tuple[Sql, Sql]]
) -> pd.DataFrame:
    numbers: list[Sql] = []
    for failed, tested in failing.values():
        numbers += [_rows_where(tested), _rows_where(failed)]
    labelled = [n.label(f"n{i}") for i, n in enumerate(numbers)]
    found: list[tuple[str, Any, Sequence[Any]]] = []
    if bench.dialect in ("duckdb", "postgresql") and len(groups) > 1:
        columns = list(groups.values())
        query = sa.select(sa.func.grouping(*columns), *columns, *labelled).select_from(relation.rows)
        query = query.group_by(sa.func.grouping_sets(*(sa.tuple_(c) for c in columns)))
        marks = {((1 << len(columns)) - 1) ^ (1 << (len(columns) - 1 - i)): i for i in range(len(columns))}
        names = list(groups)
        for row in bench.fetch(query):
            place = marks[int(row[0])]
            found.append((names[place], row[1 + place], row[1 + len(columns) :]))
    else:
        for name, column in groups.items():
            rows = bench.fetch(sa.select(column, *labelled).select_from(relation.rows).group_by(column))
            found += [(name, row[0], row[1:]) for row in rows]
    return pd.DataFrame(
        [
            {
                "column": name,
                "value": value,
                "check": check,
                "tested": int(n[2 * i] or 0),
                "failed": int(n[2 * i + 1] or 0),
            }
            for name, value, n in found
            for i, check in enumerate(failing)
        ],
        columns=["column", "value", "check", "tested", "failed"],
    ).astype({"value": object})


def _rows_where(condition: Sql) -> Sql:
    return sa.func.sum(sa.case((condition, 1), else_=0))
