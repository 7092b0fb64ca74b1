"""From counted records to what an objective counts: records, slices of time, or the mean share of slices. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from observer.slo.budget import Counts
from observer.slo.model import Method, Slo
from observer.slo.windows import floor

#: The sum of a thousand shares is a fraction of thousands of digits, which nobody can keep: beyond it, it is rounded.
_FINEST = 10**30


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What one run, glance or slot says, counted once under its key."""

    #: Id of the run, or the time of the glance or slot.
    key: str
    at: datetime
    counts: Counts


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """What was counted in one stretch of time."""

    begins: datetime
    counts: Counts


def counted(slo: Slo, buckets: Iterable[Bucket], *, begins: datetime) -> Counts:
    """What the objective counts from `begins` on; see `counted_since`."""
    return counted_since(slo, buckets, [begins])[0]


def counted_since(slo: Slo, buckets: Iterable[Bucket], begins: Sequence[datetime]) -> tuple[Counts, ...]:
    """What the objective counts from each of these times on, in their order. Every bucket is looked at once.

    Occurrences are the records themselves. A slice without any eligible record counts nowhere; else it is good when
    its share reaches the slice target (Timeslices), or good in that share (RatioTimeslices). Unknown and withdrawn
    stay numbers of records.
    """
    tally = _Tally(slo)
    newest_first = sorted(buckets, key=_beginning, reverse=True)
    place, found = 0, dict[datetime, Counts]()
    for border in sorted(set(begins), reverse=True):
        while place < len(newest_first) and newest_first[place].begins >= border:
            tally.add(newest_first[place])
            place += 1
        found[border] = tally.counts()
    return tuple(found[border] for border in begins)


def _beginning(bucket: Bucket) -> datetime:
    return bucket.begins


class _Tally:
    """Buckets, newest first, and the slices that they make."""

    def __init__(self, slo: Slo) -> None:
        self._by_records = slo.method is Method.OCCURRENCES
        self._by_share = slo.method is Method.RATIO_TIMESLICES
        self._width, self._target = slo.slice_span, slo.slice_target or 1
        #: Of all records.
        self._good = self._bad = self._unknown = self._withdrawn = 0
        #: Of the slices that are over: how many there are, and how good they are.
        self._slices = 0
        self._shares: int | Fraction = 0
        #: Of the slice that is being read.
        self._begins: datetime | None = None
        self._good_of_slice = self._of_slice = 0

    def add(self, bucket: Bucket) -> None:
        good, bad = int(bucket.counts.good), int(bucket.counts.bad)
        self._good += good
        self._bad += bad
        self._unknown += bucket.counts.unknown
        self._withdrawn += bucket.counts.withdrawn
        if self._by_records or not good + bad:
            return
        if self._begins is None or bucket.begins < self._begins:
            self._slices, self._shares = self._with_slice()
            assert self._width is not None
            self._begins = floor(bucket.begins, self._width)
            self._good_of_slice = self._of_slice = 0
        self._good_of_slice += good
        self._of_slice += good + bad

    def counts(self) -> Counts:
        """What the objective counts of them."""
        other: dict[str, int] = {"unknown": self._unknown, "withdrawn": self._withdrawn}
        records = self._good + self._bad + self._unknown
        if self._by_records:
            return Counts(good=self._good, bad=self._bad, **other)
        slices, shares = self._with_slice()
        good = shares if self._by_share else int(shares)
        return Counts(good=good, bad=slices - good, records=records, **other)

    def _with_slice(self) -> tuple[int, int | Fraction]:
        """How many slices there are, and the sum of how good they are, with the one that is being read."""
        if not self._of_slice:
            return self._slices, self._shares
        if not self._by_share:
            # In whole numbers: this is asked for every slice of every level.
            reached = self._good_of_slice * self._target.denominator >= self._of_slice * self._target.numerator
            return self._slices + 1, self._shares + reached
        shares = self._shares + Fraction(self._good_of_slice, self._of_slice)
        if shares.denominator > _FINEST:
            return self._slices + 1, Fraction(round(shares * _FINEST), _FINEST)
        return self._slices + 1, shares
