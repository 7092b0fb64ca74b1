"""A desk whose contract, table, level and runs have everything that content pages show: also markup where a name is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

from observer.checks.measure import Outcome
from observer.contracts.model import (
    Contract,
    LogicalType,
    ResponseKind,
    ResponseSla,
    Server,
    Sla,
    SlaKind,
    SupportChannel,
    TeamMember,
)
from observer.jobs.level_in_full import LevelInFull
from observer.reports.slo_explain import Explained
from observer.runs.standing import CheckStanding
from observer.runs.ticks import Tick
from observer.slo.burndown import burndown
from observer.slo.ledger import Decided
from observer.slo.model import CheckRows, Kind, Slo
from observer.slo.verdicts import EvidenceKind, State
from observer.store import KeptSnapshot
from observer.store.histories import PastResult, PastRun, PastTable, TableHistory
from tests.fakes.contracts import contract, prop, table
from tests.fakes.slo_levels import DAY, EMAILS, NOON, each_day, level
from tests.fakes.standings import after_a_run
from tests.fakes.web_archive import FakeArchive, watched
from tests.fakes.web_desk import RUN_ID, FakeDesk

#: A name that breaks out of text, of an attribute, and of what is read from left to right.
EVIL = '<img src=x onerror=alert(1)>"\u202e'
HOUR = timedelta(hours=1)


def leads(description: str = "Leads as they come.") -> Contract:
    """Owned and unowned, restricted and critical fields, promises, people, servers."""
    fresh = Sla(id="fresh", kind=SlaKind.FRESHNESS, limit=HOUR, object="leads", columns=("created_at",))
    found = contract(
        table(
            "leads",
            prop("id", LogicalType.STRING, required=True, primary_key_position=1, owner="maya@example.com"),
            prop(
                "email",
                LogicalType.STRING,
                required=True,
                classification="restricted",
                critical=True,
                consumers=("lead-routing",),
                steward="theo@example.com",
            ),
            prop("source", LogicalType.STRING, enum=("web", "event")),
            prop("created_at", LogicalType.TIMESTAMP),
        ),
        table("a b/c", prop("id", required=True)),
        id="crm",
        slas=(fresh,),
        owner=None,
    )
    return replace(
        found,
        name="CRM leads",
        description=description,
        team=(TeamMember(username="noor@example.com", role="analyst", name="Noor"),),
        servers=(Server(name="production", type="postgres", environment="prod", schema="public"),),
        support=(SupportChannel(channel="#crm", tool="slack"),),
        responses=(ResponseSla(id="repair", kind=ResponseKind.REPAIR, limit=4 * HOUR),),
    )


def level_of(slo: Slo = EMAILS, **more: object) -> LevelInFull:
    """A level of four weeks, with a bad and an unknown record."""
    buckets = each_day(1_000, lambda day: day % 3, unknown=1)
    found = level(slo, buckets, pending=17)
    records = tuple(
        Explained(
            record=Decided(
                key=key,
                event_at=NOON - HOUR,
                state=state,
                evidence=EvidenceKind.UNTOUCHED if state is State.BAD else None,
                decided_at=NOON - HOUR / 2,
            ),
            url=url,
        )
        for key, state, url in (
            ("lead-1", State.BAD, "https://crm.example.com/leads/lead-1"),
            (EVIL, State.UNKNOWN, "javascript:alert(1)"),
        )
    )
    fields = {
        "level": found,
        "stretches": burndown(slo, buckets, begins=NOON - 28 * DAY, ends=NOON, grain=12 * HOUR),
        "grain": 12 * HOUR,
        "records": records,
    }
    return LevelInFull(**fields | more)  # type: ignore[arg-type]  # a test builder: the fields check themselves


def history(contract: Contract, now: datetime = NOON) -> TableHistory:
    """Four runs, of which the second could not look and the last found a fifth of the e-mails missing."""
    outcomes = (Outcome.PASSED, Outcome.ERRORED, Outcome.PASSED, Outcome.FAILED)
    runs = tuple(
        PastRun(id=f"r{n}", at=now - (4 - n) * HOUR, outcome=outcome, trust_score=None if n == 1 else 90 - n)
        for n, outcome in enumerate(outcomes)
    )
    results = tuple(
        PastResult(
            run=run,
            outcome=run.outcome,
            rows_tested=None if run.outcome is Outcome.ERRORED else 100,
            rows_failed=None if run.outcome is Outcome.ERRORED else 20 if run.outcome is Outcome.FAILED else 0,
            value=None,
        )
        for run in runs
    )
    fresh = next(spec for spec in watched(contract).checks if spec.rule_name == "fresh")
    glances = tuple(
        Tick(
            check_id=fresh.id,
            contract=contract.id,
            object="leads",
            at=run.at,
            outcome=Outcome.ERRORED if run.outcome is Outcome.ERRORED else Outcome.PASSED,
            value=None if run.outcome is Outcome.ERRORED else 90.0,
            observed="1 min 30 s old",
            expected="at most 1 h old",
        )
        for run in runs
    )
    return TableHistory(
        runs=runs,
        tables=tuple(PastTable(run=run, rows=100 + n, freshness_seconds=None) for n, run in enumerate(runs)),
        results={"crm.leads.email.required": results},
        glances={fresh.id: glances},
    )


def full_desk(description: str = "Leads as they come.") -> FakeDesk:
    """Everything of which content pages tell; the `unique` key of `a b/c` never ran."""
    found = leads(description)
    desk = FakeDesk()
    desk.ids, desk.contracts_by_id = (found.id,), {found.id: found}
    desk.archive = FakeArchive([found])
    desk.archive.change("crm", next_slot=NOON + HOUR)
    desk.archive.history = history(found)
    desk.archive.runs = desk.archive.history.runs
    desk.archive.oldest = NOON - 4 * HOUR
    desk.archive.kept = (KeptSnapshot(id=1, contract="crm", taken_at=NOON - HOUR, bytes=9, folder="/snapshots/1"),)
    source = CheckRows(kind=Kind.COMPLETENESS, contract="crm", check="crm.leads.source.required")
    emails = replace(EMAILS, indicator=replace(EMAILS.indicator, contract="crm"))  # type: ignore[arg-type]  # it is TimeToFill
    other = replace(
        EMAILS, name="sources", display_name=EVIL, indicator=source, target=Fraction(1, 2), property="source"
    )
    desk.archive.levels_in_full = {
        emails.name: level_of(emails),
        other.name: level_of(other, records=(), looked_back=DAY),
    }
    desk.levels_now = tuple(each.level for each in desk.archive.levels_in_full.values())
    checks = desk.archive.watched["crm"].checks
    stands = after_a_run([(found, [spec for spec in checks if spec.object == "leads"])])
    desk.stands = replace(
        stands,
        contracts=tuple(replace(each, last_run_id=RUN_ID) for each in stands.contracts),
        checks=tuple(_as_it_stands(check) for check in stands.checks),
    )
    return desk


def _as_it_stands(check: CheckStanding) -> CheckStanding:
    if check.check_id == "crm.leads.email.required":
        return replace(check, outcome=Outcome.FAILED, rows_failed=20, rows_tested=100)
    if check.check_id == "crm.leads.source.enum":
        return replace(check, outcome=Outcome.ERRORED, rows_failed=None, rows_tested=None)
    return check
