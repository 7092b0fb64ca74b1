"""Logs of incidents, made by hand, and a month of them with all that a review tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from observer.checks.measure import Outcome
from observer.checks.score import ScorePart
from observer.contracts.model import Contract, ResponseKind, ResponseSla
from observer.incidents.events import EventKind, Group, IncidentEvent, NoticeKind, Resolution, Told
from observer.incidents.findings import Answerable, Finding, Grade, Source
from observer.incidents.incident import Status
from observer.incidents.kpis import Kpis, Review, Trust, Writes, kpis_of
from observer.incidents.policy import Way
from observer.incidents.spans import Span, last_days, month
from observer.metrics.incidents import LATELY, IncidentFigures
from observer.slo.model import CheckRows, Kind, Method, RollingWindow, Slo
from tests.fakes.contracts import contract, prop, table

ANA, BO, PAT = (f"{name}@example.com" for name in ("ana", "bo", "pat"))
NOVEMBER = month(2026, 11)
NOW = datetime(2026, 12, 2, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def on(day: int, hour: int = 9, minute: int = 0) -> datetime:
    """A time of November."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def log(
    opened: datetime,
    lasts: timedelta | None = None,
    *,
    name: str = "a",
    owner: str = ANA,
    place: str = "crm",
    table: str = "leads",
    detected: timedelta | None = None,
    at_most: timedelta | None = None,
    told: timedelta | None = None,
    acknowledged: timedelta | None = None,
    resolution: Resolution = Resolution.MENDED,
    grade: Grade = Grade.ERROR,
    reason: str = "email is present",
) -> list[IncidentEvent]:
    """What is kept of one incident; times from its opening. None: it did not happen. `at_most`: how long ago it was
    found well."""
    about = ".".join(part for part in (place, table) if part) or "slack"
    found = Finding(
        fingerprint=f"check:{about}.{name}",
        source=Source.CHECK,
        grade=grade,
        contract=place or None,
        table=table or None,
        subject=f"{about}.{name}",
        statement=reason,
        since=None if detected is None else opened - detected,
        good_at=None if at_most is None else opened - at_most,
        answerable=Answerable(owner=owner),
    )
    events: list[IncidentEvent] = []

    def add(kind: EventKind, after: timedelta = timedelta(), **said: object) -> None:
        event = IncidentEvent(incident=name, seq=len(events) + 1, kind=kind, at=opened + after)
        events.append(replace(event, **said))  # type: ignore[arg-type]  # fields of an event, by name

    group = Group(contract=place, table=table, owner=owner)
    text = f"{about}: {reason}"
    add(EventKind.OPENED, group=group, looked_at=opened, found=(found,), reason=text)
    if told is not None:
        notice = Told(
            kind=NoticeKind.OPENED,
            to=owner,
            channel=None,
            way=Way.CHANNEL,
            not_before=opened,
            grade=grade,
            shape="",
            numbers="",
            findings=1,
        )
        add(EventKind.TOLD, told=notice)
        add(EventKind.DELIVERED, told, notice=f"{name}:2")
    if acknowledged is not None:
        add(EventKind.ACKNOWLEDGED, acknowledged, actor=owner)
    if lasts is not None:
        add(EventKind.RESOLVED, lasts, resolution=resolution)
    return events


def contracts() -> tuple[Contract, ...]:
    """Two; one promises to tell and to repair."""
    email = prop("email", critical=True, owner=ANA)
    leads = table("leads", email, prop("status", critical=True), prop("fax"))
    promises = (
        ResponseSla(id="told", kind=ResponseKind.NOTIFY, limit=5 * MINUTE),
        ResponseSla(id="mended", kind=ResponseKind.REPAIR, limit=2 * DAY),
    )
    people = contract(table("users", prop("name", critical=True)), id="people", owner=None)
    return replace(contract(leads, owner=BO), responses=promises), people


def levels() -> tuple[Slo, ...]:
    """One, on the email of leads."""
    indicator = CheckRows(kind=Kind.COMPLETENESS, contract="crm", check="crm.leads.email.required")
    emails = Slo(
        name="leads-have-an-email",
        display_name="Leads have an email",
        service="crm",
        description="",
        indicator=indicator,
        window=RollingWindow(span=28 * DAY),
        method=Method.OCCURRENCES,
        target=Fraction(99, 100),
        object="leads",
        property="email",
    )
    return (emails,)


