"""What is sent arrives as it was stored; whatever the receiver does to it has a reason, and hides no secret."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from observer.errors import InputError
from observer.lineage.events import ended, failed, started
from observer.lineage.sender import LineageSender
from observer.runs.deliveries import Delivery, Reason
from tests import real_parts
from tests.fakes.lineage_receiver import Receiver, Specification, http_config, lineage_receiver, written_to
from tests.fakes.lineage_runs import ENDED, STARTED, an_event, audited, judged, lineage_run, stored

PASSWORD = "canary-9b1c"


@pytest.fixture
def sender(receiver: Receiver) -> Iterator[LineageSender]:
    """Sends to the receiver, and does not wait long for it."""
    sender = LineageSender(http_config(receiver.url, timeout=0.3))
    yield sender
    sender.close()


# --- what arrives ---------------------------------------------------------------------------------------------


def test_a_whole_run_arrives_as_it_was_stored(specification: Specification) -> None:
    run = lineage_run()
    told = [stored(d) for d in (*started(run, at=STARTED), *ended(run, audited(run, judged(run, 3)), at=ENDED))]
    with lineage_receiver(specification) as receiver:
        sender = LineageSender(http_config(receiver.url))
        assert [sender.send(delivery) for delivery in told] == [None] * 6
        sender.close()
    assert receiver.events == [delivery.payload for delivery in told]
    assert receiver.problems == []
    assert set(map(tuple, receiver.states().values())) == {("START", "COMPLETE")}


def test_a_file_gets_one_line_per_event(tmp_path: Path) -> None:
    file = tmp_path / "lineage.jsonl"
    config = {"transport": {"type": "file", "log_file_path": str(file), "append": True}}
    sender = LineageSender(config)
    delivery = an_event()
    assert sender.ping() is None
    assert (sender.send(delivery), sender.send(delivery)) == (None, None)
    assert written_to(file) == [delivery.payload, delivery.payload]
    assert sender.describe() == f"file {file}"


def test_a_file_that_cannot_be_written_is_said_and_tried_again(tmp_path: Path) -> None:
    file = tmp_path / "absent" / "lineage.jsonl"
    sender = LineageSender({"transport": {"type": "file", "log_file_path": str(file), "append": True}})
    for failure in (sender.ping(), sender.send(an_event())):
        assert failure is not None
        assert (failure.reason, failure.can_retry) == (Reason.UNREACHABLE, True)


def test_the_console_shows_events_when_that_is_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    sender = LineageSender({"transport": {"type": "console"}})
    with caplog.at_level("INFO", logger="openlineage"):
        assert sender.send(an_event()) is None
    assert "crm.snapshot" in caplog.text


def test_an_event_that_the_configuration_filters_out_is_done_with(receiver: Receiver) -> None:
    config = http_config(receiver.url) | {"filters": [{"type": "exact", "match": "crm.snapshot"}]}
    assert LineageSender(config).send(an_event()) is None
    assert receiver.events == []


def test_of_a_composite_every_receiver_gets_the_event(receiver: Receiver, tmp_path: Path) -> None:
    file = tmp_path / "lineage.jsonl"
    inner = [
        {"type": "http", "url": receiver.url.replace("//", f"//ada:{PASSWORD}@")},
        {"type": "file", "log_file_path": str(file), "append": True},
    ]
    sender = LineageSender({"transport": {"type": "composite", "transports": inner}})
    assert sender.send(an_event()) is None
    assert written_to(file) == receiver.events == [an_event().payload]
    assert sender.describe() == f"composite of http to {receiver.url}/api/v1/lineage, file {file}"
    assert sender.ping() is None


def test_a_composite_that_must_reach_all_says_which_failure_stopped_it(receiver: Receiver, tmp_path: Path) -> None:
    receiver.answers(503, {"Retry-After": "9"})
    inner = [{"type": "http", "url": receiver.url}]
    sender = LineageSender({"transport": {"type": "composite", "transports": inner, "continue_on_failure": False}})
    failure = sender.send(an_event())
    assert failure is not None
    assert (failure.reason, failure.retry_after) == (Reason.SERVER_ERROR, timedelta(seconds=9))


def test_async_http_is_sent_at_once_so_that_its_answer_is_known(receiver: Receiver) -> None:
    before = threading.active_count()
    sender = LineageSender({"transport": {"type": "async_http", "url": receiver.url, "max_queue_size": 10}})
    assert threading.active_count() == before
    assert sender.send(an_event()) is None
    assert len(receiver.events) == 1
    receiver.answers(500)
    assert sender.send(an_event()) is not None


# --- what can go wrong ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "reason", "can_retry"),
    [
        (400, Reason.REFUSED, False),
        (401, Reason.REFUSED, True),
        (403, Reason.REFUSED, True),
        (404, Reason.REFUSED, True),
        (408, Reason.TIMEOUT, True),
        (413, Reason.REFUSED, False),
        (422, Reason.REFUSED, False),
        (429, Reason.RATE_LIMITED, True),
        (500, Reason.SERVER_ERROR, True),
        (502, Reason.SERVER_ERROR, True),
        (503, Reason.SERVER_ERROR, True),
        (599, Reason.SERVER_ERROR, True),
    ],
)
def test_each_answer_has_its_reason(
    receiver: Receiver, sender: LineageSender, status: int, reason: Reason, can_retry: bool
) -> None:
    receiver.answers(status)
    failure = sender.send(an_event())
    assert failure is not None
    assert (failure.reason, failure.can_retry, failure.retry_after) == (reason, can_retry, None)
    assert f"{receiver.url}/api/v1/lineage answered {status}" in failure.detail
    # The outbox tries again, nobody else.
    assert len(receiver.headers) == 1


@pytest.mark.parametrize(
    ("said", "wait"),
    [("7", timedelta(seconds=7)), ("999999999", timedelta(hours=1)), ("-3", None), ("soon", None), ("", None)],
)
def test_the_receivers_own_wish_is_heard_within_limits(
    receiver: Receiver, sender: LineageSender, said: str, wait: timedelta | None
) -> None:
    receiver.answers(429, {"Retry-After": said})
    failure = sender.send(an_event())
    assert failure is not None
    assert failure.retry_after == wait


def test_a_wish_may_be_a_date(receiver: Receiver, sender: LineageSender) -> None:
    receiver.answers(503, {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(minutes=20), usegmt=True)})
    failure = sender.send(an_event())
    assert failure is not None
    assert failure.retry_after is not None
    assert timedelta(minutes=15) < failure.retry_after <= timedelta(minutes=20)


def test_a_receiver_that_hangs_is_not_waited_for(receiver: Receiver, sender: LineageSender) -> None:
    receiver.hangs()
    for failure in (sender.send(an_event()), sender.ping()):
        assert failure is not None
        assert (failure.reason, failure.can_retry) == (Reason.TIMEOUT, True)
    receiver.answers(201)
    assert sender.send(an_event()) is None


def test_a_receiver_that_answers_without_end_is_not_heard_to_its_end(receiver: Receiver) -> None:
    sender = LineageSender(http_config(receiver.url, timeout=1), patience=0.2)
    receiver.drips()
    for _ in range(5):
        failure = sender.send(an_event())
        assert failure is not None
        assert (failure.reason, failure.can_retry) == (Reason.TIMEOUT, True)
    # No more attempts are begun than can be left hanging.
    assert len(receiver.headers) == 3


@pytest.mark.parametrize(
    "garbage", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x16\x03\x01\x00\xff\x00", b"HTTP/1.1 twohundred OK\r\n\r\n"]
)
def test_garbage_is_no_answer(receiver: Receiver, sender: LineageSender, garbage: bytes) -> None:
    receiver.talks_garbage(garbage)
    failure = sender.send(an_event())
    assert failure is not None
    assert (failure.reason, failure.can_retry) == (Reason.UNEXPECTED, True)
    assert "not HTTP" in failure.detail
    receiver.answers(201)
    assert sender.send(an_event()) is None


def test_a_connection_that_is_hung_up_is_unreachable(receiver: Receiver, sender: LineageSender) -> None:
    receiver.talks_garbage(b"")
    failure = sender.send(an_event())
    assert failure is not None
    assert failure.reason is Reason.UNREACHABLE


def test_nobody_there_is_unreachable() -> None:
    sender = LineageSender(http_config(f"http://127.0.0.1:{real_parts.free_port()}"))
    for failure in (sender.send(an_event()), sender.ping()):
        assert failure is not None
        assert (failure.reason, failure.can_retry) == (Reason.UNREACHABLE, True)


def test_a_port_that_listens_and_never_accepts_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sender = LineageSender(http_config(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.1))
        failure = sender.send(an_event())
    assert failure is not None
    assert failure.reason is Reason.TIMEOUT


def test_a_redirect_that_loses_the_event_is_no_success(receiver: Receiver, sender: LineageSender) -> None:
    with lineage_receiver() as elsewhere:
        receiver.answers(302, {"Location": elsewhere.url})
        failure = sender.send(an_event())
        assert failure is not None
        assert (failure.reason, failure.can_retry) == (Reason.REFUSED, True)
        assert elsewhere.events == []
        receiver.answers(308, {"Location": elsewhere.url})
        assert sender.send(an_event()) is None
        assert len(elsewhere.events) == 1


def test_a_receiver_that_redirects_to_itself_is_left(receiver: Receiver, sender: LineageSender) -> None:
    receiver.answers(307, {"Location": "/again"})
    failure = sender.send(an_event())
    assert failure is not None
    assert (failure.reason, failure.can_retry) == (Reason.REFUSED, True)


def test_a_receiver_without_a_certificate_is_not_trusted(receiver: Receiver) -> None:
    failure = LineageSender(http_config(receiver.url.replace("http:", "https:"))).send(an_event())
    assert failure is not None
    assert (failure.reason, failure.can_retry) == (Reason.UNREACHABLE, True)
    assert "certificate" in failure.detail


@pytest.mark.parametrize("payload", [{}, {"eventType": "START"}, {"run": 3, "job": None}, {"run": [], "job": {}}])
def test_what_is_no_event_is_never_tried_again(sender: LineageSender, payload: dict[str, Any]) -> None:
    failure = sender.send(
        Delivery(id=1, receiver="lineage", key="k", line="l", payload=payload, created_at=STARTED, attempts=0)
    )
    assert failure is not None
    assert (failure.reason, failure.can_retry) == (Reason.UNEXPECTED, False)


def test_a_ping_sends_no_event(receiver: Receiver, sender: LineageSender) -> None:
    # Receivers take no GET there, and so they say; they are there all the same.
    for status in (200, 404, 405):
        receiver.answers(status)
        assert sender.ping() is None
    for status, reason in ((401, Reason.REFUSED), (500, Reason.SERVER_ERROR)):
        receiver.answers(status)
        failure = sender.ping()
        assert failure is not None
        assert failure.reason is reason
    assert receiver.events == []


def test_no_failure_and_no_description_shows_what_it_authorised_itself_with(
    receiver: Receiver, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with_login = receiver.url.replace("//", f"//ada:{PASSWORD}@")
    inner = [{"type": "http", "url": with_login, "timeout": 0.1}]
    configs = [
        http_config(with_login, timeout=0.1),
        http_config(receiver.url, auth={"type": "api_key", "apiKey": PASSWORD}, timeout=0.1),
        http_config(receiver.url, custom_headers={"X-Key": PASSWORD}, endpoint=f"lineage?key={PASSWORD}", timeout=0.1),
        {"transport": {"type": "composite", "transports": inner}},
        {"transport": {"type": "composite", "transports": inner, "continue_on_failure": False}},
    ]
    with caplog.at_level("DEBUG", logger="openlineage"):
        for config in configs:
            sender = LineageSender(config)
            said = [sender.describe()]
            for status in (201, 401, 500):
                receiver.answers(status)
                said += [str(sender.send(an_event())), str(sender.ping())]
            receiver.hangs()
            said += [str(sender.send(an_event()))]
            assert PASSWORD not in "".join(said)
    assert any("Basic " in h.get("authorization", "") for h in receiver.headers)
    assert any(h.get("authorization") == f"Bearer {PASSWORD}" for h in receiver.headers)
    assert PASSWORD not in caplog.text
    assert "Basic" not in caplog.text
    assert capfd.readouterr() == ("", "")


# --- kafka, whose client is not installed here ----------------------------------------------------------------


class Broker:
    """As much of `confluent_kafka.Producer` as the transport uses."""

    def __init__(self, left: int = 0, error: str | None = None) -> None:
        self.left, self.error = left, error
        self.produced: list[dict[str, Any]] = []
        self.timeouts: list[float] = []

    def produce(self, *, on_delivery: Any, **message: Any) -> None:
        self.produced.append(message)
        if not self.left:
            on_delivery(self.error, "message")

    def flush(self, timeout: float) -> int:
        self.timeouts.append(timeout)
        return self.left


@pytest.mark.parametrize(
    ("broker", "reason"),
    [(Broker(), None), (Broker(left=1), Reason.TIMEOUT), (Broker(error="not leader"), Reason.UNREACHABLE)],
)
def test_an_event_has_landed_in_kafka_when_the_broker_says_so(
    monkeypatch: pytest.MonkeyPatch, broker: Broker, reason: Reason | None
) -> None:
    from types import SimpleNamespace

    monkeypatch.setitem(sys.modules, "confluent_kafka", SimpleNamespace(Producer=lambda _config: broker))
    config = {"transport": {"type": "kafka", "topic": "lineage", "config": {"sasl.password": PASSWORD}}}
    sender = LineageSender(config)
    failure = sender.send(an_event())
    assert (failure.reason if failure else None) is reason
    # Children and parent share a key, so that they stay in order.
    assert broker.produced[0]["key"] == "run:crm-observer/crm"
    assert json.loads(broker.produced[0]["value"]) == an_event().payload
    assert all(0 <= timeout <= 30 for timeout in broker.timeouts)
    assert sender.describe() == "kafka topic lineage"


def test_kafka_without_its_client_is_an_error_that_says_so() -> None:
    with pytest.raises(InputError, match="confluent_kafka") as caught:
        LineageSender({"transport": {"type": "kafka", "topic": "t", "config": {"sasl.password": PASSWORD}}})
    assert PASSWORD not in str(caught.value)


def test_an_event_of_a_run_that_failed_is_sent_like_any_other(receiver: Receiver, sender: LineageSender) -> None:
    for delivery in failed(lineage_run(), "the worker was killed", at=ENDED):
        assert sender.send(stored(delivery)) is None
    assert {event["eventType"] for event in receiver.events} == {"FAIL"}
    sender.close()
    sender.close()
