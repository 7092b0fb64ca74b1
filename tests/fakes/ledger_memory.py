"""A ledger kept in memory, with the guarantees of the real one: compare-and-set on where it stands, decided once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from observer.slo.budget import Counts
from observer.slo.counting import Bucket
from observer.slo.ledger import Decided, Pending, Position, Range, Step
from observer.slo.windows import COARSE, FINE, MINUTE, floor


@dataclass
class MemoryLedger:
    """One ledger. `deadline` tells in which minute a record counts."""

    deadline: timedelta
    position: Position | None = None
    pending: dict[str, Pending] = field(default_factory=dict)
    decided: dict[str, Decided] = field(default_factory=dict)
    totals: Counts = field(default_factory=Counts)
    minutes: dict[datetime, Counts] = field(default_factory=lambda: defaultdict(Counts))
    #: Decided so long ago that it is not known any more.
    forgotten: set[str] = field(default_factory=set)
    #: Steps that were written.
    applied: list[Step] = field(default_factory=list)
    #: Keys that a step decided which were decided before: a step that knows its rows has none.
    repeated: list[str] = field(default_factory=list)

    @property
    def oldest_pending(self) -> datetime | None:
        """The earliest event time that waits."""
        return min((row.event_at for row in self.pending.values()), default=None)

    def known(self, ranges: Sequence[Range], keys: Collection[str]) -> tuple[dict[str, Pending], set[str]]:
        """Pending rows of these event times or keys, and those of the keys that were decided."""
        pending = {
            key: row
            for key, row in self.pending.items()
            if key in keys or any(span.after < row.event_at <= span.upto for span in ranges)
        }
        return pending, {key for key in keys if key in self.decided and key not in self.forgotten}

    def forget(self, before: datetime) -> None:
        """Forget which rows with an event time up to there were decided."""
        self.forgotten |= {key for key, row in self.decided.items() if row.event_at <= before}

    def apply(self, step: Step) -> bool:
        """Write a step as a whole; False, and nothing changes, when the ledger is no longer where it begins."""
        if step.was != self.position:
            return False
        self.position = step.now
        self.applied.append(step)
        self.pending |= {row.key: row for row in step.pending}
        for row in step.decided:
            self.pending.pop(row.key, None)
            if row.key in self.decided:
                self.repeated.append(row.key)
                continue
            self.decided[row.key] = row
            one = Counts(**{row.state.value: 1})
            self.totals += one
            self.minutes[floor(row.event_at + self.deadline, MINUTE)] += one
        return True

    def buckets(self, at: datetime, *, merged: bool) -> list[Bucket]:
        """What was counted, old minutes merged or not."""
        found: dict[datetime, Counts] = defaultdict(Counts)
        for begins, counts in self.minutes.items():
            old = merged and begins < floor(at - FINE, COARSE)
            found[floor(begins, COARSE) if old else begins] += counts
        return [Bucket(begins=begins, counts=counts) for begins, counts in sorted(found.items())]

    def restored(self) -> MemoryLedger:
        """What a replay of its steps makes, each written twice."""
        again = MemoryLedger(deadline=self.deadline, position=self.applied[0].was if self.applied else self.position)
        for step in self.applied:
            again.apply(step)
            again.apply(step)
        return again
