"""What this room asks of the others. `store.incidents` and `jobs.briefs` fit; so do the fakes of the tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from observer.incidents.brief import Brief
from observer.incidents.posts import Person, Post

#: The receiver of these messages, in the outbox and in `Posts`.
RECEIVER = "slack"
#: In `Posts`: the last word in the thread of an incident, so that none is said twice.
THREAD = "slack thread"


class People(Protocol):
    """Who is who, as far as it was asked."""

    def person(self, receiver: str, username: str) -> Person | None:
        """What was last known of somebody."""

    def know(self, person: Person) -> None:
        """Keep it."""


class Posts(People, Protocol):
    """Where messages stand, and who is who; kept in the state. Every call is durable when it returns."""

    def post_of(self, receiver: str, incident: str) -> Post | None:
        """The one of this incident; None: none was begun."""

    def begin_post(self, post: Post) -> None:
        """It may land from now on; takes the place of what was kept of its incident."""

    def post_stands(self, post: Post) -> None:
        """It landed."""

    def forget_post(self, post: Post) -> None:
        """It did not, or is gone."""


class Briefs(Protocol):
    """Incidents for people."""

    def of_notices(self, notices: Iterable[tuple[str, int]]) -> Mapping[tuple[str, int], Brief]:
        """What each notice (incident, seq) tells, of the incident as it stands now; those that are no more are left
        out.
        """


class OnTrouble(Protocol):
    """Told when a door of Slack's begins to fail or is well again, and once when it is first seen to be well."""

    def __call__(self, door: str, reason: str | None) -> None:
        """`reason`: in words, without any secret; None: it works."""
