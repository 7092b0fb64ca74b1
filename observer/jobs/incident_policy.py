"""Settings, contracts, and what the state knows of silences and people → the Policy of incidents."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from observer.contracts.channels import slack_channels
from observer.contracts.model import Contract
from observer.incidents.findings import Grade
from observer.incidents.policy import Policy, Silence, Waits
from observer.jobs.receivers import SLACK, receivers_of
from observer.settings import IncidentSettings, Settings
from observer.store import Store

#: What Slack says of people is read no more often.
_PEOPLE_SECONDS = 15.0


def policy_of(
    settings: Settings,
    contracts: Iterable[Contract],
    silences: Iterable[Silence] = (),
    unknown_people: Mapping[str, str] | None = None,
) -> Policy:
    """What an installation wants. `unknown_people`: username → why the receiver does not know them.

    Where no working hours are set, those of a contract's own calendar count for what it watches.
    """
    said, contracts = settings.incidents, tuple(contracts)
    calendars = {c.id: c.calendar for c in contracts if c.calendar is not None}
    return Policy(
        waits=_waits(said),
        platform=said.platform_owner,
        default=said.default_owner,
        channels={c.id: channel for c in contracts if (channel := channel_of(c)) is not None},
        default_channel=said.channel,
        platform_channel=said.platform_channel,
        unknown_people=dict(unknown_people or {}),
        contract_hours={} if said.hours is not None else calendars,
        hours=said.hours,
        digest_at=said.digest_at,
        zone=said.zone,
        silences=tuple(silences),
    )


def channel_of(contract: Contract) -> str | None:
    """The first `support` entry that is a channel of Slack: its tool says so, or it says none and is written like one
    (`#crm`)."""
    slack = [entry for _, entry in slack_channels(contract)]
    untold = [entry for entry in contract.support if not entry.tool.strip() and entry.channel.startswith("#")]
    return next((entry.channel for entry in contract.support if entry in slack or entry in untold), None)


def _waits(said: IncidentSettings) -> Waits:
    escalates = {Grade.URGENT: said.escalate_urgent_after, Grade.ERROR: said.escalate_after}
    return Waits(
        group=said.group_wait,
        group_interval=said.group_interval,
        repeat_interval=said.repeat_interval,
        reopen_within=said.reopen_within,
        escalate_after={grade: after for grade, after in escalates.items() if after > timedelta()},
    )


class PolicyNow:
    """The policy as things stand, whenever it is asked for. Thread-safe."""

    def __init__(self, store: Store, inputs: Callable[[], tuple[Settings, Iterable[Contract]]]) -> None:
        """`inputs`: the settings and contracts in force."""
        self._store = store
        self._inputs = inputs
        #: Username → why they cannot be told, and until when that is not read again, by the monotonic clock.
        self._unknown: tuple[Mapping[str, str], float] = {}, 0.0

    def __call__(self) -> Policy:
        """Silences are those of now; people are as old as a few seconds. Raises StoreError."""
        settings, contracts = self._inputs()
        silences = self._store.incidents.silences(datetime.now(UTC))
        unknown = self._unknown_people() if SLACK in receivers_of(settings) else {}
        return policy_of(settings, contracts, silences=silences, unknown_people=unknown)

    def _unknown_people(self) -> Mapping[str, str]:
        unknown, until = self._unknown
        if time.monotonic() > until:
            people = self._store.incidents.people(SLACK)
            unknown = {person.username: person.reason for person in people if person.known_as is None}
            self._unknown = unknown, time.monotonic() + _PEOPLE_SECONDS
        return unknown
