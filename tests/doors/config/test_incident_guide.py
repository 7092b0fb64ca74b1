"""docs/incidents.md: its example of settings is read, and what it says of routes, waits, scopes and options is so."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from observer.cli.incidents import incident
from observer.config.settings import load_settings
from observer.contracts.durations import parse_span
from observer.incidents.findings import Grade, Source
from observer.incidents.policy import _FIELDS, Policy
from observer.receivers.webhook import signature_of
from observer.settings import IncidentSettings
from observer.slack.calls import SCOPES
from tests.doors.deploy.files import anchors

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "incidents.md"
TEXT = GUIDE.read_text(encoding="utf-8")


def block(language: str, containing: str) -> str:
    fenced = re.findall(rf"^( *)```{language}\n(.*?)```", TEXT, re.DOTALL | re.MULTILINE)
    (found,) = [re.sub(f"^{indent}", "", body, flags=re.MULTILINE) for indent, body in fenced if containing in body]
    return found


def test_the_example_of_settings_is_read_and_names_every_setting_of_incidents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    secrets = {
        "slack_token": "xoxb-1",
        "slack_app_token": "xapp-1",
        "webhook_url": "https://h/x",
        "webhook_secret": "s" * 16,
    }
    for name, content in secrets.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    example = block("toml", "[incidents]")
    (tmp_path / "observer.toml").write_text(
        example.replace("/etc/crm-observer/secrets", str(tmp_path)), encoding="utf-8"
    )
    found = load_settings(None, {})
    assert (found.slack.app_token, found.webhook.url) == ("xapp-1", "https://h/x")
    assert set(re.findall(r"^(\w+) = ", example.split("[slack]")[0], re.MULTILINE)) == set(
        IncidentSettings.__dataclass_fields__
    )


def test_the_waits_are_the_defaults() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| `(\w+)` \|", TEXT, re.MULTILINE))
    assert len(told) == 6
    assert {name: parse_span(span) for name, span in told.items()} == {
        name: getattr(IncidentSettings(), name) for name in told
    }


def test_the_ways_are_those_of_the_policy() -> None:
    rows = re.findall(rf"^\| ({'|'.join(Grade)}) \| .+ \| (\w+) \| (\w+) \|$", TEXT, re.MULTILINE)
    assert {Grade(grade): (inside, outside) for grade, inside, outside in rows} == {
        grade: (str(Policy().in_hours[grade]), str(Policy().out_of_hours[grade])) for grade in Grade
    }


def test_the_manifest_asks_for_the_scopes_that_are_used() -> None:
    manifest: dict[str, Any] = yaml.safe_load(block("yaml", "display_information"))
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == set(SCOPES)
    assert manifest["settings"]["socket_mode_enabled"] and manifest["settings"]["interactivity"]["is_enabled"]
    assert not manifest["settings"]["token_rotation_enabled"]


def test_the_signature_of_a_webhook_is_verified_as_the_guide_does() -> None:
    known: dict[str, Any] = {}
    exec(block("python", "def is_ours"), known)  # the guide's own example
    signature = signature_of(b'{"a":1}', "s" * 16, int(time.time()))
    assert known["is_ours"](b'{"a":1}', signature, "s" * 16)
    assert not known["is_ours"](b'{"a":2}', signature, "s" * 16)
    assert not known["is_ours"](b'{"a":1}', signature_of(b'{"a":1}', "s" * 16, 1), "s" * 16)


def test_every_way_to_act_and_every_matcher_is_told() -> None:
    options = {option for each in incident.params for option in each.opts if option.startswith("--")}
    told = set(re.findall(r"--[a-z-]+", TEXT))
    assert options - {"--config"} <= told
    matchers = re.search(r"^Matchers are (.*?), with `=`", TEXT, re.DOTALL | re.MULTILINE)
    assert matchers is not None
    assert set(re.findall(r"`(\w+)`", matchers[1])) == set(_FIELDS)
    sources = re.search(r"`source` \((.*?)\)", TEXT)
    assert sources is not None and sources[1].split(", ") == [str(source) for source in Source]


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        page, _, anchor = target.partition("#")
        if not target.startswith("http"):
            file = GUIDE.parent / page if page else GUIDE
            assert file.exists(), target
            assert not anchor or anchor in anchors(file), target
