"""The client's transports, one by one: what may be said of each, how each is asked whether it is there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from openlineage.client.transport import Transport

from observer.lineage.failures import NotConfirmed, answered
from observer.runs.deliveries import Failure, Reason

#: Kafka's own limit is five minutes, in which nothing else would be delivered.
KAFKA_SECONDS = 15.0


def described(transport: Transport) -> str:
    """Where it sends, without any secret."""
    match transport.kind:
        case "http":
            return f"http to {_address(transport)}"
        case "file":
            return f"file {_file(transport)}"
        case "kafka":
            return f"kafka topic {transport.topic}"  # type: ignore[attr-defined]  # Transport declares what all have
        case "composite":
            return f"composite of {', '.join(described(one) for one in _inner(transport))}"
    return str(transport.kind or type(transport).__name__)


def ask(transport: Transport) -> Failure | None:
    """Whether the receiver is there: None when it is, or cannot be asked. Raises what the transport raises."""
    match transport.kind:
        case "http":
            return _ask_http(transport)
        case "file":
            return _ask_file(_file(transport))
        case "kafka" if transport.producer is not None:  # type: ignore[attr-defined]  # as above
            transport.producer.list_topics(timeout=KAFKA_SECONDS)  # type: ignore[attr-defined]  # as above
        case "composite":
            return next((failure for one in _inner(transport) if (failure := ask(one))), None)
    return None


def confirm_kafka(transport: Transport) -> None:
    """Make every Kafka transport within tell when a message was not confirmed; by itself it only logs that."""
    if transport.kind == "composite":
        for one in _inner(transport):
            confirm_kafka(one)
    elif hasattr(transport, "producer") and transport.producer is not None:
        transport.producer = ConfirmingProducer(transport.producer)


class ConfirmingProducer:
    """A producer of `confluent_kafka` whose `flush` waits for a limited time, and raises for what did not land."""

    def __init__(self, producer: Any) -> None:
        self._producer = producer
        self._error: Any = None

    def produce(self, *, on_delivery: Callable[[Any, Any], None], **message: Any) -> None:
        """As the producer's own; its verdict is kept for `flush`."""

        def landed(error: Any, about: Any) -> None:
            self._error = error
            on_delivery(error, about)

        self._error = None
        self._producer.produce(on_delivery=landed, **message)

    def flush(self, timeout: float = -1) -> int:
        """Raises NotConfirmed."""
        left = int(self._producer.flush(KAFKA_SECONDS if timeout < 0 else timeout))
        error, self._error = self._error, None
        if left:
            raise NotConfirmed("the broker did not confirm the event in time", timed_out=True)
        if error is not None:
            raise NotConfirmed(f"the broker did not take the event ({error})", timed_out=False)
        return left

    def list_topics(self, *, timeout: float) -> Any:
        return self._producer.list_topics(timeout=timeout)


def _inner(composite: Transport) -> list[Transport]:
    return list(composite.transports)  # type: ignore[attr-defined]  # as above


def _address(transport: Any) -> str:
    return str(urljoin(transport.url, transport.endpoint)).partition("?")[0]


def _file(transport: Any) -> str:
    return str(transport.config.log_file_path).partition("?")[0]


def _ask_http(transport: Any) -> Failure | None:
    """A GET of the address: whatever is said to it, somebody is there, unless it is "not you" or "not now"."""
    headers = dict(transport.config.custom_headers)
    if bearer := transport.config.auth.get_bearer():
        headers = {"Authorization": bearer, **headers}
    place = described(transport)
    with transport.session.get(
        urljoin(transport.url, transport.endpoint),
        headers=headers,
        timeout=transport.timeout,
        verify=transport.verify,
        cert=transport.cert,
        allow_redirects=False,
        stream=True,
    ) as response:
        failure = answered(response, place)
    serious = failure is not None and (failure.reason is not Reason.REFUSED or response.status_code in (401, 403))
    return failure if serious else None


def _ask_file(path: str) -> Failure | None:
    if "://" in path and not path.startswith("file://"):
        return None
    folder = Path(path.removeprefix("file://")).absolute().parent
    if folder.is_dir() and os.access(folder, os.W_OK):
        return None
    return Failure(reason=Reason.UNREACHABLE, detail=f"no file can be written to {folder}")
