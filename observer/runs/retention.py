"""Which kept snapshots stay: the newest of each contract, one a day for a while, within a budget of bytes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A snapshot that is on disk."""

    id: int
    contract: str
    #: Aware.
    taken_at: datetime
    bytes: int


def to_remove(kept: Sequence[Kept], *, keep: int, daily: int, max_bytes: int | None, now: datetime) -> tuple[Kept, ...]:
    """Those that go, oldest first.

    What stays of each contract: its newest `keep`, and the last of each of the `daily` days (UTC) up to that of `now`.
    Where that is more than `max_bytes` over all contracts, the oldest daily ones go first, then the oldest others, but
    never the newest of a contract. `keep` 0 keeps nothing.
    """
    if keep <= 0:
        return tuple(sorted(kept, key=_age))
    by_contract: dict[str, list[Kept]] = {}
    for snapshot in sorted(kept, key=_age, reverse=True):
        by_contract.setdefault(snapshot.contract, []).append(snapshot)
    newest = {own[0].id for own in by_contract.values()}
    recent = {snapshot.id for own in by_contract.values() for snapshot in own[:keep]}
    wanted = recent | {i for own in by_contract.values() for i in _daily(own, daily, now)}
    staying = [snapshot for snapshot in kept if snapshot.id in wanted]
    total = sum(snapshot.bytes for snapshot in staying)
    for snapshot in sorted(staying, key=lambda s: (s.id in recent, _age(s))):
        if max_bytes is None or total <= max_bytes:
            break
        if snapshot.id not in newest:
            wanted.discard(snapshot.id)
            total -= snapshot.bytes
    return tuple(sorted((s for s in kept if s.id not in wanted), key=_age))


def _age(snapshot: Kept) -> tuple[datetime, int]:
    return snapshot.taken_at, snapshot.id


def _daily(newest_first: Sequence[Kept], days: int, now: datetime) -> list[int]:
    """Ids of the last of each day."""
    today = now.astimezone(UTC).date()
    last: dict[date, int] = {}
    for snapshot in newest_first:
        day = snapshot.taken_at.astimezone(UTC).date()
        if timedelta() <= today - day < timedelta(days=days):
            last.setdefault(day, snapshot.id)
    return list(last.values())
