"""Incidents: their logs, the queue of looks, silences, and what receivers know."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UNRESOLVED = sa.text("resolved_at IS NULL")
TIME = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def upgrade() -> None:
    """From 0004."""
    op.create_table(
        "incidents",
        _text("id"),
        _text("contract"),
        _text("object"),
        _text("owner"),
        sa.Column("seq", sa.Integer(), nullable=False),
        _text("status"),
        _text("grade"),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("begins", TIME, nullable=False),
        sa.Column("resolved_at", TIME, nullable=True),
        _text("resolution", nullable=True),
        _text("acknowledged_by"),
        sa.Column("snoozed_until", TIME, nullable=True),
        sa.Column("going_on", sa.Integer(), nullable=False),
        _text("reason"),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("live_until", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
    )
    op.create_index("ix_incidents_begins", "incidents", ["begins"])
    op.create_index("ix_incidents_live_until", "incidents", ["live_until"])
    op.create_index(
        "ix_incidents_unresolved",
        "incidents",
        ["contract", "object", "owner"],
        unique=True,
        postgresql_where=UNRESOLVED,
        sqlite_where=UNRESOLVED,
    )
    op.create_table(
        "incident_events",
        _text("incident"),
        sa.Column("seq", sa.Integer(), nullable=False),
        _text("kind"),
        sa.Column("at", TIME, nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("incident", "seq", name="pk_incident_events"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"], name="fk_incident_events_incident", ondelete="CASCADE"),
    )
    op.create_table(
        "incident_looks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        _text("origin"),
        sa.Column("queued_at", TIME, nullable=False),
        sa.Column("set_aside_at", TIME, nullable=True),
        _text("set_aside_because", nullable=True),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incident_looks"),
    )
    op.create_table(
        "incident_silences",
        _text("id"),
        sa.Column("begins", TIME, nullable=False),
        sa.Column("ends", TIME, nullable=False),
        _text("by"),
        _text("reason"),
        _text("ended_by", nullable=True),
        sa.Column("matchers", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incident_silences"),
    )
    op.create_index("ix_incident_silences_ends", "incident_silences", ["ends"])
    op.create_table(
        "incident_posts",
        _text("receiver"),
        _text("incident"),
        _text("channel"),
        _text("message"),
        sa.Column("begun_at", TIME, nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("receiver", "incident", name="pk_incident_posts"),
    )
    op.create_table(
        "incident_people",
        _text("receiver"),
        _text("username"),
        _text("known_as", nullable=True),
        _text("reason"),
        sa.Column("looked_up_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("receiver", "username", name="pk_incident_people"),
    )
