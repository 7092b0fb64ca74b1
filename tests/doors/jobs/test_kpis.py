"""Incidents of the state in numbers, and promises held against those that are open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from observer.checks.measure import Outcome
from observer.contracts.model import Contract, ResponseKind, ResponseSla
from observer.incidents.acting import Act, Action
from observer.incidents.findings import Finding, Look
from observer.incidents.incident import Incident
from observer.incidents.policy import Policy, Waits
from observer.incidents.spans import month
from observer.incidents.telling import Notice
from observer.jobs.hand_over_looks import LooksHandedOver
from observer.jobs.kpis import review
from observer.jobs.looked_for import looked_for
from observer.jobs.response_levels import ResponseLevels
from observer.runs.deliveries import NewDelivery
from observer.runs.leading import Term
from observer.store import Store
from tests.fakes.small_runs import LEADS, slot, small_contract, small_run
from tests.unit.incidents.timeline import broken

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
POLICY = Policy(waits=Waits(group=timedelta()))
REPAIR = ResponseSla(id="mended", kind=ResponseKind.REPAIR, limit=3 * HOUR)
PROMISING = replace(small_contract(), responses=(REPAIR,))
EMAIL = replace(broken(), contract=LEADS)


def to_slack(notice: Notice) -> list[NewDelivery]:
    return [NewDelivery(receiver="slack", key=notice.key, line=notice.line, payload={})]


class Desk:
    """A state whose clock stands until it is set, and whoever leads."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = datetime(2026, 11, 3, 9, tzinfo=UTC)
        self.store._database._clock = lambda: self.now
        term = store.leadership.campaign("a", timedelta(days=90))
        assert term is not None
        self.term: Term = term
        self.promises = ResponseLevels(store)
        self.handed = LooksHandedOver(store, lambda: timedelta(minutes=5))

    def at(self, day: int, hour: int) -> Desk:
        self.now = datetime(2026, 11, day, hour, tzinfo=UTC)
        return self

    def sees(self, *findings: Finding, of: Finding | None = None) -> None:
        covered = frozenset({of.fingerprint} if of else ())
        self.store.incidents.add_look(Look(at=self.now, findings=findings, covered=covered), origin="run")
        self.advance()

    def advance(self, contract: Contract = PROMISING) -> None:
        watched = looked_for({contract.id: contract}, [], [], [])
        checks = {EMAIL.fingerprint, "check:accounts"}
        watched = replace(watched, fingerprints=watched.fingerprints | checks)
        self.store.incidents.advance(POLICY, to_slack, withdrawn=watched.withdrawn, term=self.term)
        for delivery in self.store.outbox.take("slack", 9, HOUR):
            self.store.outbox.delivered(delivery)

    def holds(self, contract: Contract = PROMISING) -> int:
        """A minute of the daemon's duty; how many looks it handed over."""
        looks = self.promises.looks([contract], at=self.now)
        handed = sum(self.handed.hand_over(name, look, self.term) for name, look in looks)
        self.advance(contract)
        return handed

    def open(self) -> list[Incident]:
        return [incident for incident in self.store.incidents.live() if incident.is_open]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Store.open(f"sqlite:///{tmp_path}/state.db") as store:
        yield Desk(store)


def test_a_promise_is_an_incident_while_an_open_one_breaks_it_and_its_log_stays_short(desk: Desk) -> None:
    desk.sees(EMAIL)
    assert desk.holds() == 1, "the first look says that nothing is broken"
    assert desk.holds() == 0
    desk.at(3, 13)
    assert desk.holds() == 1
    (promise,) = (incident for incident in desk.open() if incident.group.table == "")
    assert [held.finding.subject for held in promise.held.values()] == ["timeToRepair"]
    assert desk.holds() == 0, "nothing new in the same minute"
    desk.at(3, 14).sees(of=EMAIL)
    desk.at(3, 15).holds()
    assert desk.open() == []


def test_a_promise_that_is_made_no_more_is_withdrawn(desk: Desk) -> None:
    desk.sees(EMAIL)
    desk.at(3, 13).holds()
    assert len(desk.open()) == 2
    without = small_contract()
    desk.at(3, 14).holds(without)
    assert "response" not in {held.finding.source.value for each in desk.open() for held in each.held.values()}


def test_a_review_says_what_the_month_and_the_one_before_amounted_to(desk: Desk) -> None:
    for name, day, outcome in (("r1", 3, Outcome.PASSED), ("r2", 9, Outcome.FAILED)):
        at = datetime(2026, 11, day, 9, tzinfo=UTC)
        desk.store.slots.add([slot(LEADS, at)])
        due = desk.store.slots.get(LEADS, at)
        assert due is not None
        desk.store.record_audit(small_run(name, at=at, outcome=outcome), finishes=desk.store.slots.claim(due, name))
    desk.at(3, 9).sees(EMAIL)
    (incident,) = desk.open()
    desk.at(3, 10).store.incidents.act(incident.id, Action(act=Act.ACKNOWLEDGE, by="ana@example.com"), to_slack)
    desk.at(3, 14).sees(of=EMAIL)
    desk.at(28, 9).sees(replace(EMAIL, table="accounts", fingerprint="check:accounts"))
    desk.at(28, 13).holds()

    found = review(desk.store, [PROMISING], [], month(2026, 11), at=datetime(2026, 12, 1, tzinfo=UTC), keep=90 * DAY)

    (leads,) = found.now.contracts
    pace = leads.figures.pace
    assert (pace.incidents, pace.still_open) == (2, 1)
    assert (pace.acknowledge.median, pace.notify.known, pace.resolve.median) == (HOUR, 2, 5 * HOUR)
    assert [(clause.broken, clause.broken_open) for clause in leads.clauses] == [(2, 1)]
    assert found.now.promises_alone == 1
    assert leads.trust is not None
    assert (leads.trust.run_id, leads.trust.score) == ("r2", 74)
    assert [part.checks for part in leads.trust.parts] == [1, 1, 0, 0]
    assert found.now.is_known and not found.now.is_whole
    assert not found.before.is_known, "nothing is kept of October"


def test_an_incident_that_outlives_what_is_kept_does_not_make_its_month_known(desk: Desk) -> None:
    desk.at(1, 0).sees(EMAIL)
    now = datetime(2027, 2, 20, tzinfo=UTC)
    assert review(desk.store, [], [], month(2026, 12), at=now, keep=90 * DAY).now.is_whole
    shown = review(desk.store, [], [], month(2026, 12), at=now, keep=60 * DAY)
    assert (shown.now.is_whole, shown.now.is_known, shown.before.is_known) == (False, True, False)
