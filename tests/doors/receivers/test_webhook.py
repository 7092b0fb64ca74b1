"""Notices as signed JSON: what arrives, that it can be checked, and what becomes of each answer."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from observer.incidents.acting import Act
from observer.incidents.findings import Source
from observer.receivers.webhook import WebhookSender
from observer.runs.deliveries import Delivery, Failure, Reason
from observer.settings import WebhookSettings
from tests.fakes.lineage_receiver import Receiver, lineage_receiver
from tests.fakes.told_incidents import WorldBriefs, delivery_of, key_of
from tests.real_parts import free_port
from tests.unit.incidents.timeline import World, broken

SECRET = "a-secret-of-ours"
PATH = "/hooks/T0K3N?sig=also-secret"
SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "incident.schema.json"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with lineage_receiver() as receiver:
        yield receiver


def told_world(*findings: object) -> World:
    world = World()
    world.at("09:00").sees(*(findings or (broken(),)))  # type: ignore[arg-type]  # findings
    world.waits_until("09:01")
    return world


def sender_to(url: str, world: World, *, secret: str | None = SECRET, patience: float = 5.0) -> WebhookSender:
    settings = WebhookSettings(url=url + PATH, secret=secret)
    return WebhookSender(
        settings, WorldBriefs(world, email=key_of("id 7")), now=lambda: 1_700_000_000.9, patience=patience
    )


def sent(receiver: Receiver, world: World, **more: object) -> Failure | None:
    return sender_to(receiver.url, world, **more).send(delivery_of(world.notices[-1]))  # type: ignore[arg-type]  # by name


def test_a_notice_arrives_with_what_is_wrong_who_is_told_and_where_to_look(receiver: Receiver) -> None:
    world = told_world(broken(expected="0 of them", observed="12 of 100"))
    assert sent(receiver, world) is None
    [document] = receiver.events
    assert (document["schema"], document["kind"], document["key"]) == (1, "opened", world.notices[-1].key)
    assert document["incident"]["title"] == "crm.leads: email is present (12 of 100)"
    assert document["told"]["to"][0] == "ana@example.com"
    [finding] = document["findings"]
    assert finding["keys"] == [{"text": "id 7", "url": "https://crm.example.com/7"}]
    assert finding["since"] == "2026-11-23T09:00:00Z"


def test_every_kind_of_document_is_as_its_schema_says(receiver: Receiver) -> None:
    schema = json.loads(SCHEMA.read_text())
    check = Draft202012Validator(schema, format_checker=FormatChecker())
    world = told_world(*(broken(f"field_{n}") for n in range(30)), broken())
    sent(receiver, world)
    world.acts(Act.ACKNOWLEDGE)
    world.acts(Act.SNOOZE, until=world.now + timedelta(hours=1))
    sent(receiver, world)
    world.at("09:30").sees(of=[*(broken(f"field_{n}") for n in range(30)), broken()])
    sent(receiver, world)
    trouble = replace(broken(source=Source.TROUBLE, contract=None, property=None, rows=None), table=None)
    sent(receiver, told_world(trouble))
    assert [document["kind"] for document in receiver.events] == ["opened", "acted", "resolved", "opened"]
    for document in receiver.events:
        assert [f"{error.json_path}: {error.message}" for error in check.iter_errors(document)] == []
        described = schema["properties"]
        assert set(document) == set(described)
        assert set(document["incident"]) == set(described["incident"]["properties"])
        assert set(document["findings"][0]) == set(described["findings"]["items"]["properties"])


def test_whoever_knows_the_secret_can_check_that_it_is_ours_and_new(receiver: Receiver) -> None:
    world = told_world(broken(statement="Straße is présent 🎉 <script>"))
    assert sent(receiver, world) is None
    [body], [headers] = receiver.bodies, receiver.headers
    signed = hmac.new(SECRET.encode(), b"1700000000." + body, hashlib.sha256).hexdigest()
    assert headers["x-observer-signature"] == f"t=1700000000,v1={signed}"
    assert headers["x-observer-delivery"] == world.notices[-1].key
    assert headers["content-type"] == "application/json; charset=utf-8"


def test_without_a_secret_nothing_pretends_to_be_signed(receiver: Receiver) -> None:
    assert sent(receiver, told_world(), secret=None) is None
    assert "x-observer-signature" not in receiver.headers[0]


def test_what_is_told_is_the_incident_as_it_stands_when_it_is_sent(receiver: Receiver) -> None:
    world = told_world()
    first = delivery_of(world.notices[-1])
    world.acts(Act.ACKNOWLEDGE)
    assert sender_to(receiver.url, world).send(first) is None
    [document] = receiver.events
    assert (document["kind"], document["incident"]["acknowledged_by"]) == ("opened", "ana@example.com")


@pytest.mark.parametrize(
    ("status", "headers", "reason", "can_retry", "wish"),
    [
        (301, {"Location": "https://elsewhere.example.com"}, Reason.REFUSED, True, None),
        (400, {}, Reason.REFUSED, False, None),
        (401, {}, Reason.REFUSED, True, None),
        (404, {}, Reason.REFUSED, False, None),
        (410, {}, Reason.REFUSED, False, None),
        (413, {}, Reason.REFUSED, False, None),
        (429, {"Retry-After": "7"}, Reason.RATE_LIMITED, True, timedelta(seconds=7)),
        (429, {"Retry-After": "soon"}, Reason.RATE_LIMITED, True, None),
        (500, {}, Reason.SERVER_ERROR, True, None),
        (503, {"Retry-After": "99999999999"}, Reason.SERVER_ERROR, True, timedelta(hours=1)),
    ],
)
def test_each_answer_says_what_becomes_of_the_notice(
    receiver: Receiver, status: int, headers: dict[str, str], reason: Reason, can_retry: bool, wish: timedelta | None
) -> None:
    receiver.answers(status, headers)
    failure = sent(receiver, told_world())
    assert failure is not None
    assert (failure.reason, failure.can_retry, failure.retry_after) == (reason, can_retry, wish)
    assert_silent(failure, receiver.url)
    assert len(receiver.bodies) == 1


@pytest.mark.parametrize("fault", ["gone", "hangs", "drips", "garbage", "untrusted"])
def test_a_receiver_that_misbehaves_costs_one_attempt_and_no_secret(receiver: Receiver, fault: str) -> None:
    url, world = receiver.url, told_world()
    match fault:
        case "gone":
            url = f"http://127.0.0.1:{free_port()}"
        case "hangs":
            receiver.hangs()
        case "drips":
            receiver.drips()
        case "garbage":
            receiver.talks_garbage()
        case "untrusted":
            url = url.replace("http:", "https:")
    failure = sender_to(url, world, patience=0.3 if fault in ("hangs", "drips") else 5.0).send(
        delivery_of(world.notices[-1])
    )
    receiver.answers(200)
    assert failure is not None and failure.can_retry
    assert (failure.reason is Reason.TIMEOUT) is (fault in ("hangs", "drips"))
    assert_silent(failure, url)


def assert_silent(failure: Failure, url: str) -> None:
    assert url in failure.detail
    assert not any(secret in failure.detail for secret in (SECRET, "T0K3N", "also-secret", "ana@"))


def test_a_notice_that_the_state_knows_no_more_is_dead(receiver: Receiver) -> None:
    world = told_world()
    delivery = delivery_of(world.notices[-1])
    world.log.clear()
    failure = sender_to(receiver.url, world).send(delivery)
    assert failure is not None and not failure.can_retry
    assert receiver.bodies == []


def test_a_delivery_that_points_nowhere_is_dead(receiver: Receiver) -> None:
    world = told_world()
    found = delivery_of(world.notices[-1])
    nowhere = Delivery(
        id=1, receiver="webhook", key="k", line="l", payload={"seq": "1"}, created_at=found.created_at, attempts=0
    )
    failure = sender_to(receiver.url, world).send(nowhere)
    assert failure is not None and not failure.can_retry


def test_without_an_address_it_is_off() -> None:
    world = told_world()
    failure = WebhookSender(WebhookSettings(), WorldBriefs(world)).send(delivery_of(world.notices[-1]))
    assert failure is not None and failure.reason is Reason.NOT_CONFIGURED


@pytest.mark.parametrize("url", ["ftp://example.com", "example.com/hook", "https://", "file:///etc/passwd"])
def test_an_address_that_is_none_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="http or https"):
        WebhookSender(WebhookSettings(url=url), WorldBriefs(told_world()))
