"""Lineage events out of the outbox, to wherever OpenLineage's configuration says. Delivery in, landed or Failure out.

Guarantee: an event is sent as it was stored, once per call, and counts as landed only when the receiver said so. With
the transport `composite` that is: when one of its receivers said so (all of them, with `continue_on_failure: false`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from observer.lineage.configuration import open_client
from observer.runs.deliveries import Delivery, Failure, Reason

_OFF = Failure(reason=Reason.NOT_CONFIGURED, detail="no OpenLineage transport is configured")


class LineageSender:
    """Sends lineage. When nothing is configured it is off, and the client library is not even imported."""

    def __init__(self, config: Mapping[str, Any] | None = None, *, patience: float = 45.0) -> None:
        """`config` has the form of `openlineage.yml`; without it, environment and files say. Raises InputError.

        `patience` is how long one attempt may take as a whole, in seconds.
        """
        client = open_client(config)
        if client is None:
            self._wire = None
        else:
            from observer.lineage.wire import Wire

            self._wire = Wire(client, patience=patience)

    @property
    def configured(self) -> bool:
        """False: lineage is off, and no event needs to be written."""
        return self._wire is not None

    def describe(self) -> str:
        """Where events go, in words, without any secret: "http to http://marquez:5000/api/v1/lineage"."""
        return self._wire.describe() if self._wire else "off (no OpenLineage transport is configured)"

    def send(self, delivery: Delivery) -> Failure | None:
        """Send the event; None when it landed, or when the configuration filters it out. Never raises."""
        return self._wire.send(delivery) if self._wire else _OFF

    def ping(self) -> Failure | None:
        """Ask the receiver for nothing; None when it is there, or when there is no way to ask. Never raises."""
        return self._wire.ping() if self._wire else _OFF

    def close(self) -> None:
        """Let go of connections; may be called twice."""
        if self._wire:
            self._wire.close()
