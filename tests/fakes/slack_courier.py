"""A courier that delivers what waits for Slack, and is replaced as often as it is killed.

`python -m tests.fakes.slack_courier STATE.db SLACK_URL`: says on its output the process id of each courier.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta

from observer.incidents.policy import Policy, Waits
from observer.incidents.telling import Notice
from observer.jobs.briefs import Briefs
from observer.jobs.deliver import deliver
from observer.runs.deliveries import NewDelivery
from observer.settings import IncidentSettings, SlackSettings
from observer.slack.sender import SlackSender
from observer.store import Store
from tests.fakes.slack_workspace import TOKEN

#: Everything is told at once.
POLICY = Policy(
    platform="pat@example.com",
    default="desk@example.com",
    default_channel="#crm-dq",
    waits=Waits(group=timedelta(), group_interval=timedelta()),
)


def for_slack(notice: Notice) -> Iterable[NewDelivery]:
    """What the outbox keeps of a notice."""
    seq = int(notice.key.partition(":")[2])
    payload = {"incident": notice.line, "seq": seq}
    yield NewDelivery(
        receiver="slack", key=notice.key, line=notice.line, payload=payload, not_before=notice.told.not_before
    )


def sender_of(store: Store, url: str) -> SlackSender:
    """To the Slack at this URL."""
    return SlackSender(
        SlackSettings(token=TOKEN, signing_secret="s", api_url=url),
        incidents=IncidentSettings(channel="#crm-dq"),
        posts=store.incidents,
        briefs=Briefs(store, lambda: POLICY),
        on_trouble=lambda door, reason: None,
    )


def deliver_all(store: Store, url: str) -> None:
    """Until nothing waits; what waits for its next attempt is tried now."""
    sender = sender_of(store, url)
    until = time.monotonic() + 30
    while any(depth.waiting for depth in store.outbox.depths()) and time.monotonic() < until:
        for attempt in deliver(store, {"slack": sender}, impatient=True):
            assert not attempt.dead, attempt.failure


def main(state: str, url: str) -> None:
    """Couriers are forked, so that each begins with everything imported."""
    while _waits(state):
        courier = os.fork()
        if courier == 0:
            print(os.getpid(), flush=True)
            with Store.open(f"sqlite:///{state}") as store:
                deliver_all(store, url)
            os._exit(0)
        os.waitpid(courier, 0)
        # What a dead courier had taken: who leads takes that at once, others when its lease is over.
        with closing(sqlite3.connect(state)) as connection, connection:
            connection.execute("UPDATE outbox SET leased_until = NULL")


def _waits(state: str) -> bool:
    with closing(sqlite3.connect(state)) as connection:
        return bool(connection.execute("SELECT 1 FROM outbox WHERE delivered_at IS NULL LIMIT 1").fetchone())


if __name__ == "__main__":
    main(*sys.argv[1:])
