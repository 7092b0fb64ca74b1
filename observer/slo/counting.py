"""From counted records to what an objective counts: records, slices of time, or the mean share of slices. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from observer.slo.budget import Counts
from observer.slo.model import Method, Slo
from observer.slo.windows import floor


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
    """What the objective counts from `begins` on.

    Occurrences are the records themselves. A slice without any eligible record counts nowhere; else it is good when
    its share reaches the slice target (Timeslices), or good in that share (RatioTimeslices). Unknown and withdrawn
    stay numbers of records.
    """
    records = [bucket for bucket in buckets if bucket.begins >= begins]
    total = sum((bucket.counts for bucket in records), Counts())
    if slo.method is Method.OCCURRENCES:
        return total
    assert slo.slice_span is not None
    slices: dict[datetime, Counts] = {}
    for bucket in records:
        start = floor(bucket.begins, slo.slice_span)
        slices[start] = slices.get(start, Counts()) + bucket.counts
    shares = [share for each in slices.values() if (share := each.sli) is not None]
    good: int | Fraction = (
        sum(shares, Fraction())
        if slo.method is Method.RATIO_TIMESLICES
        else sum(share >= (slo.slice_target or 1) for share in shares)
    )
    return Counts(
        good=good,
        bad=len(shares) - good,
        unknown=total.unknown,
        withdrawn=total.withdrawn,
        records=int(total.judged),
    )
