"""Ids of runs: UUIDv7, so that they sort by time and are what OpenLineage asks for.

Python has them from 3.14 on; the OpenLineage client's take half a second to import.
"""

from __future__ import annotations

import secrets
import time
from uuid import UUID


def new_run_id() -> str:
    """One that nobody else has (RFC 9562, section 5.7): milliseconds since 1970, version, chance around the variant."""
    milliseconds = time.time_ns() // 1_000_000 % 2**48
    return str(UUID(int=milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)))
