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
from observer.gx.dialect_words import Sql
from observer.gx.failing import FailingRows
from observer.gx.kinds import TIMES, Kind
from observer.gx.relations import Relation

#: A column with more values than this explains nothing a person can act on.
MOST_VALUES = 50
#: Rows that are looked at to leave such columns out before the whole table is grouped by them.
SAMPLE_ROWS = 10_000
MIN_LIFT = 1.5
#: Fewer failures than this are chance.
MIN_FAILURES = 5
MIN_SHARE = 0.25
#: Standard deviations above what chance would put there. Some hundred parts are looked at, so two or three would name
#: many an innocent sales rep.
MIN_DEVIATIONS = 4.0
#: A part that holds nearly all rows explains nothing.
MAX_SHARE_OF_ROWS = 0.95
SHOWN = 3
#: PostgreSQL's GROUPING takes 31 columns.
_SETS = 25
_MONTH = "creation month"
_KINDS = frozenset({Kind.TEXT, Kind.BOOLEAN, Kind.INTEGER})


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    """Counts of one table: columns `column`, `value`, `check`, `tested`, `failed`; a null value is None."""

    counts: pd.DataFrame
    event_time: str | None
    notes: tuple[str, ...] = ()

    def segments(self, check: str, without: Iterable[str]) -> tuple[Segment, ...]:
        """The parts that explain the check's failures best, best first. `without`: the columns it looks at itself."""
        own = {_MONTH if name == self.event_time else name for name in without}
        mine = self.counts[(self.counts["check"] == check) & ~self.counts["column"].isin(own)]
        if mine.empty:
            return ()
        totals = mine.groupby("column")[["tested", "failed"]].transform("sum")
        values = mine.groupby("column")["value"].transform("size")
        share = mine["failed"] / totals["failed"]
        lift = (mine["failed"] / mine["tested"]) / (totals["failed"] / totals["tested"])
        rows_here = mine["tested"] / totals["tested"]
        by_chance = totals["failed"] * rows_here
        deviations = (mine["failed"] - by_chance) / (by_chance * (1 - rows_here)).clip(lower=1e-9) ** 0.5
        ranked = mine.assign(share=share, lift=lift, score=share * (1 - 1 / lift.where(lift > 0)))
        stands_out = (
            (values >= 2)
            & ((values <= MOST_VALUES) | (mine["column"] == _MONTH))
            & (ranked["failed"] >= MIN_FAILURES)
            & (share >= MIN_SHARE)
            & (lift >= MIN_LIFT)
            & (deviations >= MIN_DEVIATIONS)
            & (mine["tested"] <= MAX_SHARE_OF_ROWS * totals["tested"])
        )
        best = ranked[stands_out].sort_values(["score", "column"], ascending=[False, True], kind="stable").head(SHOWN)
        return tuple(self._segment(row) for row in best.to_dict("records"))

    def _segment(self, row: Mapping[Any, Any]) -> Segment:
        column = self.event_time if row["column"] == _MONTH and self.event_time else row["column"]
        return Segment(
            column=str(column),
            value=None if pd.isna(row["value"]) else row["value"],
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
    bench: Bench,
    table: TablePlan,
    relation: Relation,
    tested: Mapping[str, Sql],
    failing: FailingRows,
    candidates: Sequence[str],
) -> Breakdown:
    """Count every failed check of the table per value of each column that may explain it (`explaining_columns`).

    `tested`: check id → true of a row that the check looked at.
    """
    event = _event_time(table, relation)
    names = [*candidates, *([_MONTH] if event else [])]
    notes: list[str] = []
    frames: list[pd.DataFrame] = []
    for start in range(0, len(names), _SETS):
        part = names[start : start + _SETS]
        try:
            frames.append(_count(bench, part, event, relation, tested, failing))
        except sa.exc.SQLAlchemyError as error:
            notes.append(f"segments not counted: {reason(error)}")
    counts = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=_COLUMNS)
    return Breakdown(counts=counts[counts["tested"] > 0], event_time=event, notes=tuple(notes))


def explaining_columns(bench: Bench, table: TablePlan, relation: Relation) -> list[str]:
    """Columns with few values, none restricted and none of the key; and the event time, by its months."""
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


def _event_time(table: TablePlan, relation: Relation) -> str | None:
    """The column by whose months failures are counted; none when it is no time, or restricted."""
    shown = table.event_time not in table.restricted
    return table.event_time if shown and relation.kinds.get(table.event_time or "") in TIMES else None


