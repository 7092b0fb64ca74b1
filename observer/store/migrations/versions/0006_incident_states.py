"""States of incidents that were folded from long logs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """From 0005."""
    op.add_column("incidents", sa.Column("unkept", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "incident_states",
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("document", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("incident", name="pk_incident_states"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"], name="fk_incident_states_incident", ondelete="CASCADE"),
    )
