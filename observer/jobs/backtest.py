"""What a service level would have said of the past, by the evidence that is there now.

In: an SLO, and the source (time-to-fill) or the state (everything else). Out: a Backtest. The state is not changed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from observer.checks.spec import ContractPlan
from observer.errors import InputError
from observer.gx.cohort import Cohort
from observer.slo.backtest import Backtest, backtest
from observer.slo.course import Course
from observer.slo.ledger import Range, SeenRow
from observer.slo.model import Slo, TimeToFill
from observer.slo.verdicts import Observation, Seen, State, verdict_of
from observer.sources.source import Source
from observer.store import Store

_INSTANT = timedelta(microseconds=1)
_LONGEST_PART = timedelta(days=1)
#: Told with how many rows were read, and which part of the range they are.
Progress = Callable[[int, float], None]


@dataclass(frozen=True, kw_only=True)
class Backtested:
    """A backtest, and what it could not see."""

    found: Backtest
    #: Rows without a usable event time, whenever they came to be; None where rows are not looked at.
    undatable: int | None = None
    #: Why something could not be counted; None when everything could.
    trouble: str | None = None


def backtest_rows(
    slo: Slo, indicator: TimeToFill, plan: ContractPlan, source: Source, *, since: timedelta, progress: Progress
) -> Backtested:
    """Judge every row whose deadline lies within the last `since`, as if it were looked at now for the first time.

    Rows are read in pages: memory does not grow with them. Raises SourceError, EngineError; InputError for files.
    """
    if source.engine is None:
        raise InputError("files cannot be asked for some of their rows", fix="name a database as source")
    # No key is kept or shown, so that any secret serves for restricted ones.
    cohort = Cohort(indicator, plan, key_secret=secrets.token_bytes(32))
    with source.session() as session:
        shapes = tuple(session.shape(table) for table in cohort.plan.tables)
    with cohort.open(source.engine, cohort.views_of(source.engine, shapes)) as glass:
        course = Course(glass.at - since, glass.at + _INSTANT)
        span = Range(after=glass.at - since - indicator.deadline, upto=glass.at - indicator.deadline)
        count = 0
        for page in glass.pages(_parts(span)):
            for row in glass.with_histories(page.rows):
                course.add_row(row.event_at + indicator.deadline, _state(row, indicator, at=glass.at))
            count += len(page.rows)
            progress(count, (page.read.upto - span.after) / since)
        return Backtested(found=backtest(slo, course, at=glass.at), undatable=glass.undatable())


def _parts(span: Range) -> Iterator[Range]:
    """Where times are text, a page may hold all of a range: no more than a day of it is held at once."""
    after = span.after
    while after < span.upto:
        upto = min(after + _LONGEST_PART, span.upto)
        yield Range(after=after, upto=upto)
        after = upto


def _state(row: SeenRow, indicator: TimeToFill, *, at: datetime) -> State:
    seen = Observation(at=at, holds=row.holds, written_at=row.written_at)
    life = Seen(deadline=row.event_at + indicator.deadline, after=seen, history=row.history)
    verdict = verdict_of(life, poll=indicator.poll)
    assert verdict is not None, "a look after the deadline decides"
    return verdict.state


def backtest_samples(slo: Slo, store: Store, *, since: timedelta, now: datetime) -> Backtested:
    """Count what runs, glances and slots were recorded within the last `since`. Raises StoreError."""
    recorded = store.ledgers.samples(slo.indicator, now - since)
    course = Course(now - since, now + _INSTANT)
    for sample in recorded.samples:
        if course.begins <= sample.at < course.ends:
            course.add(sample.at, sample.counts)
    return Backtested(found=backtest(slo, course, at=now), trouble=recorded.trouble)
