"""The client with its transport, and one attempt at a time through it. Whoever imports this has the client imported."""

from __future__ import annotations

from openlineage.client import OpenLineageClient

from observer.lineage.failures import explained, misled
from observer.lineage.stored import event_of
from observer.lineage.transports import ask, confirm_kafka, described
from observer.runs.deliveries import Delivery, Failure, Reason

#: How long a stop waits for what a transport still holds.
CLOSE_SECONDS = 5.0


class Wire:
    """Sends through `client.transport` what nothing was added to: the client's own `emit` adds to every event the
    address of the repository that it happens to run in.
    """

    def __init__(self, client: OpenLineageClient) -> None:
        self._client = client
        confirm_kafka(client.transport)

    def describe(self) -> str:
        """Where events go, without any secret."""
        return described(self._client.transport)

    def send(self, delivery: Delivery) -> Failure | None:
        """None when it landed, or is filtered out. Never raises."""
        try:
            event = event_of(delivery.payload)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"what is stored is no OpenLineage event ({type(error).__name__})"
            return Failure(reason=Reason.UNEXPECTED, detail=what, can_retry=False)
        if self._client.filter_event(event) is None:
            return None
        try:
            answer: object = self._client.transport.emit(event)
        except Exception as error:  # noqa: BLE001  # transports may be anybody's, and so are their exceptions
            return explained(error, self.describe())
        return misled(answer)

    def ping(self) -> Failure | None:
        """None when the receiver is there, or cannot be asked. Never raises."""
        try:
            return ask(self._client.transport)
        except Exception as error:  # noqa: BLE001  # as above
            return explained(error, self.describe())

    def close(self) -> None:
        """May be called twice."""
        self._client.close(CLOSE_SECONDS)
