"""Sums of ledgers by time. In: a connection, what was counted when. Out: sums of spans, and their course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any

from sqlalchemy import Connection, Integer, Select, case, delete, func, literal, select, union_all

from observer.slo.budget import Counts
from observer.slo.counting import Bucket
from observer.slo.windows import MINUTE
from observer.store import slo_tables as t
from observer.store.database import insertion
from observer.store.given import given
from observer.store.slo_rows import NUMBERS, counts_columns, counts_of, first_minute, from_minute

#: Later than any bucket.
_NEVER = 2**31 - 1
#: Buckets that are merged at once.
PART = 5_000


def add_counts(connection: Connection, ledger: int, by_minute: Mapping[int, Counts]) -> None:
    """Add to the buckets of these minutes (since 1970)."""
    if not by_minute:
        return
    rows = given(connection, begins=(Integer(), list(by_minute)), **counts_columns(list(by_minute.values())))
    columns = [rows.c.begins, *(rows.c[name] for name in NUMBERS)]
    chosen = select(literal(ledger, Integer()), *columns).where(rows.c.begins.is_not(None))
    new = insertion(connection, t.slo_buckets).from_select(["ledger_id", "begins", *NUMBERS], chosen)
    sums = {name: t.slo_buckets.c[name] + new.excluded[name] for name in NUMBERS}
    connection.execute(new.on_conflict_do_update(index_elements=["ledger_id", "begins"], set_=sums))


def sums_since(connection: Connection, ledger: int, begins: Sequence[datetime]) -> tuple[Counts, ...]:
    """What was counted from each of these times on, in their order. Every bucket is read once."""
    if not begins:
        return ()
    borders = sorted({first_minute(moment) for moment in begins}, reverse=True)
    b = t.slo_buckets.c
    sums = [func.sum(b[name]).label(name) for name in NUMBERS]
    spans = [
        select(literal(border, Integer()).label("border"), *sums).where(
            b.ledger_id == ledger, b.begins >= border, b.begins < before
        )
        for before, border in pairwise([_NEVER, *borders])
    ]
    parts = {row.border: counts_of(row) for row in connection.execute(union_all(*spans))}
    since = dict(zip(borders, accumulate(parts.get(border, Counts()) for border in borders), strict=True))
    return tuple(since[first_minute(moment)] for moment in begins)


def course_since(connection: Connection, ledger: int, since: datetime) -> tuple[Bucket, ...]:
    """The buckets from there on, oldest first."""
    b = t.slo_buckets
    query = select(b).where(b.c.ledger_id == ledger, b.c.begins >= first_minute(since)).order_by(b.c.begins)
    return tuple(Bucket(begins=from_minute(row.begins), counts=counts_of(row)) for row in connection.execute(query))


def slices_since(
    connection: Connection, ledger: int, begins: Sequence[datetime], width: timedelta
) -> tuple[Bucket, ...]:
    """The buckets from the first of these times on, oldest first, merged within slices of that width (whole minutes
    since 1970), but not over any of the times: sums from them on, and by slices, stay what they are.
    """
    b = t.slo_buckets.c
    first, *others = sorted({first_minute(moment) for moment in begins})
    # How many of the times have passed: alike for what may be merged.
    passed = sum((case((b.begins >= other, 1), else_=0) for other in others), literal(0, Integer()))
    begin = func.min(b.begins).label("begins")
    sums = [func.sum(b[name]).label(name) for name in NUMBERS]
    query: Select[Any] = (
        select(begin, *sums)
        .where(b.ledger_id == ledger, b.begins >= first)
        .group_by(b.begins - b.begins % (width // MINUTE), passed)
        .order_by(begin)
    )
    return tuple(Bucket(begins=from_minute(row.begins), counts=counts_of(row)) for row in connection.execute(query))


def merge_some(connection: Connection, ledger: int, *, before: int, width: int) -> int:
    """Merge buckets that begin before that minute into those of `width` minutes, the oldest first; says how many.

    `before` is a multiple of `width`. No more than PART at a time: none left when it says less.
    """
    b = t.slo_buckets
    fine = (b.c.ledger_id == ledger, b.c.begins < before, b.c.begins % width != 0)
    rows = connection.execute(select(b).where(*fine).order_by(b.c.begins).limit(PART)).all()
    merged: dict[int, Counts] = {}
    for row in rows:
        start = row.begins - row.begins % width
        merged[start] = merged.get(start, Counts()) + counts_of(row)
    if rows:
        connection.execute(delete(b).where(*fine, b.c.begins <= rows[-1].begins))
        add_counts(connection, ledger, merged)
    return len(rows)
