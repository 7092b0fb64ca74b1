"""People whom contracts and settings name, looked up in Slack before anybody is told, so that whoever cannot be told is
passed over from the first message on. In: usernames. Out: what is known of them, in the state."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from observer.contracts.model import Contract, properties_of
from observer.incidents.posts import Person
from observer.jobs.receivers import SLACK
from observer.runs.deliveries import Failure
from observer.settings import IncidentSettings
from observer.store import Store

#: Somebody is looked up again after so long: people come and go.
KNOWN_FOR = timedelta(hours=24)
#: The same of somebody whom the receiver does not know.
UNKNOWN_FOR = timedelta(hours=1)
#: Looked up at once.
AT_ONCE = 5
#: Of whom nothing could be said, and a receiver that did not answer.
PATIENCE = timedelta(minutes=1)


class Directory(Protocol):
    """Who is who at a receiver."""

    def look_up(self, username: str) -> Person:
        """Who it is, or with a reason that there is nobody of that name; kept in the state. Raises CallFailed: it
        cannot be said now."""


def people_named(said: IncidentSettings, contracts: Iterable[Contract]) -> tuple[str, ...]:
    """Everybody who may be told of an incident, those of the settings first."""
    named = [said.platform_owner, said.default_owner]
    for contract in contracts:
        named += [contract.owner, contract.steward]
        named += [person for _, prop in properties_of(contract) for person in (prop.owner, prop.steward)]
    return tuple(dict.fromkeys(person for person in named if person))


class PeopleLookedUp:
    """Looks up a few at a time. For one thread."""

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store = store
        self._directory = directory
        #: Not asked before: by person, and anybody at all.
        self._later: dict[str, datetime] = {}
        self._waits_until: datetime | None = None

    def look_up(self, names: Iterable[str], *, now: datetime) -> Failure | None:
        """Look up those of whom nothing is known, or what is known is old; why Slack does not answer, if it does not.

        Raises StoreError.
        """
        # Whoever named them wants messages, so the library is there already.
        from observer.slack.failures import CallFailed

        if self._waits_until is not None and now < self._waits_until <= now + timedelta(hours=1):
            return None
        known = {person.username: person for person in self._store.incidents.people(SLACK)}
        due = [name for name in names if self._is_due(name, known.get(name), now)]
        for name in due[:AT_ONCE]:
            self._later[name] = now + PATIENCE * 10
            try:
                self._directory.look_up(name)
            except CallFailed as failed:
                self._waits_until = now + max(PATIENCE, failed.failure.retry_after or PATIENCE)
                return failed.failure
        return None

    def _is_due(self, name: str, known: Person | None, now: datetime) -> bool:
        if known is None:
            return now >= self._later.get(name, now)
        return now - known.looked_up_at >= (KNOWN_FOR if known.known_as else UNKNOWN_FOR)
