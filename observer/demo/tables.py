"""The tables of the demo CRM, for SQLite and PostgreSQL. As in an export, no foreign key is enforced.

Times carry a zone in PostgreSQL and are ISO 8601 text in UTC in SQLite.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Index, Integer, MetaData, Numeric, Table, Text

_Instant = DateTime(timezone=True).with_variant(Text(), "sqlite")
_Day = Date().with_variant(Text(), "sqlite")
_Money = Numeric(14, 2)

METADATA = MetaData()

#: Who made this CRM: only a database with this table is ever rebuilt.
origin = Table(
    "demo_crm_origin",
    METADATA,
    Column("seed", BigInteger, nullable=False),
    Column("leads", BigInteger, nullable=False),
    Column("built_for", Text, nullable=False),
)

users = Table(
    "users",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("role", Text),
    Column("region", Text),
    Column("is_active", Boolean),
    Column("created_at", _Instant),
    Column("left_at", _Instant),
)

accounts = Table(
    "accounts",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text),
    Column("domain", Text),
    Column("website", Text),
    Column("industry", Text),
    Column("country", Text),
    Column("employees", Integer),
    Column("annual_revenue", _Money),
    Column("owner_id", Integer, index=True),
    Column("merged_into_id", Integer),
    Column("created_at", _Instant),
    Column("updated_at", _Instant),
    Column("synced_at", _Instant, index=True),
    Column("deleted_at", _Instant),
)

contacts = Table(
    "contacts",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("account_id", Integer, index=True),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("title", Text),
    Column("marketing_consent", Boolean),
    Column("consent_at", _Instant),
    Column("created_at", _Instant),
    Column("updated_at", _Instant, index=True),
    Column("is_deleted", Boolean),
)

leads = Table(
    "leads",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("email", Text),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("company", Text),
    Column("phone", Text),
    Column("country", Text),
    Column("source", Text),
    Column("status", Text),
    Column("score", Integer),
    Column("owner_id", Integer),
    Column("merged_into_id", Text),
    Column("created_at", _Instant, index=True),
    Column("updated_at", _Instant, index=True),
    Column("is_deleted", Boolean),
)

opportunities = Table(
    "opportunities",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text),
    Column("account_id", Integer, index=True),
    Column("primary_contact_id", Integer),
    Column("lead_id", Text),
    Column("stage", Text),
    Column("amount", _Money),
    Column("currency", Text),
    Column("probability", Integer),
    Column("close_date", _Day),
    Column("owner_id", Integer),
    Column("created_at", _Instant, index=True),
    Column("updated_at", _Instant, index=True),
    Column("is_deleted", Boolean),
)

crm_events = Table(
    "crm_events",
    METADATA,
    Column("event_id", Text, primary_key=True),
    Column("schema_version", Integer, primary_key=True, autoincrement=False),
    Column("event_type", Text),
    Column("occurred_at", _Instant),
    Column("ingested_at", _Instant, index=True),
    Column("lead_id", Text),
    Column("attributes", Text),
    Column("context", Text),
)
Index("ix_crm_events_lead_id_occurred_at", crm_events.c.lead_id, crm_events.c.occurred_at)

#: In the order of loading.
CRM_TABLES = (users, accounts, contacts, leads, opportunities, crm_events)
