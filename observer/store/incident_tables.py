"""The tables of incidents, beside those of `tables`: what is queued, what happened, and whom receivers know.

In: nothing. Out: one name per table. Logs (`incident_events`) are the truth; `incidents` is what lists show.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, text

from observer.store.tables import METADATA, Document, UtcTime

#: One row per incident, written with every event of it.
incidents = Table(
    "incidents",
    METADATA,
    Column("id", Text, primary_key=True),
    #: The group; "" stands for none.
    Column("contract", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("owner", Text, nullable=False),
    #: Events in its log.
    Column("seq", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("grade", Text, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("begins", UtcTime, nullable=False),
    Column("resolved_at", UtcTime),
    Column("resolution", Text),
    Column("acknowledged_by", Text, nullable=False),
    Column("snoozed_until", UtcTime),
    #: Findings that go on.
    Column("going_on", Integer, nullable=False),
    #: Of its opening.
    Column("reason", Text, nullable=False),
    Column("told", Boolean, nullable=False),
    #: Until then it may decide something; null: until something happens to it.
    Column("live_until", UtcTime),
    #: How much of its log was written since its state was kept: events and their findings.
    Column("unkept", Integer, server_default="0", nullable=False),
    Index("ix_incidents_begins", "begins"),
    Index("ix_incidents_live_until", "live_until"),
    Index(
        "ix_incidents_unresolved",
        "contract",
        "object",
        "owner",
        unique=True,
        postgresql_where=text("resolved_at IS NULL"),
        sqlite_where=text("resolved_at IS NULL"),
    ),
)

#: What happened, numbered from 1 in each incident. Never changed.
incident_events = Table(
    "incident_events",
    METADATA,
    Column("incident", Text, ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("document", Document, nullable=False),
)

#: What was folded from a log up to `seq`, so that a restart need not read all of it. Another version folds anew.
incident_states = Table(
    "incident_states",
    METADATA,
    Column("incident", Text, ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("document", Document, nullable=False),
)

#: Looks that nobody stepped yet: a queue, in the order of writing.
incident_looks = Table(
    "incident_looks",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    #: What looked: "run …", "glance …".
    Column("origin", Text, nullable=False),
    Column("queued_at", UtcTime, nullable=False),
    #: It could not be taken: kept to be seen, and no longer in the queue.
    Column("set_aside_at", UtcTime),
    Column("set_aside_because", Text),
    # Last, for it is large.
    Column("document", Document, nullable=False),
)

incident_silences = Table(
    "incident_silences",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("begins", UtcTime, nullable=False),
    Column("ends", UtcTime, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    #: Who ended it before its time.
    Column("ended_by", Text),
    Column("matchers", Document, nullable=False),
    Index("ix_incident_silences_ends", "ends"),
)

#: Where the messages of incidents stand.
incident_posts = Table(
    "incident_posts",
    METADATA,
    Column("receiver", Text, primary_key=True),
    Column("incident", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    #: "" while nobody knows whether it landed.
    Column("message", Text, nullable=False),
    Column("begun_at", UtcTime, nullable=False),
    Column("shared", Boolean, nullable=False),
)

#: Whom receivers know.
incident_people = Table(
    "incident_people",
    METADATA,
    Column("receiver", Text, primary_key=True),
    Column("username", Text, primary_key=True),
    Column("known_as", Text),
    Column("reason", Text, nullable=False),
    Column("looked_up_at", UtcTime, nullable=False),
)
