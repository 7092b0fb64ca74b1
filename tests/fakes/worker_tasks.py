"""Tasks for worker processes: a spawned process imports them by name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def misbehave(order: dict[str, object]) -> object:
    """Do what the order says: answer, sleep, grow, die, or tell the process id."""
    match order["do"]:
        case "answer":
            return order["with"]
        case "pid":
            return os.getpid()
        case "sleep":
            Path(str(order["mark"])).touch()
            time.sleep(60)
        case "grow":
            hoard = [bytearray(16 * 2**20) for _ in range(40)]
            time.sleep(60)
            return len(hoard)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "signal":
            os.kill(os.getpid(), int(str(order["number"])))
        case "exit":
            os._exit(7)
    return None
