"""What is wrong now, by door. In: reports of the duties. Out: reasons for `/readyz` and for incidents, and one log line
per change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from observer.errors import ObserverError, StoreError

log = structlog.get_logger("observer")

#: Hears of a door why it does not work, or None when it does.
OnTrouble = Callable[[str, str | None], None]


@dataclass(frozen=True)
class _Trouble:
    reason: str
    #: By the monotonic clock.
    since: float


class Troubles:
    """Door → why it does not work. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._troubles: dict[str, _Trouble] = {}
        #: Doors that were said to work.
        self._well: set[str] = set()

    def report(self, door: str, reason: str | None) -> None:
        """The door works (None), or why not. Holds no secret and no value of a row."""
        with self._lock:
            before = self._troubles.pop(door, None)
            self._well.discard(door)
            if reason is None:
                self._well.add(door)
            else:
                self._troubles[door] = _Trouble(reason, time.monotonic() if before is None else before.since)
        if reason is not None and (before is None or reason != before.reason):
            log.warning("trouble_began" if before is None else "trouble_changed", door=door, reason=reason)
        elif reason is None and before is not None:
            log.info("trouble_ended", door=door)

    def forget(self, kept: Callable[[str], bool]) -> None:
        """Doors that are no business of this daemon any more: all but those that `kept` says yes to."""
        with self._lock:
            self._troubles = {door: trouble for door, trouble in self._troubles.items() if kept(door)}
            self._well = {door for door in self._well if kept(door)}

    def doors(self, *, lasting: float = 0.0) -> dict[str, str | None]:
        """Why each door does not work, None for those that do. What began less than `lasting` seconds ago is left out:
        it may be over in a moment."""
        begun_by = time.monotonic() - lasting
        with self._lock:
            lasts = {door: trouble.reason for door, trouble in self._troubles.items() if trouble.since <= begun_by}
            return dict.fromkeys(self._well) | lasts

    @property
    def reasons(self) -> tuple[str, ...]:
        """For a person, by door."""
        with self._lock:
            return tuple(f"{door}: {trouble.reason}" for door, trouble in sorted(self._troubles.items()))

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
