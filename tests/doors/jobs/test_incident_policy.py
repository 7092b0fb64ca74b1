"""What settings and contracts say of incidents, as a policy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from observer.contracts.model import SupportChannel
from observer.contracts.schedules import Calendar
from observer.incidents.findings import Grade
from observer.incidents.policy import Policy
from observer.jobs.incident_policy import channel_of, policy_of
from observer.settings import IncidentSettings, Settings
from tests.fakes.small_runs import small_contract

LEADS = small_contract("leads")
MON_FRI = Calendar(zone="Europe/Berlin", weekdays=frozenset(range(5)))
SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_settings_that_say_nothing_are_the_policy_that_says_nothing() -> None:
    assert policy_of(Settings(), [LEADS]) == Policy()


@pytest.mark.parametrize(
    ("support", "channel"),
    [
        ([], None),
        ([SupportChannel(channel="rev@example.com", tool="email")], None),
        ([SupportChannel(channel="#room", tool="discord")], None),
        ([SupportChannel(channel="#crm")], "#crm"),
        (
            [SupportChannel(channel="rev@example.com"), SupportChannel(channel="C0123456789", tool="Slack")],
            "C0123456789",
        ),
    ],
)
def test_the_first_slack_channel_of_a_contract_is_where_it_is_told(
    support: list[SupportChannel], channel: str | None
) -> None:
    told = replace(LEADS, support=tuple(support))
    assert channel_of(told) == channel
    assert policy_of(Settings(), [told]).channels == ({"leads": channel} if channel else {})


def test_an_escalation_after_no_time_is_none() -> None:
    said = IncidentSettings(escalate_after=timedelta(), escalate_urgent_after=timedelta(minutes=5))
    assert policy_of(Settings(incidents=said), []).waits.escalate_after == {Grade.URGENT: timedelta(minutes=5)}


def test_hours_of_the_settings_outrank_the_calendars_of_contracts() -> None:
    closed_on_sundays = replace(LEADS, calendar=MON_FRI)
    every_hour = Calendar(zone="UTC", weekdays=frozenset(range(7)))
    assert not policy_of(Settings(), [closed_on_sundays]).is_open("leads", SUNDAY)
    assert policy_of(Settings(), [closed_on_sundays]).is_open("deals", SUNDAY)
    said = Settings(incidents=IncidentSettings(hours=every_hour))
    assert policy_of(said, [closed_on_sundays]).is_open("leads", SUNDAY)
