"""Settings, contracts, and what the state knows of silences and people → the Policy of incidents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from observer.contracts.channels import slack_channels
from observer.contracts.model import Contract
from observer.incidents.findings import Grade
from observer.incidents.policy import Policy, Silence, Waits
from observer.settings import IncidentSettings, Settings


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
