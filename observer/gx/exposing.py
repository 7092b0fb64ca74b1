"""A table as it is stored → its relation: live rows, and columns stored as text turned into their declared types.

One scan per table that has such columns tells which of them read fully. A column that does not stays text: its type
check counts the bad values, and the checks of its values are errored with the reason kept here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from observer.checks import rules
from observer.checks.spec import CheckSpec, TablePlan
from observer.contracts.model import LogicalType
from observer.gx import dialect_words as words
from observer.gx.asking import Fetch
from observer.gx.dialect_words import CannotSay, Sql
from observer.gx.kinds import BY_VALUE, NATIVE, TYPED, Kind
from observer.gx.readable import readable

_NOUNS = {
    LogicalType.INTEGER: ("whole number", "whole numbers"),
    LogicalType.NUMBER: ("number", "numbers"),
    LogicalType.BOOLEAN: ("truth value", "truth values"),
    LogicalType.DATE: ("date", "dates"),
    LogicalType.TIMESTAMP: ("timestamp", "timestamps"),
    LogicalType.TIME: ("time of day", "times of day"),
}


@dataclass(frozen=True, kw_only=True)
class Exposed:
    """How the columns of a table are selected."""

    columns: Mapping[str, Sql]
    kinds: Mapping[str, Kind]
    untyped: Mapping[str, str]
    where: Sql | None
    #: Column → the column beside it that says whether its text carried a zone, where some do and some do not.
    zoned: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """A column to be turned into its declared type, if all its values read as it."""

    name: str
    kind: Kind
    rule: rules.HasType
    zone: str | None


def expose(
    table: TablePlan,
    checks: Sequence[CheckSpec],
    stored: sa.FromClause,
    kinds: Mapping[str, Kind],
    dialect: str,
    fetch: Fetch,
) -> Exposed:
    """Look at the table once where that is needed. `kinds` are the contracted columns that exist, as stored."""
    where = live(table, kinds, dialect)
    placeholders = dict(table.placeholders)
    columns: dict[str, Sql] = {name: _exact_text(stored.c[name], kind, dialect) for name, kind in kinds.items()}
    out_kinds, untyped, zoned_columns = dict(kinds), dict[str, str](), dict[str, str]()
    wanted = [w for w in _declared(table, checks, kinds) if _needs_look(w, dialect)]
    for w in wanted:
        if w.kind is Kind.TEXT and (tokens := placeholders.get(w.name)):
            columns[w.name] = sa.case((columns[w.name].in_(tokens), sa.null()), else_=columns[w.name])
    looks = _look(wanted, columns, stored, where, dialect, fetch, untyped)
    for w in wanted:
        if w.name in untyped:
            continue
        bad, zoned, filled = looks[w.name]
        if bad:
            untyped[w.name] = f"is {w.kind.value} in the source and {_unreadable(bad, w.rule.logical_type)}"
            if dialect == "sqlite":
                # What a column is declared as says nothing of what it holds.
                out_kinds[w.name] = Kind.TEXT
            continue
        text = columns[w.name]
        try:
            columns[w.name], out_kinds[w.name] = _typed(w, text, zoned, filled, dialect)
        except CannotSay as error:
            untyped[w.name] = f"is {w.kind.value} in the source, and {error}"
            continue
        if 0 < zoned < filled:
            zoned_columns[w.name] = f"{w.name} carries a zone"
            columns[zoned_columns[w.name]] = words.matches(text, words.TIMESTAMPS[True], dialect)
    return Exposed(columns=columns, kinds=out_kinds, untyped=untyped, where=where, zoned=zoned_columns)


def expose_each(
    table: TablePlan, checks: Sequence[CheckSpec], stored: sa.FromClause, kinds: Mapping[str, Kind], dialect: str
) -> tuple[Exposed, Mapping[str, Sql]]:
    """As `expose`, value by value and without a look at the table: what does not read as its declared type is null.

    With it, column → true of a row whose value there is none of its type.
    """
    columns: dict[str, Sql] = {name: _exact_text(stored.c[name], kind, dialect) for name, kind in kinds.items()}
    out_kinds, untyped, unread = dict(kinds), dict[str, str](), dict[str, Sql]()
    placeholders = dict(table.placeholders)
    for w in _declared(table, checks, kinds):
        if not _needs_look(w, dialect):
            continue
        logical, form = w.rule.logical_type, w.rule.format
        text = columns[w.name]
        if tokens := placeholders.get(w.name):
            text = sa.case((text.in_(tokens), sa.null()), else_=text)
        # Texts of which the contract does not say whether they carry a zone may do either.
        zoned, filled = {True: (1, 1), False: (0, 1), None: (1, 2)}[w.rule.timezone]
        try:
            reads = readable(text, w.kind, logical, dialect, timezone=w.rule.timezone, form=form)
            typed, out_kinds[w.name] = _typed(w, text, zoned, filled, dialect)
        except CannotSay as error:
            untyped[w.name] = f"is {w.kind.value} in the source, and {error}"
            continue
        columns[w.name] = sa.case((reads, typed))
        unread[w.name] = sa.and_(text.is_not(None), sa.not_(reads))
    where = live(table, kinds, dialect)
    return Exposed(columns=columns, kinds=out_kinds, untyped=untyped, where=where, zoned={}), unread


def _unreadable(values: int, logical: LogicalType) -> str:
    one, many = _NOUNS[logical]
    return f"holds 1 value that is no {one}" if values == 1 else f"holds {values:,} values that are no {many}"


def live(table: TablePlan, kinds: Mapping[str, Kind], dialect: str) -> Sql | None:
    """What is true of a row that is not soft-deleted; None when every row is live."""
    flag = table.live_rows
    if flag is None or flag.column not in kinds:
        return None
    column, kind = words.column(flag.column), kinds[flag.column]
    if not flag.deleted_values:
        return column.is_(None)
    if kind is Kind.TEXT or dialect == "sqlite":
        return sa.or_(column.is_(None), sa.func.lower(sa.cast(column, sa.Text())).not_in(flag.deleted_texts))
    if kind is Kind.INTEGER:
        values: list[Any] = [int(v) if isinstance(v, bool) else v for v in flag.deleted_values]
    else:
        values = [v for given in flag.deleted_values if (v := words.value_literal(given, kind)) is not None]
    return sa.or_(column.is_(None), column.not_in(values))


def _exact_text(column: Sql, kind: Kind, dialect: str) -> Sql:
    """The column with a comparison that tells `Won` from `won`: MySQL's usual collations do not."""
    if kind is not Kind.TEXT or dialect not in words.MYSQL:
        return column
    name = str(getattr(column, "name", "")).replace("`", "``")
    # The plain binary collation takes `won` and `won ` for the same.
    collation = "utf8mb4_nopad_bin" if dialect == "mariadb" else "utf8mb4_0900_bin"
    return sa.literal_column(f"CONVERT(`{name}` USING utf8mb4) COLLATE {collation}", sa.Text())


