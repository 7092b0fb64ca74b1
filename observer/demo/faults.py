"""The faults of the living CRM, one function each. In: the CRM, the time, the round. Out: what was injected.

To add a fault: a function here, its place in FAULTS, its kind in `injected.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, inspect, select, update

from observer.contracts.model import Scalar
from observer.demo import tables as t
from observer.demo.enrichment import FLAGSHIP
from observer.demo.injected import FaultKind, Injected
from observer.demo.living import Crm, Desk, Row

#: How long no event comes; longer than the freshness limit of the live contracts.
SILENCE = timedelta(seconds=30)
#: When somebody has mended bad values; by then every check has seen them.
MEND_AFTER = timedelta(minutes=5)
#: Time between two faults, and how much of a demo that ends is left without any, so that the last one is found.
UNHURRIED, HURRIED, QUICKEST = timedelta(seconds=15), timedelta(seconds=4), timedelta(seconds=0.5)
TIME_TO_FIND = timedelta(seconds=30)
#: Names that a seller finds for a stage, one per round, so that each is new.
STAGE_NAMES = ("Won!", "closed-won", "Signed", "Deal done", "WON (Q4)", "Won / invoiced")
#: How many leads come while the enrichment service is down: in the first round, and in each of many rounds later. So
#: many are more than its budget lets be spent within an hour, of the leads that have come by then.
OUTAGE, LATER_OUTAGE, OUTAGE_ROUNDS = 6, 120, 16
#: The column that comes and goes, and the one whose type changes.
COLUMN, WIDENED = "utm_medium", "employees"

_STAGE = "crm-opportunities.opportunities.opportunity_stage"
Fault = Callable[[Crm, Connection, datetime, int], Injected | None]


def delay_emails(crm: Crm, connection: Connection, now: datetime, number: int) -> Injected | None:
    """The enrichment service is down for a while: leads that come meanwhile get their e-mail late, or never.

    Not in every round: the level would burn for good.
    """
    if number % OUTAGE_ROUNDS:
        return None
    leads = OUTAGE if number == 0 else LATER_OUTAGE
    keys = crm.enrichment.go_down(leads)
    return Injected(
        kind=FaultKind.EMAILS_LATE,
        object="leads",
        property="email",
        rows=leads,
        keys=tuple((key,) for key in keys),
        at=now,
        expected_checks=(FLAGSHIP,),
        story=f"the enrichment service is down while {leads} leads come from a webinar",
    )


def stop_integration(crm: Crm, connection: Connection, now: datetime, number: int) -> Injected | None:
    """Events stop coming for SILENCE."""
    crm.silent_until = now + SILENCE
    return Injected(
        kind=FaultKind.INTEGRATION_STALE,
        object="crm_events",
        property="ingested_at",
        rows=0,
        keys=(),
        at=now,
        expected_checks=("crm-events.crm_events.event_ingested.events_fresh",),
        story=f"the event bus is silent for {SILENCE.total_seconds():.0f} s",
    )


def rename_stage(crm: Crm, connection: Connection, now: datetime, number: int) -> Injected | None:
    """A seller calls what is won as it pleases; billing waits for `closed_won` and never sees it."""
    deals = _some(crm, crm.won_deals, connection, now, 4)
    name = STAGE_NAMES[number % len(STAGE_NAMES)] + (
        f" {number // len(STAGE_NAMES) + 1}" * (number >= len(STAGE_NAMES))
    )
    for deal in deals:
        crm.write(connection, t.opportunities, deal.key, now, stage=name)
    crm.mend_later(now + MEND_AFTER, lambda c, at: _put_back(crm, c, at, deals, lambda deal: {"stage": deal.state}))
    return _in_rows(
        FaultKind.STAGE_RENAMED,
        "opportunities",
        "stage",
        deals,
        now,
        (f"{_STAGE}.enum", f"{_STAGE}.new_values"),
        f"a seller calls won deals `{name}`",
    )


def delete_rows(crm: Crm, connection: Connection, now: datetime, number: int) -> Injected | None:
    """Somebody cleans up lost deals, for good."""
    deals = _some(crm, crm.lost_deals, connection, now, 5)
    connection.execute(delete(t.opportunities).where(t.opportunities.c.id.in_([deal.key for deal in deals])))
    return _in_rows(
        FaultKind.ROWS_DELETED,
        "opportunities",
        None,
        deals,
        now,
        ("crm-opportunities.opportunities.deleted_rows",),
        "somebody cleans up lost deals",
    )


def reopen_leads(crm: Crm, connection: Connection, now: datetime, number: int) -> Injected | None:
    """A re-import takes leads from their end back to the beginning."""
    leads = _some(crm, crm.lost_leads, connection, now, 3)
    for lead in leads:
        crm.write(connection, t.leads, lead.key, now, status="new")
    return _in_rows(
        FaultKind.ILLEGAL_TRANSITION,
        "leads",
        "status",
        leads,
        now,
        ("crm-leads.leads.lead_status.transitions",),
        "a re-import sets disqualified leads to `new`",
    )


def overwrite_emails(crm: Crm, connection: Connection, now: datetime, number: int) -> Injected | None:
    """A mail tool writes `n/a` over the e-mails of contacts."""
    contact = t.contacts.c
    good = select(contact.id, contact.email).where(~contact.is_deleted, contact.email.like("%@%"))
    found = [(row.id, row.email) for row in connection.execute(good.order_by(contact.id).limit(400))]
    chosen = sorted(crm.chance.sample(found, min(5, len(found))))
    _set_emails(crm, connection, now, [(key, "n/a") for key, _ in chosen])
    crm.mend_later(now + MEND_AFTER, lambda c, at: _set_emails(crm, c, at, chosen))
    rows = [Row(key=key, state="", rests_until=now) for key, _ in chosen]
    return _in_rows(
        FaultKind.PLACEHOLDERS,
        "contacts",
        "email",
        rows,
        now,
        ("crm-accounts.contacts.contact_email.format",),
        "a mail tool overwrites e-mails with `n/a`",
    )


def dangle_references(crm: Crm, connection: Connection, now: datetime, number: int) -> Injected | None:
    """Deals come to point to accounts that do not exist."""
    deals = _some(crm, crm.won_deals, connection, now, 3)
    columns = t.opportunities.c
    keys = [deal.key for deal in deals]
    found = select(columns.id, columns.account_id, columns.primary_contact_id).where(columns.id.in_(keys))
    before = {key: {"account_id": a, "primary_contact_id": c} for key, a, c in connection.execute(found)}
    for place, deal in enumerate(deals):
        lost = 90_000_000 + 100 * number + place
        crm.write(connection, t.opportunities, deal.key, now, account_id=lost, primary_contact_id=None)
    crm.mend_later(now + MEND_AFTER, lambda c, at: _put_back(crm, c, at, deals, lambda deal: before[deal.key]))
    return _in_rows(
        FaultKind.DANGLING_REFERENCE,
        "opportunities",
        "account_id",
        deals,
        now,
        ("crm-opportunities.opportunities.opportunity_account.account_exists",),
        "an account is removed in the ERP, its deals stay",
    )


def change_columns(crm: Crm, connection: Connection, now: datetime, number: int) -> Injected | None:
    """An admin adds a column to leads, or removes it again."""
    there = COLUMN in _columns(connection, "leads")
    connection.exec_driver_sql(
        f"ALTER TABLE leads {'DROP' if there else 'ADD'} COLUMN {COLUMN}{'' if there else ' TEXT'}"
    )
    return _in_table(
        FaultKind.COLUMN_REMOVED if there else FaultKind.COLUMN_ADDED,
        "leads",
        COLUMN,
        now,
        "crm-leads.leads.schema_drift",
        f"`{COLUMN}` {'removed' if there else 'added'}",
        f"an admin {'removes' if there else 'adds'} a column",
    )


def change_type(crm: Crm, connection: Connection, now: datetime, number: int) -> Injected | None:
    """A release widens a column, or makes it narrow again."""
    kind = "INTEGER" if "BIGINT" in _columns(connection, "accounts")[WIDENED] else "BIGINT"
    if crm.is_sqlite:  # it cannot change the type of a column
        connection.exec_driver_sql(f"ALTER TABLE accounts ADD COLUMN new_{WIDENED} {kind}")
        connection.exec_driver_sql(f"UPDATE accounts SET new_{WIDENED} = {WIDENED}")
        connection.exec_driver_sql(f"ALTER TABLE accounts DROP COLUMN {WIDENED}")
        connection.exec_driver_sql(f"ALTER TABLE accounts RENAME COLUMN new_{WIDENED} TO {WIDENED}")
    else:
        connection.exec_driver_sql(f"ALTER TABLE accounts ALTER COLUMN {WIDENED} TYPE {kind}")
    return _in_table(
        FaultKind.TYPE_CHANGED,
        "accounts",
        WIDENED,
        now,
        "crm-accounts.accounts.schema_drift",
        f"`{WIDENED}` was",
        f"a release makes a column {kind.lower()}",
    )


#: One round, in this order: what takes longest to be noticed comes first.
FAULTS: tuple[Fault, ...] = (
    delay_emails,
    stop_integration,
    reopen_leads,
    delete_rows,
    rename_stage,
    change_type,
    overwrite_emails,
    dangle_references,
    change_columns,
)


@dataclass(frozen=True, kw_only=True)
class FaultPlan:
    """When faults happen: the first at `first`, then one `every`, in rounds over FAULTS."""

    first: datetime
    every: timedelta
    #: None is without end.
    rounds: int | None = None

    @property
    def ends(self) -> datetime | None:
        """When the last one happens; None when there is no last one."""
        return None if self.rounds is None else self.first + self.every * (self.rounds * len(FAULTS) - 1)

    def due(self, done: int, now: datetime) -> range:
        """Numbers of the faults that are due at `now`, `done` having happened."""
        if now < self.first:
            return range(done, done)
        passed = (now - self.first) // self.every + 1
        return range(done, max(done, passed if self.rounds is None else min(passed, self.rounds * len(FAULTS))))


def plan_faults(now: datetime, ends: datetime | None) -> FaultPlan:
    """Faults from `now` on: without an end unhurried and in rounds, else as many rounds as leave time to be found."""
    if ends is None:
        return FaultPlan(first=now, every=UNHURRIED)
    room = max(timedelta(), ends - now - TIME_TO_FIND)
    if room >= 2 * UNHURRIED * len(FAULTS):
        return FaultPlan(first=now, every=UNHURRIED, rounds=room // (UNHURRIED * len(FAULTS)))
    return FaultPlan(first=now, every=min(HURRIED, max(QUICKEST, room / len(FAULTS))), rounds=1)


def _columns(connection: Connection, table: str) -> dict[str, str]:
    """Column → its type, in capitals."""
    return {column["name"]: str(column["type"]).upper() for column in inspect(connection).get_columns(table)}


def _some(crm: Crm, desk: Desk, connection: Connection, now: datetime, wanted: int) -> list[Row]:
    """Rows that nobody works on any more from now on; fewer, or none, when the CRM is small."""
    ready = desk.rested(connection, now, least=wanted)
    chosen = crm.chance.sample(ready, min(wanted, len(ready)))
    desk.take(chosen)
    return chosen


def _put_back(
    crm: Crm, connection: Connection, now: datetime, rows: Sequence[Row], values: Callable[[Row], dict[str, object]]
) -> None:
    """Mend them; from now on they may be worked on again."""
    for row in rows:
        crm.write(connection, t.opportunities, row.key, now, **values(row))
    crm.won_deals.give_back(rows)


def _set_emails(crm: Crm, connection: Connection, now: datetime, emails: Sequence[tuple[int, str]]) -> None:
    for key, email in emails:
        changed = update(t.contacts).where(t.contacts.c.id == key)
        connection.execute(changed.values(email=email, updated_at=crm.instant(now)))


def _in_rows(
    kind: FaultKind,
    table: str,
    column: str | None,
    rows: Sequence[Row],
    now: datetime,
    checks: tuple[str, ...],
    story: str,
) -> Injected | None:
    if not rows:
        return None
    keys: tuple[tuple[Scalar, ...], ...] = tuple((row.key,) for row in rows)
    return Injected(
        kind=kind,
        object=table,
        property=column,
        rows=len(rows),
        keys=keys,
        at=now,
        expected_checks=checks,
        story=story,
    )


def _in_table(kind: FaultKind, table: str, column: str, now: datetime, check: str, trace: str, story: str) -> Injected:
    return Injected(
        kind=kind,
        object=table,
        property=column,
        rows=0,
        keys=(),
        at=now,
        expected_checks=(check,),
        story=story,
        trace=trace,
    )
