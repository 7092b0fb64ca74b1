"""Which check of expectations/contracts/ must find which dirt of the demo CRM.

Check id → (table, field, kinds): the check's failed rows are exactly `DemoSummary.count(table, field, *kinds)`.
"""

from __future__ import annotations

FOUND_BY: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "crm-accounts.accounts.account_industry.industry_enum": ("accounts", "industry", ("not_allowed",)),
    "crm-accounts.accounts.account_country.country_code": ("accounts", "country", ("malformed",)),
    "crm-accounts.accounts.account_website.website_placeholder": ("accounts", "website", ("placeholder",)),
    "crm-accounts.accounts.account_employees.exclusive_range": ("accounts", "employees", ("out_of_range",)),
    "crm-accounts.accounts.account_revenue.multiple_of": ("accounts", "annual_revenue", ("out_of_range",)),
    "crm-accounts.accounts.account_owner.in_users": ("accounts", "owner_id", ("orphan",)),
    "crm-accounts.accounts.account_domain.domain_repeated": ("accounts", "domain", ("duplicate",)),
    "crm-accounts.contacts.contact_email.format": ("contacts", "email", ("malformed",)),
    "crm-accounts.contacts.contact_phone.phone_placeholder": ("contacts", "phone", ("placeholder",)),
    "crm-accounts.contacts.contact_last_name.required": ("contacts", "last_name", ("placeholder",)),
    "crm-accounts.contacts.contact_consent_at.consent_dated": ("contacts", "consent_at", ("missing",)),
    "crm-accounts.contacts.contact_account.in_accounts": ("contacts", "account_id", ("orphan",)),
    "crm-leads.leads.lead_id.format": ("leads", "id", ("malformed",)),
    "crm-leads.leads.lead_email.required": ("leads", "email", ("missing", "placeholder")),
    "crm-leads.leads.lead_email.format": ("leads", "email", ("malformed",)),
    "crm-leads.leads.lead_email.unique": ("leads", "email", ("duplicate",)),
    "crm-leads.leads.lead_company.company_missing": ("leads", "company", ("missing",)),
    "crm-leads.leads.lead_phone.phone_placeholder": ("leads", "phone", ("placeholder",)),
    "crm-leads.leads.lead_country.pattern": ("leads", "country", ("malformed",)),
    "crm-leads.leads.lead_source.enum": ("leads", "source", ("not_allowed",)),
    "crm-leads.leads.lead_status.enum": ("leads", "status", ("not_allowed",)),
    "crm-leads.leads.lead_score.range": ("leads", "score", ("out_of_range",)),
    "crm-leads.leads.lead_owner.required": ("leads", "owner_id", ("missing",)),
    "crm-leads.leads.lead_owner.owner_exists": ("leads", "owner_id", ("orphan",)),
    "crm-leads.leads.lead_created.exclusive_range": ("leads", "created_at", ("out_of_range",)),
    "crm-opportunities.opportunities.opportunity_stage.enum": ("opportunities", "stage", ("not_allowed",)),
    "crm-opportunities.opportunities.opportunity_amount.range": ("opportunities", "amount", ("out_of_range",)),
    "crm-opportunities.opportunities.opportunity_amount.amount_when_proposed": (
        "opportunities",
        "amount",
        ("missing",),
    ),
    "crm-opportunities.opportunities.opportunity_currency.enum": ("opportunities", "currency", ("not_allowed",)),
    "crm-opportunities.opportunities.opportunity_probability.multiple_of": (
        "opportunities",
        "probability",
        ("out_of_range",),
    ),
    "crm-opportunities.opportunities.opportunity_close_date.close_date_when_closed": (
        "opportunities",
        "close_date",
        ("missing",),
    ),
    "crm-opportunities.opportunities.opportunity_account.account_exists": ("opportunities", "account_id", ("orphan",)),
    "crm-opportunities.opportunities.contact_at_account": ("opportunities", "primary_contact_id", ("orphan",)),
    "crm-opportunities.opportunities.opportunity_owner.owner_exists": ("opportunities", "owner_id", ("orphan",)),
    "crm-events.crm_events.event_id.format": ("crm_events", "event_id", ("malformed",)),
    "crm-events.crm_events.event_type.enum": ("crm_events", "event_type", ("not_allowed",)),
    "crm-events.crm_events.event_schema_version.range": ("crm_events", "schema_version", ("out_of_range",)),
    "crm-events.crm_events.event_lead.lead_exists": ("crm_events", "lead_id", ("orphan",)),
    "crm-events.crm_events.event_attributes.required": ("crm_events", "attributes", ("missing",)),
    "crm-events.crm_events.event_attributes.touch_has_channel": ("crm_events", "attributes", ("malformed",)),
    "crm-events.crm_events.arrives_in_time": ("crm_events", "ingested_at", ("late",)),
    "crm-events.crm_events.event_occurred.kept_27_months": ("crm_events", "occurred_at", ("expired",)),
    "crm-events.crm_events.ingested_after_occurred": ("crm_events", "ingested_at", ("contradiction",)),
}

#: Checks whose query counts the dirt itself: check id → (table, field, kinds); compare with `value`.
COUNTED_BY: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "crm-accounts.accounts.half_done_merges": ("accounts", "merged_into_id", ("contradiction",)),
    "crm-opportunities.opportunities.opportunity_close_date.closed_before_created": (
        "opportunities",
        "close_date",
        ("contradiction",),
    ),
}

#: The freshness check that finds the stopped sync.
STALE = "crm-accounts.accounts.account_synced.accounts_synced"

#: Broken, but within what the contract allows: they pass although rows fail.
WITHIN_LIMITS = frozenset({"crm-leads.leads.lead_company.company_missing"})

#: Check id → a segment that must be among those that explain its failures: (column, value).
EXPLAINED_BY = {
    "crm-leads.leads.lead_email.required": ("source", "partner"),
    "crm-leads.leads.lead_email.unique": ("source", "event"),
    "crm-opportunities.opportunities.opportunity_stage.enum": ("owner_id", 2),
    "crm-events.crm_events.arrives_in_time": ("context", '{"system": "mobile"}'),
}
