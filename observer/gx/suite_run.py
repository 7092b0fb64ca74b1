"""One table's suite through Great Expectations: suite JSON in, results by check id out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from observer.gx import dialect_words as words
from observer.gx.bench import Bench
from observer.gx.context import add_datasource, context, remove_datasource
from observer.gx.dialect_words import Sql


@dataclass(frozen=True, kw_only=True)
class SuiteOutcome:
    """What GX said, keyed by check id."""

    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Expectations that GX would not take, with the reason.
    refused: dict[str, str] = field(default_factory=dict)
    #: Metric id as text → why it could not be computed, free of values.
    failures: dict[str, str] = field(default_factory=dict)
    #: Check id → what is true of a failing row, and of a row that was tested.
    failing: dict[str, tuple[Sql, Sql]] = field(default_factory=dict)


def run_suite(
    bench: Bench,
    table: str,
    document: Mapping[str, Any],
    parameters: Mapping[str, Any],
    keys: frozenset[tuple[str, ...]] = frozenset(),
) -> SuiteOutcome:
    """Validate one relation of the bench. Counts only: no value of a row is asked for.

    `keys` are columns that the source itself keeps unique: what holds one of them has no repeated rows to count.
    """
    context()
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.registry import get_metric_kwargs

    from observer.gx.engine import OneScanEngine

    outcome = SuiteOutcome()
    engine = OneScanEngine(bench.engine, bench.fetch, bench.relations, keys, bench.set_aside if bench.own else None)
    datasource = add_datasource(engine)
    try:
        made = [_taken(expectation, outcome) for expectation in document["expectations"]]
        taken = [expectation for expectation in made if expectation is not None]
        batch = datasource.batch(table)

        def validate(expectations: list[Any]) -> list[Any]:
            """The results. What GX itself trips over is found by halves, and costs only itself."""
            suite = ExpectationSuite(name=document["name"], expectations=expectations, meta={})
            if not expectations:
                return []
            try:
                said = batch.validate(suite, result_format="BASIC", expectation_parameters=dict(parameters))
            except Exception as error:  # noqa: BLE001  # of any kind: GX asks its expectations unguarded
                if len(expectations) == 1:
                    kind = expectations[0].expectation_type
                    outcome.refused[expectations[0].meta["check"]] = (
                        f"Great Expectations could not prepare `{kind}` ({type(error).__name__})"
                    )
                    return []
                middle = len(expectations) // 2
                return validate(expectations[:middle]) + validate(expectations[middle:])
            return list(said.results)

        results = validate(taken)
        outcome.failures.update({str(key): text for key, text in engine.failures.items()})
        for result in results:
            config = result.expectation_config
            check = config.meta["check"]
            outcome.results[check] = {
                "success": result.success,
                "result": result.result,
                "exception_info": result.exception_info,
            }
            metric = getattr(type(config.to_domain_obj()), "map_metric", None)
            if not metric:
                continue
            kwargs = get_metric_kwargs(f"{metric}.condition", config, {"result_format": "BASIC"})
            domain = kwargs["metric_domain_kwargs"]
            key = _metric_id(f"{metric}.condition", kwargs)
            if metric in ("column_values.unique", "compound_columns.unique"):
                outcome.failing[check] = _repeated(engine, domain)
            elif key in engine.conditions:
                outcome.failing[check] = _rows(engine, metric, domain, engine.conditions[key])
    finally:
        remove_datasource(datasource.name)
    return outcome


def _taken(expectation: dict[str, Any], outcome: SuiteOutcome) -> Any:
    from great_expectations.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    check = expectation["meta"]["check"]
    try:
        return ExpectationConfiguration(**expectation).to_domain_obj()
    except (GreatExpectationsError, TypeError, ValueError) as error:
        line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        outcome.refused[check] = f"Great Expectations does not take `{expectation['type']}`: {line}"
    return None


def _metric_id(name: str, kwargs: Mapping[str, Any]) -> Any:
    from great_expectations.validator.metric_configuration import MetricConfiguration

    return MetricConfiguration(
        metric_name=name,
        metric_domain_kwargs=kwargs["metric_domain_kwargs"],
        metric_value_kwargs=kwargs["metric_value_kwargs"],
    ).id


def _rows(engine: Any, metric: str, domain: Mapping[str, Any], condition: Sql) -> tuple[Sql, Sql]:
    scope = engine.scope(domain)
    every_row = metric in ("column_values.nonnull", "crm_values.filled", "column_values.null")
    if "column" in domain and not every_row:
        scope = [*scope, words.column(domain["column"]).is_not(None)]
    tested = sa.and_(sa.true(), *scope)
    return sa.and_(tested, condition), tested


def _repeated(engine: Any, domain: Mapping[str, Any]) -> tuple[Sql, Sql]:
    names = domain.get("column_list") or [domain["column"]]
    columns = [words.column(name) for name in names]
    scope = engine.scope({**domain, "ignore_row_if": "all_values_are_missing", "column_list": names})
    groups = engine.repeated(domain)
    if len(columns) == 1:
        among = columns[0].in_(groups)
    elif engine.speaks == "duckdb":
        inner = groups.subquery()
        among = sa.func.row(*columns).in_(sa.select(sa.func.row(*inner.c)))
    else:
        among = sa.tuple_(*columns).in_(groups)
    present = [column.is_not(None) for column in columns]
    return sa.and_(*scope, *present, among), sa.and_(sa.true(), *scope)
