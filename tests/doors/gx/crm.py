"""Small plans and tables for the engine's tests, and the places where they can be run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from observer.checks import rules
from observer.checks.measure import Measurement, SourceColumn, TableFile, TableShape
from observer.checks.spec import NO_ROW_FAILS, CheckSpec, ContractPlan, TablePlan
from observer.contracts.model import Comparison, Condition, Dimension, Operator, Severity
from observer.gx.runner import SuiteRunner

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
AT_LEAST_ONE = Comparison(operator=Operator.MUST_BE_GREATER_THAN, operands=(0,))
#: Arrow type → what PostgreSQL calls it.
POSTGRES = {
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.string(): "text",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.timestamp("us"): "timestamp without time zone",
    pa.timestamp("us", "UTC"): "timestamp with time zone",
    pa.decimal128(12, 2): "numeric(12,2)",
}
#: What MySQL calls those that it calls otherwise.
MYSQL = {pa.timestamp("us"): "datetime(6)", pa.timestamp("us", "UTC"): "timestamp(6)", pa.bool_(): "tinyint(1)"}


def check(
    name: str,
    rule: rules.Rule,
    *,
    table: str = "leads",
    threshold: Comparison = NO_ROW_FAILS,
    when: tuple[Condition, ...] = (),
    restricted: bool = False,
) -> CheckSpec:
    return CheckSpec(
        id=f"crm.{table}.{name}",
        contract="crm",
        contract_version="1.0.0",
        object=table,
        property=None,
        rule_name=name,
        statement=f"{name} holds",
        dimension=Dimension.VALIDITY,
        severity=Severity.ERROR,
        rule=rule,
        threshold=threshold,
        when=when,
        owner="ana@example.com",
        restricted=restricted,
    )


def table_plan(columns: Sequence[str], *, name: str = "leads", physical: str | None = None, **more: Any) -> TablePlan:
    given = {"contract": "crm", "object": name, "physical_name": physical or name, "columns": tuple(columns), "key": ()}
    return TablePlan(**(given | more))


def plan_of(tables: Sequence[TablePlan], checks: Sequence[CheckSpec]) -> ContractPlan:
    return ContractPlan(contract="crm", contract_version="1.0.0", tables=tuple(tables), checks=tuple(checks))


def shape_of(table: TablePlan, rows: pa.Table, dialect: str = "", **more: Any) -> TableShape:
    types = POSTGRES | (MYSQL if dialect == "mysql" else {})
    here = [name for name in table.columns if name in rows.column_names]
    return TableShape(
        object=table.object,
        physical_name=table.physical_name,
        columns=tuple(SourceColumn(name=name, type=types.get(rows.schema.field(name).type, "")) for name in here),
        source_time=NOW,
        **({"types_bind": dialect != "sqlite"} | more),
    )


def as_written(spec: CheckSpec) -> str:
    """A query that is in the bench's own SQL already, and does no harm."""
    assert isinstance(spec.rule, rules.SqlValue)
    return spec.rule.query


def on_snapshot(
    folder: Path,
    plan: ContractPlan,
    tables: Mapping[str, pa.Table],
    shapes: Mapping[str, TableShape] | None = None,
    **more: Any,
) -> SuiteRunner:
    """A runner over Parquet files of these tables, keyed by object name."""
    files = []
    for number, table in enumerate(plan.tables):
        rows = tables[table.object]
        path = folder / f"{number}.parquet"
        pq.write_table(rows, path)
        shape = (shapes or {}).get(table.object) or shape_of(table, rows)
        files.append(TableFile(plan=table, shape=shape, path=str(path)))
    return SuiteRunner.on_snapshot(plan, files, source_time=NOW, threads=1, **({"sql_for": as_written} | more))


def load(engine: sa.Engine, name: str, rows: pa.Table) -> None:
    """Create the table and fill it; the types are those of the Arrow columns."""
    types: dict[pa.DataType, Any] = {
        pa.int64(): sa.BigInteger(),
        pa.float64(): sa.Double(),
        pa.string(): sa.Text(),
        pa.bool_(): sa.Boolean(),
        pa.date32(): sa.Date(),
        pa.timestamp("us"): sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"),
        pa.timestamp("us", "UTC"): sa.DateTime(timezone=True),
        pa.decimal128(12, 2): sa.Numeric(12, 2),
    }
    table = sa.Table(name, sa.MetaData(), *(sa.Column(f.name, types[f.type]) for f in rows.schema))
    table.drop(engine, checkfirst=True)
    table.create(engine)
    if records := rows.to_pylist():
        with engine.begin() as connection:
            connection.execute(table.insert(), records)


def on_source(engine: sa.Engine, plan: ContractPlan, tables: Mapping[str, pa.Table], **more: Any) -> SuiteRunner:
    """A runner in the database itself."""
    shapes = []
    for table in plan.tables:
        load(engine, table.physical_name, tables[table.object])
        shapes.append(shape_of(table, tables[table.object], engine.dialect.name))
    return SuiteRunner.on_source(plan, engine, shapes, source_time=NOW, **({"sql_for": as_written} | more))


def counts(measured: Sequence[Measurement]) -> dict[str, tuple[int | None, int | None]]:
    """Last part of the check id → (tested, failed); fails the test where something could not be measured."""
    wrong = {m.check_id: m.error for m in measured if m.error is not None}
    assert not wrong, wrong
    return {m.check_id.rpartition(".")[2]: (m.rows_tested, m.rows_failed) for m in measured}


@contextmanager
def sqlite(folder: Path) -> Any:
    engine = sa.create_engine(f"sqlite:///{folder / 'crm.sqlite'}")
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def database(where: str, folder: Path, address: Callable[[str], str]) -> Iterator[sa.Engine]:
    """An engine of an empty database."""
    drivers = {"postgresql": "postgresql+psycopg", "mariadb": "mysql+pymysql"}
    if where in drivers:
        url = (
            drivers[where] + "://" + address({"postgresql": "postgres_url"}.get(where, f"{where}_url")).split("://")[1]
        )
    else:
        url = f"{where}:///{folder / where}"
    engine = sa.create_engine(url, poolclass=sa.pool.StaticPool if where == "duckdb" else None)
    try:
        yield engine
    finally:
        engine.dispose()
