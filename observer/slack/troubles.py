"""What is wrong with our own doors to Slack, told once when it begins and once when it is over."""

from __future__ import annotations

from observer.slack.ports import OnTrouble


class Troubles:
    """What was told last of each door."""

    def __init__(self, on_trouble: OnTrouble) -> None:
        self._on_trouble = on_trouble
        self._told: dict[str, str | None] = {}

    def tell(self, door: str, reason: str) -> None:
        """It does not work. `reason` holds no secret."""
        self._say(door, reason)

    def none(self, door: str) -> None:
        """It works: said too when nothing was known of it, for it may have been told before a restart."""
        self._say(door, None)

    def of(self, door: str) -> str | None:
        """What was told last, since we began; None: nothing is wrong, as far as we know."""
        return self._told.get(door)

    def _say(self, door: str, reason: str | None) -> None:
        if door not in self._told or self._told[door] != reason:
            # Kept after it was taken: what could not be told is told again.
            self._on_trouble(door, reason)
            self._told[door] = reason
