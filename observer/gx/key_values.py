"""Keys as text → conditions that find their rows, on the bare column, so that an index over it is used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from observer.gx import dialect_words as words
from observer.gx.dialect_words import Sql
from observer.gx.kinds import Kind

#: Text of a fixed length, which compares without its trailing blanks only with its like.
_BLANKS = re.compile(r"^(bpchar|char|character)\b(?!\s*varying)", re.IGNORECASE)
_BYTES = re.compile(r"^(bytea|blob|binary|varbinary|(tiny|medium|long)blob)", re.IGNORECASE)
_LARGEST = 2**63 - 1


def among_texts(column: Sql, texts: Iterable[str], kind: Kind, declared: str, dialect: str) -> Sql | None:
    """True of a row whose value has one of these canonical texts, and perhaps of some more; None when none can have.

    `declared` is the source's own name of the column's type.
    """
    asked = sorted(set(texts))
    if dialect == "sqlite":
        # It types values, not columns.
        readings: list[Callable[[str], Any]] = [_text, _whole, float, bytes.fromhex]
        return _among(column, [sa.literal(v) for text in asked for read in readings for v in _read(read, text)])
    if _BYTES.match(declared):
        return _among(column, [sa.literal(v) for text in asked for v in _read(bytes.fromhex, text)])
    match kind:
        case Kind.TEXT:
            fixed = dialect == "postgresql" and _BLANKS.match(declared)
            return _among(column, [_blank_padded(text) if fixed else sa.literal(text) for text in asked])
        case Kind.INTEGER | Kind.BOOLEAN:
            numbers = [v for text in asked for v in _read(_whole, text)]
            return _among(column, [sa.literal(bool(n)) if kind is Kind.BOOLEAN else sa.literal(n) for n in numbers])
        case Kind.DECIMAL:
            return _among(column, [sa.literal(v) for text in asked for v in _read(Decimal, text)])
        case Kind.FLOAT:
            return _among(column, [sa.literal(v, sa.Double()) for text in asked for v in _read(float, text)])
        case Kind.UUID:
            return _among(column, [sa.literal(v, sa.Uuid()) for text in asked for v in _read(UUID, text)])
        case Kind.DATE | Kind.TIMESTAMP | Kind.TIMESTAMP_TZ | Kind.TIME:
            read = {Kind.DATE: date.fromisoformat, Kind.TIME: time.fromisoformat}.get(kind, datetime.fromisoformat)
            values = [v for text in asked for v in _read(read, text)]
            return _among(column, [words.time_literal(value, kind, dialect) for value in values])
    return _among(words.as_text(column, dialect), [sa.literal(text) for text in asked])


def _among(column: Sql, values: list[Any]) -> Sql | None:
    return column.in_(values) if values else None


def _blank_padded(text: str) -> Sql:
    return sa.cast(sa.literal(text), sa.CHAR(max(len(text), 1)))


def _read(read: Callable[[str], Any], text: str) -> list[Any]:
    with suppress(ValueError, ArithmeticError):
        return [read(text)]
    return []


def _text(text: str) -> str:
    return text


def _whole(text: str) -> int:
    number = int(text)
    if abs(number) > _LARGEST:
        raise ValueError("no database has such a key")
    return number
