"""Why a check failed and which rows: asked from the condition that counted them, only for checks that did not pass.

No value of a restricted column is ever read here, let alone shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from rapidfuzz import fuzz, process
from rapidfuzz import utils as fuzz_text

from observer.checks import rules
from observer.checks.measure import Evidence, Offender
from observer.checks.spec import CheckSpec, ContractPlan, TablePlan
from observer.contracts.model import Scalar
from observer.gx.asking import reason
from observer.gx.bench import Bench
from observer.gx.dialect_words import Sql
from observer.gx.kinds import Kind
from observer.gx.relations import Relation
from observer.gx.segments import Breakdown, count_segments

#: A value is suggested in place of another when they are this alike, of 100.
NEAR = 70
#: Values of a target table that are looked through for the nearest; more would cost more than they tell.
TARGET_VALUES = 5_000
#: Longest piece of a value that is shown.
SHOWN = 200


def gather(
    bench: Bench,
    plan: ContractPlan,
    spec: CheckSpec,
    failing: Mapping[str, tuple[Sql, Sql]],
    breakdowns: dict[str, Breakdown],
    *,
    key_limit: int,
    value_limit: int,
) -> Evidence:
    """`failing`: what is true of a failing and of a tested row, per failed check of the table, this one among them.

    `breakdowns` keeps the counts of a table, which are taken once for all its failed checks.
    """
    table = plan.table(spec.object)
    relation = bench.relations[table.physical_name]
    condition, _ = failing[spec.id]
    notes: list[str] = []
    keys, urls = _keys(bench, table, relation, condition, key_limit, notes)
    offenders, total = _offenders(bench, plan, table, relation, spec, condition, value_limit, notes)
    if table.physical_name not in breakdowns:
        breakdowns[table.physical_name] = count_segments(bench, table, relation, failing)
    breakdown = breakdowns[table.physical_name]
    notes += breakdown.notes
    return Evidence(
        check_id=spec.id,
        key_columns=table.key if keys else (),
        keys=keys,
        urls=urls,
        offenders=offenders,
        offenders_total=total,
        segments=breakdown.segments(spec.id, without=rules.columns_of(spec.rule)),
        months=breakdown.months(spec.id),
        notes=tuple(notes),
    )


def _keys(
    bench: Bench, table: TablePlan, relation: Relation, condition: Sql, limit: int, notes: list[str]
) -> tuple[tuple[tuple[Scalar, ...], ...], tuple[str, ...]]:
    if not table.key or not set(table.key) <= set(relation.kinds):
        notes.append("keys not shown: the contract declares no primary key that the table has")
        return (), ()
    if table.restricted & set(table.key):
        notes.append("keys not shown: the primary key is restricted")
        return (), ()
    links = _link_columns(table, relation, notes)
    columns = list(dict.fromkeys((*table.key, *(links or {}).values())))
    order = [relation.column(name) for name in table.key]
    query = sa.select(*(relation.column(name) for name in columns)).where(condition).order_by(*order).limit(limit)
    try:
        rows = bench.fetch(query)
    except sa.exc.SQLAlchemyError as error:
        notes.append(f"keys not shown: {reason(error)}")
        return (), ()
    keys = tuple(tuple(scalar(row[columns.index(name)]) for name in table.key) for row in rows)
    if links is None or table.record_url is None:
        return keys, ()
    urls = [_url(table.record_url, {name: row[columns.index(c)] for name, c in links.items()}) for row in rows]
    return keys, tuple(urls)


def _link_columns(table: TablePlan, relation: Relation, notes: list[str]) -> dict[str, str] | None:
    """Placeholder of the record URL → column; None when no link can be made."""
    if table.record_url is None:
        return None
    columns = dict(table.url_columns)
    wanted = {name: columns.get(name, name) for name in re.findall(r"\{([^{}]+)\}", table.record_url)}
    if table.restricted & set(wanted.values()):
        notes.append("links not shown: recordUrl holds a restricted field")
        return None
    if not set(wanted.values()) <= set(relation.kinds):
        notes.append("links not shown: recordUrl names a field that the table does not have")
        return None
    return wanted


def _url(template: str, values: Mapping[str, Any]) -> str:
    return re.sub(r"\{([^{}]+)\}", lambda m: quote(str(values[m[1]]), safe=""), template)


# --- offending values -------------------------------------------------------------------------------------------

_WITH_VALUES = (
    rules.InSet
    | rules.References
    | rules.MatchesPattern
    | rules.InRange
    | rules.LengthInRange
    | rules.MultipleOf
    | rules.HasType
    | rules.Unique
)


def _offenders(
    bench: Bench,
    plan: ContractPlan,
    table: TablePlan,
    relation: Relation,
    spec: CheckSpec,
    condition: Sql,
    limit: int,
    notes: list[str],
) -> tuple[tuple[Offender, ...], int | None]:
    columns = rules.columns_of(spec.rule)
    if not isinstance(spec.rule, _WITH_VALUES) or len(columns) != 1:
        return (), None
    if spec.restricted or table.restricted & set(columns):
        notes.append("values not shown: the field is restricted")
        return (), None
    column = relation.column(columns[0])
    if relation.kinds[columns[0]] in (Kind.JSON, Kind.LIST, Kind.STRUCT):
        return (), None
    groups = sa.select(column.label("value"), sa.func.count().label("rows")).where(condition).group_by(column)
    among = groups.subquery()
    top = sa.select(among.c.value, among.c.rows, sa.func.count().over().label("total"))
    try:
        rows = bench.fetch(top.order_by(among.c.rows.desc(), among.c.value).limit(limit))
    except sa.exc.SQLAlchemyError as error:
        notes.append(f"values not shown: {reason(error)}")
        return (), None
    allowed = _allowed(bench, plan, spec.rule)
    found = [Offender(value=scalar(row[0]), rows=int(row[1]), suggestion=_near(row[0], allowed)) for row in rows]
    return tuple(found), int(rows[0][2]) if rows else 0


def _allowed(bench: Bench, plan: ContractPlan, rule: rules.Rule) -> Sequence[str]:
    """The values that would have been right, where they are text and not too many."""
    if isinstance(rule, rules.InSet):
        return [v for v in rule.values if isinstance(v, str)]
    if not isinstance(rule, rules.References) or rule.to_table not in bench.relations:
        return []
    target = bench.relations[rule.to_table]
    (name,) = rule.to_columns
    restricted = any(name in t.restricted for t in plan.tables if t.physical_name == rule.to_table)
    if restricted or target.kinds[name] is not Kind.TEXT:
        return []
    column = target.column(name)
    query = sa.select(column).where(column.is_not(None)).distinct().limit(TARGET_VALUES + 1)
    try:
        values = [str(row[0]) for row in bench.fetch(query)]
    except sa.exc.SQLAlchemyError:
        return []  # A suggestion is a kindness; the offending values are shown without it.
    return sorted(values) if len(values) <= TARGET_VALUES else []


def _near(value: Any, allowed: Sequence[str]) -> str | None:
    if not isinstance(value, str) or not allowed:
        return None
    found = process.extractOne(
        value, allowed, scorer=fuzz.ratio, processor=fuzz_text.default_process, score_cutoff=NEAR
    )
    return str(found[0]) if found else None


def scalar(value: Any) -> Scalar:
    """A value of a row as JSON can say it; long text is cut."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, Decimal):
        number = int(value) if value.is_finite() and value == int(value) else float(value)
        return number if value == Decimal(str(number)) else str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
