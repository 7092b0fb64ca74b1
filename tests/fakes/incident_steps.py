"""A clock that stands still, looks, and deliveries of notices: for tests of incidents in a state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import text

from observer.incidents.findings import Finding, Look
from observer.incidents.incident import Incident
from observer.incidents.policy import Policy, Waits
from observer.incidents.telling import Notice
from observer.runs.deliveries import NewDelivery
from observer.store.records import Advanced
from observer.store.store import Store
from tests.fakes.small_runs import NOON
from tests.unit.incidents.timeline import POLICY, broken

#: Tells at the first step.
AT_ONCE = replace(POLICY, waits=Waits(group=timedelta()))


class Clock:
    """Stands until it is set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def to_slack(notice: Notice) -> Iterable[NewDelivery]:
    """As the daemon has it delivered."""
    incident, _, seq = notice.key.partition(":")
    payload = {"incident": incident, "seq": int(seq)}
    hour = notice.told.not_before
    return [NewDelivery(receiver="slack", key=notice.key, line=notice.line, payload=payload, not_before=hour)]


def look(*findings: Finding, at: datetime = NOON, of: Iterable[Finding] = ()) -> Look:
    """One that found these, and could have found all of `of`."""
    covered = frozenset(finding.fingerprint for finding in (*findings, *of))
    return Look(at=at, findings=findings, covered=covered)


def advance(state: Store, policy: Policy = AT_ONCE) -> Advanced:
    """One advance whose notices go to Slack."""
    return state.incidents.advance(policy, to_slack)


def opened(state: Store) -> Incident:
    """One incident that was told."""
    state.incidents.add_look(look(broken(), at=state.outbox.now()), origin="test")
    advance(state)
    (incident,) = state.incidents.live()
    return incident


def damage(state: Store, table: str, document: str, where: str) -> None:
    """The documents of these rows say something else by now."""
    as_json = "CAST(:document AS JSONB)" if state.shared else ":document"
    with state._database.transaction(writes=True) as connection:
        statement = f"UPDATE {table} SET document = {as_json} WHERE {where}"
        connection.execute(text(statement), {"document": document})
