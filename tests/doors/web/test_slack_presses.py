"""Presses over HTTP: what Slack signed is taken at once, and whoever is not Slack learns nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from observer.incidents.acting import Act
from observer.slack.modals import reason_form
from observer.slack.presses import Press, press_of
from observer.slack.signatures import Signatures
from observer.web.guard import Guard
from observer.web.problems import Trouble, answer_with_problems, problem
from observer.web.slack_presses import PATH, slack_presses
from tests.fakes.slack_payloads import INCIDENT, SIGNING_SECRET, form, pressed, sent, signed


class Door:
    """The route behind its guard, and what it took."""

    def __init__(self) -> None:
        self.taken: list[Press] = []
        self.full = False

        def take(press: Press) -> bool:
            if not self.full:
                self.taken.append(press)
            return not self.full

        def tell(_: object, trouble: Trouble) -> Any:
            return problem(trouble.status, trouble.detail, fix=trouble.fix, headers=trouble.headers)

        app = FastAPI(openapi_url=None)
        app.include_router(slack_presses(Signatures(SIGNING_SECRET), take))
        answer_with_problems(app, tell)
        app.add_middleware(Guard, hosts=None, tell=tell)
        self._client = TestClient(app, raise_server_exceptions=False)

    def post(self, body: bytes, headers: dict[str, str] | None = None) -> Any:
        found = signed(body, int(time.time())) if headers is None else headers
        return self._client.post(PATH, content=body, headers=found)


@pytest.fixture
def door() -> Door:
    return Door()


def test_a_signed_press_is_taken_and_acknowledged_with_nothing(door: Door) -> None:
    answer = door.post(form(pressed()))
    assert (answer.status_code, answer.content) == (200, b"")
    [press] = door.taken
    assert (press.act, press.incident, press.user) == (Act.ACKNOWLEDGE, INCIDENT, "U000000000")


@pytest.mark.parametrize("case", ["unsigned", "wrong secret", "old", "of the future", "other body", "no time"])
def test_what_slack_did_not_sign_just_now_is_answered_in_one_way(door: Door, case: str) -> None:
    body, now = form(pressed()), int(time.time())
    headers = {
        "unsigned": {},
        "wrong secret": signed(body, now, "another"),
        "old": signed(body, now - 301),
        "of the future": signed(body, now + 302),
        "other body": signed(body + b" ", now),
        "no time": {"X-Slack-Signature": signed(body, now)["X-Slack-Signature"]},
    }[case]
    answer = door.post(body, headers)
    assert answer.status_code == 401
    assert answer.text == door.post(b"nonsense", {}).text
    assert door.taken == []


def test_a_request_that_is_replayed_does_nothing_more(door: Door) -> None:
    body = form(pressed())
    headers = signed(body, int(time.time()))
    assert [door.post(body, headers).status_code for _ in range(3)] == [200, 200, 200]
    assert len(door.taken) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"payload=",
        b"payload={",
        b"payload=[]",
        b"payload=" + b"[" * 20_000,
        b"payload=%ff%fe",
        b"other={}",
        b"payload={}&payload={}",
        b"payload=1" + b"0" * 10_000,
        form({**pressed(), "type": "shortcut"}),
        form({**pressed(), "user": None}),
    ],
)
def test_what_is_no_press_though_signed_is_malformed(door: Door, body: bytes) -> None:
    answer = door.post(body)
    assert answer.status_code == 400
    assert "Traceback" not in answer.text and door.taken == []


def test_a_press_brings_its_whole_message_along(door: Door) -> None:
    assert door.post(form({**pressed(), "message": {"text": "x" * 200_000}})).status_code == 200
    assert len(door.taken) == 1


def test_a_body_of_1_mb_is_refused_before_it_is_read(door: Door) -> None:
    answer = door.post(form({**pressed(), "message": {"text": "x" * (1 << 20)}}))
    assert answer.status_code == 413
    assert door.taken == []


def test_a_form_without_a_reason_stays_open_and_says_so(door: Door) -> None:
    press = press_of(pressed(Act.EXPECTED))
    assert press is not None
    answer = door.post(form(sent(reason_form(press, about="x"), " ")))
    assert (answer.status_code, answer.json()["response_action"]) == (200, "errors")
    assert door.taken == []


def test_when_too_many_wait_the_same_press_may_come_again(door: Door) -> None:
    body = form(pressed())
    headers = signed(body, int(time.time()))
    door.full = True
    answer = door.post(body, headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    door.full = False
    assert door.post(body, headers).status_code == 200
    assert len(door.taken) == 1


def test_nothing_is_read_there(door: Door) -> None:
    assert door._client.get(PATH).status_code == 405
