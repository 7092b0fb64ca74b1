"""Incidents as JSON, and what programs do with them."""

from __future__ import annotations

import pytest

from tests.doors.web.calling import TOKEN, Client
from tests.fakes.incidents_desk import STRANGER
from tests.fakes.web_desk import FakeDesk

BEARER = {"Authorization": f"Bearer {TOKEN}".encode()}
ALL, ONE, ACTS = "/api/incidents", "/api/incidents/{id}", "/api/incidents/{id}/acts"


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
def client(desk: FakeDesk) -> Client:
    return Client(desk)


def id_of(desk: FakeDesk, table: str) -> str:
    return next(each.id for each in desk.morning.world.incidents if each.group.table == table)


def test_incidents_are_listed_and_found(client: Client) -> None:
    every = client.documented(ALL, ALL)
    assert [row["table"] for row in every] == ["deals", "accounts", "leads", "tasks"]
    assert (every[-1]["status"], every[-1]["resolution"], every[0]["acknowledged_by"]) == ("resolved", "mended", None)
    assert len(client.documented(ALL, f"{ALL}?open=true")) == 3
    assert [row["table"] for row in client.documented(ALL, f"{ALL}?owner=ben@example.com&limit=1")] == ["deals"]
    assert client.call(f"{ALL}?limit=0").status_code == client.call(f"{ALL}?table=%00").status_code == 422


def test_one_is_told_at_length_by_enough_of_its_id(desk: FakeDesk, client: Client) -> None:
    whole = id_of(desk, "leads")
    found = client.documented(ONE, f"{ALL}/{whole[:8]}")
    assert (found["incident"]["id"], found["incident"]["table"]) == (whole, "leads")
    assert found["acts"][0] == "acknowledge"
    assert found["log"][0]["kind"] == "opened"
    assert client.call(f"{ALL}/zzz").status_code == 404


def test_an_act_is_done_once_however_often_it_is_asked_for(desk: FakeDesk, client: Client) -> None:
    path = f"{ALL}/{id_of(desk, 'leads')[:8]}/acts"
    asked = {"act": "acknowledge", "by": "bea@example.com"}
    first = client.documented(ACTS, path, method="POST", headers=BEARER, json=asked)
    assert first == {"done": True, "sentence": "bea@example.com acknowledged it", "status": "acknowledged"}
    again = client.documented(ACTS, path, method="POST", headers=BEARER, json=asked)
    assert (again["done"], again["sentence"]) == (False, "bea@example.com acknowledged it already")
    snooze = {"act": "snooze", "by": "bea@example.com", "seconds": 3_600, "reason": "on it"}
    told = client.documented(ACTS, path, method="POST", headers=BEARER, json=snooze)
    assert told["sentence"] == "bea@example.com snoozed it for 1 h: on it"


def test_half_a_character_in_a_reason_is_none(desk: FakeDesk, client: Client) -> None:
    asked = rb'{"act": "acknowledge", "by": "bea@example.com", "reason": "\ud800 on it"}'
    headers = BEARER | {"Content-Type": b"application/json"}
    path = f"{ALL}/{id_of(desk, 'leads')}/acts"
    answer = client.call(path, method="POST", headers=headers, content=asked)
    assert answer.json()["sentence"] == "bea@example.com acknowledged it: ? on it"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"act": "acknowledge", "by": STRANGER}, 403),
        ({"act": "acknowledge"}, 422),
        ({"act": "acknowledge", "by": " "}, 422),
        ({"act": "acknowledge", "by": "a\nb"}, 422),
        ({"act": "acknowledge", "by": "bea@example.com", "seconds": 5}, 422),
        ({"act": "snooze", "by": "bea@example.com"}, 422),
        ({"act": "snooze", "by": "bea@example.com", "seconds": 10**15}, 422),
        ({"act": "delete", "by": "bea@example.com"}, 422),
        ({"act": "fixed", "by": "bea@example.com", "reason": "x" * 501}, 422),
        ([], 422),
    ],
)
def test_what_cannot_be_done_changes_nothing(desk: FakeDesk, client: Client, asked: object, status: int) -> None:
    before = len(desk.morning.world.log)
    path = f"{ALL}/{id_of(desk, 'leads')}/acts"
    told = client.documented(ACTS, path, method="POST", headers=BEARER, json=asked)
    assert told["status"] == status
    assert len(desk.morning.world.log) == before


def test_acting_needs_the_token_even_where_reading_is_open(desk: FakeDesk, client: Client) -> None:
    path = f"{ALL}/{id_of(desk, 'leads')}/acts"
    asked = {"act": "acknowledge", "by": "bea@example.com"}
    assert client.documented(ACTS, path, method="POST", json=asked)["status"] == 401
    assert Client(desk, token=None).documented(ACTS, path, method="POST", json=asked)["status"] == 403
