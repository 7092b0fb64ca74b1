"""How a worker process ends."""

from __future__ import annotations

from enum import StrEnum


class Ending(StrEnum):
    """Why a worker process is gone: a label of a metric, so a closed list."""

    #: It had done as many runs as one worker does.
    RECYCLED = "recycled"
    #: Somebody else ended it, or it crashed.
    KILLED = "killed"
    OUT_OF_MEMORY = "out_of_memory"
    TIMEOUT = "timeout"
    #: The daemon stopped.
    STOPPED = "stopped"
