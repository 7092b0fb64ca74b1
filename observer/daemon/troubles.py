"""What is wrong now, by door. In: reports of the duties. Out: reasons for `/readyz`, and one log line per change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from observer.errors import ObserverError, StoreError

log = structlog.get_logger("observer")

#: Hears of a door why it does not work, or None when it does.
OnTrouble = Callable[[str, str | None], None]


class Troubles:
    """Door → why it does not work. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reasons: dict[str, str] = {}

    def report(self, door: str, reason: str | None) -> None:
        """The door works (None), or why not. Holds no secret and no value of a row."""
        with self._lock:
            before = self._reasons.pop(door, None)
            if reason is not None:
                self._reasons[door] = reason
        if reason is not None and reason != before:
            log.warning("trouble_began" if before is None else "trouble_changed", door=door, reason=reason)
        elif reason is None and before is not None:
            log.info("trouble_ended", door=door)

    def forget(self, kept: Callable[[str], bool]) -> None:
        """Doors that are no business of this daemon any more: all but those that `kept` says yes to."""
        with self._lock:
            self._reasons = {door: reason for door, reason in self._reasons.items() if kept(door)}

    @property
    def reasons(self) -> tuple[str, ...]:
        """For a person, by door."""
        with self._lock:
            return tuple(f"{door}: {reason}" for door, reason in sorted(self._reasons.items()))

    @contextmanager
    def watched(self, door: str, *errors: type[ObserverError]) -> Iterator[None]:
        """The block uses the door: these errors are reported and end it, its success clears what was reported."""
        try:
            yield
        except errors as error:
            self.report(door, str(error))
        else:
            self.report(door, None)


@contextmanager
def on_its_own(door: str, on_trouble: OnTrouble) -> Iterator[None]:
    """A fault of ours in what is done for one contract stops nothing else, and is not hidden. Raises StoreError."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        log.exception("contract_broke", door=door)
        on_trouble(door, f"unexpected {type(error).__name__}; the log says where")
    else:
        on_trouble(door, None)