def _declared(table: TablePlan, checks: Sequence[CheckSpec], kinds: Mapping[str, Kind]) -> list[_Wanted]:
    rules_of = {
        spec.rule.column: spec.rule
        for spec in checks
        if spec.object == table.object and isinstance(spec.rule, rules.HasType) and not table.target_only
    }
    zones = dict(table.timezones)
    out = []
    for name, declared in table.logical_types:
        rule = rules_of.get(name) or rules.HasType(column=name, logical_type=LogicalType(declared))
        if name in kinds:
            out.append(_Wanted(name=name, kind=kinds[name], rule=rule, zone=zones.get(name)))
    return out


def _needs_look(wanted: _Wanted, dialect: str) -> bool:
    logical = wanted.rule.logical_type
    if logical not in TYPED:
        return False
    if dialect == "sqlite":
        return True
    by_value = wanted.kind in BY_VALUE.get(logical, ()) and wanted.kind not in (Kind.DECIMAL, Kind.FLOAT)
    return by_value and wanted.kind not in NATIVE[logical]


def _look(
    wanted: Sequence[_Wanted],
    columns: Mapping[str, Sql],
    stored: sa.FromClause,
    where: Sql | None,
    dialect: str,
    fetch: Fetch,
    untyped: dict[str, str],
) -> dict[str, tuple[int, int, int]]:
    """Column → values that do not read, values with a zone, values."""
    counts: list[Sql] = []
    asked: list[str] = []
    for w in wanted:
        column = columns[w.name]
        logical = w.rule.logical_type
        try:
            reads = readable(column, w.kind, logical, dialect, timezone=None, form=w.rule.format)
            zoned: Sql = sa.false()
            if logical is LogicalType.TIMESTAMP and w.rule.format is None:
                zoned = words.matches(column, words.TIMESTAMPS[True], dialect)
        except CannotSay as error:
            untyped[w.name] = f"is {w.kind.value} in the source, and {error}"
            continue
        asked.append(w.name)
        counts += [_count(sa.and_(column.is_not(None), sa.not_(reads))), _count(zoned), _count(column.is_not(None))]
    if not counts:
        return {}
    query = sa.select(*(c.label(f"c{i}") for i, c in enumerate(counts))).select_from(stored)
    (row,) = fetch(query if where is None else query.where(where))
    numbers = [int(n or 0) for n in row]
    return {name: (numbers[3 * i], numbers[3 * i + 1], numbers[3 * i + 2]) for i, name in enumerate(asked)}


