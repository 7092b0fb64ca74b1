"""CSV exports → tables of a database, with the column types that a person would have declared."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

_TYPES: dict[str, type[TypeEngine[object]]] = {
    "BIGINT": sa.BigInteger,
    "DOUBLE": sa.Float,
    "DATE": sa.Date,
    "TIMESTAMP": sa.DateTime,
    "BOOLEAN": sa.Boolean,
}


def load_exports(files: Mapping[str, Path], url: str) -> None:
    """Load each file into a new table of this name; empty fields become null, types are guessed from all rows."""
    engine = sa.create_engine(url)
    reader = duckdb.connect()
    try:
        for name, file in files.items():
            rows = reader.from_csv_auto(str(file), sample_size=-1)  # type: ignore[call-overload]  # stubs lag behind
            columns = [
                sa.Column(c, _TYPES.get(str(t), sa.Text)()) for c, t in zip(rows.columns, rows.types, strict=True)
            ]
            table = sa.Table(name, sa.MetaData(), *columns)
            table.create(engine)
            records = [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]
            if records:
                with engine.begin() as connection:
                    connection.execute(table.insert(), records)
    finally:
        reader.close()
        engine.dispose()
