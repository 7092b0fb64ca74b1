"""Incidents in the state: stepped once, told once, acted on, and read again by whoever comes after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from observer.incidents.events import EventKind
from observer.incidents.findings import Finding, Look
from observer.incidents.incident import Status, fold
from observer.incidents.policy import Policy, Waits
from observer.incidents.telling import Notice
from observer.runs.deliveries import NewDelivery
from observer.store.records import Advanced
from observer.store.store import Store
from tests.fakes.small_runs import HOUR, NOON, small_run
from tests.unit.incidents.timeline import ANA, POLICY, broken

SECOND = timedelta(seconds=1)
POLICY_AT_ONCE = replace(POLICY, waits=Waits(group=timedelta()))


class Clock:
    """Stands until it is set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(state: Store) -> Iterator[Clock]:
    """The clock of the state."""
    state._database._clock = clock = Clock()
    yield clock
    state._database._clock = None


def to_slack(notice: Notice) -> Iterable[NewDelivery]:
    incident, _, seq = notice.key.partition(":")
    payload = {"incident": incident, "seq": int(seq)}
    told = notice.told
    return [
        NewDelivery(receiver="slack", key=notice.key, line=notice.line, payload=payload, not_before=told.not_before)
    ]


def look(*findings: Finding, at: datetime = NOON, of: Iterable[Finding] = ()) -> Look:
    covered = frozenset(finding.fingerprint for finding in (*findings, *of))
    return Look(at=at, findings=findings, covered=covered)


def advance(state: Store, policy: Policy = POLICY_AT_ONCE) -> Advanced:
    return state.incidents.advance(policy, to_slack)


def test_what_a_run_found_is_an_incident_that_is_told_once(state: Store, clock: Clock) -> None:
    state.record_audit(small_run("r1"), looks=[look(broken())])

    first, second = advance(state), advance(state)

    assert ([event.kind for event in first.events], first.looks) == ([EventKind.OPENED, EventKind.TOLD], 1)
    assert second == Advanced()
    (taken,) = state.outbox.take("slack", 9, HOUR)
    (row,) = state.incidents.rows()
    assert (taken.key, taken.line, taken.payload) == (f"{row.id}:2", row.id, {"incident": row.id, "seq": 2})
    assert (row.group.table, row.group.owner, row.status, row.going_on) == ("leads", ANA.owner, Status.OPEN, 1)
    assert (row.opened_at, row.told, row.reason) == (NOON, True, "crm.leads.email: email is present")
    assert state.incidents.log(row.id) == first.events
    assert state.incidents.get(row.id[:4].upper()) == fold(first.events) == first.notices[0].incident
