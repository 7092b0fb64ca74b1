"""What a history says of P at a deadline. Pure.

In: when a field was filled, or the changes of it, and whether P holds now. Out: whether P held at the deadline, or None
where the history does not reach that far.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a field came to hold, and when; aware. `at` is None when the history does not say it."""

    at: datetime | None
    holds: bool


def by_fill_time(filled_at: datetime | None, deadline: datetime, *, holds_now: bool) -> bool | None:
    """Filled by the deadline, or later. Never filled is never held, unless it holds now: then nobody wrote it down.

    Filled in time and empty now was cleared, nobody wrote down when: None. That it was cleared and filled again is not
    known to it at all.
    """
    if filled_at is None:
        return None if holds_now else False
    if filled_at > deadline:
        return False
    return True if holds_now else None


def by_changes(changes: Iterable[Change], deadline: datetime, *, holds_now: bool) -> bool | None:
    """The last change at or before the deadline decides; without any change at all, it held what it holds now.

    None: all changes came later, so that nothing says what was there before; or one has no time; or two of the same
    time disagree.
    """
    known = tuple(changes)
    if not known:
        return holds_now
    times = [change.at for change in known if change.at is not None]
    if len(times) < len(known):
        return None
    last = max((at for at in times if at <= deadline), default=None)
    said = {change.holds for change in known if change.at == last}
    return said.pop() if last is not None and len(said) == 1 else None
