"""soda-core 4 on the same checks: `soda duckdb FOLDER` or `soda postgres URL`. Runs in a venv of its own.

Soda writes a missing value apart from an invalid one, so its `invalid` checks count what ours count.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

os.environ["SODA_CORE_TELEMETRY_ENABLED"] = "false"  # nothing is sent anywhere

from soda_core.contracts import verify_contract_locally

from benchmarks.hand_sql import EMAIL_PATTERN, SOURCES, STATUSES
from benchmarks.rounds import Facts, serve


def _data_source(engine: str, place: str, folder: Path) -> tuple[dict[str, Any], str]:
    """The data source, and the prefix of its tables' names."""
    if engine == "duckdb":
        import duckdb

        database = folder / "leads.duckdb"
        with duckdb.connect(str(database)) as connection:
            for table in ("leads", "users"):
                connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{place}/{table}.parquet')")
        connection_properties: dict[str, Any] = {"database": str(database)}
        return {"type": "duckdb", "name": "bench", "connection": connection_properties}, "bench/leads/main"
    url = urlsplit(place)
    connection_properties = {
        "host": url.hostname,
        "port": url.port,
        "user": unquote(url.username or ""),
        "password": unquote(url.password or ""),
        "database": url.path[1:],
    }
    return {"type": "postgres", "name": "bench", "connection": connection_properties}, f"bench/{url.path[1:]}/public"


def _contract(prefix: str) -> dict[str, Any]:
    missing: dict[str, Any] = {"missing": {}}

    def column(name: str, *checks: dict[str, Any]) -> dict[str, Any]:
        return {"name": name, "checks": list(checks)}

    def missing_where(condition: str, qualifier: str) -> dict[str, Any]:
        return {"missing": {"qualifier": qualifier, "filter": condition}}

    def invalid(qualifier: str, **what: Any) -> dict[str, Any]:
        return {"invalid": {"qualifier": qualifier, **what}}

    duplicate: dict[str, Any] = {"duplicate": {}}
    five_percent = {"metric": "percent", "must_be_less_than": 5}
    email = {"regex": EMAIL_PATTERN, "name": "email"}
    return {
        "dataset": f"{prefix}/leads",
        "checks": [{"row_count": {"threshold": {"must_be_greater_than": 0}}}],
        "columns": [
            column("id", missing, duplicate),
            column("uuid", missing, duplicate, invalid("length", valid_min_length=36, valid_max_length=36)),
            column(
                "email",
                {"missing": {"missing_values": ["", "n/a"], "threshold": five_percent}},
                invalid("pattern", valid_format=email),
                invalid("length", valid_max_length=320),
            ),
            column("last_name", missing, invalid("length", valid_min_length=1, valid_max_length=80)),
            column("status", missing, invalid("known", valid_values=list(STATUSES))),
            column("source", invalid("known", valid_values=list(SOURCES))),
            column("score", missing, invalid("range", valid_min=0, valid_max=100)),
            column("amount", invalid("range", valid_min=0), missing_where("status = 'qualified'", "of_qualified")),
            column(
                "owner_id",
                invalid("user", valid_reference_data={"dataset": f"{prefix}/users", "column": "id"}),
                missing_where("status IN ('working', 'qualified')", "assigned"),
            ),
            column("created_at", missing),
        ],
    }


def main(engine: str, place: str) -> None:
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, prefix = _data_source(engine, place, folder)
        # JSON is YAML.
        (folder / "source.yml").write_text(json.dumps(source))
        (folder / "contract.yml").write_text(json.dumps(_contract(prefix)))

        def work() -> Facts:
            session = verify_contract_locally(
                data_source_file_path=str(folder / "source.yml"), contract_file_path=str(folder / "contract.yml")
            )
            results = [check for contract in session.contract_verification_results for check in contract.check_results]
            outcomes = [result.outcome.name for result in results]
            if session.has_errors or "NOT_EVALUATED" in outcomes or not results:
                raise RuntimeError(f"soda could not run: {session.get_errors_str()}")
            return {"checks": len(results), "failed": outcomes.count("FAILED")}

        serve(work)


if __name__ == "__main__":
    main(*sys.argv[1:3])
