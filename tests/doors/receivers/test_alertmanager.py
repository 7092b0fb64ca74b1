"""Incidents as alerts: against a real Alertmanager, and what is said of the same incident under all its names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from observer.incidents.acting import Act
from observer.incidents.findings import Grade
from observer.incidents.stepping import NOTHING_NEW
from observer.receivers.alertmanager import GOES_ON, AlertmanagerSender, alerts_of, ping_alertmanager
from observer.runs.deliveries import Failure, Reason
from observer.settings import AlertmanagerSettings
from tests.fakes.lineage_receiver import Receiver, lineage_receiver
from tests.fakes.told_incidents import WorldBriefs, delivery_of, key_of
from tests.real_alertmanager import alertmanager
from tests.real_prometheus import soon
from tests.unit.incidents.timeline import World, broken


def posted(receiver: Receiver) -> list[list[dict[str, Any]]]:
    """The alerts of every request that was taken."""
    return [json.loads(body) for body in receiver.bodies]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with lineage_receiver() as receiver:
        receiver.answers(200)
        yield receiver


def sender_for(world: World, url: str, **more: object) -> AlertmanagerSender:
    briefs = WorldBriefs(world, email=key_of("id 7"))
    return AlertmanagerSender(AlertmanagerSettings(url=url), briefs, **more)  # type: ignore[arg-type]  # by name


def told_world(*findings: object) -> World:
    world = World()
    world.at("09:00").sees(*(findings or (broken(),)))  # type: ignore[arg-type]  # findings
    world.waits_until("09:01")
    return world


def a_minute_later(world: World) -> None:
    world.now += timedelta(minutes=1)
    world.takes(NOTHING_NEW)


def alerts(world: World) -> list[dict[str, Any]]:
    briefs, incident = WorldBriefs(world, email=key_of("id 7")), world.only.id
    return alerts_of(briefs.of(incident), briefs.log(incident))


def test_a_real_alertmanager_tells_its_receiver_once_that_it_began_and_once_that_it_is_over(
    tmp_path: Path, receiver: Receiver
) -> None:
    world = World()
    world.now = datetime.now(UTC) - timedelta(minutes=10)
    world.sees(broken(expected="0 of them", observed='12 <b>"%s"</b>'))
    a_minute_later(world)
    with alertmanager(tmp_path, webhook=receiver.url) as server:
        sender = sender_for(world, server.url)
        soon(server.ready)
        assert ping_alertmanager(AlertmanagerSettings(url=server.url)) is None
        assert sender.send(delivery_of(world.notices[-1])) is None
        (alert,) = soon(server.alerts)
        assert alert["labels"] == {
            "alertname": "CRMDataQuality",
            "incident": world.only.id,
            "contract": "crm",
            "table": "leads",
            "owner": "ana@example.com",
            "severity": "error",
        }
        assert alert["annotations"]["summary"] == "crm.leads: email is present (12 of 100)"
        assert 'observed 12 <b>"%s"</b>' in alert["annotations"]["description"]
        assert alert["generatorURL"].endswith(world.only.id)
        assert sender.resend([world.only]) is None
        a_minute_later(world)
        world.sees(of=[broken()])
        assert sender.send(delivery_of(world.notices[-1])) is None
        assert sender.resend([world.only]) is None
        soon(lambda: len(receiver.events) >= 2)
        assert [event["status"] for event in receiver.events] == ["firing", "resolved"]
        assert not server.alerts()


def test_what_goes_on_has_no_end_for_longer_than_a_daemon_may_be_down(receiver: Receiver) -> None:
    world = told_world()
    sender = sender_for(world, receiver.url, now=lambda: world.now)
    assert sender.send(delivery_of(world.notices[-1])) is None
    [[alert]] = posted(receiver)
    assert datetime.fromisoformat(alert["endsAt"]) == world.now + GOES_ON
    assert datetime.fromisoformat(alert["startsAt"]) == world.only.begins


def test_one_that_became_graver_is_ended_under_its_old_severity_and_begun_under_the_new() -> None:
    world = told_world(broken(grade=Grade.WARNING))
    world.at("09:10").sees(broken(grade=Grade.URGENT))
    page, warning = alerts(world)
    assert (page["labels"]["severity"], "endsAt" in page) == ("page", False)
    assert (warning["labels"]["severity"], warning["endsAt"]) == ("warning", "2026-11-23T09:10:00.000Z")
    world.at("10:00").sees(of=[broken()])
    assert [(a["labels"]["severity"], a["endsAt"]) for a in alerts(world)] == [
        ("page", "2026-11-23T10:00:00.000Z"),
        ("warning", "2026-11-23T09:10:00.000Z"),
    ]


def test_one_that_is_opened_again_begins_anew_and_forgets_how_it_was_called_before() -> None:
    world = told_world(broken(grade=Grade.WARNING))
    world.at("09:10").sees(of=[broken()])
    world.at("09:30").sees(broken(grade=Grade.URGENT))
    world.waits_until("09:31")
    [alert] = alerts(world)
    assert (alert["labels"]["severity"], alert["startsAt"]) == ("page", "2026-11-23T09:30:00.000Z")


def test_who_acknowledged_and_who_snoozed_is_told_in_annotations_not_in_labels() -> None:
    world = told_world()
    labels = alerts(world)[0]["labels"]
    world.acts(Act.ACKNOWLEDGE)
    world.acts(Act.SNOOZE, until=world.now + timedelta(hours=4))
    [alert] = alerts(world)
    assert alert["labels"] == labels
    assert alert["annotations"]["acknowledged_by"] == "ana@example.com"
    assert alert["annotations"]["snoozed_until"] == "2026-11-23T13:01:00.000Z"


def test_after_a_restart_of_alertmanager_all_that_is_live_is_told_again(receiver: Receiver) -> None:
    world = told_world()
    world.sees(broken("city", table="accounts"))
    world.waits_until("09:03")
    world.sees(of=[broken("city", table="accounts")])
    sender = sender_for(world, receiver.url, now=lambda: world.now)
    assert sender.resend(world.incidents) is None
    assert sender.resend(world.incidents) is None
    first, again = posted(receiver)
    assert first == again
    assert {a["labels"]["table"]: a["endsAt"] for a in first} == {
        "leads": "2026-12-23T09:03:00.000Z",
        "accounts": "2026-11-23T09:03:00.000Z",
    }


def test_what_nobody_was_told_of_yet_is_not_told_again(receiver: Receiver) -> None:
    world = World()
    world.at("03:00").sees(broken(grade=Grade.INFO))
    sender = sender_for(world, receiver.url, now=lambda: world.now)
    assert sender.resend(world.incidents) is None
    world.waits_until("03:05")
    assert world.only.told is not None and world.only.told.not_before > world.now
    assert sender.resend(world.incidents) is None
    assert receiver.events == []


@pytest.mark.parametrize(("status", "can_retry"), [(400, False), (401, True), (404, False), (503, True)])
def test_what_alertmanager_refuses_is_dead_and_what_it_cannot_take_now_waits(
    receiver: Receiver, status: int, can_retry: bool
) -> None:
    world = told_world()
    receiver.answers(status)
    failure = sender_for(world, receiver.url).send(delivery_of(world.notices[-1]))
    assert failure is not None and failure.can_retry is can_retry


def test_without_an_address_nothing_is_sent() -> None:
    world = told_world()
    sender = AlertmanagerSender(AlertmanagerSettings(), WorldBriefs(world))
    off = Failure(reason=Reason.NOT_CONFIGURED, detail="no Alertmanager is configured")
    assert sender.send(delivery_of(world.notices[-1])) == off == ping_alertmanager(AlertmanagerSettings())


def test_one_that_is_in_no_state_any_more_is_no_alert(receiver: Receiver) -> None:
    world = told_world()
    notice, incident = world.notices[-1], world.only
    world.log.clear()
    sender = sender_for(world, receiver.url)
    failure = sender.send(delivery_of(notice))
    assert failure is not None and not failure.can_retry
    assert sender.resend([incident]) is None
    assert receiver.events == []


def test_500_fields_are_one_alert_with_the_gravest_ten_in_words() -> None:
    [alert] = alerts(told_world(*(broken(f"field_{n}") for n in range(500))))
    assert alert["annotations"]["description"].count("is present") == 10
    assert "and 490 more" in alert["annotations"]["description"]
