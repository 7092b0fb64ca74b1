"""The course of a level: what was counted in each minute of a range, and in each stretch of it. Pure.

Memory grows with the range (24 bytes a minute), never with the records.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from observer.slo.budget import Counts
from observer.slo.counting import Bucket
from observer.slo.verdicts import State
from observer.slo.windows import MINUTE, floor


class Course:
    """Records by the minute in which they count (a row by its deadline), between two instants; aware, UTC."""

    def __init__(self, begins: datetime, ends: datetime) -> None:
        self.begins = floor(begins, MINUTE)
        #: The first whole minute at or after `ends`.
        self.ends = floor(ends + MINUTE - timedelta(microseconds=1), MINUTE)
        self.minutes = (self.ends - self.begins) // MINUTE
        self.good, self.bad, self.unknown = (array("q", bytes(8 * self.minutes)) for _ in range(3))

    def add(self, at: datetime, counts: Counts) -> None:
        """Count whole records. Raises ValueError for a time outside of the range."""
        place = self._place(at)
        self.good[place] += int(counts.good)
        self.bad[place] += int(counts.bad)
        self.unknown[place] += counts.unknown

    def add_row(self, at: datetime, state: State) -> None:
        """Count one row that is good, bad or unknown. Raises ValueError for a time outside of the range."""
        place = self._place(at)
        {State.GOOD: self.good, State.BAD: self.bad, State.UNKNOWN: self.unknown}[state][place] += 1

    def _place(self, at: datetime) -> int:
        if not self.begins <= at < self.ends:
            raise ValueError("the time lies outside of the range")
        return (at - self.begins) // MINUTE

    def buckets(self) -> Iterator[Bucket]:
        """Minutes in which anything was counted, oldest first."""
        for place, (good, bad, unknown) in enumerate(zip(self.good, self.bad, self.unknown, strict=True)):
            if good or bad or unknown:
                counts = Counts(good=good, bad=bad, unknown=unknown)
                yield Bucket(begins=self.begins + place * MINUTE, counts=counts)


def stretches(buckets: Iterable[Bucket], *, begins: datetime, ends: datetime, grain: timedelta) -> tuple[Bucket, ...]:
    """The records of each stretch of `grain` (days, hours, …; in UTC), empty ones too, oldest first.

    The first stretch is the one that `begins` lies in, the last the one just before `ends`.
    """
    found: dict[datetime, Counts] = {}
    moment = floor(begins, grain)
    while moment < ends:
        found[moment] = Counts()
        moment += grain
    for bucket in buckets:
        start = floor(bucket.begins, grain)
        if start in found and bucket.begins >= begins:
            found[start] += bucket.counts
    return tuple(Bucket(begins=start, counts=counts) for start, counts in found.items())
