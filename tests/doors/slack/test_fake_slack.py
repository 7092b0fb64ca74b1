"""The Slack of the tests refuses what the real one refuses, at its limits and one beyond."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from observer.slack import limits
from tests.fakes.slack_rules import TOTAL_TEXT, Refused, check_blocks
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_workspace import TOKEN


def header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": text}}


def words(*texts: str) -> dict[str, Any]:
    elements = [{"type": "text", "text": text} for text in texts]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def button(**said: Any) -> dict[str, Any]:
    base = {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "action_id": "go", "value": "x"}
    return {"type": "actions", "elements": [{**base, **said}]}


def select(**option: Any) -> dict[str, Any]:
    base = {"text": {"type": "plain_text", "text": "1 hour"}, "value": "1h", **option}
    element = {"type": "static_select", "action_id": "snooze", "options": [base]}
    return {"type": "actions", "elements": [element]}


def plain(length: int) -> dict[str, str]:
    return {"type": "plain_text", "text": "x" * length}


AT_THE_LIMIT = [
    ([words("x")] * limits.BLOCKS, [words("x")] * (limits.BLOCKS + 1)),
    ([header("x" * limits.HEADER_TEXT)], [header("x" * (limits.HEADER_TEXT + 1))]),
    ([header("🧨" * (limits.HEADER_TEXT // 2))], [header("🧨" * (limits.HEADER_TEXT // 2 + 1))]),
    ([button(text=plain(limits.BUTTON_TEXT))], [button(text=plain(limits.BUTTON_TEXT + 1))]),
    ([button(value="x" * limits.BUTTON_VALUE)], [button(value="x" * (limits.BUTTON_VALUE + 1))]),
    ([button(action_id="x" * limits.ACTION_ID)], [button(action_id="x" * (limits.ACTION_ID + 1))]),
    ([select(text=plain(limits.OPTION_TEXT))], [select(text=plain(limits.OPTION_TEXT + 1))]),
    ([select(value="x" * limits.OPTION_VALUE)], [select(value="x" * (limits.OPTION_VALUE + 1))]),
    ([words("x" * TOTAL_TEXT)], [words("x" * TOTAL_TEXT, "x")]),
    ([words("x")], [words("")]),
    ([words("x")], [{"type": "rich_text", "elements": []}]),
    ([words("x")], [{"type": "poem"}]),
    ([words("x")], [{**words("x"), "block_id": "a"}, {**words("x"), "block_id": "a"}]),
    ([button()], [{"type": "actions", "elements": [*button()["elements"], *button()["elements"]]}]),
    ([button()], [{"type": "actions", "elements": []}]),
]


@pytest.mark.parametrize(("fits", "does_not"), AT_THE_LIMIT)
def test_what_fits_is_taken_and_what_does_not_is_refused(
    fits: list[dict[str, Any]], does_not: list[dict[str, Any]]
) -> None:
    check_blocks(fits)
    with pytest.raises(Refused):
        check_blocks(does_not)


def test_it_answers_errors_as_slack_does(slack: SlackServer) -> None:
    client = WebClient(TOKEN, base_url=slack.url, retry_handlers=[])
    said: list[str] = []
    for call in (
        lambda: client.chat_postMessage(channel="#nowhere", text="x"),
        lambda: client.chat_postMessage(channel="#crm-dq", text="x" * 40_001),
        lambda: client.chat_postMessage(channel="#crm-dq", text="x", thread_ts="1.000001"),
        lambda: client.chat_update(channel="#crm-dq", ts="1.000001", text="x"),
        lambda: client.chat_update(channel="C000000000", ts="1.000001", text="x"),
        lambda: client.users_lookupByEmail(email="nobody@example.com"),
        lambda: client.views_open(trigger_id="old", view={"title": {"text": "x"}, "blocks": []}),
        lambda: WebClient("xoxb-another", base_url=slack.url).auth_test(),
    ):
        with pytest.raises(SlackApiError) as refused:
            call()
        said.append(refused.value.response["error"])
    assert said == [
        "channel_not_found",
        "msg_too_long",
        "thread_not_found",
        "channel_not_found",
        "message_not_found",
        "users_not_found",
        "expired_trigger_id",
        "invalid_auth",
    ]


def test_it_sees_a_message_that_is_there_twice(slack: SlackServer) -> None:
    client = WebClient(TOKEN, base_url=slack.url)
    metadata = {"event_type": "crm_observer_incident", "event_payload": {"incident": "a"}}
    for _ in range(2):
        client.chat_postMessage(channel="#crm-dq", text="x", metadata=metadata)
    assert slack.duplicates() == ["a"]
