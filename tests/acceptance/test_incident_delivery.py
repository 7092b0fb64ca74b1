"""A real daemon and a Slack of our own: a receiver that is slow holds up nothing else, and kill -9 in the middle of a
delivery makes no second message."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from observer.incidents.events import EventKind
from tests.fakes.daemon import Project, eventually
from tests.fakes.slack_server import Does, Hangs, SlackServer, slack_server
from tests.fakes.slack_workspace import TOKEN


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with slack_server() as server:
        server.has_user("ana@example.com")
        yield server


def test_a_daemon_that_is_killed_while_it_posts_leaves_one_message_which_the_next_one_edits(
    tmp_path: Path, slack: SlackServer
) -> None:
    project = Project(
        tmp_path / "project",
        incidents={
            "group_wait": "1s",
            "group_interval": "1s",
            "channel": "#crm-dq",
            "platform_owner": "pat@example.com",
        },
        slack={"token": TOKEN, "api_url": slack.url},
    )
    taken, go_on = threading.Event(), threading.Event()

    def hangs() -> None:
        taken.set()
        go_on.wait(60)

    def leads(statement: str) -> None:
        with closing(sqlite3.connect(project.folder / "crm.db")) as crm, crm:
            crm.execute(statement)

    with project.store() as store:
        slack.next("chat.postMessage", Does(hangs, after=True))
        slack.always("conversations.history", Hangs())
        with project.serve() as daemon:
            daemon.ready()
            leads("UPDATE leads SET status = 'renamed' WHERE id < 3")
            eventually(taken.is_set, "a message is posted, and its answer does not come")
            for _ in range(3):
                ticks = {tick.at for tick in store.ticks.latest()}
                eventually(lambda ticks=ticks: {t.at for t in store.ticks.latest()}.isdisjoint(ticks), "glances go on")
            assert not go_on.is_set()
            daemon.kill()
        go_on.set()
        slack.always("conversations.history", None)
        (incident,) = store.incidents.live()
        assert not [e for e in store.incidents.log(incident.id) if e.kind is EventKind.DELIVERED]

        with project.serve() as daemon:
            eventually(
                lambda: [e for e in store.incidents.log(incident.id) if e.kind is EventKind.DELIVERED],
                "the next daemon finds the message that stands",
            )
            leads("UPDATE leads SET status = 'new'")
            eventually(lambda: slack.called("chat.update"), "it is edited")
            eventually(lambda: not store.incidents.rows(open_only=True), "it is over")
            eventually(lambda: store.outbox.depths() == (), "everything is told")
            assert daemon.stop() == 0
        (parent,) = slack.parents
        assert slack.duplicates() == []
        assert "resolved" in str(parent.blocks).lower()
        (row,) = store.incidents.rows()
        assert row.id == incident.id
