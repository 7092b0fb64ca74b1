"""People whom contracts name are looked up a few at a time, before anybody is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from observer.contracts.model import TeamMember
from observer.incidents.posts import Person
from observer.jobs.know_people import AT_ONCE, KNOWN_FOR, UNKNOWN_FOR, PeopleLookedUp, people_named
from observer.runs.deliveries import Failure, Reason
from observer.settings import IncidentSettings
from observer.slack.failures import CallFailed
from observer.store import Store
from tests.fakes.contracts import contract, prop, table
from tests.fakes.small_runs import NOON

NAMES = tuple(f"p{n}@example.com" for n in range(7))
MINUTE = timedelta(minutes=1)


@dataclass
class Workspace:
    """Knows everybody but `strangers`."""

    store: Store
    now: datetime = NOON
    strangers: tuple[str, ...] = ()
    failure: Failure | None = None
    #: Nothing can be said of these, and nothing is kept.
    unsaid: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)

    def look_up(self, username: str) -> Person:
        self.asked.append(username)
        if self.failure is not None:
            raise CallFailed(self.failure)
        known_as = None if username in self.strangers else f"U{username}"
        found = Person(
            username=username,
            receiver="slack",
            known_as=known_as,
            reason="" if known_as else "?",
            looked_up_at=self.now,
        )
        if username not in self.unsaid:
            self.store.incidents.know(found)
        return found


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}") as store:
        yield Workspace(store)


def test_everybody_is_asked_for_once_a_few_at_a_time(workspace: Workspace) -> None:
    people = PeopleLookedUp(workspace.store, workspace)
    for beat in range(4):
        assert people.look_up(NAMES, now=NOON + beat * MINUTE) is None
        assert len(workspace.asked) == min(len(NAMES), (beat + 1) * AT_ONCE)
    assert workspace.asked == list(NAMES)


def test_who_is_known_is_asked_for_again_after_a_day_and_who_is_not_after_an_hour(workspace: Workspace) -> None:
    workspace.strangers = NAMES[:1]
    people = PeopleLookedUp(workspace.store, workspace)
    people.look_up(NAMES[:2], now=NOON)
    people.look_up(NAMES[:2], now=NOON + UNKNOWN_FOR)
    assert workspace.asked == [*NAMES[:2], NAMES[0]]
    people.look_up(NAMES[1:2], now=NOON + KNOWN_FOR)
    assert workspace.asked[-1] == NAMES[1]


def test_a_receiver_that_does_not_answer_is_left_alone_for_as_long_as_it_wishes(workspace: Workspace) -> None:
    workspace.failure = Failure(reason=Reason.RATE_LIMITED, detail="slower", retry_after=5 * MINUTE)
    people = PeopleLookedUp(workspace.store, workspace)
    assert people.look_up(NAMES, now=NOON) is workspace.failure
    assert people.look_up(NAMES, now=NOON + 4 * MINUTE) is None
    assert len(workspace.asked) == 1
    workspace.failure = None
    people.look_up(NAMES, now=NOON + 6 * MINUTE)
    assert len(workspace.asked) == 1 + AT_ONCE


def test_of_whom_nothing_can_be_said_holds_up_no_other(workspace: Workspace) -> None:
    workspace.unsaid = NAMES[:AT_ONCE]
    people = PeopleLookedUp(workspace.store, workspace)
    people.look_up(NAMES, now=NOON)
    people.look_up(NAMES, now=NOON + MINUTE)
    assert workspace.asked == list(NAMES)


def test_everybody_who_may_be_told_is_named_once() -> None:
    field_of = replace(
        prop("email"), owner="ana@example.com", steward="stu@example.com", consumers=("ads@example.com",)
    )
    under = contract(table("leads", field_of), owner="rev@example.com")
    under = replace(under, team=(*under.team, TeamMember(username="stu@example.com", role="data steward")))
    said = IncidentSettings(platform_owner="pat@example.com", default_owner="rev@example.com")
    assert people_named(said, [under]) == ("pat@example.com", "rev@example.com", "stu@example.com", "ana@example.com")
