"""What a contract promises of its incidents, over a day: its owner hears of it once, and it ends with what broke it.
What nobody knows keeps no promise, and breaks none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from observer.contracts.model import ResponseKind, ResponseSla
from observer.incidents.events import NoticeKind
from observer.incidents.findings import Grade
from observer.incidents.response import Clause
from observer.incidents.spans import last_days
from observer.jobs.kpis import review
from observer.reports.kpi_words import worst_text
from observer.store import Store
from tests.fakes.incident_day import DAY, DOWN, Day, kinds, leads

OPENED, RESOLVED = NoticeKind.OPENED, NoticeKind.RESOLVED
REPAIR = ResponseSla(id="mended", kind=ResponseKind.REPAIR, limit=timedelta(hours=2))
NOTIFY = ResponseSla(id="told", kind=ResponseKind.NOTIFY, limit=timedelta(minutes=5))
DETECT = ResponseSla(id="detected", kind=ResponseKind.DETECT, limit=timedelta(minutes=30))
NewDay = Callable[..., "PromisingDay"]


@pytest.fixture
def new_day(tmp_path: Path) -> Iterator[NewDay]:
    with time_machine.travel(DAY, tick=False) as travel, Store.open(f"sqlite:///{tmp_path}/state.db") as store:
        yield lambda *promises: PromisingDay(store, travel, under=replace(leads("stage"), responses=promises))


class PromisingDay(Day):
    def clause(self) -> Clause:
        """What is said by now of the one promise."""
        span = last_days(1, self.now + timedelta(minutes=1))
        kpis = review(self._store, [self.contract], [], span, at=span.ends, keep=timedelta(days=90)).now
        (clause,) = kpis.clauses
        return clause


def test_what_is_not_repaired_in_time_is_told_once_to_the_owner_of_the_contract_and_ends_with_it(
    new_day: NewDay,
) -> None:
    day = new_day(REPAIR)
    day.at("9:00").stage_is_renamed()
    day.expect(OPENED, "9:00:30", "9:01")
    day.at("11:01")
    brief = day.expect(OPENED, "11:01", "11:35", "crm: every incident is repaired in time")
    assert (brief.to[0], brief.grade) == ("rev@example.com", Grade.ERROR)
    assert brief.points[0].finding.observed.endswith("since 2026-11-23 09:00 UTC")
    day.expect_silence(until="12:50")
    day.at("12:55").is_mended()
    assert kinds(day.heard(until="13:30")) == [RESOLVED, RESOLVED]


def test_a_promise_that_was_kept_is_never_told(new_day: NewDay) -> None:
    day = new_day(REPAIR, NOTIFY)
    day.at("9:00").stage_is_renamed()
    day.expect(OPENED, "9:00:30", "9:01")
    day.at("10:30").is_mended()
    assert kinds(day.heard(until="13:00")) == [RESOLVED]


def test_what_could_not_be_told_in_time_is_told_of_as_soon_as_it_can_be(new_day: NewDay) -> None:
    day = new_day(NOTIFY)
    day.channel.failure = DOWN
    day.at("9:00").stage_is_renamed()
    day.at("9:20")
    day.channel.failure = None
    said = day.heard(until="10:00")
    titles = sorted(brief.title for each in said for brief in each.briefs)
    assert titles[:1] == ["crm.leads: stage is present (40 of 100)"]
    assert any("somebody is told of every incident in time" in title for title in titles)


@pytest.mark.parametrize(("well_at", "met", "longest"), [("8:45", 1, 15), ("8:15", 0, None)])
def test_a_run_that_found_all_well_shortly_before_keeps_the_promise_to_detect(
    new_day: NewDay, well_at: str, met: int, longest: int | None
) -> None:
    day = new_day(DETECT)
    day.at(well_at).runs()
    day.at("9:00").stage_is_renamed()
    clause = day.clause()
    assert (clause.met, clause.unknown, clause.broken) == (met, 1 - met, 0)
    assert (clause.worst and clause.worst.took) == (longest and timedelta(minutes=longest))
    assert (clause.worst and worst_text(clause).partition(" (")[0]) == (longest and f"at most {longest} min")
    assert kinds(day.heard(until="11:00")) == [OPENED], "of what is not known nobody is told"


def test_what_no_run_by_this_contract_found_well_may_have_been_wrong_for_years(new_day: NewDay) -> None:
    day = new_day(DETECT)
    day.at("8:45").runs()
    day.at("9:00").missing["stage"] = 40
    day.runs(under=replace(day.contract, digest="edited"))
    clause = day.clause()
    assert (clause.met, clause.unknown, clause.broken) == (0, 1, 0)


def test_a_glance_finds_a_stale_table_within_a_minute_of_one_that_found_it_fresh(new_day: NewDay) -> None:
    day = new_day(DETECT)
    day.at("8:58").glances()
    day.at("8:59").glances()
    day.age = timedelta(hours=2)
    day.at("9:00").glances()
    clause = day.clause()
    assert (clause.met, clause.worst and clause.worst.took) == (1, timedelta(minutes=1))
