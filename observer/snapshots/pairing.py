"""One table in two snapshots → which row is which: a temporary table of DuckDB with one line per row of either.

Rows are paired by primary key, null equal to null and NaN to NaN, whatever the key's type. Rows of one key that occur
several times are paired with their equals, and what is left in the order of its values. Columns that only one snapshot
has are left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import duckdb

from observer.checks.spec import LiveRows, TablePlan
from observer.snapshots.manifest import ColumnEntry, TableEntry

#: DuckDB's name for the place of a row in its file, from 0.
ROW_NUMBER = "file_row_number"
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "UTINYINT")
_MORE_NUMBERS = ("USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "BOOLEAN")
_ARROW_NUMBERS = ("int", "uint", "halffloat", "float", "double", "decimal", "bool")


class CannotCompare(Exception):
    """Why something cannot be seen between the two snapshots; holds no value."""

    def __init__(self, why: str, *, is_fault: bool) -> None:
        super().__init__(why)
        #: True: we could not look. False: there is nothing to compare with.
        self.is_fault = is_fault


def quoted(name: str) -> str:
    """As an identifier of DuckDB."""
    return '"{}"'.format(name.replace('"', '""'))


def literal(text: str) -> str:
    """As a text of DuckDB."""
    return "'{}'".format(text.replace("'", "''"))


@dataclass(frozen=True)
class Side:
    """A table of one of the two snapshots."""

    entry: TableEntry
    #: `read_parquet(…)` with row numbers.
    source: str
    #: Column → DuckDB's type of it.
    types: dict[str, str]
    is_present: bool

    @property
    def columns(self) -> dict[str, ColumnEntry]:
        return {column.name: column for column in self.entry.columns}

    def column(self, name: str) -> ColumnEntry:
        """Raises CannotCompare: this snapshot does not have it."""
        found = self.columns.get(name)
        if found is None:
            when = "the table has" if self.is_present else "in the earlier snapshot the table had"
            raise CannotCompare(f"{when} no column `{name}`", is_fault=self.is_present)
        return found

    def live(self, flag: LiveRows | None) -> str:
        """What is true of a row that is not soft-deleted, in SQL. Raises CannotCompare."""
        if flag is None:
            return "true"
        column, name = self.column(flag.column), quoted(flag.column)
        if not flag.deleted_values:
            return f"{name} IS NULL"
        if column.tokenised:
            raise CannotCompare(
                f"which rows are deleted is told by `{flag.column}`, which is restricted and kept as tokens",
                is_fault=True,
            )
        kind = self.types[flag.column]
        if kind == "VARCHAR":
            deleted = f"lower({name}) IN ({', '.join(literal(text) for text in flag.deleted_texts)})"
        elif _is_number(kind):
            numbers = {number for text in flag.deleted_texts if (number := _number(text)) is not None}
            deleted = " OR ".join(f"CAST({name} AS DOUBLE) = {number!r}" for number in sorted(numbers)) or "false"
        else:
            texts = [literal(str(value)) for value in flag.deleted_values if value is not None]
            deleted = " OR ".join(f"{name} = TRY_CAST({text} AS {kind})" for text in texts) or "false"
        return f"NOT coalesce({deleted}, false)"


def open_side(connection: duckdb.DuckDBPyConnection, folder: Path, entry: TableEntry, *, is_present: bool) -> Side:
    """Raises CannotCompare."""
    assert entry.file is not None
    if ROW_NUMBER in (column.name.lower() for column in entry.columns):
        raise CannotCompare(f"rows cannot be paired beside a column `{ROW_NUMBER}`", is_fault=True)
    folded: dict[str, str] = {}
    for column in entry.columns:
        if (other := folded.setdefault(column.name.lower(), column.name)) != column.name:
            raise CannotCompare(f"DuckDB cannot tell `{other}` from `{column.name}`", is_fault=True)
    path = folder / entry.file
    if not path.is_file():
        raise CannotCompare(f"a file of the {'new' if is_present else 'earlier'} snapshot is gone", is_fault=True)
    source = f"read_parquet({literal(str(path.resolve()))}, {ROW_NUMBER} = true)"
    described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    return Side(entry, source, {str(row[0]): str(row[1]) for row in described}, is_present)


@dataclass(frozen=True)
class Pairs:
    """`table` has a line per row: `b_row` and `a_row` (null where there is none), `b_live`, `a_live`, `differs`,
    `written_since` (true of a row that was written again after it was made), and for each of `states`, by position,
    `b_state0` and `a_state0` as text.
    """

    table: str
    states: tuple[str, ...]
    #: Why `differs` cannot be trusted: columns whose values cannot be compared; None when all can.
    incomparable: str | None
    #: What was not compared as it is, for people.
    notes: tuple[str, ...]


def pair(
    connection: duckdb.DuckDBPyConnection,
    number: int,
    plan: TablePlan,
    before: Side,
    after: Side,
    *,
    same_key: bool,
    states: tuple[str, ...],
) -> Pairs:
    """`same_key`: the tokens of both were made with the same key. Raises CannotCompare, duckdb.Error."""
    _check_key(plan, before, after, same_key=same_key)
    notes: list[str] = []
    shared = [name for name in after.columns if name in before.columns and name not in plan.key]
    compared = [name for name in shared if is_comparable(name, before, after, same_key=same_key)]
    unlike = [unlike_tokens(name, before, after) for name in shared if name not in compared]
    notes += [
        f"`{name}` is compared as text: it is stored in another type now"
        for name in (*plan.key, *compared)
        if not _alike(before.types[name], after.types[name])
    ]
    table = f"pairs{number}"
    sides = []
    for side, other in ((before, after), (after, before)):
        keys = [f"{_said(name, side, other)} AS k{i}" for i, name in enumerate(plan.key)]
        values = [f"{_said(name, side, other)} AS c{i}" for i, name in enumerate(compared)]
        texts = [
            f"CAST({quoted(name)} AS VARCHAR) AS s{i}" if name in side.columns else f"CAST(NULL AS VARCHAR) AS s{i}"
            for i, name in enumerate(states)
        ]
        more = [f"{side.live(plan.live_rows)} AS live", f"{_written_since(plan, side)} AS written_since"]
        sides.append(f"SELECT {ROW_NUMBER} AS n, {', '.join((*keys, *values, *texts, *more))} FROM {side.source}")
    on = [f"b.k{i} IS NOT DISTINCT FROM a.k{i}" for i in range(len(plan.key))]
    key_columns = [f"k{i}" for i in range(len(plan.key))]
    if _repeat(connection, sides, key_columns):
        sides = _numbered(connection, sides, key_columns, [f"c{i}" for i in range(len(compared))])
        on.append("b.nth = a.nth")
        notes.append("rows with the same key are paired with their equals, what is left in the order of its values")
    differs = " OR ".join(f"b.c{i} IS DISTINCT FROM a.c{i}" for i in range(len(compared))) or "false"
    state_columns = "".join(f", b.s{i} AS b_state{i}, a.s{i} AS a_state{i}" for i in range(len(states)))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT b.n AS b_row, a.n AS a_row, "
        "coalesce(b.live, false) AS b_live, coalesce(a.live, false) AS a_live, "
        f"(b.n IS NOT NULL AND a.n IS NOT NULL AND ({differs})) AS differs, "
        f"coalesce(a.written_since, false) AS written_since{state_columns} "
        f"FROM ({sides[0]}) b FULL OUTER JOIN ({sides[1]}) a ON {' AND '.join(on)}"
    )
    return Pairs(table, states, unlike[0] if unlike else None, tuple(notes))


def _check_key(plan: TablePlan, before: Side, after: Side, *, same_key: bool) -> None:
    was = before.entry.key
    if was is not None and was != plan.key:
        text = f"the primary key was ({', '.join(was)}) and is ({', '.join(plan.key)}) now"
        raise CannotCompare(f"rows cannot be found again: {text}", is_fault=False)
    for name in plan.key:
        if not is_comparable(name, before, after, same_key=same_key):
            raise CannotCompare(f"rows cannot be found again: {unlike_tokens(name, before, after)}", is_fault=False)


def unlike_tokens(name: str, before: Side, after: Side) -> str:
    """Why the values of the column cannot be compared."""
    then, now = before.column(name).tokenised, after.column(name).tokenised
    if then and now:
        if not _same_tokens(before.column(name), after.column(name)):
            return f"`{name}` is stored in another type now, whose tokens differ"
        return f"the secret from which the tokens of `{name}` are made was changed"
    return f"`{name}` {'was' if then else 'was not'} restricted then and {'is' if now else 'is not'} now"


def is_comparable(name: str, before: Side, after: Side, *, same_key: bool) -> bool:
    """Whether equal values look equal in both. Raises CannotCompare: one of them does not have the column."""
    now, then = after.column(name), before.column(name)
    return then.tokenised is now.tokenised and (not now.tokenised or (same_key and _same_tokens(then, now)))


def _same_tokens(one: ColumnEntry, other: ColumnEntry) -> bool:
    """Whether equal values of the two have equal tokens: numbers of every type have."""
    types = [column.type_of_values for column in (one, other)]
    return None in types or types[0] == types[1] or all(kind and kind.startswith(_ARROW_NUMBERS) for kind in types)


def _alike(one: str, other: str) -> bool:
    """Whether DuckDB compares the two types by their values."""
    times = ("DATE", "TIMESTAMP")
    return (
        one == other or (_is_number(one) and _is_number(other)) or (one.startswith(times) and other.startswith(times))
    )


def _is_number(kind: str) -> bool:
    return kind.startswith((*_NUMBERS, *_MORE_NUMBERS)) and not kind.endswith("]")


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _said(name: str, side: Side, other: Side) -> str:
    if _alike(side.types[name], other.types[name]):
        return quoted(name)
    return f"CAST({quoted(name)} AS VARCHAR)"


def _written_since(plan: TablePlan, side: Side) -> str:
    made, written = plan.event_time, plan.update_time
    columns = side.columns
    if made is None or written is None or made == written or not {made, written} <= columns.keys():
        return "false"
    if columns[made].tokenised or columns[written].tokenised or side.types[made] != side.types[written]:
        return "false"
    return f"{quoted(written)} > {quoted(made)}"


def _repeat(connection: duckdb.DuckDBPyConnection, sides: list[str], keys: list[str]) -> bool:
    """Whether any key occurs several times on one of the two sides; these keys are in `repeated` then."""
    once = " UNION ".join(f"SELECT {', '.join(keys)} FROM ({s}) GROUP BY ALL HAVING count(*) > 1" for s in sides)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE repeated AS {once}")
    return connection.execute("SELECT 1 FROM repeated LIMIT 1").fetchone() is not None


def _numbered(connection: duckdb.DuckDBPyConnection, sides: list[str], keys: list[str], values: list[str]) -> list[str]:
    """The sides with `nth`, the place of a row among those of its key: what both sides have comes first."""
    of_key, cells = ", ".join(keys), [*keys, *values]
    for name, side in zip("xy", sides, strict=True):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE several_{name} AS SELECT n, {', '.join(cells)}, "
            f"row_number() OVER (PARTITION BY {', '.join(cells)} ORDER BY n) AS copy "
            f"FROM ({side}) s WHERE EXISTS (SELECT 1 FROM repeated r WHERE {_same('s', 'r', keys)})"
        )
    for name, other in ("xy", "yx"):
        equal = f"EXISTS (SELECT 1 FROM several_{other} o WHERE {_same('s', 'o', [*cells, 'copy'])})"
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE places_{name} AS SELECT n, row_number() OVER "
            f"(PARTITION BY {of_key} ORDER BY equal DESC, {', '.join([*values, 'n'])}) AS nth "
            f"FROM (SELECT *, {equal} AS equal FROM several_{name} s)"
        )
    return [
        f"SELECT s.*, coalesce(p.nth, 1) AS nth FROM ({side}) s LEFT JOIN places_{name} p ON p.n = s.n"
        for name, side in zip("xy", sides, strict=True)
    ]


def _same(one: str, other: str, columns: list[str]) -> str:
    return " AND ".join(f"{one}.{column} IS NOT DISTINCT FROM {other}.{column}" for column in columns)
