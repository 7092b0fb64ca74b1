"""What can stop the program, drawn as a tree. Every message ends in its remedy; no message holds a value of a row.

ObserverError            exit code 3 unless said otherwise
├── InputError           a contract, setting or argument is wrong; nothing was read from the source
├── SourceError          the CRM database (or folder) could not be reached or read
├── SnapshotError        the snapshot could not be written
├── EngineError          the checks could not be run at all
├── StoreError           the state could not be read or written
│   ├── NotLeading       another daemon leads by now: what this one wanted to write was not written
│   ├── SlotTaken        the slot is somebody else's, or done: what a stalled worker wanted to write was not written
│   ├── NoSuchRun        the state holds no run of that name
│   ├── AmbiguousRun     the state holds several runs whose ids begin so
│   ├── NoSuchIncident   the state holds no incident of that name
│   ├── AmbiguousIncident  the state holds several incidents whose ids begin so
│   └── NoSuchSilence    the state holds no silence of that name
├── NotAllowed           who asks may not do it; nothing was written
├── ReportError          a report could not be written
└── WebError             the web server could not be started
"""

from __future__ import annotations

from enum import IntEnum

from observer.contracts.problems import Problem


class ExitCode(IntEnum):
    """What `observer` tells the shell. A failed check outranks an errored one, an errored one a warning."""

    OK = 0
    CHECKS_FAILED = 1
    WARNINGS_ONLY = 2
    COULD_NOT_RUN = 3
    DELIVERY_FAILED = 4


class ObserverError(Exception):
    """Something a person can mend: says what is wrong and what to do."""

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(f"{message}. Fix: {fix}.")
        self.message = message
        self.fix = fix


class InputError(ObserverError):
    """An input file is wrong. `problems` holds every finding."""

    def __init__(self, message: str, *, fix: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message, fix=fix)
        self.problems = problems


class SourceError(ObserverError):
    """The source could not be reached or read."""


class SnapshotError(ObserverError):
    """The snapshot could not be written."""


class EngineError(ObserverError):
    """The checks could not be run at all."""


class StoreError(ObserverError):
    """The state could not be read or written."""


class NotLeading(StoreError):
    """Another daemon leads by now; nothing was written."""


class SlotTaken(StoreError):
    """The slot belongs to another run, or is done; nothing was written."""


class NoSuchRun(StoreError):
    """No run begins like that."""


class AmbiguousRun(StoreError):
    """Several runs begin like that."""


class NotAllowed(ObserverError):
    """Somebody asked for what they may not do; nothing was written."""


class NoSuchIncident(StoreError):
    """No incident begins like that."""


class AmbiguousIncident(StoreError):
    """Several incidents begin like that."""


class NoSuchSilence(StoreError):
    """No silence is called so."""


class ReportError(ObserverError):
    """A report could not be written."""


class WebError(ObserverError):
    """The web server could not be started."""
