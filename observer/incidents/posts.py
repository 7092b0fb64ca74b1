"""Where the messages of incidents stand, as their receiver names them. Frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Post:
    """The message that tells of an incident at one receiver: posted once, edited ever after."""

    #: "slack".
    receiver: str
    incident: str
    #: As the receiver calls it (`C0123456789`), not as people do.
    channel: str
    #: The receiver's name of the message; "" while nobody knows whether it landed.
    message: str = ""
    #: When it was begun to be posted; aware, UTC.
    begun_at: datetime
    #: It tells of other incidents too (a digest, a storm): it is not edited for one of them.
    shared: bool = False

    @property
    def stands(self) -> bool:
        """Whether it is known to have landed."""
        return bool(self.message)


@dataclass(frozen=True, kw_only=True)
class Person:
    """What a receiver knows of somebody whom a contract names."""

    username: str
    receiver: str
    #: The receiver's name of them (`U0123456789`, `S…` for a group); None: it knows nobody of that name.
    known_as: str | None
    #: Why it does not; "" when it does.
    reason: str = ""
    looked_up_at: datetime
