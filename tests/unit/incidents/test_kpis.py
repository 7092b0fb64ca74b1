"""Incidents of a span in numbers: per contract, per owner, in all; what is not known is not zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.contracts.model import ResponseKind, ResponseSla
from observer.incidents.events import IncidentEvent, Resolution
from observer.incidents.findings import Source
from observer.incidents.kpis import Kpis, Writes, critical_elements, kpis_of
from observer.incidents.response import Kept, clause_of, verdicts_of
from observer.incidents.spans import Span, last_days, month
from observer.incidents.times import spread_of
from observer.slo.model import CheckRows, Kind, Method, RollingWindow, Slo
from tests.fakes.contracts import contract, prop, table
from tests.fakes.incident_months import HOUR, NOVEMBER, NOW, log, on

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
REPAIR = ResponseSla(id="mended", kind=ResponseKind.REPAIR, limit=timedelta(hours=3))
CRM = replace(
    contract(table("leads", prop("email", critical=True), prop("fax"), prop("stage", critical=True)), owner=None),
    responses=(REPAIR,),
)
PEOPLE = contract(table("users", prop("name")), id="people")


def kpis(*logs: Sequence[IncidentEvent], span: Span = NOVEMBER, known_since: datetime | None = LONG_AGO) -> Kpis:
    return kpis_of(logs, (CRM, PEOPLE), span, NOW, known_since=known_since)


def test_incidents_count_in_the_span_in_which_they_were_opened_with_all_that_is_known_of_them_now() -> None:
    found = kpis(
        log(on(3), 2 * HOUR, name="a"),
        log(on(30), 30 * HOUR, name="ended in December"),
        log(datetime(2026, 10, 31, tzinfo=UTC), 48 * HOUR, name="carried over"),
        log(datetime(2026, 10, 3, tzinfo=UTC), HOUR, name="over before"),
        log(datetime(2026, 12, 1, tzinfo=UTC), name="later"),
        log(on(29), name="open"),
    )
    assert [case.incident for case in found.cases] == ["ended in December", "open", "a", "carried over"]
    pace = found.whole.pace
    assert (pace.incidents, pace.still_open, found.whole.carried) == (3, 1, 1)
    assert (pace.resolve.known, pace.resolve.of, pace.resolve.median) == (2, 3, 2 * HOUR)
    assert found.is_whole


def test_each_contract_and_each_owner_has_its_own_and_what_is_of_no_contract_comes_last() -> None:
    found = kpis(
        log(on(3), HOUR, name="a"),
        log(on(4), HOUR, name="b", owner="bo@example.com", place="people"),
        log(on(5), HOUR, name="c", place="gone"),
        log(on(6), HOUR, name="d", place="", owner="pat@example.com"),
    )
    assert [(each.contract, each.is_gone) for each in found.contracts] == [
        ("crm", False),
        ("people", False),
        ("gone", True),
        ("", False),
    ]
    assert [each.figures.pace.incidents for each in found.contracts] == [1, 1, 1, 1]
    assert {owner: figures.pace.incidents for owner, figures in found.owners.items()} == {
        "ana@example.com": 2,
        "bo@example.com": 1,
        "pat@example.com": 1,
    }


def test_a_broken_promise_is_told_of_by_its_contract_and_counts_as_no_incident() -> None:
    alone = log(on(9), name="promise")
    promise = replace(alone[0].found[0], fingerprint="response:crm:timeToRepair", source=Source.RESPONSE)
    alone[0] = replace(alone[0], found=(promise,))
    found = kpis(log(on(3), 2 * HOUR, name="a"), log(on(4), 4 * HOUR, name="b"), log(on(5), name="c"), alone)
    (clause,) = found.clauses
    assert (clause.met, clause.broken, clause.broken_open) == (1, 2, 1)
    assert clause.worst is not None
    assert clause.worst.incident == "c"
    assert (found.whole.pace.incidents, found.promises_alone) == (3, 1)
    assert [case.incident for case in found.cases if case.broken] == ["c", "b"]


def test_a_span_of_which_nothing_is_kept_is_not_known() -> None:
    assert not kpis(known_since=None).is_known
    assert not kpis(known_since=datetime(2026, 12, 1, tzinfo=UTC)).is_known
    partly = kpis(known_since=on(15))
    assert (partly.is_known, partly.is_whole) == (True, False)
    assert kpis(span=month(2026, 12)).is_whole is False


def test_critical_elements_say_what_they_miss() -> None:
    level = Slo(
        name="emails",
        display_name="",
        service="crm",
        description="",
        indicator=CheckRows(kind=Kind.COMPLETENESS, contract="crm", check="crm.leads.email.required"),
        window=RollingWindow(span=timedelta(days=28)),
        method=Method.OCCURRENCES,
        target=Fraction(99, 100),
        object="leads",
        property="email",
    )
    owned = replace(CRM, objects=(table("leads", prop("email", critical=True, owner="ana@example.com"), CRM_STAGE),))
    found = critical_elements(owned, [level])
    assert [(each.property, each.owner, each.levels) for each in found.elements] == [
        ("email", "ana@example.com", ("emails",)),
        ("stage", None, ()),
    ]
    assert (found.with_owner, found.with_level, found.with_both, found.share) == (1, 1, 1, Fraction(1, 2))
    assert [each.property for each in found.missing] == ["stage"]
    other = replace(level, indicator=replace(level.indicator, contract="people"))
    assert critical_elements(CRM, [other]).with_level == 0
    assert critical_elements(PEOPLE, [level]).share is None, "nothing critical is not all of it"


CRM_STAGE = prop("stage", critical=True)


def test_a_write_rate_without_writes_is_not_known() -> None:
    nothing = Writes(contract="crm", table="leads")
    assert nothing.rate is None
    assert replace(nothing, written=0, invalid=0).rate is None
    assert replace(nothing, written=200, invalid=3).rate == Fraction(3, 200)


# Spans.


def test_a_month_ends_where_the_next_begins_and_knows_the_one_before() -> None:
    months = [month(2026 + number // 12, number % 12 + 1) for number in range(30)]
    for earlier, later in pairwise(months):
        assert earlier.ends == later.begins
        assert later.before() == earlier
    assert NOVEMBER.name == "November 2026"
    assert NOVEMBER.before_name == "October 2026"
    assert not NOVEMBER.holds(NOVEMBER.ends)
    with pytest.raises(ValueError, match="month"):
        month(2026, 13)


def test_so_many_days_follow_as_many_days() -> None:
    span = last_days(28, NOW)
    assert span.before().ends == span.begins
    assert span.before().before().begins == NOW - timedelta(days=84)
    assert (span.name, span.before_name) == ("28 days to 2026-12-02 00:00 UTC", "the 28 days before")
    assert last_days(1, NOW).before_name == "the 24 hours before"


# Laws.

spans_of_time = st.one_of(st.none(), st.integers(0, 600).map(lambda minutes: timedelta(minutes=minutes)))
owners = st.sampled_from(["", "ana@example.com", "bo@example.com"])
places = st.sampled_from(["crm", "people", "gone", ""])


@st.composite
def some_logs(draw: st.DrawFn, least: int = 0) -> list[list[IncidentEvent]]:
    count = draw(st.integers(least, 8))
    return [
        log(
            on(1) + timedelta(hours=draw(st.integers(-100, 900))),
            draw(spans_of_time),
            name=f"{number:016x}",
            owner=draw(owners),
            place=draw(places),
            detected=draw(spans_of_time),
            at_most=draw(spans_of_time),
            told=draw(spans_of_time),
            resolution=draw(st.sampled_from(Resolution)),
        )
        for number in range(count)
    ]


@given(some_logs(least=1))
def test_one_more_incident_changes_its_contract_its_owner_and_the_whole_alone(
    logs: list[list[IncidentEvent]],
) -> None:
    before, after = kpis(*logs[1:]), kpis(*logs)
    group = logs[0][0].group
    assert group is not None
    others = {each.contract: each for each in before.contracts}
    for each in after.contracts:
        if each.contract != group.contract:
            assert each == others[each.contract]
    for owner, figures in after.owners.items():
        if owner != group.owner:
            assert figures == before.owners[owner]
    more = len(after.cases) - len(before.cases)
    assert more in (0, 1)
    known = after.whole.pace.incidents + after.whole.carried
    assert known - before.whole.pace.incidents - before.whole.carried == more


@given(some_logs())
def test_contracts_and_owners_each_add_up_to_the_whole(logs: list[list[IncidentEvent]]) -> None:
    found = kpis(*logs)
    for parts in ([each.figures for each in found.contracts], list(found.owners.values())):
        assert sum(each.pace.incidents for each in parts) == found.whole.pace.incidents
        assert sum(each.pace.still_open for each in parts) == found.whole.pace.still_open
        assert sum(each.pace.resolve.known for each in parts) == found.whole.pace.resolve.known
        assert sum(each.carried for each in parts) == found.whole.carried


@given(some_logs())
def test_the_order_of_logs_and_of_their_events_does_not_matter(logs: list[list[IncidentEvent]]) -> None:
    assert kpis(*logs) == kpis(*(list(reversed(log)) for log in reversed(logs)))


@given(st.lists(spans_of_time, max_size=20), st.lists(st.none(), max_size=5))
def test_a_percentile_is_one_of_the_times_that_so_many_reach(
    times: list[timedelta | None], unknown: list[None]
) -> None:
    spread, known = spread_of(times), sorted(time for time in times if time is not None)
    for share, rank in ((Fraction(1, 2), spread.median), (Fraction(9, 10), spread.p90)):
        if not known:
            assert rank is None
            continue
        assert rank in known
        assert sum(time <= rank for time in known) >= share * len(known)
        assert sum(time < rank for time in known) < share * len(known)
    assert replace(spread_of([*times, *unknown]), of=spread.of) == spread, "what is unknown moves no time"


@given(some_logs(), st.integers(0, 2_000))
def test_what_is_unknown_never_improves_the_share_of_what_was_kept(logs: list[list[IncidentEvent]], hours: int) -> None:
    verdicts = [each for log in logs for each in verdicts_of(log, [REPAIR], on(1) + hours * HOUR)]
    verdicts = [replace(each, group=replace(each.group, contract="crm")) for each in verdicts]
    whole = clause_of("crm", REPAIR, verdicts)
    for place, verdict in enumerate(verdicts):
        lost = [*verdicts[:place], replace(verdict, kept=Kept.UNKNOWN, took=None), *verdicts[place + 1 :]]
        found = clause_of("crm", REPAIR, lost)
        assert found.met <= whole.met
        if verdict.kept not in (Kept.NOT_YET, Kept.NOT_MEANT):
            assert found.decided == whole.decided


@given(some_logs(least=1), st.integers(0, 2_000), st.integers(0, 500))
def test_what_is_broken_stays_broken_as_time_passes(logs: list[list[IncidentEvent]], hours: int, more: int) -> None:
    early, late = on(1) + hours * HOUR, on(1) + (hours + more) * HOUR
    for each in logs:
        known = [event for event in each if event.at <= early]
        if not known:
            continue
        (first,), (second,) = verdicts_of(known, [REPAIR], early), verdicts_of(known, [REPAIR], late)
        assert first.kept is second.kept or (first.kept, second.kept) == (Kept.NOT_YET, Kept.BROKEN)
