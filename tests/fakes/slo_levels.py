"""Service levels in every state that reports know, so that tests of what shows them need no store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from observer.reports.slo_status import Level
from observer.slo.alerts import alerts_of
from observer.slo.budget import Counts
from observer.slo.burn import RULES
from observer.slo.counting import Bucket
from observer.slo.course import stretches
from observer.slo.model import (
    CalendarWindow,
    CheckHolds,
    CheckRows,
    Kind,
    Method,
    RollingWindow,
    RunSuccess,
    Slo,
    TimeToFill,
)
from observer.slo.standing import LedgerStanding, OpenAlert, standing_of

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FILL = TimeToFill(
    contract="crm-leads",
    object="leads",
    property="email",
    checks=("crm-leads.leads.lead_email.required",),
    deadline=timedelta(minutes=5),
    poll=timedelta(minutes=1),
)
EMAILS = Slo(
    name="leads-email-5m",
    display_name="Leads have an email within 5 minutes",
    service="crm-leads",
    description="Routing and nurture mails wait for the email.",
    indicator=FILL,
    window=RollingWindow(span=28 * DAY),
    method=Method.OCCURRENCES,
    target=Fraction(995, 1000),
    alerts=True,
    burn_rules=RULES,
    revision="0f1e2d3c4b5a",
    owner="ana.moreau@example.com",
    object="leads",
    property="email",
)
SOURCES = replace(
    EMAILS,
    name="leads-source-complete",
    display_name="Leads say where they come from",
    description="",
    indicator=CheckRows(kind=Kind.COMPLETENESS, contract="crm-leads", check="crm-leads.leads.lead_source.required"),
    target=Fraction(99, 100),
    alerts=False,
    burn_rules=(),
    property="source",
)
FRESH = replace(
    SOURCES,
    name="opportunities-fresh",
    display_name="Opportunities are fresh",
    service="crm-sales",
    indicator=CheckHolds(contract="crm-opportunities", check="crm-opportunities.opportunities_fresh"),
    window=CalendarWindow(count=1, unit="M", begins=datetime(2026, 1, 1), zone="Europe/Berlin"),
    method=Method.RATIO_TIMESLICES,
    slice_span=timedelta(minutes=15),
    object="opportunities",
)
RUNS = replace(
    SOURCES,
    name="leads-looked-at",
    display_name="Leads are looked at on schedule",
    indicator=RunSuccess(contract="crm-leads"),
    object=None,
    property=None,
    owner=None,
)


def level(
    slo: Slo,
    buckets: Sequence[Bucket] = (),
    *,
    counts: Callable[[datetime], Counts] | None = None,
    told: bool = True,
    **ledger: object,
) -> Level:
    """An SLO of which these minutes were counted; `counts` stands for them where they are no records."""
    standing = LedgerStanding(
        id=1,
        revision_since=NOON - 40 * DAY,
        counts_since=NOON - 60 * DAY,
        **({"looked_at": NOON - timedelta(seconds=20)} | ledger),  # type: ignore[arg-type]  # the fields check themselves
    )

    def counts_since(begins: datetime) -> Counts:
        return sum((bucket.counts for bucket in buckets if bucket.begins >= begins), Counts())

    found = standing_of(slo, standing, counts or counts_since, at=NOON)
    if told:
        alerts = alerts_of(slo, found.budget.counts, found.spans.__getitem__, open_now=())
        opened = tuple(OpenAlert(alert=alert, since=NOON - timedelta(minutes=34)) for alert in alerts)
        found = replace(found, ledger=replace(standing, alerts=opened))
    days = stretches(buckets, begins=found.window_begins, ends=NOON, grain=DAY)
    return Level(slo=slo, standing=found, days=days)


def each_day(good: int, bad: Callable[[int], int] = lambda day: 0, *, unknown: int = 0) -> tuple[Bucket, ...]:
    """The same every day of four weeks, but the bad ones; the last of them half an hour ago."""
    return tuple(
        Bucket(begins=NOON - timedelta(minutes=30) - day * DAY, counts=Counts(good=good, bad=bad(day), unknown=unknown))
        for day in range(28)
    )


def all_levels() -> tuple[Level, ...]:
    """Burning, missed, blind, met, without data, never counted."""
    return (
        level(EMAILS, each_day(1_000, lambda day: 60 if day == 0 else day % 3, unknown=2), pending=17, undatable=3),
        level(SOURCES, each_day(200, lambda day: 5)),
        level(
            replace(EMAILS, name="leads-phone-1h", display_name="Leads have a phone within an hour"),
            each_day(300),
            trouble="the replica is 900 s behind: judgement waits until it has caught up",
        ),
        level(FRESH, counts=lambda begins: Counts(good=Fraction(5371, 3), bad=Fraction(2, 3))),
        level(RUNS, looked_at=None),
        Level(slo=replace(RUNS, name="accounts-looked-at", display_name="Accounts are looked at"), standing=None),
    )
