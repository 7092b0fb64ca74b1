"""What runs kept of checks that did not pass. In: check ids and times. Out: the last such result of each by then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from observer.checks.measure import Outcome
from observer.store import tables as t
from observer.store.database import Database
from observer.store.records import RecordedCheck
from observer.store.rows import recorded_check

_BROKEN = (Outcome.FAILED.value, Outcome.WARNED.value)


@dataclass(frozen=True, kw_only=True)
class KeptProof:
    """A result that did not pass, and the run that it is of."""

    run_id: str
    result: RecordedCheck


class Proofs:
    """Results of the past, by check."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, checks: Iterable[str], *, by: datetime) -> dict[str, KeptProof]:
        """Check id → its last result by a run begun no later than `by` that failed or warned; others are left out."""
        with self._database.transaction() as connection:
            newest = connection.execute(
                select(t.runs.c.id).where(t.runs.c.started_at <= by).order_by(t.runs.c.started_at.desc()).limit(1)
            ).scalar()
            if newest is None:
                return {}
            found = ((check, _last(connection, check, newest)) for check in checks)
            return {check: proof for check, proof in found if proof is not None}


def _last(connection: Connection, check: str, newest: str) -> KeptProof | None:
    r = t.check_results.c
    # By the index of check and run: ids of runs sort by their time.
    mine = (r.check_id == check, r.run_id <= newest, r.outcome.in_(_BROKEN))
    row = connection.execute(select(t.check_results).where(*mine).order_by(r.run_id.desc()).limit(1)).first()
    return None if row is None else KeptProof(run_id=row.run_id, result=recorded_check(row))
