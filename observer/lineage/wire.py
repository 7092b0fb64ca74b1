"""The client with its transport, and one attempt at a time through it. Whoever imports this has the client imported."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from openlineage.client import OpenLineageClient

from observer.lineage.failures import explained, misled
from observer.lineage.stored import event_of
from observer.lineage.transports import ask, confirm_kafka, described
from observer.runs.deliveries import Delivery, Failure, Reason

#: How long a stop waits for what a transport still holds.
CLOSE_SECONDS = 5.0
#: Attempts that were given up and still hang; with so many no other is begun.
MOST_HANGING = 3


class Wire:
    """Sends through `client.transport` what nothing was added to: the client's own `emit` adds to every event the
    address of the repository that it happens to run in.
    """

    def __init__(self, client: OpenLineageClient, *, patience: float) -> None:
        """`patience`, in seconds, is for one attempt as a whole: a receiver that answers one byte at a time meets every
        timeout between bytes.
        """
        self._client = client
        self._patience = patience
        self._hanging: list[threading.Thread] = []
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
        return self._attempt(lambda: misled(self._client.transport.emit(event)))

    def ping(self) -> Failure | None:
        """None when the receiver is there, or cannot be asked. Never raises."""
        return self._attempt(lambda: ask(self._client.transport))

    def close(self) -> None:
        """May be called twice."""
        self._client.close(CLOSE_SECONDS)

    def _attempt(self, call: Callable[[], Failure | None]) -> Failure | None:
        """The call in a thread of its own, which is left behind when it takes too long."""
        self._hanging = [thread for thread in self._hanging if thread.is_alive()]
        if len(self._hanging) >= MOST_HANGING:
            return Failure(reason=Reason.TIMEOUT, detail=f"{self.describe()} still holds up earlier attempts")
        ends: SimpleQueue[Failure | None] = SimpleQueue()

        def attempt() -> None:
            try:
                ends.put(call())
            except Exception as error:  # noqa: BLE001  # transports may be anybody's, and so are their exceptions
                ends.put(explained(error, self.describe()))

        thread = threading.Thread(target=attempt, name="lineage", daemon=True)
        try:
            thread.start()
            return ends.get(timeout=self._patience)
        except RuntimeError as error:  # the machine gives no more threads
            return explained(error, self.describe())
        except Empty:
            self._hanging.append(thread)
            return Failure(reason=Reason.TIMEOUT, detail=f"{self.describe()} did not answer to its end in time")
