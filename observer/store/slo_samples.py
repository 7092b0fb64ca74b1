"""What recorded runs, glances and slots say of a level. In: a connection, an indicator. Out: samples.

Runs by hand, perhaps of another source, count nowhere, as they do not in how things stand.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, select

from observer.checks.measure import Outcome
from observer.runs.slots import LONGEST_LOOK_BACK, SlotState, Trigger
from observer.slo.budget import Counts
from observer.slo.counting import Sample
from observer.slo.model import CheckHolds, CheckRows, Indicator, RunSuccess, ValidWrites
from observer.store import tables as t
from observer.store.rows import AnyRow

#: No run takes longer: those that ended since a time began at most so long before it.
_LONGEST_RUN = timedelta(days=1)
_LOOKED = (Outcome.PASSED.value, Outcome.WARNED.value, Outcome.FAILED.value)
#: The name of the check of what was written between two snapshots.
_INVALID_WRITES = "invalid_writes"


@dataclass(frozen=True, kw_only=True)
class Samples:
    """What was recorded since a time."""

    samples: tuple[Sample, ...]
    #: Why the latest of them counts nothing; None when it does.
    trouble: str | None = None


def samples_since(connection: Connection, indicator: Indicator, since: datetime) -> Samples:
    """Runs that ended, glances that were made and slots that were over at that time or later.

    Raises ValueError for time-to-fill, which counts rows of the source.
    """
    match indicator:
        case CheckRows():
            return _of_runs(connection, indicator.contract, t.check_results.c.check_id == indicator.check, since)
        case ValidWrites():
            of_writes = and_(
                t.check_results.c.contract == indicator.contract,
                t.check_results.c.object == indicator.object,
                t.check_results.c.rule == _INVALID_WRITES,
            )
            # Where nothing was written, nothing is wrong.
            return _of_runs(connection, indicator.contract, of_writes, since, fine=(*_LOOKED, Outcome.SKIPPED.value))
        case CheckHolds():
            return _of_glances(connection, indicator.check, since)
        case RunSuccess():
            return Samples(samples=tuple(_slot(row) for row in connection.execute(_slots(indicator.contract, since))))
        case _:
            raise ValueError(f"{indicator.kind} is not counted from what was recorded")


def _of_runs(
    connection: Connection, contract: str, which: Any, since: datetime, *, fine: Collection[str] = _LOOKED
) -> Samples:
    c, r = t.check_results.c, t.runs.c
    result = (c.outcome, c.rows_tested, c.rows_failed, c.error)
    found = (
        select(r.id, r.finished_at, *result)
        .join(t.check_results, c.run_id == r.id)
        .where(which, r.kind == "run", r.started_at >= since - _LONGEST_RUN, r.finished_at >= since)
        .order_by(r.finished_at)
    )
    samples = tuple(
        Sample(
            key=row.id, at=row.finished_at, counts=Counts(good=row.rows_tested - row.rows_failed, bad=row.rows_failed)
        )
        for row in connection.execute(found)
        if row.outcome in _LOOKED and row.rows_tested and row.rows_failed is not None
    )
    s = t.contract_standings.c
    newest: Select[Any] = (
        select(r.error.label("of_run"), *result)
        .select_from(t.contract_standings)
        .join(t.runs, r.id == s.run_id)
        .outerjoin(t.check_results, and_(c.run_id == r.id, which))
        .where(s.contract == contract)
    )
    return Samples(samples=samples, trouble=_trouble(connection.execute(newest).first(), fine=fine))


def _rows(tested: int, failed: int) -> Counts:
    return Counts(good=tested - failed, bad=failed)


def _trouble(newest: AnyRow | None, *, fine: Collection[str]) -> str | None:
    """Why the newest run tells nothing; `fine` are outcomes that are no trouble."""
    if newest is None:
        return None
    if newest.outcome is None:
        return newest.of_run or "the newest run did not hold the check"
    return None if newest.outcome in fine else newest.error or "the check could not be looked at"


def _of_glances(connection: Connection, check: str, since: datetime) -> Samples:
    c = t.ticks.c
    glances = select(c.at, c.outcome, c.error).where(c.check_id == check, c.at >= since).order_by(c.at)
    rows = connection.execute(glances).all()
    newest = rows[-1] if rows else None
    return Samples(
        samples=tuple(
            Sample(key=row.at.isoformat(), at=row.at, counts=_GLANCES[row.outcome])
            for row in rows
            if row.outcome in _GLANCES
        ),
        trouble=None if newest is None or newest.outcome in _LOOKED else newest.error or "the table could not be seen",
    )


_GLANCES = {
    Outcome.PASSED.value: Counts(good=1),
    Outcome.WARNED.value: Counts(bad=1),
    Outcome.FAILED.value: Counts(bad=1),
    Outcome.ERRORED.value: Counts(unknown=1),
}


def _slots(contract: str, since: datetime) -> Select[Any]:
    """A slot counts at the time it was scheduled for: those that a downtime missed are not all missed at its end."""
    c, r = t.slots.c, t.runs.c
    return (
        select(c.scheduled_for, c.state, r.errored, r.error, r.id)
        .outerjoin(t.runs, r.id == c.run_id)
        .where(
            c.contract == contract,
            c.trigger == Trigger.SCHEDULE.value,
            c.state.in_((SlotState.DONE.value, SlotState.MISSED.value)),
            c.scheduled_for >= since - LONGEST_LOOK_BACK,
            c.finished_at >= since,
        )
        .order_by(c.scheduled_for)
    )


def _slot(row: AnyRow) -> Sample:
    if row.state == SlotState.MISSED.value:
        counts = Counts(bad=1)
    elif row.id is None:
        counts = Counts(unknown=1)  # its run was removed: nobody knows any more
    else:
        counts = Counts(bad=1) if row.errored or row.error is not None else Counts(good=1)
    return Sample(key=row.scheduled_for.isoformat(), at=row.scheduled_for, counts=counts)
