"""The product's own rooms, without the start of its process.

`ours suite FOLDER` and `ours suite-without-key FOLDER` run the suite on the Parquet files there, `ours pushdown URL` in
the source itself, and `ours snapshot URL` copies both tables into Parquet.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.rounds import ROOT, Facts, serve
from observer.checks.measure import Measurement, SourceColumn, TableFile, TableShape
from observer.checks.plan import plan_contract
from observer.checks.rules import HasType
from observer.checks.spec import ContractPlan, TablePlan
from observer.config.odcs import load_contracts
from observer.jobs.queries import QueryDesk
from observer.snapshots.take import take_snapshot
from observer.sources.opening import open_source

CONTRACT = ROOT / "benchmarks" / "leads.odcs.yaml"
#: What PostgreSQL calls the columns that Parquet calls otherwise.
POSTGRES_TYPES = {"int64": "bigint", "int32": "integer", "string": "text", "large_string": "text"}


def leads_plan() -> ContractPlan:
    """The plan of the benchmark's contract. Raises RuntimeError when lint would refuse it."""
    loaded = load_contracts([CONTRACT])
    errors = [str(problem) for problem in loaded.problems if problem.level == "error"]
    if errors:
        raise RuntimeError("; ".join(errors))
    (contract,) = loaded.contracts
    return plan_contract(contract)


def counts_of(plan: ContractPlan, measured: Iterable[Measurement]) -> Facts:
    """`property.rule` → failed rows, for the leads without their types; what a key proves is named too."""
    checks = {spec.id: spec for spec in plan.checks if spec.object == "leads"}
    counts: dict[str, int] = {}
    proven: list[str] = []
    for seen in measured:
        spec = checks.get(seen.check_id)
        if spec is None or isinstance(spec.rule, HasType):
            continue
        name = f"{spec.property}.{spec.rule_name}" if spec.property else spec.rule_name
        if seen.error is not None:
            raise RuntimeError(f"{name} could not be checked: {seen.error}")
        if seen.proven_by is not None:
            proven.append(f"{name}: {seen.proven_by}")
        value = seen.rows_failed if seen.rows_failed is not None else seen.value
        if value is not None:
            counts[name] = int(value)
    return {"counts": counts, "proven": proven, "checks": len(checks)}


def _file(table: TablePlan, folder: Path, *, with_key: bool) -> TableFile:
    path = folder / f"{table.physical_name}.parquet"
    schema = pq.read_schema(path)
    columns = tuple(
        SourceColumn(
            name=name, type=POSTGRES_TYPES.get(str(schema.field(name).type), _type(str(schema.field(name).type)))
        )
        for name in table.columns
    )
    shape = TableShape(
        object=table.object,
        physical_name=table.physical_name,
        columns=columns,
        unique_keys=(("id",),) if with_key else (),
        rows=pq.read_metadata(path).num_rows,
    )
    return TableFile(plan=table, shape=shape, path=str(path.resolve()), bytes=path.stat().st_size)


def _type(arrow: str) -> str:
    if arrow.startswith("timestamp"):
        return "timestamp with time zone"
    return arrow.replace("decimal128", "numeric")


def suite(folder: Path, *, with_key: bool = True) -> Callable[[], Facts]:
    """The suite on Parquet files, from opening them to the last count."""
    from observer.gx.runner import SuiteRunner

    plan = leads_plan()
    files = tuple(_file(table, folder, with_key=with_key) for table in plan.tables)
    desk = QueryDesk(plan, source_dialect="postgres", bench_dialect="duckdb")

    def work() -> Facts:
        with SuiteRunner.on_snapshot(plan, files, source_time=datetime.now(UTC), sql_for=desk.query) as runner:
            return counts_of(plan, runner.run())

    return work


def pushdown(url: str) -> Callable[[], Facts]:
    """The suite in PostgreSQL itself, from taking the tables' shapes to the last count."""
    from observer.gx.runner import SuiteRunner

    plan = leads_plan()
    desk = QueryDesk(plan, source_dialect="postgres", bench_dialect="postgres")

    def work() -> Facts:
        with closing(open_source(url)) as source:
            assert source.engine is not None
            with source.session() as session:
                shapes = tuple(session.shape(table) for table in plan.tables)
                source_time = session.source_time
            with SuiteRunner.on_source(
                plan, source.engine, shapes, source_time=source_time, sql_for=desk.query
            ) as runner:
                return counts_of(plan, runner.run())

    return work


def snapshot(url: str) -> Callable[[], Facts]:
    """Both tables into Parquet in one transaction, manifest included; the files are gone after each round."""
    plan = leads_plan()

    def work() -> Facts:
        with tempfile.TemporaryDirectory() as folder, closing(open_source(url)) as source:
            with source.session() as session:
                taken = take_snapshot(session, plan.tables, Path(folder))
            errors = [table.shape.error for table in taken.tables if table.shape.error]
            if errors:
                raise RuntimeError("; ".join(errors))
            return {
                "rows": sum(t.shape.rows or 0 for t in taken.tables),
                "mb": sum(t.bytes for t in taken.tables) / 1e6,
            }

    return work


def main(what: str, place: str) -> None:
    works = {
        "suite": lambda: suite(Path(place)),
        "suite-without-key": lambda: suite(Path(place), with_key=False),
        "pushdown": lambda: pushdown(place),
        "snapshot": lambda: snapshot(place),
    }
    serve(works[what]())


if __name__ == "__main__":
    main(*sys.argv[1:3])
