"""The state's tables as SQLAlchemy Core, the one description of them: migrations must end at exactly this.

In: nothing. Out: `METADATA` and one name per table. Times are aware UTC on both sides of the door.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB


class UtcTime(TypeDecorator[datetime]):
    """An instant. Refuses naive values; SQLite, which keeps no zone, holds UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware datetime → UTC. Raises ValueError for a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """What the database holds → aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


#: JSON that PostgreSQL can index.
Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

#: Every wording of a contract that was ever run, known by the bytes of its file.
contract_versions = Table(
    "contract_versions",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("contract", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("first_seen", UtcTime, nullable=False),
    UniqueConstraint("contract", "version", "digest"),
)

runs = Table(
    "runs",
    METADATA,
    #: Sorts by time of start (UUIDv7 or ULID), given by whoever ran it.
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    #: The source as it may be shown: without password.
    Column("source", Text, nullable=False),
    Column("started_at", UtcTime, nullable=False, index=True),
    Column("finished_at", UtcTime, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("passed", Integer, nullable=False),
    Column("warned", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("errored", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("trust_score", Integer),
    Column("execution", Text, nullable=False),
    #: Version of the program that ran.
    Column("version", Text, nullable=False),
    #: Why the run as a whole could not be done.
    Column("error", Text),
)

#: Which contracts a run looked at, in order.
run_contracts = Table(
    "run_contracts",
    METADATA,
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("contract_version_id", Integer, ForeignKey("contract_versions.id"), nullable=False, index=True),
)

snapshots = Table(
    "snapshots",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("contract", Text, nullable=False),
    Column("taken_at", UtcTime, nullable=False),
    #: The source's own clock; null when it has none.
    Column("source_time", UtcTime),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    #: From the first row read to the last.
    Column("seconds", Float),
    #: Where it is kept; null for a temporary one.
    Column("folder", Text),
    Column("one_instant", Boolean, nullable=False),
    #: When retention removed what was kept; null while it is there.
    Column("removed_at", UtcTime),
    Index(
        "ix_snapshots_kept",
        "contract",
        "taken_at",
        postgresql_where=text("folder IS NOT NULL AND removed_at IS NULL"),
        sqlite_where=text("folder IS NOT NULL AND removed_at IS NULL"),
    ),
)

check_results = Table(
    "check_results",
    METADATA,
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    #: Place in the run, over all contracts, in the order of the plan.
    Column("position", Integer, primary_key=True),
    Column("check_id", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("property", Text),
    Column("rule", Text, nullable=False),
    Column("statement", Text, nullable=False),
    Column("dimension", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("rows_tested", BigInteger),
    Column("rows_failed", BigInteger),
    Column("value", Float),
    Column("seen", Text),
    Column("observed", Text, nullable=False),
    Column("expected", Text, nullable=False),
    Column("owner", Text),
    Column("error", Text),
    #: Keys, offenders, segments, months of a check that did not pass; no restricted value.
    Column("evidence", Document),
    Index("ix_check_results_check_id_run_id", "check_id", "run_id"),
)

#: The tables that a run looked at, as they were.
run_tables = Table(
    "run_tables",
    METADATA,
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("contract", Text, nullable=False),
    Column("object", Text, nullable=False),
    #: Live rows; null when they were not counted.
    Column("rows", BigInteger),
    #: Age of the newest row in seconds of open time; null without a freshness check.
    Column("freshness_seconds", Float),
)

#: Due times of contracts. The primary key is the promise: one slot, one run.
slots = Table(
    "slots",
    METADATA,
    Column("contract", Text, primary_key=True),
    Column("scheduled_for", UtcTime, primary_key=True),
    Column("trigger", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("run_id", Text),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("reason", Text),
    Index("ix_slots_state_due_at", "state", "due_at"),
)

#: The latest run of each contract that a slot asked for; audits by hand, perhaps of another source, leave it alone.
contract_standings = Table(
    "contract_standings",
    METADATA,
    Column("contract", Text, primary_key=True),
    Column("run_id", Text, ForeignKey("runs.id", ondelete="SET NULL")),
    Column("last_success_at", UtcTime),
    #: Slots missed since the contract was first watched.
    Column("missed_slots", BigInteger, nullable=False),
)

#: Who leads. `epoch` grows with every change of leader: whoever writes under an older one is refused.
leases = Table(
    "leases",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("until", UtcTime, nullable=False),
)

#: What must reach somebody outside, written with the change that it tells of.
outbox = Table(
    "outbox",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("receiver", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    #: Not tried before.
    Column("available_at", UtcTime, nullable=False),
    #: Somebody is delivering it; when that time has passed, nobody is.
    Column("leased_until", UtcTime),
    Column("delivered_at", UtcTime),
    #: Given up; re-driven by hand.
    Column("dead_at", UtcTime),
    Column("last_reason", Text),
    Column("last_detail", Text),
    #: The term under which it was leased; null: by hand.
    Column("leased_epoch", BigInteger),
    # Last, for it is large: whoever looks at what waits reads past none of it.
    Column("payload", Document, nullable=False),
    UniqueConstraint("receiver", "key"),
    Index(
        "ix_outbox_waiting",
        "receiver",
        "line",
        "id",
        postgresql_where=text("delivered_at IS NULL AND dead_at IS NULL"),
        sqlite_where=text("delivered_at IS NULL AND dead_at IS NULL"),
    ),
)

#: How receivers of deliveries do; one that never failed is not in it.
receivers = Table(
    "receivers",
    METADATA,
    Column("name", Text, primary_key=True),
    #: Attempts that failed since it last took anything.
    Column("failures", Integer, nullable=False),
    #: Not tried before.
    Column("waits_until", UtcTime),
)

#: Glances at tables between full runs.
ticks = Table(
    "ticks",
    METADATA,
    Column("check_id", Text, primary_key=True),
    Column("at", UtcTime, primary_key=True),
    Column("contract", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("value", Float),
    Column("observed", Text, nullable=False),
    Column("expected", Text, nullable=False),
    Column("error", Text),
    Index("ix_ticks_at", "at"),
)
