"""The tables of service levels, beside those of `tables`: what was counted, and which alerts were told.

In: nothing. Out: one name per table. Records are many, so that theirs are narrow: short codes, times as whole
microseconds, no foreign keys (a ledger is never removed).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

from observer.slo.verdicts import EvidenceKind, State
from observer.store.tables import METADATA, UtcTime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

#: Keys are compared, never sorted for people: by their bytes, which costs least.
KeyText = Text().with_variant(Text(collation="C"), "postgresql")

#: As written in `slo_records`; never to be renumbered.
STATES = {State.GOOD: 1, State.BAD: 2, State.UNKNOWN: 3, State.WITHDRAWN: 4}
#: As written in `slo_records`; null where there is none.
EVIDENCE = {EvidenceKind.HISTORY: 1, EvidenceKind.UNTOUCHED: 2, EvidenceKind.BRACKETED: 3}


def micros(moment: datetime) -> int:
    """Aware datetime → microseconds since 1970. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    """Microseconds since 1970 → aware datetime, UTC."""
    return _EPOCH + timedelta(microseconds=value)


class Micros(TypeDecorator[datetime]):
    """An instant as microseconds since 1970: eight bytes everywhere."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Aware datetime → microseconds. Raises ValueError for a naive one."""
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Microseconds → aware UTC."""
        return None if value is None else from_micros(value)


#: One per indicator of an SLO: what it counts, and what is good. A new objective goes on with it.
slo_ledgers = Table(
    "slo_ledgers",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("slo", Text, nullable=False),
    #: `Slo.counted`.
    Column("counted", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("began_at", UtcTime, nullable=False),
    #: The position of a time-to-fill level; null for every other, and before the first look.
    Column("since", UtcTime),
    Column("seen_to", UtcTime),
    Column("swept_to", UtcTime),
    Column("looked_at", UtcTime),
    #: When a run, glance or slot was last counted.
    Column("counted_at", UtcTime),
    #: Records and samples before it were forgotten: what comes again counts no second time.
    Column("forgotten_to", UtcTime),
    Column("undatable", BigInteger),
    Column("trouble", Text),
    #: Tells by which secret its keys are digests; null where they are kept as they are.
    Column("keyed_by", Text),
    #: All that was ever counted; these only grow.
    Column("good", BigInteger, nullable=False),
    Column("bad", BigInteger, nullable=False),
    Column("unknown", BigInteger, nullable=False),
    Column("withdrawn", BigInteger, nullable=False),
    #: Rows of `slo_pending`.
    Column("pending", BigInteger, nullable=False),
    UniqueConstraint("slo", "counted"),
)

#: Which objective was in force since when; the last written of an SLO is. One that came back has a row of its own.
slo_revisions = Table(
    "slo_revisions",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("slo", Text, nullable=False),
    Column("revision", Text, nullable=False),
    Column("ledger_id", Integer, ForeignKey("slo_ledgers.id"), nullable=False),
    Column("since", UtcTime, nullable=False),
    #: For people: `99.5 %`, `28d`, `Occurrences`.
    Column("target", Text, nullable=False),
    Column("window_text", Text, nullable=False),
    Column("method", Text, nullable=False),
    Index("ix_slo_revisions_slo_id", "slo", "id"),
)

#: Rows before their deadline, or not looked at since.
slo_pending = Table(
    "slo_pending",
    METADATA,
    Column("event_at", Micros, nullable=False),
    #: The last look before the deadline; null when there was none.
    Column("before_at", Micros),
    Column("before_written_at", Micros),
    Column("ledger_id", Integer, primary_key=True),
    Column("before_holds", Boolean),
    Column("key", KeyText, primary_key=True),
    Index("ix_slo_pending_ledger_id_event_at", "ledger_id", "event_at"),
    sqlite_with_rowid=False,
    # Each look writes them again: with room on the page, the indexes need not follow.
    postgresql_with={"fillfactor": 70},
)

#: Rows that are decided. In order of width: nothing is lost to alignment.
slo_records = Table(
    "slo_records",
    METADATA,
    Column("event_at", Micros, nullable=False),
    Column("decided_at", Micros, nullable=False),
    Column("ledger_id", Integer, primary_key=True),
    #: Of the event time: hours since 1970. It lies where alignment left four bytes empty.
    Column("hour", Integer, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("evidence", SmallInteger),
    Column("key", KeyText, primary_key=True),
    # Alike for thousands of rows, which an index of PostgreSQL then holds in a few bytes each.
    Index("ix_slo_records_ledger_id_hour", "ledger_id", "hour"),
    # What people ask for are the few that are not good, newest first.
    Index(
        "ix_slo_records_not_good",
        "ledger_id",
        "event_at",
        postgresql_where=text("state <> 1"),
        sqlite_where=text("state <> 1"),
    ),
    sqlite_with_rowid=False,
)

#: What was counted per minute, and per quarter of an hour when it is old.
slo_buckets = Table(
    "slo_buckets",
    METADATA,
    Column("ledger_id", Integer, primary_key=True),
    #: Minutes since 1970.
    Column("begins", Integer, primary_key=True),
    Column("good", BigInteger, nullable=False),
    Column("bad", BigInteger, nullable=False),
    Column("unknown", BigInteger, nullable=False),
    Column("withdrawn", BigInteger, nullable=False),
    sqlite_with_rowid=False,
    # The bucket of this minute is written again and again.
    postgresql_with={"fillfactor": 90},
)

#: Runs, glances and slots that were counted.
slo_samples = Table(
    "slo_samples",
    METADATA,
    Column("at", Micros, nullable=False),
    Column("ledger_id", Integer, primary_key=True),
    Column("key", KeyText, primary_key=True),
    Index("ix_slo_samples_ledger_id_at", "ledger_id", "at"),
    sqlite_with_rowid=False,
)

#: Alerts that were told; those without an end are open, one of a name.
slo_alerts = Table(
    "slo_alerts",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("slo", Text, nullable=False),
    Column("revision", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("urgency", Text, nullable=False),
    Column("began_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    #: Exact: whole numbers or fractions (`3/7`).
    Column("burn", Text),
    Column("bad", Text, nullable=False),
    Column("eligible", Text, nullable=False),
    Column("budget_left", BigInteger, nullable=False),
    Index("ix_slo_alerts_slo_began_at", "slo", "began_at"),
    Index(
        "ix_slo_alerts_open",
        "slo",
        "name",
        unique=True,
        postgresql_where=text("ended_at IS NULL"),
        sqlite_where=text("ended_at IS NULL"),
    ),
)
