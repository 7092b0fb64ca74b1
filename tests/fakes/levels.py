"""Service levels and how they stand, so that tests of what shows them need no ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from observer.slo.alerts import Alert, AlertKind
from observer.slo.budget import Counts
from observer.slo.burn import RULES, Urgency
from observer.slo.model import CheckRows, Kind, Method, RollingWindow, Slo, TimeToFill
from observer.slo.standing import LedgerStanding, OpenAlert, SloStanding, standing_of
from tests.fakes.standings import NINE


def level(name: str = "emails", *, contract: str = "crm", target: Fraction = Fraction(995, 1000)) -> Slo:
    """Leads have an email within five minutes: 28 days, with every burn rule."""
    return Slo(
        name=name,
        display_name="Leads have an email",
        service="crm-leads",
        description="",
        indicator=TimeToFill(
            contract=contract,
            object="leads",
            property="email",
            checks=(f"{contract}.leads.email.required",),
            deadline=timedelta(minutes=5),
            poll=timedelta(minutes=1),
        ),
        window=RollingWindow(span=timedelta(days=28)),
        method=Method.OCCURRENCES,
        target=target,
        alerts=target < 1,
        burn_rules=RULES if target < 1 else (),
        owner="ana@example.com",
        object="leads",
        property="email",
    )


def sliced(name: str = "valid", *, by: Method = Method.TIMESLICES) -> Slo:
    """Fields are filled: hours that are good when 98 % of the rows in them are."""
    return replace(
        level(name, target=Fraction(99, 100)),
        indicator=CheckRows(kind=Kind.COMPLETENESS, contract="crm", check="crm.leads.field_0.required"),
        method=by,
        slice_target=Fraction(98, 100) if by is Method.TIMESLICES else None,
        slice_span=timedelta(hours=1),
    )


def stands(
    slo: Slo, *, good: int = 0, bad: int = 0, unknown: int = 0, open_alerts: int = 0, trouble: str | None = None
) -> SloStanding:
    """All of it was counted within the last five minutes, at nine, with a hundred good ones before the window."""
    counts = Counts(good=good, bad=bad, unknown=unknown)
    alert = Alert(slo=slo.name, kind=AlertKind.BURN, urgency=Urgency.PAGE, rule=RULES[0], bad=bad, eligible=1, left=0)
    ledger = LedgerStanding(
        id=1,
        revision_since=NINE,
        counts_since=NINE,
        looked_at=NINE,
        totals=counts + Counts(good=100),
        pending=4,
        undatable=2,
        trouble=trouble,
        alerts=(OpenAlert(alert=alert, since=NINE),) * open_alerts,
    )
    return standing_of(slo, ledger, lambda _: counts, at=NINE)
