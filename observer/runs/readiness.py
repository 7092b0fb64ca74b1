"""Whether a daemon can do its work now, as `/readyz` says it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a daemon is among the others."""

    STARTING = "starting"
    LEADER = "leader"
    FOLLOWER = "follower"
    STOPPING = "stopping"


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """`ready` when there is no reason against it."""

    role: Role
    #: For a person; hold no secret and no value of a row.
    reasons: tuple[str, ...] = ()
    #: Seconds since the daemon's heart last beat; None before the first beat.
    last_beat_seconds: float | None = None

    @property
    def ready(self) -> bool:
        return not self.reasons and self.role in (Role.LEADER, Role.FOLLOWER)
