"""A connection to PostgreSQL that waits for no answer for ever; for the doors that speak to one.

The server's own timeouts end what is slow or locked, and TCP's what is cut off. A server or proxy that keeps the
connection open and says nothing is ended by neither: for that there is a limit on this side.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg

T = TypeVar("T")


class ImpatientConnection(psycopg.Connection[Any]):
    """Gives a statement up, and the connection with it, when the server has not answered within `limit` seconds."""

    limit: float = float("inf")

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **kwargs: Any) -> T:
        """What `gen` returns. Raises OperationalError when the time is up."""
        return super().wait(self._limited(gen), *args, **kwargs)

    def _limited(self, gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        end = time.monotonic() + self.limit
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > end:
                    self.close()
                    raise psycopg.OperationalError(
                        f"timed out: the server did not answer within {self.limit:g} seconds"
                    )
                wanted = gen.send(ready)
        except StopIteration as done:
            value: T = done.value
            return value
