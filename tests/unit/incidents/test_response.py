"""Promises of a contract about its incidents: kept, broken, not yet, unknown, and never a promise about themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.contracts.model import Contract, ResponseKind, ResponseSla
from observer.incidents.acting import Act, delivered
from observer.incidents.events import EventKind, IncidentEvent, NoticeKind
from observer.incidents.findings import Answerable, Grade, Look, Source
from observer.incidents.response import (
    Clause,
    Kept,
    Verdict,
    clause_of,
    look_of_responses,
    verdicts_of,
    without_promises,
)
from observer.incidents.times import Times, times_of
from tests.fakes.contracts import contract, prop, table
from tests.unit.incidents.timeline import World, broken, clock, stale

DETECT, NOTIFY, REPAIR = (
    ResponseSla(id=kind.value, kind=kind, limit=limit)
    for kind, limit in zip(ResponseKind, (timedelta(minutes=15), timedelta(minutes=5), timedelta(hours=3)), strict=True)
)
CRM: Contract = replace(
    contract(table("leads", prop("email")), owner="rev@example.com"), responses=(DETECT, NOTIFY, REPAIR)
)


def verdict(world: World, response: ResponseSla, at: str) -> Verdict:
    (found,) = verdicts_of(world.log, [response], clock(at))
    return found


def told(at: str = "09:02", *, since: datetime | None = None) -> World:
    """Seen at 09:00, told at 09:01, heard at the given time."""
    world = World()
    world.at("09:00").sees(broken(since=since))
    world.waits_until("09:01")
    if at:
        world.log.append(delivered(world.only, world.notices[0].key, clock(at)))
    return world


def test_what_is_detected_in_time_is_met_and_what_began_at_an_unknown_time_is_unknown() -> None:
    assert verdict(told(since=clock("08:50")), DETECT, "09:05").kept is Kept.MET
    late = verdict(told(since=clock("08:40")), DETECT, "09:05")
    assert (late.kept, late.took) == (Kept.BROKEN, timedelta(minutes=20))
    unknown = verdict(told(), DETECT, "09:05")
    assert (unknown.kept, unknown.took, unknown.reason) == (
        Kept.UNKNOWN,
        None,
        "nobody knows since when it was wrong",
    )


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_bound_keeps_a_promise_and_never_breaks_one(ago: int, earlier: int) -> None:
    took, bound = timedelta(minutes=ago), timedelta(minutes=ago + earlier)
    world = World()
    world.at("09:00").sees(broken(good_at=clock("09:00") - bound))
    found = verdict(world, DETECT, "09:05")
    assert (found.took, found.is_bound) == (bound, True)
    assert found.kept is (Kept.MET if bound <= DETECT.limit else Kept.UNKNOWN)
    if found.kept is Kept.MET:
        assert took <= DETECT.limit
    clause = clause_of("crm", DETECT, [found])
    assert (clause.met, clause.unknown, clause.broken) == (found.kept is Kept.MET, found.kept is Kept.UNKNOWN, 0)
    assert (clause.worst is None) is (found.kept is Kept.UNKNOWN), "a bound that decides nothing is no time that was"


@pytest.mark.parametrize(
    ("heard", "at", "kept"),
    [
        ("09:02", "09:03", Kept.MET),
        ("09:05", "12:00", Kept.MET),
        ("09:06", "12:00", Kept.BROKEN),
        ("", "09:05", Kept.NOT_YET),
        ("", "09:06", Kept.BROKEN),
    ],
)
def test_somebody_is_told_when_the_message_arrives_and_not_when_it_is_written(heard: str, at: str, kept: Kept) -> None:
    found = verdict(told(heard), NOTIFY, at)
    assert (found.kept, found.goes_on) == (kept, not heard)


def test_of_what_is_hidden_or_silenced_nobody_knows_whether_it_was_told_in_time() -> None:
    world = World()
    world.at("09:00").sees(broken())
    assert verdict(world, NOTIFY, "09:05").kept is Kept.NOT_YET
    assert verdict(world, NOTIFY, "09:06").kept is Kept.UNKNOWN


def test_a_message_that_could_not_be_written_before_runs_from_when_it_could() -> None:
    world = World()
    world.at("09:00").sees(stale(), broken())
    world.at("12:00").sees(broken(), of=[stale()])
    [told] = [notice for notice in world.notices if notice.told.loud_since is not None]
    assert told.told.loud_since == clock("12:00")
    log = [event for event in world.log if event.incident == told.line]
    kept = [verdicts_of(log, [NOTIFY], clock(at))[0].kept for at in ("12:05", "12:06")]
    assert kept == [Kept.NOT_YET, Kept.BROKEN]


def test_what_is_over_before_anybody_is_told_was_not_meant() -> None:
    world = World()
    world.at("09:00").sees(broken())
    world.at("09:00").sees(of=[broken()], at=clock("09:00") + timedelta(seconds=10))
    found = verdict(world, NOTIFY, "12:00")
    assert (found.kept, found.reason) == (Kept.NOT_MEANT, "it was over before anybody was told")


def test_what_waits_for_the_daily_digest_was_not_meant() -> None:
    world = World()
    world.at("09:00").sees(broken(grade=Grade.INFO))
    world.waits_until("09:01")
    assert verdict(world, NOTIFY, "09:30").reason == "it goes into the daily digest"


def test_an_open_incident_older_than_the_limit_has_broken_it_already() -> None:
    world = told()
    assert verdict(world, REPAIR, "12:00").kept is Kept.NOT_YET
    late = verdict(world, REPAIR, "12:01")
    assert (late.kept, late.took, late.goes_on) == (Kept.BROKEN, timedelta(minutes=181), True)
    assert late.overdue_since == clock("12:00")
    world.at("13:00").sees(of=[broken()])
    over = verdict(world, REPAIR, "20:00")
    assert (over.kept, over.took, over.goes_on, over.is_open) == (Kept.BROKEN, timedelta(hours=4), False, False)


def test_what_comes_back_is_not_repaired() -> None:
    world = told()
    world.at("10:00").sees(of=[broken()])
    assert verdict(world, REPAIR, "12:30").kept is Kept.MET
    world.at("12:30").sees(broken())
    assert verdict(world, REPAIR, "12:30").kept is Kept.BROKEN


@pytest.mark.parametrize(
    ("act", "soon", "late"),
    [(Act.FALSE_POSITIVE, Kept.NOT_MEANT, Kept.NOT_MEANT), (Act.EXPECTED, Kept.NOT_MEANT, Kept.BROKEN)],
)
def test_a_persons_word_ends_it_but_does_not_unbreak_a_promise(act: Act, soon: Kept, late: Kept) -> None:
    for time, kept in (("10:00", soon), ("15:00", late)):
        world = told()
        world.at(time).acts(act, reason="a migration")
        assert verdict(world, REPAIR, "20:00").kept is kept


def test_what_nobody_looks_for_any_more_was_not_repaired() -> None:
    world = told()
    world.at("10:00").takes(Look(at=clock("10:00"), withdrawn=frozenset(world.only.held)))
    found = verdict(world, REPAIR, "20:00")
    assert (found.kept, found.reason) == (Kept.UNKNOWN, "nothing looks for it any more")


# Clauses.


def clause(*kept: Kept) -> Clause:
    base = verdict(told(), REPAIR, "09:05")
    each = [
        replace(base, incident=f"{place:016x}", kept=said, took=timedelta(hours=place))
        for place, said in enumerate(kept)
    ]
    return clause_of("crm", REPAIR, each)


def test_a_clause_counts_what_is_unknown_against_itself_and_what_is_not_meant_nowhere() -> None:
    found = clause(Kept.MET, Kept.BROKEN, Kept.UNKNOWN, Kept.NOT_YET, Kept.NOT_MEANT)
    assert (found.met, found.decided) == (1, 3)
    assert (found.broken, found.unknown, found.not_yet, found.not_meant) == (1, 1, 1, 1)
    assert found.worst is not None
    assert found.worst.took == timedelta(hours=3)
    assert clause_of("other", REPAIR, [verdict(told(), REPAIR, "09:05")]).decided == 0
    assert clause().worst is None


# The look that tells of what open incidents break.


def looks(world: World, at: str) -> Look:
    verdicts = verdicts_of(world.log, CRM.responses, clock(at))
    return look_of_responses(CRM, verdicts, at=clock(at))


def test_the_owner_of_the_contract_is_told_while_an_open_incident_breaks_a_promise() -> None:
    world = told()
    assert looks(world, "12:00").findings == ()
    (found,) = looks(world, "12:01").findings
    assert found.fingerprint == "response:crm:timeToRepair"
    assert (found.source, found.grade, found.table) == (Source.RESPONSE, Grade.ERROR, None)
    assert found.answerable == Answerable(contract_owner="rev@example.com")
    assert found.since == clock("12:00")
    assert found.observed.startswith("an open incident takes longer: leads (")
    assert found.observed.endswith(" since 2026-11-23 09:00 UTC")
    assert looks(world, "18:59") == replace(looks(world, "12:01"), at=clock("18:59")), "time alone is no news"
    world.at("19:00").sees(of=[broken()])
    over = looks(world, "19:00")
    assert over.findings == ()
    assert "response:crm:timeToRepair" in over.covered


def test_what_can_only_be_known_is_a_warning() -> None:
    (found,) = looks(told("09:10"), "09:20").findings
    assert (found.subject, found.grade) == ("timeToNotify", Grade.WARNING)
    assert found.observed.endswith(" 10 min")
    (found,) = looks(told(""), "09:20").findings
    assert found.grade is Grade.ERROR


def test_a_promise_that_is_made_no_more_is_withdrawn() -> None:
    look = look_of_responses(replace(CRM, responses=(REPAIR,)), (), at=clock("09:00"))
    assert look.covered == {"response:crm:timeToRepair"}
    assert look.withdrawn == {"response:crm:timeToDetect", "response:crm:timeToNotify"}


def test_a_broken_promise_opens_one_incident_that_breaks_none_itself() -> None:
    world = told()
    kinds = []
    for hour in range(13, 24):
        world.at(f"{hour}:00")
        verdicts = [v for log in logs(world) for v in verdicts_of(log, CRM.responses, world.now)]
        kinds += world.takes(look_of_responses(CRM, verdicts, at=world.now))
        kinds += world.waits_until(f"{hour}:02")
    assert len(world.incidents) == 2
    about = [finding for incident in world.incidents for finding in incident.held]
    assert about == ["check:crm.leads.email.required", "response:crm:timeToRepair"]
    assert kinds.count(NoticeKind.OPENED) == 1
    # It is over when what broke it is.
    world.at("23:10").sees(of=[broken()])
    world.takes(look_of_responses(CRM, [], at=world.now))
    assert not any(incident.is_open for incident in world.incidents)


def logs(world: World) -> list[list[IncidentEvent]]:
    found: dict[str, list[IncidentEvent]] = {}
    for event in world.log:
        found.setdefault(event.incident, []).append(event)
    return list(found.values())


# Logs of which a broken promise is a part.

PROMISE = broken("repair", fingerprint="response:crm:timeToRepair", source=Source.RESPONSE, property=None)


def times_apart(world: World) -> Times:
    found = times_of(without_promises(world.log))
    assert found is not None
    return found


def test_a_log_without_promises_stays_as_it_is_and_one_of_promises_alone_is_empty() -> None:
    world = told()
    assert without_promises(world.log) == tuple(world.log)
    alone = World()
    alone.at("09:00").sees(PROMISE)
    assert without_promises(alone.log) == ()
    assert verdicts_of(alone.log, CRM.responses, clock("20:00")) == ()


def test_what_a_promise_has_part_in_begins_and_ends_with_the_others() -> None:
    world = World()
    world.at("09:00").sees(PROMISE)
    world.at("10:00").sees(broken("fax"))
    world.at("11:00").sees(of=[broken("fax")])
    assert world.only.is_open
    times = times_apart(world)
    assert (times.opened_at, times.resolve) == (clock("10:00"), timedelta(hours=1))
    world.at("12:00").sees(broken("fax"))
    times = times_apart(world)
    assert (times.resolve, times.reopenings) == (None, 1)
    world.at("13:00").sees(of=[PROMISE])
    world.at("14:00").sees(of=[broken("fax")])
    assert world.live()[0].resolution is not None
    times = times_apart(world)
    assert times.resolve == timedelta(hours=3)


def test_a_promise_that_comes_back_brings_back_nothing_else() -> None:
    world = World()
    world.at("09:00").sees(PROMISE, broken("fax"))
    world.at("10:00").sees(of=[PROMISE, broken("fax")])
    world.at("11:00").sees(PROMISE)
    assert world.only.is_open
    times = times_apart(world)
    assert (times.resolve, times.reopenings) == (timedelta(hours=1), 0)
    assert EventKind.REOPENED not in {event.kind for event in without_promises(world.log)}
