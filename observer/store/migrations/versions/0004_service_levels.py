"""Service levels: ledgers with their records and sums, and alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NOT_GOOD = sa.text("state <> 1")
OPEN = sa.text("ended_at IS NULL")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)


def _counts() -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in ("good", "bad", "unknown", "withdrawn")]


def upgrade() -> None:
    """From 0003."""
    op.create_table(
        "slo_ledgers",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("slo", sa.Text(), nullable=False),
        sa.Column("counted", sa.Text(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("began_at", TIME, nullable=False),
        sa.Column("since", TIME, nullable=True),
        sa.Column("seen_to", TIME, nullable=True),
        sa.Column("swept_to", TIME, nullable=True),
        sa.Column("looked_at", TIME, nullable=True),
        sa.Column("counted_at", TIME, nullable=True),
        sa.Column("forgotten_to", TIME, nullable=True),
        sa.Column("undatable", sa.BigInteger(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("keyed_by", sa.Text(), nullable=True),
        *_counts(),
        sa.Column("pending", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_slo_ledgers"),
        sa.UniqueConstraint("slo", "counted", name="uq_slo_ledgers_slo"),
    )
    op.create_table(
        "slo_revisions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("slo", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("ledger_id", sa.Integer(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("window_text", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_slo_revisions"),
        sa.ForeignKeyConstraint(["ledger_id"], ["slo_ledgers.id"], name="fk_slo_revisions_ledger_id"),
    )
    op.create_index("ix_slo_revisions_slo_id", "slo_revisions", ["slo", "id"])
    op.create_table(
        "slo_pending",
        sa.Column("event_at", sa.BigInteger(), nullable=False),
        sa.Column("before_at", sa.BigInteger(), nullable=True),
        sa.Column("before_written_at", sa.BigInteger(), nullable=True),
        sa.Column("ledger_id", sa.Integer(), nullable=False),
        sa.Column("before_holds", sa.Boolean(), nullable=True),
        sa.Column("key", KEY, nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "key", name="pk_slo_pending"),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("ix_slo_pending_ledger_id_event_at", "slo_pending", ["ledger_id", "event_at"])
    op.create_table(
        "slo_records",
        sa.Column("event_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("ledger_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("evidence", sa.SmallInteger(), nullable=True),
        sa.Column("key", KEY, nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "key", name="pk_slo_records"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_slo_records_ledger_id_hour", "slo_records", ["ledger_id", "hour"])
    op.create_index(
        "ix_slo_records_not_good",
        "slo_records",
        ["ledger_id", "event_at"],
        postgresql_where=NOT_GOOD,
        sqlite_where=NOT_GOOD,
    )
    op.create_table(
        "slo_buckets",
        sa.Column("ledger_id", sa.Integer(), nullable=False),
        sa.Column("begins", sa.Integer(), nullable=False),
        *_counts(),
        sa.PrimaryKeyConstraint("ledger_id", "begins", name="pk_slo_buckets"),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 90},
    )
    op.create_table(
        "slo_samples",
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ledger_id", sa.Integer(), nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "key", name="pk_slo_samples"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_slo_samples_ledger_id_at", "slo_samples", ["ledger_id", "at"])
    op.create_table(
        "slo_alerts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("slo", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("began_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("burn", sa.Text(), nullable=True),
        sa.Column("bad", sa.Text(), nullable=False),
        sa.Column("eligible", sa.Text(), nullable=False),
        sa.Column("budget_left", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_slo_alerts"),
    )
    op.create_index("ix_slo_alerts_slo_began_at", "slo_alerts", ["slo", "began_at"])
    op.create_index(
        "ix_slo_alerts_open",
        "slo_alerts",
        ["slo", "name"],
        unique=True,
        postgresql_where=OPEN,
        sqlite_where=OPEN,
    )
