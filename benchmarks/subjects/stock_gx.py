"""Stock Great Expectations, result format BASIC: `stock_gx duckdb FOLDER` or `stock_gx postgres URL`. In its own venv.

Built-in expectations only. It has none for a placeholder (`email.missing` counts nulls alone) nor for a foreign key
(a query does that), and no regex on DuckDB (`email.pattern` is left out there). On DuckDB its engine reads results
after it gave their connection back and finds them gone; they are read at once here, else nothing would run.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

from benchmarks.hand_sql import EMAIL_PATTERN, IN_WORK, SOURCES, STATUSES
from benchmarks.rounds import Facts, serve

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import great_expectations as gx  # noqa: E402 - it warns and logs while it is imported
from great_expectations import expectations as gxe  # noqa: E402
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource  # noqa: E402
from great_expectations.execution_engine import SqlAlchemyExecutionEngine  # noqa: E402
from great_expectations.expectations.row_conditions import Column  # noqa: E402

ORPHANS = "SELECT * FROM {batch} WHERE owner_id IS NOT NULL AND owner_id NOT IN (SELECT id FROM users)"


class ReadAtOnceEngine(SqlAlchemyExecutionEngine):
    """The stock engine, but every result is read before its connection is given back."""

    def execute_query(self, query: Any) -> Any:
        with self.get_connection() as connection:
            return connection.execute(query).freeze()()


def _expectations(*, regex: bool) -> dict[str, Any]:
    checks = {
        "id.required": gxe.ExpectColumnValuesToNotBeNull(column="id"),
        "id.unique": gxe.ExpectColumnValuesToBeUnique(column="id"),
        "uuid.required": gxe.ExpectColumnValuesToNotBeNull(column="uuid"),
        "uuid.unique": gxe.ExpectColumnValuesToBeUnique(column="uuid"),
        "uuid.length": gxe.ExpectColumnValueLengthsToBeBetween(column="uuid", min_value=36, max_value=36),
        "email.missing": gxe.ExpectColumnValuesToNotBeNull(column="email", mostly=0.95),
        "email.length": gxe.ExpectColumnValueLengthsToBeBetween(column="email", max_value=320),
        "last_name.required": gxe.ExpectColumnValuesToNotBeNull(column="last_name"),
        "last_name.length": gxe.ExpectColumnValueLengthsToBeBetween(column="last_name", min_value=1, max_value=80),
        "status.required": gxe.ExpectColumnValuesToNotBeNull(column="status"),
        "status.known": gxe.ExpectColumnValuesToBeInSet(column="status", value_set=list(STATUSES)),
        "source.known": gxe.ExpectColumnValuesToBeInSet(column="source", value_set=list(SOURCES)),
        "score.required": gxe.ExpectColumnValuesToNotBeNull(column="score"),
        "score.range": gxe.ExpectColumnValuesToBeBetween(column="score", min_value=0, max_value=100),
        "amount.range": gxe.ExpectColumnValuesToBeBetween(column="amount", min_value=0),
        "amount.of_qualified": gxe.ExpectColumnValuesToNotBeNull(
            column="amount", row_condition=Column("status") == "qualified"
        ),
        "owner_id.user": gxe.UnexpectedRowsExpectation(unexpected_rows_query=ORPHANS),
        "owner_id.assigned": gxe.ExpectColumnValuesToNotBeNull(
            column="owner_id", row_condition=Column("status").is_in(list(IN_WORK))
        ),
        "created_at.required": gxe.ExpectColumnValuesToNotBeNull(column="created_at"),
        "rows": gxe.ExpectTableRowCountToBeBetween(min_value=1),
    }
    if regex:
        checks["email.pattern"] = gxe.ExpectColumnValuesToMatchRegex(column="email", regex=EMAIL_PATTERN)
    for name, check in checks.items():
        check.meta = {"check": name}
    return checks


def _batch(engine: str, place: str, folder: Path) -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    if engine == "duckdb":
        import duckdb

        database = folder / "leads.duckdb"
        with duckdb.connect(str(database)) as connection:
            for table in ("leads", "users"):
                connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{place}/{table}.parquet')")
        SQLDatasource.execution_engine_override = ReadAtOnceEngine
        source = context.data_sources.add_sql(
            "bench", connection_string=f"duckdb:///{database}", create_temp_table=False
        )
    else:
        address = place.replace("postgresql://", "postgresql+psycopg://")
        source = context.data_sources.add_postgres("bench", connection_string=address, create_temp_table=False)
    asset = source.add_table_asset("leads", table_name="leads")
    return asset.add_batch_definition_whole_table("all").get_batch()


def main(engine: str, place: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        batch = _batch(engine, place, Path(folder))
        checks = _expectations(regex=engine != "duckdb")
        suite = gx.ExpectationSuite(name="leads", expectations=list(checks.values()))

        def work() -> Facts:
            result = batch.validate(suite, result_format="BASIC")
            counts: dict[str, int] = {}
            for one in result.results:
                name = one.expectation_config.meta["check"]
                if one.exception_info.get("raised_exception") is not False:
                    raise RuntimeError(f"{name} could not be checked: {str(one.exception_info)[-300:]}")
                if "unexpected_count" in one.result:
                    counts[name] = int(one.result["unexpected_count"])
                elif "observed_value" in one.result:
                    counts[name] = int(str(one.result["observed_value"]).split()[0])
            failed = sum(not one.success for one in result.results)
            return {"checks": len(checks), "failed": failed, "counts": counts}

        serve(work)


if __name__ == "__main__":
    main(*sys.argv[1:3])
