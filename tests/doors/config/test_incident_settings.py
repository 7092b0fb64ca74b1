"""Settings of incidents, of their receivers and of who may read and act: read, or refused with place and remedy."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path

import pytest

from observer.config.settings import load_settings
from observer.contracts.schedules import Calendar
from observer.errors import InputError
from observer.settings import Settings

CANARY = "canary-4711-do-not-show"
BOT = {"OBSERVER_SLACK_TOKEN": "xoxb-1-2-abc"}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of this repository is read."""
    monkeypatch.chdir(tmp_path)


def read(tmp_path: Path, content: str) -> Settings:
    file = tmp_path / "given.toml"
    file.write_text(content, encoding="utf-8")
    return load_settings(file, {})


def said(environment: dict[str, str]) -> str:
    with pytest.raises(InputError) as caught:
        load_settings(None, environment)
    lines = [str(problem) for problem in caught.value.problems]
    assert CANARY not in " ".join([*lines, str(caught.value)])
    assert all("Fix: " in line for line in lines)
    assert len(lines) == 1
    return lines[0]


def test_a_file_says_who_is_told_when_and_where(tmp_path: Path) -> None:
    for name in ("bot", "app", "hook", "sign", "alerts"):
        (tmp_path / name).write_text({"bot": "xoxb-1-2-abc", "app": "xapp-1-A-2"}.get(name, f"https://u:pw@{name}/x1"))
    found = read(
        tmp_path,
        f"""
        [incidents]
        platform_owner = "ops@example.com"
        default_owner = "@revops"
        channel = "#crm-quality"
        platform_channel = "C0123456789"
        group_wait = 0
        group_interval = "1min"
        repeat_interval = "1d"
        reopen_within = "12h"
        escalate_after = 0
        escalate_urgent_after = "15min"
        hours = "Mon-Fri, Sun 09:00-18:00 Europe/Berlin"
        zone = "Europe/Berlin"
        digest_at = "08:30"
        may_act = ["ana@example.com", "*@ops.example.com"]
        [slack]
        token_file = "{tmp_path}/bot"
        app_token_file = "{tmp_path}/app"
        api_url = "http://127.0.0.1:9/api"
        [webhook]
        url_file = "{tmp_path}/hook"
        secret_file = "{tmp_path}/sign"
        [alertmanager]
        url_file = "{tmp_path}/alerts"
        [web]
        public_url = "https://observer.example.com/"
        user_header = "X-Forwarded-Email"
        trusted_proxies = ["10.0.0.7", "10.1.2.3/16", "fd00::/8"]
        open_reading = false
        """,
    )
    incidents = found.incidents
    assert (incidents.platform_owner, incidents.default_owner) == ("ops@example.com", "@revops")
    assert (incidents.channel, incidents.platform_channel) == ("#crm-quality", "C0123456789")
    assert (incidents.group_wait, incidents.group_interval) == (timedelta(), timedelta(minutes=1))
    assert (incidents.repeat_interval, incidents.reopen_within) == (timedelta(days=1), timedelta(hours=12))
    assert (incidents.escalate_after, incidents.escalate_urgent_after) == (timedelta(), timedelta(minutes=15))
    assert incidents.hours == Calendar(
        zone="Europe/Berlin", weekdays=frozenset({0, 1, 2, 3, 4, 6}), opens=time(9), closes=time(18)
    )
    assert (incidents.zone, incidents.digest_at) == ("Europe/Berlin", time(8, 30))
    assert incidents.may_act == ("ana@example.com", "*@ops.example.com")
    assert (found.slack.token, found.slack.app_token) == ("xoxb-1-2-abc", "xapp-1-A-2")
    assert found.slack.api_url == "http://127.0.0.1:9/api/"
    assert (found.webhook.url, found.webhook.secret) == ("https://u:pw@hook/x1", "https://u:pw@sign/x1")
    assert found.alertmanager.url == "https://u:pw@alerts/x1"
    assert (found.web.public_url, found.web.user_header) == ("https://observer.example.com", "X-Forwarded-Email")
    assert found.web.trusted_proxies == ("10.0.0.7/32", "10.1.0.0/16", "fd00::/8")
    assert found.web.open_reading is False
    assert "pw" not in repr(found) and "xoxb" not in repr(found) and "xapp" not in repr(found)


