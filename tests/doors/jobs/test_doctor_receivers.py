"""The doctor on those who are told: Slack with its channels and people, a webhook, a real Alertmanager."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from observer.contracts.model import Contract, SupportChannel
from observer.jobs.doctor.findings import Finding, Health
from observer.jobs.doctor.receivers import look_at_alertmanager, look_at_webhook
from observer.jobs.doctor.slack import MOST_ASKED, look_at_slack
from observer.settings import AlertmanagerSettings, IncidentSettings, Settings, SlackSettings, WebhookSettings
from tests.fakes.contracts import contract, prop, table
from tests.fakes.lineage_receiver import Receiver, lineage_receiver
from tests.fakes.slack_server import Garbage, SlackServer, Status, slack_server
from tests.fakes.slack_workspace import APP_TOKEN, TOKEN
from tests.real_alertmanager import alertmanager
from tests.real_parts import free_port
from tests.real_prometheus import soon

ANA, PAT = "ana@example.com", "pat@example.com"


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with slack_server() as slack:
        slack.has_user(ANA)
        slack.has_user(PAT)
        yield slack


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with lineage_receiver() as receiver:
        yield receiver


def settings_for(slack: SlackServer, **said: str | None) -> Settings:
    given = {"token": TOKEN, "app_token": APP_TOKEN, "api_url": slack.url, **said}
    incidents = IncidentSettings(platform_owner=PAT, channel="#crm-dq")
    return Settings(slack=SlackSettings(**given), incidents=incidents)  # type: ignore[arg-type]  # by name


def a_contract(owner: str = ANA, channel: str = "#crm-dq") -> Contract:
    made = contract(table("leads", replace(prop("email"), owner=owner)))
    return replace(made, support=(SupportChannel(channel=channel, tool="slack"),))


def seen(settings: Settings, *contracts: Contract) -> dict[str, Finding]:
    found = list(look_at_slack(settings, contracts or (a_contract(),)))
    assert not any(secret in repr(found) for secret in (TOKEN, APP_TOKEN, "canary"))
    return {finding.door: finding for finding in found}


def test_where_all_is_well_each_part_of_slack_has_a_line(slack: SlackServer) -> None:
    found = seen(settings_for(slack))
    assert {door: (f.health.value, f.found) for door, f in found.items()} == {
        "slack": ("✓", "Example, as observer, with every scope"),
        "slack buttons": ("✓", "presses come by Socket Mode"),
        "slack channels": ("✓", "1 channel, the app is in it"),
        "slack people": ("✓", "2 names found"),
    }
    assert slack.messages == [] == slack.ephemeral


def test_without_a_token_slack_is_off(slack: SlackServer) -> None:
    assert [f.health for f in seen(settings_for(slack, token=None)).values()] == [Health.NONE]


@pytest.mark.parametrize("fault", ["token", "garbage", "status", "dead"])
def test_a_token_that_is_refused_is_bad_and_the_rest_says_that_it_was_not_tried(slack: SlackServer, fault: str) -> None:
    match fault:
        case "garbage":
            slack.always("*", Garbage())
        case "status":
            slack.always("*", Status(502))
        case "dead":
            slack.dies()
    found = seen(settings_for(slack, token="xoxb-canary-old" if fault == "token" else TOKEN))
    assert [f.health.value for f in found.values()] == ["✗", "–", "–", "–"]
    assert found["slack"].remedy is not None


@pytest.mark.parametrize(("scope", "mark"), [("chat:write", "✗"), ("usergroups:read", "!"), ("channels:read", "!")])
def test_a_scope_that_is_lacking_is_named_with_what_it_is_for(slack: SlackServer, scope: str, mark: str) -> None:
    slack.scopes -= {scope}
    found = seen(settings_for(slack))
    assert found["slack"].health.value == mark
    assert f"lacks 1 scope: {scope} (" in found["slack"].found
    assert (found["slack channels"].health is Health.NONE) is (scope == "channels:read")


def test_presses_need_a_way_back(slack: SlackServer) -> None:
    assert seen(settings_for(slack, app_token=None))["slack buttons"].health is Health.WARNING
    signed = seen(settings_for(slack, app_token=None, signing_secret="s"))["slack buttons"]
    assert (signed.health, "HTTP" in signed.found) == (Health.GOOD, True)
    revoked = seen(settings_for(slack, app_token="xapp-canary-old"))["slack buttons"]
    assert (revoked.health, "invalid_auth" in revoked.found) == (Health.BAD, True)


@pytest.mark.parametrize(
    ("channel", "how", "says"),
    [
        ("#nowhere", None, "#nowhere is not there"),
        ("#old", {"archived": True}, "#old is not there, or is archived"),
        ("#other", {"joined": False}, "the app is not in #other"),
        ("C999999999", None, "the app is not in C999999999"),
    ],
)
def test_a_channel_that_cannot_be_written_to_is_named(
    slack: SlackServer, channel: str, how: dict[str, bool] | None, says: str
) -> None:
    if how is not None:
        slack.has_channel(channel, **how)
    found = seen(settings_for(slack), a_contract(channel=channel))["slack channels"]
    assert (found.health, says in found.found) == (Health.BAD, True), found


def test_owners_whom_slack_does_not_know_are_named_with_the_reason(slack: SlackServer) -> None:
    slack.has_user("gone@example.com", deleted=True)
    found = seen(settings_for(slack), a_contract("gone@example.com"), a_contract("nobody@example.com"))["slack people"]
    assert found.health is Health.WARNING
    assert "gone@example.com: their account in Slack is deactivated" in found.found
    assert "nobody@example.com: nobody in Slack has that email address" in found.found


def test_of_very_many_owners_some_are_asked_for_and_the_rest_is_counted(slack: SlackServer) -> None:
    for number in range(MOST_ASKED):
        slack.has_user(f"owner{number}@example.com")
    many = [a_contract(f"owner{number}@example.com") for number in range(MOST_ASKED + 10)]
    found = seen(settings_for(slack), *many)["slack people"]
    assert (found.health, found.found.endswith("; 12 more were not asked for")) == (Health.GOOD, True), found
    assert len(slack.called("users.lookupByEmail")) == MOST_ASKED


def test_a_webhook_is_asked_what_it_takes_and_sent_nothing(receiver: Receiver) -> None:
    def webhook(url: str | None, secret: str | None = "s") -> Finding:
        return look_at_webhook(Settings(webhook=WebhookSettings(url=url, secret=secret)))

    assert webhook(None).health is Health.NONE
    url = f"{receiver.url}/hooks/canary"
    found = webhook(url)
    assert (found.health, found.found) == (Health.GOOD, f"{receiver.url} answers; notices are signed")
    assert webhook(url, secret=None).health is Health.WARNING
    assert webhook("example.com/hook").health is Health.BAD
    gone = webhook(f"http://127.0.0.1:{free_port()}/hooks/canary")
    assert (gone.health, "canary" in gone.found) == (Health.WARNING, False)
    receiver.answers(503)
    assert webhook(url).health is Health.WARNING
    assert receiver.events == []


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_webhook_that_takes_nothing_but_post_is_there(receiver: Receiver, status: int) -> None:
    receiver.answers(status)
    assert look_at_webhook(Settings(webhook=WebhookSettings(url=receiver.url, secret="s"))).health is Health.GOOD


def test_a_real_alertmanager_is_ready_or_is_not_there(tmp_path: Path, receiver: Receiver) -> None:
    def found(url: str | None) -> Finding:
        return look_at_alertmanager(Settings(alertmanager=AlertmanagerSettings(url=url)))

    with alertmanager(tmp_path, webhook=receiver.url) as server:
        soon(server.ready)
        assert (found(server.url).health, found(f"{server.url}/").health) == (Health.GOOD, Health.GOOD)
    assert found(server.url.replace("//", "//user:canary@")).health is Health.WARNING
    assert "canary" not in repr(found(server.url.replace("//", "//user:canary@")))
    assert (found(None).health, found("ftp://x").health) == (Health.NONE, Health.BAD)
