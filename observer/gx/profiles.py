"""How full each contracted column is, and which values those with allowed values hold.

Restricted values stay unread.
"""

from __future__ import annotations

import sqlalchemy as sa

from observer.checks import rules
from observer.checks.measure import FieldProfile, ValueCount
from observer.checks.row_values import scalar
from observer.checks.spec import ContractPlan, TablePlan
from observer.contracts.model import Scalar
from observer.gx.bench import Bench
from observer.gx.dialect_words import Sql
from observer.gx.kinds import Kind
from observer.gx.relations import Relation

#: Bars of a distribution.
MOST_VALUES = 20


def profile_table(bench: Bench, plan: ContractPlan, table: TablePlan) -> list[FieldProfile]:
    """One profile per contracted column that the table has, in contract order; one query, and one per enum."""
    relation = bench.relations[table.physical_name]
    columns = list(relation.kinds)
    if not columns:
        return []
    filled = [_filled(relation, name).label(f"f{i}") for i, name in enumerate(columns)]
    row = bench.fetch(sa.select(sa.func.count(), *filled).select_from(relation.rows))[0]
    names = {physical: name for name, physical in table.url_columns}
    allowed = {
        spec.rule.column: spec.rule.values
        for spec in reversed(plan.checks)
        if spec.object == table.object and isinstance(spec.rule, rules.InSet)
    }
    return [
        FieldProfile(
            object=table.object,
            property=names.get(column, column),
            rows=int(row[0]),
            filled=int(row[i + 1] or 0),
            values=_values(bench, relation, column, allowed[column])
            if column in allowed and column not in table.restricted
            else (),
        )
        for i, column in enumerate(columns)
    ]


def _filled(relation: Relation, name: str) -> Sql:
    """Number of rows in which something was entered."""
    column = relation.column(name)
    tokens = relation.placeholders.get(name)
    if not tokens or relation.kinds[name] is not Kind.TEXT:
        return sa.func.count(column)
    return sa.func.sum(sa.case((sa.and_(column.is_not(None), column.not_in(tokens)), 1), else_=0))


def _values(bench: Bench, relation: Relation, name: str, allowed: tuple[Scalar, ...]) -> tuple[ValueCount, ...]:
    column = relation.column(name)
    rows = sa.func.count().label("n")
    query = sa.select(column, rows).where(column.is_not(None)).group_by(column).order_by(rows.desc(), column)
    known = {str(v).lower() if isinstance(v, bool) else str(v) for v in allowed if v is not None}
    return tuple(
        ValueCount(value=scalar(row[0]), rows=int(row[1]), allowed=_text(row[0]) in known)
        for row in bench.fetch(query.limit(MOST_VALUES))
    )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(scalar(value))