_COLUMNS = ["column", "value", "check", "tested", "failed"]


def _count(
    bench: Bench,
    names: Sequence[str],
    event: str | None,
    relation: Relation,
    tested: Mapping[str, Sql],
    failing: FailingRows,
) -> pd.DataFrame:
    """One row per column, value and check, with the rows tested and failed there."""
    whole = _grouped(bench, names, event, relation, dict(tested), everything=True)
    broken = pd.concat(
        [_grouped(bench, names, event, failing, part, everything=bench.own) for part in _together(bench, failing)],
        ignore_index=True,
    )
    counts = whole.merge(broken, on=["column", "value", "check"], how="left", suffixes=("_tested", "_failed"))
    counts = counts.rename(columns={"rows_tested": "tested", "rows_failed": "failed"}).fillna({"failed": 0})
    return counts.astype({"tested": int, "failed": int})[_COLUMNS]


def _together(bench: Bench, failing: FailingRows) -> list[dict[str, Sql]]:
    """The conditions that one query may count.

    In a source, one that looks into a subquery (repeated values, references) stands alone: beside others under an OR,
    PostgreSQL goes through the subquery's rows for every row of the table instead of joining them.
    """
    if bench.own:
        return [dict(failing.conditions)]
    alone = [{check: c} for check, c in failing.conditions.items() if _looks_elsewhere(c)]
    plain = {check: c for check, c in failing.conditions.items() if not _looks_elsewhere(c)}
    return [*([plain] if plain else []), *alone]


def _looks_elsewhere(condition: Sql) -> bool:
    return any(isinstance(part, sa.SelectBase) for part in sa.sql.visitors.iterate(condition))


def _grouped(
    bench: Bench,
    names: Sequence[str],
    event: str | None,
    among: Relation | FailingRows,
    conditions: Mapping[str, Sql],
    *,
    everything: bool,
) -> pd.DataFrame:
    """Rows that meet each condition, per value of each column; of all rows, or of those that meet any condition."""
    texts = {check: _text(bench, condition) for check, condition in conditions.items()}
    distinct = {text: conditions[check] for check, text in texts.items()}
    place = {text: i for i, text in enumerate(distinct)}
    # Every row that is selected meets a condition that stands alone: it need not be computed again.
    alone = len(distinct) == 1 and not everything
    keys = [words.month(among.column(event)) if n == _MONTH and event else among.column(n) for n in names]
    inner = sa.select(
        *(key.label(f"g{i}") for i, key in enumerate(keys)),
        *((sa.true() if alone else condition).label(f"c{i}") for i, condition in enumerate(distinct.values())),
    ).select_from(among.rows)
    judged = (inner if everything else inner.where(sa.or_(*distinct.values()))).subquery("judged")
    groups = [judged.c[f"g{i}"] for i in range(len(keys))]
    numbers = [sa.func.sum(sa.case((judged.c[f"c{i}"], 1), else_=0)) for i in range(len(distinct))]
    found: list[tuple[str, Any, Sequence[Any]]] = []
    if bench.dialect in ("duckdb", "postgresql") and len(groups) > 1:
        query = sa.select(*groups, *numbers, sa.func.grouping(*groups))
        query = query.group_by(sa.func.grouping_sets(*(sa.tuple_(group) for group in groups)))
        marks = {((1 << len(groups)) - 1) ^ (1 << (len(groups) - 1 - i)): i for i in range(len(groups))}
        for row in bench.fetch(query):
            mark = marks[int(row[-1])]
            found.append((names[mark], row[mark], row[len(groups) : -1]))
    else:
        for name, group in zip(names, groups, strict=True):
            found += [(name, row[0], row[1:]) for row in bench.fetch(sa.select(group, *numbers).group_by(group))]
    return pd.DataFrame(
        [
            (name, words.month_text(value) if name == _MONTH else value, check, int(counts[place[text]] or 0))
            for name, value, counts in found
            for check, text in texts.items()
        ],
        columns=["column", "value", "check", "rows"],
    ).astype({"value": object})


def _text(bench: Bench, condition: Sql) -> str:
    """Equal for conditions that are the same: many checks look at the same rows."""
    compiled = condition.compile(bench.engine)
    return f"{compiled} {compiled.params}"
