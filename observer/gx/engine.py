# mypy: disable-error-code="misc,untyped-decorator"
# GX publishes no types, so its base classes and decorators are Any.
"""The execution engine: GX asks for metrics, the database answers in one scan per table.

Stock GX sends one query per group of metrics with the same domain, two for each uniqueness, and one per sample.
Here all aggregates of a table go into one SELECT, row conditions as FILTER (WHERE …), and no sample is taken:
failing rows are asked for later, and only for the checks that failed.

Flows in: relations (what a batch is) and one open connection. Flows out: metric values, and for every map
expectation the condition of its failing rows (`conditions`), from which evidence is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from great_expectations.core.batch import BatchMarkers
from great_expectations.exceptions import MetricResolutionError
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
from great_expectations.expectations.registry import get_metric_provider
from great_expectations.expectations.row_conditions import deserialize_row_condition
from great_expectations.util import convert_to_json_serializable

from observer.gx import dialect_words as words
from observer.gx.asking import Fetch, reason
from observer.gx.dialect_words import CannotSay, Sql
from observer.gx.kinds import Kind
from observer.gx.relations import Relation

_SAMPLES = (".unexpected_values", ".unexpected_rows", ".unexpected_index_list", ".unexpected_value_counts")
_COUNT, _FILTERED = ".unexpected_count", ".filtered_row_count"
_ROWS = "table.row_count"
_UNIQUE = "column_values.unique.unexpected_count"
_COMPOUND_UNIQUE = "compound_columns.unique.unexpected_count"
#: Keeps the rows of a query for as long as the run lasts; sources may not be written to.
SetAside = Callable[[sa.Select[Any]], sa.TableClause]
#: Databases that know FILTER (WHERE …); the others get CASE inside the aggregate.
_WITH_FILTER = frozenset({"duckdb", "postgresql", "sqlite"})
_TYPES: dict[Kind, type[sa.types.TypeEngine[Any]]] = {
    Kind.TEXT: sa.String,
    Kind.INTEGER: sa.BigInteger,
    Kind.DECIMAL: sa.Numeric,
    Kind.FLOAT: sa.Float,
    Kind.BOOLEAN: sa.Boolean,
    Kind.DATE: sa.Date,
    Kind.TIMESTAMP: sa.DateTime,
    Kind.TIMESTAMP_TZ: sa.DateTime,
}
#: What stock GX would join the table with itself for; here the duplicates are counted by grouping.
_UNIQUE_PARTIALS = (
    "column_values.unique.condition",
    "column_values.count_per_value.map",
    "compound_columns.unique.condition",
    "compound_columns.count.map",
)


class BenchEngine(SqlAlchemyExecutionEngine):
    """Stock GX over the bench's relations and its one connection. Our own metrics are registered for it."""

    def __init__(self, engine: sa.Engine, fetch: Fetch, relations: Mapping[str, Relation]) -> None:
        super().__init__(engine=engine, create_temp_table=False)
        self._fetch = fetch
        self.relations = relations

    @property
    def speaks(self) -> str:
        """The dialect, as `dialect_words` names it."""
        return words.spoken(self.engine)

    def relation(self, domain: Mapping[str, Any]) -> Relation:
        """The relation that a metric's domain speaks of."""
        batch_id = domain.get("batch_id")
        batch = self.batch_manager.batch_data_cache[batch_id] if batch_id else self.batch_manager.active_batch_data
        found: Relation = batch.relation
        return found

    def get_batch_data_and_markers(self, batch_spec: Any) -> tuple[Any, BatchMarkers]:
        """A batch is one of the relations; nothing is copied and no temporary table made."""
        relation = self.relations[batch_spec["data_asset_name"]]
        data = SqlAlchemyBatchData(execution_engine=self, selectable=relation.rows, create_temp_table=False)
        data._selectable = relation.rows
        data.relation = relation
        return data, BatchMarkers({"ge_load_time": "now"})

    def execute_query(self, query: Any) -> Any:
        """The rows, read to their end before the connection is used again."""
        return _Rows(self._fetch(query))

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[Any],
        metrics: dict[Any, Any] | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> dict[Any, Any]:
        """As stock GX, but the columns of a table are known without asking the database."""
        todo = list(metrics_to_resolve)
        if not todo:
            return self._at_the_end(metrics or {})
        known = {m.id: self._columns(m) for m in todo if m.metric_name in ("table.columns", "table.column_types")}
        # GX asks again for whatever is left unresolved.
        return known or self._resolve(todo, metrics, runtime_configuration)

    def _resolve(self, todo: list[Any], metrics: dict[Any, Any] | None, configuration: dict[str, Any] | None) -> Any:
        return super().resolve_metrics(todo, metrics, configuration)

    def _at_the_end(self, metrics: dict[Any, Any]) -> dict[Any, Any]:
        """GX asks for nothing once it has nothing left to ask."""
        return metrics

    def _columns(self, metric: Any) -> Any:
        kinds = self.relation(metric.metric_domain_kwargs).kinds
        if metric.metric_name == "table.columns":
            return list(kinds)
        return [{"name": name, "type": _TYPES.get(kind, sa.types.NullType)()} for name, kind in kinds.items()]

    def close(self) -> None:
        """The connection belongs to the bench, which closes it."""