def test_lists_of_the_environment_have_commas_between_them() -> None:
    found = load_settings(
        None,
        {
            "OBSERVER_INCIDENTS_MAY_ACT": "ana@example.com, *@ops.example.com",
            "OBSERVER_WEB_USER_HEADER": "X-User",
            "OBSERVER_WEB_TRUSTED_PROXIES": "127.0.0.1,::1",
            "OBSERVER_WEB_OPEN_READING": "True",
            "OBSERVER_INCIDENTS_HOURS": "22:00-06:00 UTC",
        },
    )
    assert found.incidents.may_act == ("ana@example.com", "*@ops.example.com")
    assert found.web.trusted_proxies == ("127.0.0.1/32", "::1/128")
    assert found.web.open_reading is True
    assert found.incidents.hours == Calendar(zone="UTC", weekdays=frozenset(range(7)), opens=time(22), closes=time(6))


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("INCIDENTS_HOURS", "Mon-Fri 9-18 Europe/Berlin", "it is no days, hours and zone"),
        ("INCIDENTS_HOURS", "Mon-Fri 09:00-18:00", "it is no days, hours and zone"),
        ("INCIDENTS_HOURS", "Mon-Fry 09:00-18:00 UTC", "`Mon-Fry` is no day of the week. Fix: write names of days"),
        ("INCIDENTS_HOURS", "Mon 09:00-24:30 UTC", "`09:00-24:30` are no hours"),
        ("INCIDENTS_HOURS", "Mon 09:00-18:00 Europe/Berln", "no time zone. Fix: write `Europe/Berlin`"),
        ("INCIDENTS_DIGEST_AT", "9:00", 'it is `9:00`. Fix: write a time of the day like "09:00"'),
        ("INCIDENTS_DIGEST_AT", "24:00", "it is `24:00`"),
        ("INCIDENTS_ZONE", "Berlin", "which is no time zone"),
        ("INCIDENTS_MAY_ACT", "a@example.com,,b", "with commas between them"),
        ("INCIDENTS_CHANNEL", "crm-quality", "it is `crm-quality`, which is no channel of Slack"),
        ("INCIDENTS_CHANNEL", "#CRM", "lower case, no spaces"),
        ("INCIDENTS_PLATFORM_CHANNEL", "#", "which is no channel of Slack"),
        ("INCIDENTS_GROUP_WAIT", "2h", "from 0s to 1h"),
        ("INCIDENTS_REPEAT_INTERVAL", "1s", "from 1min"),
        ("WEB_PUBLIC_URL", "observer.example.com", "it is no http or https URL"),
        ("WEB_PUBLIC_URL", "ftp://observer.example.com", "it is no http or https URL"),
        ("WEB_PUBLIC_URL", "https://h:70000", "it is no URL"),
        ("WEB_PUBLIC_URL", "https://h/?a=b", "a base has no user, query or fragment"),
        ("WEB_PUBLIC_URL", f"https://u:{CANARY}@h", "a base has no user, query or fragment"),
        (
            "WEB_PUBLIC_URL",
            "https://h/observer/",
            "pages are served at the root of a name. Fix: give",
        ),
        ("WEB_OPEN_READING", "perhaps", "it is `perhaps`. Fix: write true or false"),
        ("SLACK_API_URL", "slack.com", "it is no http or https URL"),
        ("SLACK_API_URL", "http://slack.com/api/", "the token would be sent for all to read. Fix: write https://"),
        ("SLACK_TOKEN", f"xoxp-{CANARY}", "it does not begin with `xoxb-`, or is cut short. Fix: copy the Bot User"),
        ("SLACK_TOKEN", "xoxb-", "it does not begin with `xoxb-`, or is cut short"),
        ("ALERTMANAGER_URL", f"{CANARY}:9093", "it is no http or https URL"),
        ("ALERTMANAGER_URL", f"http://h/?{CANARY}", "a base has no query or fragment"),
    ],
)
def test_a_wrong_value_names_itself_and_its_remedy(setting: str, value: str, says: str) -> None:
    line = said({f"OBSERVER_{setting}": value})
    assert f"OBSERVER_{setting}: " in line
    assert says in line


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"WEB_USER_HEADER": "X-User"}, "given without `web.trusted_proxies`. Fix: anybody could write that header"),
        ({"WEB_USER_HEADER": "X User", "WEB_TRUSTED_PROXIES": "::1"}, "`X User`, which is no name of a header"),
        ({"WEB_USER_HEADER": "Cookie", "WEB_TRUSTED_PROXIES": "::1"}, "`Cookie` is written by browsers themselves"),
        ({"WEB_TRUSTED_PROXIES": "::1"}, "given without `web.user_header`"),
        ({"WEB_USER_HEADER": "X-User", "WEB_TRUSTED_PROXIES": "0.0.0.0/0"}, "`0.0.0.0/0` is every address"),
        ({"WEB_USER_HEADER": "X-User", "WEB_TRUSTED_PROXIES": "10.0.0"}, "`10.0.0` is no address and no network"),
        ({"SLACK_APP_TOKEN": "xapp-1"}, "given without `slack.token`"),
        ({"SLACK_SIGNING_SECRET": "s" * 32}, "given without `slack.token`"),
        ({"SLACK_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": CANARY}, "it does not begin with `xapp-`"),
        ({"SLACK_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "short"}, "it is too short to protect anything"),
        (
            {"WEBHOOK_URL": f"https://h/{CANARY}"},
            "OBSERVER_WEBHOOK_URL: it is given without `webhook.secret`. Fix: bodies",
        ),
        ({"WEBHOOK_SECRET": CANARY}, "given without `webhook.url`"),
        ({"WEBHOOK_URL": "https://h/", "WEBHOOK_SECRET": CANARY[:9]}, "it is too short to protect anything"),
        ({"WEBHOOK_URL": f"//{CANARY}", "WEBHOOK_SECRET": "s" * 16}, "it is no http or https URL"),
        ({"WEBHOOK_URL": "https://h/", "WEBHOOK_SECRET_FILE": "/nowhere"}, "`/nowhere`, which cannot be read"),
    ],
)
def test_what_cannot_work_together_names_itself_and_its_remedy(environment: dict[str, str], says: str) -> None:
    assert says in said({f"OBSERVER_{name}": value for name, value in environment.items()})