def _count(condition: Sql) -> Sql:
    return sa.func.sum(sa.case((condition, 1), else_=0))


def _typed(wanted: _Wanted, column: Sql, zoned: int, filled: int, dialect: str) -> tuple[Sql, Kind]:
    """The column as its declared type, and the kind that it has then."""
    logical, form = wanted.rule.logical_type, wanted.rule.format
    kind = TYPED[logical]
    if form is not None:
        moment = sa.func.strptime(column, form)
        return (words.cast(moment, kind, dialect), kind)
    if dialect == "sqlite":
        return _typed_in_sqlite(wanted, column, kind, zoned, filled)
    if logical is LogicalType.TIMESTAMP and zoned:
        if zoned == filled:
            return words.cast(column, Kind.TIMESTAMP_TZ, dialect), Kind.TIMESTAMP_TZ
        naive = words.as_utc(column, Kind.TEXT, wanted.zone, dialect)
        has_zone = words.matches(column, words.TIMESTAMPS[True], dialect)
        # Both branches are evaluated for every row by some databases: each must read any value.
        mixed = sa.case((has_zone, words.cast(column, Kind.TIMESTAMP_TZ, dialect)), else_=naive)
        return mixed, Kind.TIMESTAMP_TZ
    return words.cast(column, kind, dialect), kind


def _typed_in_sqlite(wanted: _Wanted, column: Sql, kind: Kind, zoned: int, filled: int) -> tuple[Sql, Kind]:
    """One spelling per kind, so that values compare as text or numbers."""
    match kind:
        case Kind.INTEGER:
            return sa.cast(column, sa.Integer), kind
        case Kind.FLOAT:
            return sa.cast(column, sa.REAL), kind
        case Kind.BOOLEAN:
            return sa.case((column.is_(None), sa.null()), else_=sa.func.lower(column).in_(words.TRUE_WORDS)), kind
        case Kind.DATE:
            return sa.func.date(column), kind
        case Kind.TIMESTAMP:
            if zoned and zoned < filled and wanted.zone not in (None, "UTC"):
                raise CannotSay(f"sqlite cannot read its times without a zone in {wanted.zone}; run on a snapshot")
            kind = Kind.TIMESTAMP_TZ if zoned else kind
            return words.sqlite_time(column, kind=kind), kind
    return column, kind
