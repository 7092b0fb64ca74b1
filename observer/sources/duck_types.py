"""How a DuckDB column (of a database or a Parquet file) is read: type text in, SQL expression out.

Lists, structs, maps and JSON become JSON text; UUIDs, enums, intervals, bits and times with a zone become the text
that DuckDB writes; whole numbers beyond 64 bits become decimals. All others stay what they are.
"""

from __future__ import annotations

_AS_JSON = ("STRUCT", "MAP", "UNION", "LIST", "VARIANT")
_AS_TEXT = ("UUID", "ENUM", "INTERVAL", "BIT", "TIME WITH TIME ZONE", "TIMETZ", "JSON", "BIGNUM", "VARINT", "GEOMETRY")


def quoted(*names: str) -> str:
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def expression(name: str, kind: str) -> str:
    """What to select for the column `name` of the type `kind`."""
    column, kind = quoted(name), kind.upper()
    if kind.endswith("]") or kind.startswith(_AS_JSON):
        return f"CAST(to_json({column}) AS VARCHAR)"
    if kind.startswith(_AS_TEXT):
        return f"CAST({column} AS VARCHAR)"
    if kind in ("HUGEINT", "UHUGEINT"):
        return f"CAST({column} AS DECIMAL(38, 0))"
    return column
