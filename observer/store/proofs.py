"""What runs kept of checks. In: check ids and times, or a run. Out: the last result of each by then that did not pass;
when each was last looked at and found well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Text, and_, func, or_, select

from observer.checks.audit import Audit
from observer.checks.change_rules import ChangeRule
from observer.checks.measure import Outcome
from observer.store import tables as t
from observer.store.database import Database
from observer.store.given import among, given
from observer.store.records import RecordedCheck
from observer.store.rows import recorded_check

_BROKEN = (Outcome.FAILED.value, Outcome.WARNED.value)
_LOOKED = (Outcome.PASSED.value, *_BROKEN)


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

    def well_before(self, audit: Audit) -> Mapping[str, datetime]:
        """Check id → when the run began by which it was looked at last before this one, of those that did not pass now
        and had not one bad row then; changes, of which each run sees its own, had only to pass.

        Only by runs on the same source, under the same wording of the contract and by the same version: what another
        rule let pass may have been bad for long. Raises StoreError.
        """
        specs = [result.spec for result in audit.results if result.outcome.value in _BROKEN]
        failed, changes = [s.id for s in specs], [s.id for s in specs if isinstance(s.rule, ChangeRule)]
        if not failed:
            return {}
        r, c, v, of_run = t.runs.c, t.check_results.c, t.contract_versions.c, t.run_contracts.c
        with self._database.transaction() as connection:
            each = given(connection, check_id=(Text(), failed))
            # By the index of check and run: ids of runs sort by their time.
            last = (
                select(c.run_id)
                .join(t.runs, r.id == c.run_id)
                .where(c.check_id == each.c.check_id, c.outcome.in_(_LOOKED))
                .where(r.started_at < audit.started_at, r.source == audit.source)
                .order_by(c.run_id.desc())
                .limit(1)
                .scalar_subquery()
            )
            before = select(each.c.check_id, last.label("run_id")).subquery()
            query = (
                select(c.check_id, r.started_at)
                .join(before, and_(before.c.check_id == c.check_id, before.c.run_id == c.run_id))
                .join(t.runs, r.id == c.run_id)
                .join(t.run_contracts, of_run.run_id == c.run_id)
                .join(t.contract_versions, and_(v.id == of_run.contract_version_id, v.contract == c.contract))
                .where(c.outcome == Outcome.PASSED.value)
                .where(or_(func.coalesce(c.rows_failed, 0) == 0, among(connection, c.check_id, changes)))
                .where(r.version == audit.version, v.digest.in_([part.contract.digest for part in audit.contracts]))
            )
            return {row.check_id: row.started_at for row in connection.execute(query)}


def _last(connection: Connection, check: str, newest: str) -> KeptProof | None:
    r = t.check_results.c
    # By the index of check and run: ids of runs sort by their time.
    mine = (r.check_id == check, r.run_id <= newest, r.outcome.in_(_BROKEN))
    row = connection.execute(select(t.check_results).where(*mine).order_by(r.run_id.desc()).limit(1)).first()
    return None if row is None else KeptProof(run_id=row.run_id, result=recorded_check(row))
