"""A leads table of any size with believable dirt: rows and seed in, a PostgreSQL database and Parquet files out.

Every value is a function of (row, seed), so two runs give the same table. The shares of dirt are in the SQL below,
in parts per million of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import adbc_driver_postgresql.dbapi
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

SEED = 20_261_122
USERS = 1_000
TABLES = ("leads", "users")

_TABLES = """
CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, email text NOT NULL);
CREATE TABLE leads (
    id bigint NOT NULL, uuid text, email text, last_name text, status text, source text,
    score integer, amount numeric(12,2), owner_id bigint, created_at timestamptz, updated_at timestamptz
);
"""

_USERS = """
INSERT INTO users SELECT i, 'User ' || i, 'user' || i || '@example.com' FROM generate_series(1, %(users)s) AS i
"""

#: r0 … r9 are independent uniform numbers in 0..999999.
_LEADS = """
INSERT INTO leads
SELECT
    i,
    CASE WHEN r0 < 500 THEN upper(md5(i || ':{seed}'))
         WHEN r0 < 600 THEN md5((i - 1) || ':{seed}')::uuid::text
         ELSE md5(i || ':{seed}')::uuid::text END,
    CASE WHEN r1 < 20000 THEN NULL
         WHEN r1 < 23000 THEN ''
         WHEN r1 < 25000 THEN 'n/a'
         WHEN r1 < 35000 THEN lower(last) || i || '(at)example.com'
         WHEN r1 < 35050 THEN repeat('x', 320) || '@example.com'
         ELSE lower(last) || '.' || i || '@' || (ARRAY['example.com','example.org','mail.example.net'])[1 + r2 % 3] END,
    CASE WHEN r2 < 5000 THEN NULL WHEN r2 < 5100 THEN repeat(last, 15) ELSE last END,
    CASE WHEN r3 < 2000 THEN 'Qualified' WHEN r3 < 3000 THEN 'in progress' WHEN r3 < 3500 THEN NULL ELSE state END,
    CASE WHEN r4 < 10000 THEN NULL
         WHEN r4 < 12000 THEN 'Webinar'
         ELSE (ARRAY['web','demo_request','partner','event'])[1 + r4 % 4] END,
    CASE WHEN r5 < 5000 THEN NULL WHEN r5 < 6000 THEN 100 + r5 % 50 ELSE r5 % 101 END,
    CASE WHEN r6 < 1000 THEN -1 * (r6 % 100)
         WHEN state <> 'qualified' AND r6 < 400000 THEN NULL
         WHEN r6 < 6000 THEN NULL
         ELSE (r6 * 7 % 9000000) / 100.0 END,
    CASE WHEN r7 < 2000 THEN {users} + 1 + r7 % 50
         WHEN state = 'new' AND r7 < 300000 THEN NULL
         WHEN r7 < 5000 THEN NULL
         ELSE 1 + r7 % {users} END,
    CASE WHEN r8 < 100 THEN NULL ELSE created END,
    created + r9 * interval '2.5 seconds'
FROM (
    SELECT h.*,
        (ARRAY['Smith','Jones','Garcia','Müller','Nguyen','Kowalski','O''Brien','Sørensen','Yamada','Okafor',
               'Rossi','Silva','Dubois','Ivanova','Khan','Chen'])[1 + r8 % 16] AS last,
        (ARRAY['new','new','new','contacted','contacted','working','qualified','disqualified'])[1 + r9 % 8] AS state,
        timestamptz '2024-01-01 00:00:00+00' + i * (interval '730 days' / {rows}) AS created
    FROM (
        SELECT i, {uniforms} FROM generate_series(1::bigint, {rows}::bigint) AS i
    ) AS h
) AS drawn
"""


def fill_postgres(url: str, *, rows: int, seed: int = SEED) -> None:
    """Make both tables in an empty database, the leads with a primary key, vacuumed and analyzed."""
    uniforms = ", ".join(f"(hashint8extended(i, {seed + n}) & 2147483647) % 1000000 AS r{n}" for n in range(10))
    with psycopg.connect(url) as connection:
        connection.execute(_TABLES)
        connection.execute(_USERS, {"users": USERS})
        leads = _LEADS.format(seed=seed, users=USERS, rows=rows, uniforms=uniforms)
        connection.execute(leads.encode())
        connection.execute("ALTER TABLE leads ADD PRIMARY KEY (id)")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) leads, users")
        connection.execute("CHECKPOINT")


def write_parquet(url: str, folder: Path) -> None:
    """Write `leads.parquet` and `users.parquet` with the same rows; memory use does not grow with them."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        columns = "*, amount::text AS amount_text" if table == "leads" else "*"
        with adbc_driver_postgresql.dbapi.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT {columns} FROM {table}")
            batches = (_exact_amount(batch) for batch in cursor.fetch_record_batch())
            _write(folder / f"{table}.parquet", batches)


def _exact_amount(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The driver hands numeric over as text of an opaque type: make it decimal(12,2) again, in its place."""
    if "amount_text" not in batch.schema.names:
        return batch
    amount = pc.cast(batch.column("amount_text"), pa.decimal128(12, 2))
    names = [name for name in batch.schema.names if name != "amount_text"]
    columns = [amount if name == "amount" else batch.column(name) for name in names]
    return pa.RecordBatch.from_arrays(columns, names=names)


def _write(path: Path, batches: Iterator[pa.RecordBatch]) -> None:
    first = next(batches)
    with pq.ParquetWriter(path, first.schema, compression="zstd") as writer:
        writer.write_batch(first)
        for batch in batches:
            writer.write_batch(batch)
