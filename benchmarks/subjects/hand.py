"""Hand-written SQL: `hand duckdb FOLDER` on the Parquet files there, `hand postgres URL`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from benchmarks.hand_sql import aggregate_query, unique_query
from benchmarks.rounds import Facts, serve

Fetch = Callable[[str], tuple[Any, ...]]


def _duckdb() -> Fetch:
    import duckdb

    connection = duckdb.connect()

    def fetch(query: str) -> tuple[Any, ...]:
        row = connection.execute(query).fetchone()
        return tuple(row or ())

    return fetch


def _postgres(url: str) -> Fetch:
    import psycopg

    connection = psycopg.connect(url, autocommit=True)

    def fetch(query: str) -> tuple[Any, ...]:
        return connection.execute(query.encode()).fetchone() or ()

    return fetch


def main(engine: str, place: str) -> None:
    if engine == "duckdb":
        fetch, leads, users = (
            _duckdb(),
            f"read_parquet('{place}/leads.parquet')",
            f"read_parquet('{place}/users.parquet')",
        )
    else:
        fetch, leads, users = _postgres(place), "leads", "users"
    query, names = aggregate_query(engine, leads, users)

    def work() -> Facts:
        counts = dict(zip(names, map(int, fetch(query)), strict=True))
        counts["uuid.unique"] = int(fetch(unique_query(leads))[0])
        return {"counts": counts, "queries": 2}

    serve(work)


if __name__ == "__main__":
    main(*sys.argv[1:3])
