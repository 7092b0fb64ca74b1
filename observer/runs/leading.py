"""Who leads: one daemon at a time, by a lease that it renews; every change of leader has a number of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

LEADER = "leader"


@dataclass(frozen=True, kw_only=True)
class Term:
    """One daemon's time as leader. Whatever is written under an older epoch than the lease's is refused."""

    holder: str
    epoch: int
    #: By the store's clock; aware, UTC. Renewed well before.
    until: datetime
    lease: str = LEADER
