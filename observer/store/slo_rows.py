"""Between service levels and their rows in the state. In: frozen values, or rows. Out: rows, or frozen values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, SmallInteger

from observer.slo.budget import Counts
from observer.slo.burn import short_span
from observer.slo.ledger import Decided, Pending, Position
from observer.slo.model import CalendarWindow, Slo
from observer.slo.verdicts import Observation
from observer.store.evidence import storable_text
from observer.store.given import GivenColumn
from observer.store.rows import AnyRow
from observer.store.slo_tables import EVIDENCE, STATES, KeyText, from_micros, micros

#: Columns of whatever holds counts.
NUMBERS = ("good", "bad", "unknown", "withdrawn")
#: PostgreSQL refuses to index longer ones; nobody reads them.
LONGEST_KEY = 200
_STATE_OF = {code: state for state, code in STATES.items()}
_EVIDENCE_OF = {code: evidence for evidence, code in EVIDENCE.items()}
_MINUTE = 60 * 1_000_000


def stored_key(key: str) -> str:
    """A key as it is stored: itself, unless databases refuse it, or it is very long. One that is stored stays so."""
    short = len(key) <= LONGEST_KEY
    if short and key.isascii() and "\x00" not in key:
        return key  # nearly all of them, and there are many
    text = storable_text(key)
    if short and text == key:
        return key
    digest = sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{text[: LONGEST_KEY - 33]}#{digest}"


def minute_of(moment: datetime) -> int:
    """Minutes since 1970, rounded down."""
    return micros(moment) // _MINUTE


def hour_of(moment: datetime) -> int:
    """Hours since 1970, rounded down."""
    return micros(moment) // (60 * _MINUTE)


def first_minute(begins: datetime) -> int:
    """The first whole minute at or after that time, as minutes since 1970."""
    return -(-micros(begins) // _MINUTE)


def from_minute(minute: int) -> datetime:
    """Minutes since 1970 → aware datetime, UTC."""
    return from_micros(minute * _MINUTE)


def pending_columns(rows: dict[str, Pending]) -> dict[str, GivenColumn]:
    """Columns of `slo_pending` but the ledger; `rows` by stored key."""
    before = [row.before for row in rows.values()]
    return {
        "key": (KeyText, list(rows)),
        "event_at": (BigInteger(), [micros(row.event_at) for row in rows.values()]),
        "before_at": (BigInteger(), [micros(seen.at) if seen else None for seen in before]),
        "before_holds": (Boolean(), [seen.holds if seen else None for seen in before]),
        "before_written_at": (BigInteger(), [_written(seen) for seen in before]),
    }


def _written(seen: Observation | None) -> int | None:
    return None if seen is None or seen.written_at is None else micros(seen.written_at)


def record_columns(rows: dict[str, Decided]) -> dict[str, GivenColumn]:
    """Columns of `slo_records` but the ledger; `rows` by stored key."""
    return {
        "key": (KeyText, list(rows)),
        "event_at": (BigInteger(), [micros(row.event_at) for row in rows.values()]),
        "decided_at": (BigInteger(), [micros(row.decided_at) for row in rows.values()]),
        "hour": (Integer(), [hour_of(row.event_at) for row in rows.values()]),
        "state": (SmallInteger(), [STATES[row.state] for row in rows.values()]),
        "evidence": (SmallInteger(), [EVIDENCE[row.evidence] if row.evidence else None for row in rows.values()]),
    }


def pending_of(row: AnyRow, key: str) -> Pending:
    """A row of `slo_pending`; `key` as who asks knows it."""
    before = None
    if row.before_at is not None:
        before = Observation(at=row.before_at, holds=row.before_holds, written_at=row.before_written_at)
    return Pending(key=key, event_at=row.event_at, before=before)


def decided_of(row: AnyRow) -> Decided:
    """A row of `slo_records`."""
    return Decided(
        key=row.key,
        event_at=row.event_at,
        state=_STATE_OF[row.state],
        evidence=None if row.evidence is None else _EVIDENCE_OF[row.evidence],
        decided_at=row.decided_at,
    )


def position_of(row: AnyRow) -> Position | None:
    """Where a row of `slo_ledgers` stands; None before the first look, and for what is not looked at."""
    if row.since is None:
        return None
    return Position(since=row.since, seen_to=row.seen_to, swept_to=row.swept_to, looked_at=row.looked_at)


def counts_of(row: AnyRow) -> Counts:
    """The four numbers of a row, or of sums: whole, whatever the database makes of a sum."""
    return Counts(
        good=int(row.good or 0), bad=int(row.bad or 0), unknown=int(row.unknown or 0), withdrawn=int(row.withdrawn or 0)
    )


def counts_columns(counts: Sequence[Counts]) -> dict[str, GivenColumn]:
    """The four numbers as columns. Records are whole: fractions raise ValueError."""
    return {name: (BigInteger(), [_whole(getattr(each, name)) for each in counts]) for name in NUMBERS}


def _whole(number: int | Fraction) -> int:
    if number != int(number):
        raise ValueError("records are counted in whole numbers")
    return int(number)


def revision_values(slo: Slo) -> dict[str, Any]:
    """What people are told of an objective."""
    return {"target": _percent(slo.target), "window_text": _window(slo), "method": slo.method.value}


def _percent(target: Fraction) -> str:
    exact = Decimal(100 * target.numerator) / Decimal(target.denominator)
    return f"{exact.normalize():f} %"


def _window(slo: Slo) -> str:
    window = slo.window
    if isinstance(window, CalendarWindow):
        return f"{window.count}{window.unit} from {window.begins:%Y-%m-%d %H:%M} {window.zone}"
    return short_span(window.span)