class _Rows:
    """Rows that were fetched already, with the few methods of a cursor that GX calls."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = rows

    def fetchall(self) -> Sequence[Any]:
        return self._rows

    def fetchmany(self, size: int) -> Sequence[Any]:
        return self._rows[:size]

    def fetchone(self) -> Any:
        return self._rows[0] if self._rows else None

    first = fetchone

    def scalar(self) -> Any:
        return self._rows[0][0] if self._rows else None

    def __iter__(self) -> Any:
        return iter(self._rows)


class OneScanEngine(BenchEngine):
    """Counts only, in one scan per table; uniqueness by grouping, or by a key that the source keeps."""

    def __init__(
        self,
        engine: sa.Engine,
        fetch: Fetch,
        relations: Mapping[str, Relation],
        keys: frozenset[tuple[str, ...]] = frozenset(),
        set_aside: SetAside | None = None,
    ) -> None:
        super().__init__(engine, fetch, relations)
        self._keys = keys
        self._set_aside = set_aside
        #: Text of the query for repeated values → where they were set aside when they were counted.
        self._repeated: dict[str, sa.TableClause] = {}
        #: Metric id (of `….condition`) → what is true of a failing row, within `scopes`.
        self.conditions: dict[Any, Sql] = {}
        #: Metric id → why it could not be computed, free of values.
        self.failures: dict[Any, str] = {}
        #: Row counts that wait for the scan. GX wants them before it asks for conditions, though none needs them;
        #: a scan of their own would be one too many. GX is given None until then.
        self.pending: dict[Any, Sql] = {}

    def _resolve(self, todo: list[Any], metrics: dict[Any, Any] | None, configuration: dict[str, Any] | None) -> Any:
        fresh = [m for m in todo if m.id not in self.failures]
        out = self._next(fresh, {} if metrics is None else metrics, configuration)
        failed = [m for m in todo if m.id in self.failures]
        if failed and not out:
            # GX gives a metric up after three failures; each of them is free here.
            raise MetricResolutionError(self.failures[failed[0].id], failed_metrics=tuple(failed))
        return out

    def _next(self, todo: list[Any], metrics: dict[Any, Any], configuration: dict[str, Any] | None) -> dict[Any, Any]:
        """The cheapest kind of metric that is ready; scans wait until every aggregate of the table is known."""
        aggregates, grouped, samples, direct = [], [], [], []
        for metric in todo:
            name = metric.metric_name
            if name.endswith(_SAMPLES):
                samples.append(metric)
            elif name in (_UNIQUE, _COMPOUND_UNIQUE):
                grouped.append(metric)
            elif name.endswith(_COUNT) and _is_windowed(metrics[_condition_id(metric)][0]):
                direct.append(metric)
            elif name.endswith((_COUNT, _FILTERED)) or get_metric_provider(name, self)[1] is None:
                aggregates.append(metric)
            else:
                direct.append(metric)
        if direct:
            return self._each(direct, lambda m: self._direct(m, metrics, configuration))
        if aggregates:
            wanted = self._aggregates(aggregates, metrics)
            if all(m.metric_name == _ROWS for m in wanted):
                self.pending |= wanted
                return dict.fromkeys(m.id for m in aggregates)
            counts = self._scan(self.pending | wanted)
            metrics.update({m.id: counts.pop(m.id) for m in self.pending if m.id in counts})
            self.pending = {}
            return counts
        if grouped:
            return self._each(grouped, self._repeated_rows)
        return {m.id: [] for m in samples}

    def _at_the_end(self, metrics: dict[Any, Any]) -> dict[Any, Any]:
        waiting, self.pending = self.pending, {}
        return metrics | self._scan(waiting)

    def _each(self, todo: list[Any], compute: Callable[[Any], Any]) -> dict[Any, Any]:
        out = {}
        for metric in todo:
            try:
                out[metric.id] = compute(metric)
            except Exception as error:  # noqa: BLE001  # what escapes here makes GX drop every other metric too
                self.failures[metric.id] = reason(error)
        return out

    def _direct(self, metric: Any, metrics: dict[Any, Any], configuration: dict[str, Any] | None) -> Any:
        if metric.metric_name in _UNIQUE_PARTIALS:
            return sa.false(), {}, {}
        value = SqlAlchemyExecutionEngine.resolve_metrics(self, [metric], metrics, configuration)[metric.id]
        if metric.metric_name.endswith(".condition"):
            self.conditions[metric.id] = value[0]
        return value

    # --- one scan -----------------------------------------------------------------------------------------------

    def scope(self, domain: Mapping[str, Any]) -> list[Sql]:
        """What is true of a row that the metric looks at: the row condition, and no nulls where they are ignored."""
        conditions: list[Sql] = []
        if (given := domain.get("row_condition")) is not None:
            conditions.append(self.condition_to_filter_clause(deserialize_row_condition(given)))
        pair = [domain[key] for key in ("column_A", "column_B") if key in domain]
        columns = [words.column(name) for name in domain.get("column_list") or pair]
        match domain.get("ignore_row_if"):
            case "any_value_is_missing" | "either_value_is_missing":
                conditions += [column.is_not(None) for column in columns]
            case "all_values_are_missing" | "both_values_are_missing":
                conditions.append(sa.or_(*(column.is_not(None) for column in columns)))
        return conditions

    def _aggregates(self, todo: list[Any], metrics: dict[Any, Any]) -> dict[Any, Sql]:
        """Metric → its column of the scan; those that cannot be said are kept with their reasons."""
        said = self._each(todo, lambda m: self._aggregate(m, metrics))
        return {metric: said[metric.id] for metric in todo if metric.id in said}

    def _aggregate(self, metric: Any, metrics: dict[Any, Any]) -> Sql:
        """The metric as one column of the scan."""
        scope = self.scope(metric.metric_domain_kwargs)
        name = metric.metric_name
        if name.endswith(_FILTERED):
            return self._where(sa.func.count(), scope)
        if name.endswith(_COUNT):
            return self._where(sa.func.count(), [*scope, metrics[_condition_id(metric)][0]])
        dependency = metric.metric_dependencies["metric_partial_fn"]
        return self._where(metrics[dependency.id][0], scope)

    def _where(self, aggregate: Any, conditions: list[Sql]) -> Sql:
        if not conditions:
            return aggregate  # type: ignore[no-any-return]  # an aggregate of GX, untyped
        condition = sa.and_(*conditions)
        if self.speaks in _WITH_FILTER:
            return aggregate.filter(condition)  # type: ignore[no-any-return]  # an aggregate of GX, untyped
        if aggregate.name == "count" and [str(argument) for argument in aggregate.clauses] in ([], ["*"]):
            return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)
        if aggregate.name in ("min", "max", "sum", "avg", "count"):
            (argument,) = aggregate.clauses
            return getattr(sa.func, aggregate.name)(sa.case((condition, argument)))  # type: ignore[no-any-return]  # func
        raise CannotSay(f"{aggregate.name} cannot be restricted to some rows in {self.speaks}")

    def _scan(self, aggregates: Mapping[Any, Sql]) -> dict[Any, Any]:
        out: dict[Any, Any] = {}
        by_relation: dict[str, tuple[Relation, dict[Any, Sql]]] = {}
        for metric, aggregate in aggregates.items():
            relation = self.relation(metric.metric_domain_kwargs)
            by_relation.setdefault(relation.name, (relation, {}))[1][metric] = aggregate
        for relation, wanted in by_relation.values():
            self._scan_relation(relation, wanted, out)
        return out

    def _scan_relation(self, relation: Relation, wanted: dict[Any, Sql], out: dict[Any, Any]) -> None:
        """One query; where it fails all the same, halves, until the one that breaks it stands alone."""
        distinct: dict[str, Sql] = {}
        place: dict[Any, str] = {}
        for metric, aggregate in wanted.items():
            text = str(aggregate.compile(dialect=self.engine.dialect, compile_kwargs={"literal_binds": False}))
            key = f"{text}{aggregate.compile(dialect=self.engine.dialect).params}"
            place[metric] = key
            distinct.setdefault(key, aggregate)
        columns = [aggregate.label(f"m{i}") for i, aggregate in enumerate(distinct.values())]
        try:
            row = self._fetch(sa.select(*columns).select_from(relation.rows))[0]
        except Exception as error:  # noqa: BLE001  # what escapes here makes GX drop every other metric too
            if len(wanted) == 1:
                self.failures[next(iter(wanted)).id] = reason(error)
                return
            items = list(wanted.items())
            self._scan_relation(relation, dict(items[: len(items) // 2]), out)
            self._scan_relation(relation, dict(items[len(items) // 2 :]), out)
            return
        seen = dict(zip(distinct, row, strict=True))
        out.update({metric.id: convert_to_json_serializable(seen[key]) for metric, key in place.items()})

    # --- uniqueness ---------------------------------------------------------------------------------------------

    def repeated(self, domain: Mapping[str, Any]) -> sa.Select[Any]:
        """The values (one column, or several) that more than one row holds. A null is the same as no other null."""
        groups = self._groups(domain)
        kept = self._repeated.get(self._text(groups))
        return groups if kept is None else sa.select(*list(kept.c)[:-1])

    def _groups(self, domain: Mapping[str, Any]) -> sa.Select[Any]:
        relation = self.relation(domain)
        names = domain.get("column_list") or [domain["column"]]
        columns = [relation.column(name) for name in names]
        present = [column.is_not(None) for column in columns]
        scope = self.scope({"row_condition": domain.get("row_condition")})
        return sa.select(*columns).where(*present, *scope).group_by(*columns).having(sa.func.count() > 1)

    def _repeated_rows(self, metric: Any) -> int:
        domain = metric.metric_domain_kwargs
        names = set(domain.get("column_list") or [domain["column"]])
        if any(names.issuperset(key) for key in self._keys):
            return 0
        groups = self._groups(domain)
        if self._set_aside is None:
            counted: sa.FromClause = groups.with_only_columns(sa.func.count().label("n")).subquery()
        else:
            # Evidence asks for these values again; grouping the table is what costs.
            values = [column.label(f"v{i}") for i, column in enumerate(groups.selected_columns)]
            counted = self._set_aside(groups.with_only_columns(*values, sa.func.count().label("n")))
            self._repeated[self._text(groups)] = counted
        (row,) = self._fetch(sa.select(sa.func.coalesce(sa.func.sum(counted.c.n), 0)))
        return int(row[0])

    def _text(self, query: sa.Select[Any]) -> str:
        said = query.compile(dialect=self.engine.dialect)
        return f"{said}{said.params}"


def _condition_id(metric: Any) -> Any:
    """Id of the `….condition` that a `….unexpected_count` counts."""
    return metric.id._replace(metric_name=f"{metric.metric_name.removesuffix(_COUNT)}.condition")


def _is_windowed(condition: Any) -> bool:
    """A condition over neighbouring rows cannot stand inside an aggregate."""
    return any(isinstance(part, sa.Over) for part in sa.sql.visitors.iterate(condition))
