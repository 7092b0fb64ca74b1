"""Who would be told of a check, now and in the other hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from observer.checks.measure import Outcome
from observer.contracts.model import Severity
from observer.contracts.schedules import Calendar
from observer.incidents.policy import Matcher, Policy, Silence, Way
from observer.jobs.owners import checks_of
from observer.jobs.would_tell import would_tell
from tests.fakes.contracts import contract, prop, table

CRM = contract(table("leads", prop("email", required=True, owner="kim@example.com")))
SPEC = next(spec for spec in checks_of(CRM, [CRM]) if spec.rule_name == "required")
OFFICE = Calendar(zone="Europe/Berlin", weekdays=frozenset(range(5)), opens=time(9), closes=time(18))
POLICY = Policy(platform="ops@example.com", default_channel="#crm", hours=OFFICE)
#: 11:10 in Berlin.
MONDAY = datetime(2026, 11, 23, 10, 10, tzinfo=UTC)


def test_now_comes_first_and_the_next_other_hour_second() -> None:
    mild = replace(SPEC, severity=Severity.WARNING)
    cases = would_tell(mild, CRM, POLICY, at=MONDAY)
    assert [(c.outcome, c.is_now, c.in_hours, c.route.to, c.route.way) for c in cases] == [
        (Outcome.FAILED, True, True, "kim@example.com", Way.CHANNEL),
        (Outcome.FAILED, False, False, "kim@example.com", Way.DIGEST),
        (Outcome.ERRORED, True, True, "ops@example.com", Way.CHANNEL),
        (Outcome.ERRORED, False, False, "ops@example.com", Way.CHANNEL),
    ]
    assert cases[1].at == datetime(2026, 11, 23, 17, tzinfo=UTC)
    by_night = would_tell(SPEC, CRM, POLICY, at=cases[1].at)
    assert (by_night[0].in_hours, by_night[1].in_hours) == (False, True)
    assert by_night[1].at == datetime(2026, 11, 24, 8, tzinfo=UTC)


def test_without_working_hours_there_is_only_now() -> None:
    cases = would_tell(SPEC, CRM, replace(POLICY, hours=None), at=MONDAY)
    assert [(case.outcome, case.in_hours) for case in cases] == [(Outcome.FAILED, True), (Outcome.ERRORED, True)]


def test_hours_that_never_change_are_told_once() -> None:
    always = replace(OFFICE, weekdays=frozenset(range(7)), opens=time(0), closes=time(0))
    assert len(would_tell(SPEC, CRM, replace(POLICY, hours=always), at=MONDAY)) == 2


def test_a_silence_is_told_where_it_covers() -> None:
    silence = Silence(
        id="1",
        matchers=(Matcher(field="property", pattern="em*"),),
        begins=MONDAY,
        ends=MONDAY + timedelta(hours=1),
        by="eve@example.com",
        reason="migration",
    )
    cases = would_tell(SPEC, CRM, replace(POLICY, silences=(silence,)), at=MONDAY)
    assert [bool(case.silences) for case in cases] == [True, False, True, False]
