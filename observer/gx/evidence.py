"""Why a check failed and which rows: asked from the condition that counted them, only for checks that did not pass.

No value of a restricted column is ever read here, let alone shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from rapidfuzz import fuzz, process
from rapidfuzz import utils as fuzz_text

from observer.checks import rules
from observer.checks.measure import Evidence, Offender
from observer.checks.row_values import linked_names, record_link, scalar
from observer.checks.spec import CheckSpec, ContractPlan, TablePlan
from observer.contracts.model import Scalar
from observer.gx.asking import reason
from observer.gx.bench import Bench
from observer.gx.dialect_words import Sql
from observer.gx.failing import set_aside
from observer.gx.kinds import Kind
from observer.gx.segments import count_segments, explaining_columns

#: A value is suggested in place of another when they are this alike, of 100.
NEAR = 70
#: Values of a target table that are looked through for the nearest; more would cost more than they tell.
TARGET_VALUES = 5_000

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


class TableEvidence:
    """Evidence for the failed checks of one table: its failing rows are set aside and counted once for all of them."""

    def __init__(
        self, bench: Bench, plan: ContractPlan, table: TablePlan, failing: Sequence[tuple[CheckSpec, Sql, Sql]]
    ) -> None:
        """`failing`: every failed check of the table, with what is true of a failing row and of a tested row."""
        self._bench, self._plan, self._table = bench, plan, table
        self._relation = bench.relations[table.physical_name]
        explaining = explaining_columns(bench, table, self._relation)
        wanted = {*self._key, *explaining, *([table.event_time] if table.event_time else [])}
        wanted |= set((self._links([]) or {}).values())
        for spec, _, _ in failing:
            wanted |= {name for name in rules.columns_of(spec.rule) if name not in table.restricted}
        self._failing = set_aside(
            bench,
            self._relation,
            {spec.id: failed for spec, failed, _ in failing},
            [name for name in self._relation.kinds if name in wanted],
        )
        self._breakdown = count_segments(
            bench,
            table,
            self._relation,
            {spec.id: tested for spec, _, tested in failing},
            self._failing,
            explaining,
        )

    def gather(self, spec: CheckSpec, *, key_limit: int, value_limit: int) -> Evidence:
        """What can be shown of one of the failed checks."""
        notes: list[str] = []
        keys, urls = self._keys(spec, key_limit, notes)
        offenders, total = self._offenders(spec, value_limit, notes)
        return Evidence(
            check_id=spec.id,
            key_columns=self._table.key if keys else (),
            keys=keys,
            urls=urls,
            offenders=offenders,
            offenders_total=total,
            segments=self._breakdown.segments(spec.id, without=rules.columns_of(spec.rule)),
            months=self._breakdown.months(spec.id),
            notes=(*notes, *self._breakdown.notes),
        )

    @property
    def _key(self) -> tuple[str, ...]:
        """Its primary key, where it may be shown."""
        key = self._table.key
        return key if set(key) <= set(self._relation.kinds) and not self._table.restricted & set(key) else ()

    def _keys(
        self, spec: CheckSpec, limit: int, notes: list[str]
    ) -> tuple[tuple[tuple[Scalar, ...], ...], tuple[str, ...]]:
        if not self._key:
            restricted = bool(self._table.restricted & set(self._table.key))
            why = "is restricted" if restricted else "is not declared in the contract, or the table lacks it"
            notes.append(f"keys not shown: the primary key {why}")
            return (), ()
        links = self._links(notes)
        columns = list(dict.fromkeys((*self._key, *(links or {}).values())))
        among = self._failing
        query = sa.select(*(among.column(name) for name in columns)).where(among.conditions[spec.id])
        try:
            rows = self._bench.fetch(query.order_by(*(among.column(name) for name in self._key)).limit(limit))
        except sa.exc.SQLAlchemyError as error:
            notes.append(f"keys not shown: {reason(error)}")
            return (), ()
        keys = tuple(tuple(scalar(row[columns.index(name)]) for name in self._key) for row in rows)
        if links is None or self._table.record_url is None:
            return keys, ()
        template = self._table.record_url
        urls = [record_link(template, {name: row[columns.index(c)] for name, c in links.items()}) for row in rows]
        return keys, tuple(urls)

    def _links(self, notes: list[str]) -> dict[str, str] | None:
        """Placeholder of the record URL → column; None when no link can be made."""
        if self._table.record_url is None:
            return None
        columns = dict(self._table.url_columns)
        wanted = {name: columns.get(name, name) for name in linked_names(self._table.record_url)}
        if self._table.restricted & set(wanted.values()):
            notes.append("links not shown: recordUrl holds a restricted field")
            return None
        if not set(wanted.values()) <= set(self._relation.kinds):
            notes.append("links not shown: recordUrl names a field that the table does not have")
            return None
        return wanted

    def _offenders(self, spec: CheckSpec, limit: int, notes: list[str]) -> tuple[tuple[Offender, ...], int | None]:
        columns = rules.columns_of(spec.rule)
        if not isinstance(spec.rule, _WITH_VALUES) or len(columns) != 1:
            return (), None
        if spec.restricted or self._table.restricted & set(columns):
            notes.append("values not shown: the field is restricted")
            return (), None
        if self._relation.kinds[columns[0]] in (Kind.JSON, Kind.LIST, Kind.STRUCT):
            return (), None
        column = self._failing.column(columns[0])
        groups = sa.select(column.label("value"), sa.func.count().label("rows"))
        among = groups.where(self._failing.conditions[spec.id]).group_by(column).subquery()
        top = sa.select(among.c.value, among.c.rows, sa.func.count().over().label("total"))
        try:
            rows = self._bench.fetch(top.order_by(among.c.rows.desc(), among.c.value).limit(limit))
        except sa.exc.SQLAlchemyError as error:
            notes.append(f"values not shown: {reason(error)}")
            return (), None
        allowed = _allowed(self._bench, self._plan, spec.rule)
        found = [Offender(value=scalar(row[0]), rows=int(row[1]), suggestion=_near(row[0], allowed)) for row in rows]
        return tuple(found), int(rows[0][2]) if rows else 0


# --- offending values -------------------------------------------------------------------------------------------


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
