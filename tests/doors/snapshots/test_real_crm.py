"""Maven's CRM, loaded into PostgreSQL and SQLite and read as files: the same rows three times."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import psycopg
import pytest

from observer.snapshots.take import take_snapshot
from tests.doors.sources.reading import opened, plan

#: Table → column → type in PostgreSQL.
TABLES = {
    "accounts": {
        "account": "text PRIMARY KEY",
        "sector": "text",
        "year_established": "int",
        "revenue": "numeric(12,2)",
        "employees": "int",
        "office_location": "text",
        "subsidiary_of": "text",
    },
    "products": {"product": "text PRIMARY KEY", "series": "text", "sales_price": "numeric(10,2)"},
    "sales_teams": {"sales_agent": "text PRIMARY KEY", "manager": "text", "regional_office": "text"},
    "sales_pipeline": {
        "opportunity_id": "text PRIMARY KEY",
        "sales_agent": "text",
        "product": "text",
        "account": "text",
        "deal_stage": "text",
        "engage_date": "date",
        "close_date": "date",
        "close_value": "numeric(12,2)",
    },
}
ROWS = {"accounts": 85, "products": 7, "sales_teams": 35, "sales_pipeline": 8800}


def loaded_into_postgres(folder: Path, url: str) -> str:
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for table, columns in TABLES.items():
            cursor.execute(f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
            with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv, HEADER true)") as copy:
                copy.write((folder / f"{table}.csv").read_bytes())
    return url


def loaded_into_sqlite(folder: Path, path: Path) -> str:
    kinds = {"int": "INTEGER", "numeric": "REAL"}
    with closing(sqlite3.connect(path)) as connection:
        for table, columns in TABLES.items():
            declared = ", ".join(f"{name} {kinds.get(kind.split('(')[0], 'TEXT')}" for name, kind in columns.items())
            connection.execute(f"CREATE TABLE {table} ({declared})")
            with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as text:
                rows = [[row[name] or None for name in columns] for row in csv.DictReader(text)]
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", rows)
        connection.commit()
    return f"sqlite:///{path}"


def contents(url: str, folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of a snapshot, as types that all three sources can be brought to."""
    tables = [plan(table, *columns) for table, columns in TABLES.items()]
    source = opened(url, seconds=120)
    with source.session() as session:
        snapshot = take_snapshot(session, tables, folder)
    source.close()
    found = {}
    with duckdb.connect() as duck:
        for file in snapshot.tables:
            assert file.shape.error is None
            kinds = TABLES[file.plan.physical_name]
            columns = ", ".join(f'"{c}"::{kinds[c].split()[0].replace("text", "varchar")}' for c in file.plan.columns)
            found[file.plan.physical_name] = duck.execute(
                f"SELECT {columns} FROM read_parquet(?) ORDER BY ALL", [file.path]
            ).fetchall()
    return found


@pytest.fixture
def crm_files(shared_data: Path, tmp_path: Path) -> Path:
    return shared_data / "maven-crm"


def test_the_snapshots_hold_the_same_rows(crm_files: Path, postgres_url: str, tmp_path: Path) -> None:
    from_files = contents(f"file:{crm_files}", tmp_path / "files")
    from_postgres = contents(loaded_into_postgres(crm_files, postgres_url), tmp_path / "postgres")
    from_sqlite = contents(loaded_into_sqlite(crm_files, tmp_path / "crm.db"), tmp_path / "sqlite")
    assert {table: len(rows) for table, rows in from_files.items()} == ROWS
    assert from_files == from_postgres == from_sqlite