def trust(score: int, at: datetime, *, broken: int = 3) -> Trust:
    """Of a run with 40 checks."""
    counts = (
        (Outcome.PASSED, 36 - broken, 80, Fraction(80)),
        (Outcome.FAILED, broken, 12, Fraction(11, 2)),
        (Outcome.ERRORED, 1, 2, Fraction(0)),
        (Outcome.SKIPPED, 3, 0, Fraction(0)),
    )
    parts = tuple(ScorePart(outcome=o, checks=c, weight=w, counts=n) for o, c, w, n in counts)
    return Trust(run_id="0192f0c1", at=at, score=score, parts=parts)


def november() -> list[list[IncidentEvent]]:
    """Some incidents of every kind, and some of October."""
    stage = "stage is one of 6 values"
    return [
        log(
            on(3),
            5 * HOUR,
            name="1a2b3c4d5e6f7a81",
            detected=40 * MINUTE,
            told=MINUTE,
            acknowledged=12 * MINUTE,
        ),
        log(
            on(9, 14),
            3 * DAY,
            name="2a2b3c4d5e6f7a82",
            owner=BO,
            told=2 * MINUTE,
            acknowledged=4 * HOUR,
            reason=stage,
            table="opportunities",
        ),
        log(on(12, 8), HOUR, name="3a2b3c4d5e6f7a83", told=9 * MINUTE, grade=Grade.WARNING, reason="fax is valid"),
        log(on(18), 2 * HOUR, name="4a2b3c4d5e6f7a84", told=MINUTE, resolution=Resolution.FALSE_POSITIVE),
        log(on(20), 6 * HOUR, name="5a2b3c4d5e6f7a85", place="", table="", owner=PAT, reason="slack works"),
        log(on(28, 7), name="6a2b3c4d5e6f7a86", told=MINUTE, acknowledged=3 * HOUR, reason="email is unique"),
        log(on(29, 7), 3 * HOUR, name="7a2b3c4d5e6f7a87", place="people", table="users", owner="", reason="name set"),
        log(on(1) - 20 * DAY, 2 * DAY, name="8a2b3c4d5e6f7a88", told=MINUTE, acknowledged=HOUR),
        log(on(1) - DAY, 3 * DAY, name="9a2b3c4d5e6f7a89", told=MINUTE, acknowledged=2 * HOUR),
    ]


def review(
    logs: Sequence[Sequence[IncidentEvent]] | None = None,
    *,
    span: Span = NOVEMBER,
    known_since: datetime | None = datetime(2026, 1, 1, tzinfo=UTC),
    at: datetime = NOW,
    promising: tuple[ResponseSla, ...] | None = None,
) -> Review:
    """Of these logs (those of `november`), with trust, writes, elements and levels. `promising`: what crm promises, in
    place of what it does."""
    crm, people = contracts()
    watched = (crm if promising is None else replace(crm, responses=promising), people)
    logs = november() if logs is None else logs

    def of(span: Span, score: int, invalid: int) -> Kpis:
        writes = (
            Writes(contract="crm", table="leads", written=8_000, invalid=invalid, looks=700, blind=2),
            Writes(contract="crm", table="opportunities", blind=3),
        )
        return kpis_of(
            logs,
            watched,
            span,
            at,
            known_since=known_since,
            slos=levels(),
            trusts={"crm": trust(score, span.ends - HOUR)},
            writes=writes,
        )

    return Review(now=of(span, 90, 96), before=of(span.before(), 83, 200))


def figures(
    logs: Sequence[Sequence[IncidentEvent]], watched: Sequence[Contract], *, at: datetime = NOW
) -> IncidentFigures:
    """What metrics are told of these logs; what goes on is of grade error, and nobody acknowledged it."""
    lately = kpis_of(logs, watched, last_days(LATELY, at), at, known_since=on(1) - 90 * DAY)
    going_on = Counter((each.group.contract, each.grade, Status.OPEN) for each in lately.cases if not each.ended_at)
    return IncidentFigures(open=going_on, lately=lately)


def one_incident_each(watched: Sequence[Contract]) -> IncidentFigures:
    """Every contract makes all three promises, and had one incident that has all of its times; so had the observer."""
    promises = tuple(ResponseSla(id=kind, kind=kind, limit=HOUR) for kind in ResponseKind)
    logs = [
        log(on(20), HOUR, name=f"{n:016x}", place=name, detected=HOUR, told=MINUTE, acknowledged=MINUTE)
        for n, name in enumerate([*(contract.id for contract in watched), ""])
    ]
    return figures(logs, [replace(contract, responses=promises) for contract in watched])
